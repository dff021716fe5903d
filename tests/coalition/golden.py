"""Reads the golden vectors as another language would: from their files, knowing only what README.md says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from coalition.keys import SigningKey

FOLDER = Path(__file__).parents[2] / "protos" / "vectors"


def ours(name: str) -> dict[str, Any]:
    """A file of vectors that this project made."""
    content: dict[str, Any] = json.loads((FOLDER / "coalition" / f"{name}.json").read_text(encoding="utf-8"))
    return content


def published(name: str) -> dict[str, Any]:
    """A file of vectors that others published."""
    content: dict[str, Any] = json.loads((FOLDER / "published" / f"{name}.json").read_text(encoding="utf-8"))
    return content


def seed_key(name: str) -> SigningKey:
    """A key of keys.json."""
    (seed,) = (vector["seed"] for vector in ours("keys")["vectors"] if vector["name"] == name)
    return SigningKey.from_seed(bytes.fromhex(seed))


def message_type(full_name: str) -> type[Message]:
    """The class of a message, by its name in the .proto files."""
    found: type[Message] = message_factory.GetMessageClass(
        descriptor_pool.Default().FindMessageTypeByName(full_name)  # type: ignore[no-untyped-call]
    )
    return found


def octets(texts: list[str]) -> list[bytes]:
    """The bytes of several hexadecimal texts."""
    return [bytes.fromhex(text) for text in texts]


def by_name(vector: dict[str, Any]) -> str:
    """How pytest shows a vector."""
    return str(vector["name"])
