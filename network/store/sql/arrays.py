"""Columns of values on their way to PostgreSQL: arrays in its binary form, of one type whatever the values are.

The driver's own lists take the smallest type that holds the values, so that the same statement would be prepared again
for larger ones.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format

_HEAD: Final = struct.Struct(">iiIii").pack
_LENGTH: Final = struct.Struct(">i").pack
_COUNT: Final = struct.Struct(">iq").pack
_NUMBER: Final = struct.Struct(">ii").pack
_DIMENSIONS: Final = 1
_NO_NULLS: Final = 0
_LOWER_BOUND: Final = 1


class Array:
    """The values of one column, none of them None."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values


class Counts(Array):
    """64-bit integers."""


class Numbers(Array):
    """32-bit integers."""


class Texts(Array):
    """Strings."""


class Blobs(Array):
    """Bytes."""


def register(connection: Connection[Any]) -> None:
    """Let a connection take arrays as parameters."""
    for kind, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(kind, dumper)


class _ArrayDumper(Dumper):
    format = Format.BINARY
    element_oid: ClassVar[int]

    def dump(self, obj: Array) -> Buffer:
        head = _HEAD(_DIMENSIONS, _NO_NULLS, self.element_oid, len(obj.values), _LOWER_BOUND)
        return b"".join((head, *self.elements(obj.values)))

    def elements(self, values: Sequence[Any]) -> Iterable[bytes]:
        """Each value with its length before it."""
        raise NotImplementedError


class _CountsDumper(_ArrayDumper):
    oid = types["int8"].array_oid
    element_oid = types["int8"].oid

    def elements(self, values: Sequence[Any]) -> Iterable[bytes]:
        return [_COUNT(8, value) for value in values]


class _NumbersDumper(_ArrayDumper):
    oid = types["int4"].array_oid
    element_oid = types["int4"].oid

    def elements(self, values: Sequence[Any]) -> Iterable[bytes]:
        return [_NUMBER(4, value) for value in values]


class _BlobsDumper(_ArrayDumper):
    oid = types["bytea"].array_oid
    element_oid = types["bytea"].oid

    def elements(self, values: Sequence[Any]) -> Iterable[bytes]:
        return [part for value in values for part in (_LENGTH(len(value)), value)]


class _TextsDumper(_BlobsDumper):
    oid = types["text"].array_oid
    element_oid = types["text"].oid

    def elements(self, values: Sequence[Any]) -> Iterable[bytes]:
        return super().elements([value.encode() for value in values])


_DUMPERS: Final[dict[type[Array], type[_ArrayDumper]]] = {
    Counts: _CountsDumper,
    Numbers: _NumbersDumper,
    Texts: _TextsDumper,
    Blobs: _BlobsDumper,
}
