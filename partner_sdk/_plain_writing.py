"""Frozen values as plain JSON values; `partner_sdk._plain` says how each looks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeAlias, get_args, get_origin

from partner_sdk._plain import MICRO_DIGITS, MICROS, Field, Plain, decimal_of, fields_of, without_none


class Writing:
    """What values are written with: the digits of minor units, and the hashes so far with their places."""

    def __init__(self, minor_digits: int) -> None:
        self.minor_digits: Final = minor_digits
        self.places: Final[dict[bytes, int]] = {}

    def plain(self, value: Any) -> Plain:
        """The JSON values of a frozen value."""
        return _writer(value.__class__)(value, self)

    def hashes(self) -> list[Plain]:
        """All hashes that were written, for whoever reads."""
        return [found.hex() for found in self.places]


_Writer: TypeAlias = "Callable[[Any, Writing], Plain]"


@lru_cache(maxsize=64)
def _writer(kind: Any) -> _Writer:
    kind, optional = without_none(kind)
    if dataclasses.is_dataclass(kind):
        write = _object_writer(kind)
    elif get_origin(kind) is tuple:
        write = _list_writer(get_args(kind)[0])
    elif issubclass(kind, StrEnum):
        write = _word
    else:
        write = _WRITERS[kind]
    return _or_none(write) if optional else write


def _object_writer(kind: Any) -> _Writer:
    fields = [(field.name, field.key, _amount_writer(field) or _writer(field.kind)) for field in fields_of(kind)]
    return lambda value, writing: {key: write(getattr(value, name), writing) for name, key, write in fields}


def _list_writer(item: Any) -> _Writer:
    if item is bytes:
        return lambda value, writing: [writing.places.setdefault(found, len(writing.places)) for found in value]
    write = _writer(item)
    return lambda value, writing: [write(found, writing) for found in value]


def _amount_writer(field: Field) -> _Writer | None:
    if not field.amount:
        return None
    if field.amount == MICROS:
        return lambda value, _: decimal_of(value, MICRO_DIGITS)
    return _or_none(lambda value, writing: decimal_of(value, writing.minor_digits))


def _or_none(write: _Writer) -> _Writer:
    return lambda value, writing: None if value is None else write(value, writing)


def _as_it_is(value: Any, _: Writing) -> Plain:
    plain: Plain = value
    return plain


def _word(value: Any, _: Writing) -> Plain:
    word: str = value.value
    return word


def _moment_text(value: Any, _: Writing) -> Plain:
    return f"{value.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def _day_text(value: Any, _: Writing) -> Plain:
    text: str = value.isoformat()
    return text


def _hex(value: Any, _: Writing) -> Plain:
    text: str = value.hex()
    return text


_WRITERS: Final[dict[Any, _Writer]] = {
    str: _as_it_is,
    int: _as_it_is,
    bool: _as_it_is,
    datetime: _moment_text,
    date: _day_text,
    bytes: _hex,
}
