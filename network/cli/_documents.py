"""Documents that parties sign for the operator to publish, in files: applications, terms, campaigns.

Two forms are read: the text form that the SDK writes (`CP1T:AEXA...`, coalition.text_form), and the bare serialised
SignedDocument.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from coalition import dsse
from coalition.documents import open_document
from coalition.text_form import TextFormError, from_text
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.wire import decode
from network.config import ConfigError

M = TypeVar("M", bound=Message)

_LETTERS: Final = {dsse.PARTY_APPLICATION: "A", dsse.TERMS: "T", dsse.CAMPAIGN: "G", dsse.PARTY_KEY_CHANGE: "R"}


def read_signed(path: Path, payload_type: str, kind: type[M]) -> tuple[SignedDocument, M]:
    """A signed document and what it says, its signature checked. Raises ConfigError, Refused."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    if data.startswith(b"CP1"):
        try:
            data = from_text(_LETTERS[payload_type], data.decode("ascii", "replace"))
        except TextFormError as error:
            raise ConfigError(f"{path}: {error}") from error
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
