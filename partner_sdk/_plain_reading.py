"""Plain JSON values as frozen values; `partner_sdk._plain` says how each looks."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, get_args, get_origin

from partner_sdk._plain import MICRO_DIGITS, MICROS, Field, PlainError, fields_of, without_none

T = TypeVar("T")

#: What JavaScript and spreadsheets still tell apart.
_WHOLE_MAX: Final = 2**53 - 1
#: As many digits as 128 bits hold, so that nothing can be made slow by a number.
_AMOUNT_TEXT_MAX: Final = 40


class Reading(NamedTuple):
    """What values are read with."""

    minor_digits: int
    hashes: list[bytes]

    @classmethod
    def of(cls, minor_digits: int, hashes: Any) -> Reading:
        """With the hashes that were written. Raises PlainError."""
        if not isinstance(hashes, list):
            raise PlainError("hashes is no list.")
        return cls(minor_digits, [_octets(found, None) for found in hashes])

    def value(self, kind: type[T], plain: Any) -> T:
        """The frozen value of a kind that has these JSON values. Raises PlainError, which says where."""
        read: _Reader = _reader(kind)  # type: ignore[arg-type]
        found: T = read(plain, self)
        return found


_Reader: TypeAlias = "Callable[[Any, Any], Any]"


@lru_cache(maxsize=64)
def _reader(kind: Any) -> _Reader:
    kind, optional = without_none(kind)
    if dataclasses.is_dataclass(kind):
        read = _object_reader(kind)
    elif get_origin(kind) is tuple:
        read = _list_reader(get_args(kind)[0])
    elif issubclass(kind, StrEnum):
        read = _word_reader(kind)
    else:
        read = _READERS[kind]
    return (lambda plain, reading: None if plain is None else read(plain, reading)) if optional else read


def _object_reader(kind: Any) -> _Reader:
    fields = [(field.name, field.key, _amount_reader(field) or _reader(field.kind)) for field in fields_of(kind)]
    keys = {key for _, key, _ in fields}

    def read(plain: Any, reading: Reading) -> Any:
        if not isinstance(plain, dict):
            raise PlainError(" is no object.")
        if plain.keys() != keys:
            raise PlainError(f" lacks, or must not have: {', '.join(sorted(plain.keys() ^ keys))}.")
        values = {}
        for name, key, read_field in fields:
            try:
                values[name] = read_field(plain[key], reading)
            except PlainError as error:
                raise error.inside(f".{key}") from error
        return kind(**values)

    return read


def _list_reader(item: Any) -> _Reader:
    read_item = _hash_at if item is bytes else _reader(item)

    def read(plain: Any, reading: Reading) -> Any:
        if not isinstance(plain, list):
            raise PlainError(" is no list.")
        values = []
        for place, value in enumerate(plain):
            try:
                values.append(read_item(value, reading))
            except PlainError as error:
                raise error.inside(f"[{place}]") from error
        return tuple(values)

    return read


def _hash_at(plain: Any, reading: Reading) -> bytes:
    if type(plain) is not int or not 0 <= plain < len(reading.hashes):
        raise PlainError(" is no place of a hash.")
    return reading.hashes[plain]


def _amount_reader(field: Field) -> _Reader | None:
    if not field.amount:
        return None
    optional = without_none(field.kind)[1]

    def read(plain: Any, reading: Reading) -> int | None:
        if plain is None and optional:
            return None
        digits = MICRO_DIGITS if field.amount == MICROS else reading.minor_digits
        if not isinstance(plain, str) or len(plain) > _AMOUNT_TEXT_MAX or not _amount_form(digits).fullmatch(plain):
            raise PlainError(f" is no amount with {digits} digits after the point.")
        return int(plain.replace(".", ""))

    return read


@lru_cache(maxsize=16)
def _amount_form(digits: int) -> re.Pattern[str]:
    fraction = rf"\.[0-9]{{{digits}}}" if digits else ""
    # Nothing is not negative.
    return re.compile(rf"(?!-[0.]*\Z)-?(0|[1-9][0-9]*){fraction}", re.ASCII)


def _word_reader(kind: type[StrEnum]) -> _Reader:
    words = {member.value: member for member in kind}

    def read(plain: Any, _: Reading) -> StrEnum:
        if not isinstance(plain, str) or plain not in words:
            raise PlainError(f" is no word for a {kind.__name__}.")
        return words[plain]

    return read


def _text(plain: Any, _: Any) -> str:
    if not isinstance(plain, str):
        raise PlainError(" is no text.")
    return plain


def _whole(plain: Any, _: Any) -> int:
    # True is an int to Python, but not to JSON.
    if type(plain) is not int or abs(plain) > _WHOLE_MAX:
        raise PlainError(" is no whole number.")
    return plain


def _truth(plain: Any, _: Any) -> bool:
    if not isinstance(plain, bool):
        raise PlainError(" is neither true nor false.")
    return plain


def _moment(plain: Any, _: Any) -> datetime:
    try:
        found = datetime.fromisoformat(plain)
        if found.tzinfo is UTC and f"{found.isoformat(timespec='microseconds')[:-6]}Z" == plain:
            return found
    except (TypeError, ValueError):
        pass
    raise PlainError(" is no moment such as 2017-01-31T23:59:59.000000Z.")


def _day(plain: Any, _: Any) -> date:
    try:
        found = date.fromisoformat(plain)
        if found.isoformat() == plain:
            return found
    except (TypeError, ValueError):
        pass
    raise PlainError(" is no day such as 2017-01-31.")


def _octets(plain: Any, _: Any) -> bytes:
    try:
        found = bytes.fromhex(plain)
        if found.hex() == plain:
            return found
    except (TypeError, ValueError):
        pass
    raise PlainError(" is not in lower-case hexadecimal.")


_READERS: Final[dict[Any, _Reader]] = {
    str: _text,
    int: _whole,
    bool: _truth,
    datetime: _moment,
    date: _day,
    bytes: _octets,
}
