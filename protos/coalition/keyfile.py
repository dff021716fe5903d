"""Private keys at rest: PEM (PKCS #8), encrypted with a passphrase, readable by their owner only."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from coalition.keys import SigningKey


class KeyFileError(Exception):
    """A key file that is missing, damaged, of another kind, or locked with another passphrase."""


def save_key(path: Path, key: SigningKey, passphrase: str) -> None:
    """Write `key` to a new file with mode 0600. Raises FileExistsError rather than overwrite a key, ValueError for an
    empty passphrase."""
    if not passphrase:
        raise ValueError("a key at rest needs a passphrase")
    data = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def load_key(path: Path, passphrase: str) -> SigningKey:
    """The key in a file. Raises KeyFileError, which says what to do."""
    if not passphrase:
        raise KeyFileError(f"The key file {path} is opened with a passphrase, and none was given.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be read: {error.strerror}.") from error
    try:
        private = load_pem_private_key(data, passphrase.encode())
    except TypeError as error:
        raise KeyFileError(
            f"The key file {path} is not encrypted; keys are kept encrypted with a passphrase."
        ) from error
    except ValueError as error:
        raise KeyFileError(f"The key file {path} is damaged, or the passphrase is wrong.") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(f"The key file {path} holds a key of another kind than Ed25519.")
    return SigningKey(private)
