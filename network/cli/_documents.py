"""Documents that parties sign for the operator to publish, in files: applications, terms, campaigns.

Two forms are read: the text form that the SDK writes (`CP1T:AEXA...`: a letter for the kind, base32 of the serialised
SignedDocument and four bytes of SHA-256), and the bare serialised SignedDocument.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from coalition import dsse
from coalition.documents import open_document
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.wire import decode
from network.config import ConfigError

M = TypeVar("M", bound=Message)

_LETTERS: Final = {dsse.PARTY_APPLICATION: "A", dsse.TERMS: "T", dsse.CAMPAIGN: "G", dsse.PARTY_KEY_CHANGE: "R"}
_CHECKSUM_BYTES: Final = 4


def read_signed(path: Path, payload_type: str, kind: type[M]) -> tuple[SignedDocument, M]:
    """A signed document and what it says, its signature checked. Raises ConfigError, Refused."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    if data.startswith(b"CP1"):
        data = _from_text(path, data, _LETTERS[payload_type])
    signed = decode(SignedDocument, data, str(path))
    return signed, open_document(kind, payload_type, signed, str(path))


def is_unsigned(path: Path) -> bool:
    """Whether a file holds figures that are still to be signed: JSON or TOML, by its name."""
    return path.suffix in (".json", ".toml")


def read_figures(path: Path, message: M) -> M:
    """Fill a message from a JSON or TOML file, by the names of its fields. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
        values: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} is not a table of names and values.")
    try:
        return ParseDict({name: _plain(value) for name, value in values.items()}, message)
    except ParseError as error:
        raise ConfigError(f"{path}: {error}") from error


def _plain(value: Any) -> Any:
    """TOML has dates of its own; the protocol has ISO 8601 text."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _from_text(path: Path, data: bytes, letter: str) -> bytes:
    head, _, body = data.decode("ascii", "replace").strip().partition(":")
    if head != f"CP1{letter}":
        raise ConfigError(f"{path} holds another kind of document ({head}); CP1{letter} is needed.")
    try:
        document = base64.b32decode(body + "=" * (-len(body) % 8))
    except binascii.Error:
        document = b""
    content, checksum = document[:-_CHECKSUM_BYTES], document[-_CHECKSUM_BYTES:]
    if checksum != hashlib.sha256(head.encode() + content).digest()[:_CHECKSUM_BYTES] or not content:
        raise ConfigError(f"{path} is cut off or damaged. Copy the whole text again.")
    return content
