"""Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint), so that other tools can check the log."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from coalition.keys import PUBLIC_KEY_BYTES, SigningKey, verify_raw
from coalition.merkle import HASH_BYTES

_ALGORITHM_ED25519: Final = b"\x01"
_SIGNATURE_PREFIX: Final = "\u2014 "
_KEY_NAME: Final = re.compile(r"[^\s+]+")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNATURES_MAX: Final = 64
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteError(ValueError):
    """A note or checkpoint that is malformed or not signed by the expected key."""


def key_id(name: str, public_key: bytes) -> bytes:
    """The 4-byte key id of the signed-note format: SHA-256(name || LF || 0x01 || key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + _ALGORITHM_ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """The vkey text, `name+hash+key`, by which other tools take a key."""
    encoded = base64.b64encode(_ALGORITHM_ED25519 + public_key).decode()
    return f"{name}+{key_id(name, public_key).hex()}+{encoded}"


def parse_verifier_key(text: str) -> tuple[str, bytes]:
    """Name and raw public key of a vkey. Raises NoteError."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not _KEY_NAME.fullmatch(parts[0]):
        raise NoteError("a verifier key has the form name+hash+key")
    data = _from_base64(parts[2], "the verifier key")
    name, public_key = parts[0], data[1:]
    if data[:1] != _ALGORITHM_ED25519 or len(public_key) != PUBLIC_KEY_BYTES:
        raise NoteError("the verifier key is not an Ed25519 key")
    if parts[1] != key_id(name, public_key).hex():
        raise NoteError("the verifier key's hash does not match its name and key")
    return name, public_key


def sign_note(text: str, name: str, key: SigningKey) -> str:
    """`text`, which ends in a newline, followed by its signature line. Raises NoteError for a text or name that a note
    cannot have."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteError("the text of a note ends in a newline and has no other control characters")
    if not _KEY_NAME.fullmatch(name):
        raise NoteError("a key's name has neither spaces nor plus signs")
    signature = key_id(name, key.public) + key.sign_raw(text.encode())
    return f"{text}\n{_SIGNATURE_PREFIX}{name} {base64.b64encode(signature).decode()}\n"


def open_note(note: str, name: str, public_key: bytes) -> str:
    """The text of a note, once a signature of `name` with this key was found and is right. Raises NoteError.

    Signatures by other keys are passed over, as the format demands.
    """
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise NoteError("a note is a text, an empty line, and signature lines")
    if _CONTROL.search(note):
        raise NoteError("a note has no control characters other than newlines")
    text += "\n"
    lines = signatures.removesuffix("\n").split("\n")
    if len(lines) > _SIGNATURES_MAX:
        raise NoteError(f"a note has at most {_SIGNATURES_MAX} signatures")
    expected = (name, key_id(name, public_key))
    found = [data for signer, data in map(_parse_signature, lines) if (signer, data[:4]) == expected]
    if not found:
        raise NoteError(f"the note has no signature by {name} with the expected key")
    for data in found:
        if not verify_raw(public_key, data[4:], text.encode()):
            raise NoteError(f"the note's signature by {name} is wrong")
    return text


def _parse_signature(line: str) -> tuple[str, bytes]:
    """The key's name and the bytes (key id, signature) of a signature line."""
    if not line.startswith(_SIGNATURE_PREFIX):
        raise NoteError("a signature line of the note does not start with an em dash")
    signer, _, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    return signer, _from_base64(encoded, "a signature of the note")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The hub's word on its log: `origin` (coalition/NETWORK_ID), number of entries, root hash (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text: origin, size, base64 of the root, a line each."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def checkpoint_origin(network_id: str) -> str:
    """The origin line and key name of a network's log."""
    return f"coalition/{network_id}"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The checkpoint as a signed note."""
    return sign_note(checkpoint.text(), checkpoint.origin, key)


def open_checkpoint(note: str, origin: str, public_key: bytes) -> Checkpoint:
    """The checkpoint in a signed note of this origin and key. Raises NoteError."""
    lines = open_note(note, origin, public_key).split("\n")
    if len(lines) < 4 or lines[0] != origin or "" in lines[:-1]:
        raise NoteError(f"the note is not a checkpoint of {origin}")
    if not _SIZE.fullmatch(lines[1]):
        raise NoteError("the checkpoint's size is not a decimal number")
    root = _from_base64(lines[2], "the checkpoint's root")
    if len(root) != HASH_BYTES:
        raise NoteError("the checkpoint's root is not 32 bytes")
    return Checkpoint(origin, int(lines[1]), root)


def _from_base64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise NoteError(f"{what} is not base64") from None
