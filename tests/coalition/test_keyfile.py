"""Keys at rest."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from coalition.keyfile import KeyFileError, load_key, save_key
from vectors.cast import KEYS

KEY = KEYS["operator"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key file; its passphrase is `open sesame`."""
    path = tmp_path_factory.mktemp("keys") / "operator.pem"
    save_key(path, KEY, "open sesame")
    return path


def test_key_comes_back(saved: Path) -> None:
    """What was saved is loaded, also with a passphrase in another script."""
    assert load_key(saved, "open sesame").seed() == KEY.seed()
    other = saved.with_name("other.pem")
    save_key(other, KEY, "Ζευς")
    assert load_key(other, "Ζευς").seed() == KEY.seed()


def test_file_is_for_its_owner_and_shows_nothing(saved: Path) -> None:
    """Nobody else may read the file, and the secret is not in it."""
    data = saved.read_bytes()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert data.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert KEY.seed() not in data


def test_key_is_never_overwritten(saved: Path) -> None:
    """Saving to a file that exists fails and leaves it as it was."""
    before = saved.read_bytes()
    with pytest.raises(FileExistsError):
        save_key(saved, KEYS["hub"], "open sesame")
    assert saved.read_bytes() == before


@pytest.mark.parametrize("passphrase", ["", "x" * 1_024])
def test_passphrase_that_cannot_be(tmp_path: Path, passphrase: str) -> None:
    """Without a usable passphrase nothing is written."""
    with pytest.raises(ValueError, match=r"(?i)pass"):
        save_key(tmp_path / "key.pem", KEY, passphrase)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("passphrase", "text"),
    [("", "none was given"), ("wrong", "passphrase is wrong"), ("x" * 2_000, "passphrase is wrong")],
)
def test_wrong_passphrase(saved: Path, passphrase: str, text: str) -> None:
    """It says that the passphrase is missing or wrong, never what it was."""
    with pytest.raises(KeyFileError, match=text) as caught:
        load_key(saved, passphrase)
    assert str(saved) in str(caught.value)
    assert not passphrase or f"{passphrase}\n" not in str(caught.value) + "\n"


def test_damaged_file(saved: Path, tmp_path: Path) -> None:
    """A damaged or truncated file is recognised."""
    data = saved.read_bytes()
    for damaged in (b"", b"junk", data[:100], data.replace(b"M", b"N")):
        path = tmp_path / "damaged.pem"
        path.write_bytes(damaged)
        with pytest.raises(KeyFileError, match="damaged"):
            load_key(path, "open sesame")


def test_files_that_hold_something_else(tmp_path: Path) -> None:
    """A public key, an unencrypted key, a key of another kind, a folder, nothing: each is told apart."""
    secret = BestAvailableEncryption(b"open sesame")
    public = KEY.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    plain = KEY.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
    for data, text in ((public, "damaged"), (plain, "not encrypted"), (other, "another kind")):
        path = tmp_path / "key.pem"
        path.write_bytes(data)
        with pytest.raises(KeyFileError, match=text):
            load_key(path, "open sesame")
    for path in (tmp_path, tmp_path / "missing.pem"):
        with pytest.raises(KeyFileError, match="cannot be read"):
            load_key(path, "open sesame")
