"""A new key in an old one's file, so that a crash at any moment loses neither."""

from __future__ import annotations

from pathlib import Path

from coalition.keyfile import load_key, save_key
from coalition.keys import SigningKey, fingerprint


class KeySwap:
    """First the new key lies beside the old one; once it is in force, `finish` lets them change places.

    Begun again after a crash, it goes on with the key that it had made.
    """

    def __init__(self, path: Path, passphrase: str) -> None:
        self._path = path
        self._passphrase = passphrase
        self._fresh = path.with_name(path.name + ".new")

    def new_key(self) -> SigningKey:
        """The new key, on the disk already. Raises KeyFileError."""
        if self._fresh.exists():
            return load_key(self._fresh, self._passphrase)
        key = SigningKey.generate()
        save_key(self._fresh, key, self._passphrase)
        return key

    def finish(self) -> None:
        """Keep the old key under its fingerprint, and put the new one into the file."""
        old = load_key(self._path, self._passphrase)
        kept = self._path.with_name(f"{self._path.name}.{fingerprint(old.public)}")
        if not kept.exists():
            kept.hardlink_to(self._path)
        self._fresh.replace(self._path)
