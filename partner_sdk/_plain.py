"""Frozen values as plain JSON values and back, without a float anywhere.

| field                     | in JSON                                                                     |
|---------------------------|-----------------------------------------------------------------------------|
| `…_micros`                | under the name without its ending, decimal text in units of the currency    |
| `…_minor`                 | the same, with as many digits as the currency's minor unit has              |
| moment                    | ISO 8601 in UTC with six digits of a second: `2017-01-31T23:59:59.000000Z`  |
| bytes                     | lower-case hexadecimal                                                      |
| enumeration               | its word                                                                    |
| what there is none of     | null                                                                        |

What is read must be exactly what would be written: no other names, no other spellings, nothing left out.

The canonical text, which is what is signed and hashed, is that of RFC 8785: names sorted, no white space, UTF-8.
Without floats, and with names in ASCII, that is all there is to it.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

Plain: TypeAlias = "str | int | bool | list[Plain] | dict[str, Plain] | None"

MICRO_DIGITS: Final = 6
_MICROS: Final = "_micros"
_MINOR: Final = "_minor"
_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
#: What JavaScript and spreadsheets still tell apart.
_WHOLE_MAX: Final = 2**53 - 1


class PlainError(ValueError):
    """Values that are not what was asked for; the text says where."""


def decimal_of(amount: int, digits: int) -> str:
    """`-12.34` for -1234 and 2 digits; `1234` for no digits."""
    sign, text = "-" if amount < 0 else "", str(abs(amount)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def canonical(plain: Plain) -> bytes:
    """The one text of these values."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def parse(data: bytes, where: str) -> Any:
    """The values in JSON text, canonical or not. Raises PlainError for a name that stands twice, and for floats."""
    try:
        return json.loads(
            data.decode(), object_pairs_hook=_object, parse_float=_refuse_number, parse_constant=_refuse_number
        )
    except PlainError:
        raise
    except (ValueError, RecursionError) as error:
        raise PlainError(f"{where} is no JSON.") from error


def to_plain(value: Any, minor_digits: int) -> Plain:
    """The JSON values of a frozen value."""
    if dataclasses.is_dataclass(value):
        return {
            spec.key: decimal_of(item, spec.digits(minor_digits))
            if spec.amount and item is not None
            else to_plain(item, minor_digits)
            for spec in _specs(value.__class__)
            for item in (getattr(value, spec.name),)
        }
    if isinstance(value, tuple):
        return [to_plain(item, minor_digits) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(_MOMENT)
    if isinstance(value, bytes):
        return value.hex()
    assert value is None or isinstance(value, str | int), f"{type(value).__name__} has no form"
    return value


def from_plain(kind: type[T], plain: Any, minor_digits: int, where: str) -> T:
    """The frozen value of a kind that has these JSON values. Raises PlainError, naming the place below `where`."""
    found: T = _read_object(kind, plain, minor_digits, where)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise PlainError("A name stands twice in an object.")
    return found


def _refuse_number(text: str) -> Any:
    raise PlainError(f"{text[:20]} is no whole number.")


class _Field(NamedTuple):
    name: str
    #: Its name in JSON.
    key: str
    kind: Any
    amount: str

    def digits(self, minor_digits: int) -> int:
        return MICRO_DIGITS if self.amount == _MICROS else minor_digits


@lru_cache(maxsize=64)
def _specs(kind: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(kind)
    return tuple(_field(field.name, hints[field.name]) for field in dataclasses.fields(kind))


def _field(name: str, kind: Any) -> _Field:
    for ending in (_MICROS, _MINOR):
        if name.endswith(ending):
            return _Field(name, name.removesuffix(ending), kind, ending)
    return _Field(name, name, kind, "")


def _read_object(kind: Any, plain: Any, minor_digits: int, where: str) -> Any:
    if not isinstance(plain, dict):
        raise PlainError(f"{where} is no object.")
    specs = _specs(kind)
    if odd := sorted(plain.keys() ^ {spec.key for spec in specs}):
        raise PlainError(f"{where} lacks, or must not have: {', '.join(map(str, odd))}.")
    return kind(
        **{
            spec.name: _read_amount(spec, plain[spec.key], minor_digits, f"{where}.{spec.key}")
            if spec.amount
            else _read(spec.kind, plain[spec.key], minor_digits, f"{where}.{spec.key}")
            for spec in specs
        }
    )


def _read(kind: Any, plain: Any, minor_digits: int, where: str) -> Any:
    if isinstance(kind, types.UnionType):
        if plain is None:
            return None
        (kind,) = (option for option in get_args(kind) if option is not types.NoneType)
    if get_origin(kind) is tuple:
        if not isinstance(plain, list):
            raise PlainError(f"{where} is no list.")
        item = get_args(kind)[0]
        return tuple(_read(item, value, minor_digits, f"{where}[{place}]") for place, value in enumerate(plain))
    if dataclasses.is_dataclass(kind):
        assert isinstance(kind, type)
        return _read_object(kind, plain, minor_digits, where)
    # True is an int to Python, but not to JSON.
    if isinstance(plain, bool) and kind is not bool:
        raise PlainError(f"{where} is not of the kind that it must be.")
    reader = _READERS.get(kind) or (_enumerated(kind) if issubclass(kind, StrEnum) else None)
    assert reader is not None, f"{kind} has no form"
    try:
        return reader(plain)
    except (ValueError, TypeError) as error:
        raise PlainError(f"{where} is not of the kind that it must be.") from error


def _read_amount(spec: _Field, plain: Any, minor_digits: int, where: str) -> int | None:
    if plain is None and isinstance(spec.kind, types.UnionType):
        return None
    digits = spec.digits(minor_digits)
    # At most as many digits as 128 bits hold, so that nothing can be made slow by a number.
    if not isinstance(plain, str) or len(plain) > 40 or not _amount_form(digits).fullmatch(plain):
        raise PlainError(f"{where} is no amount with {digits} digits after the point.")
    return int(plain.replace(".", ""))


@lru_cache(maxsize=16)
def _amount_form(digits: int) -> re.Pattern[str]:
    fraction = rf"\.[0-9]{{{digits}}}" if digits else ""
    # Nothing is not negative.
    return re.compile(rf"(?!-[0.]*\Z)-?(0|[1-9][0-9]*){fraction}", re.ASCII)


def _enumerated(kind: type[StrEnum]) -> Callable[[Any], StrEnum]:
    return lambda plain: kind(_text(plain))


def _text(plain: Any) -> str:
    if not isinstance(plain, str):
        raise TypeError
    return plain


def _whole(plain: Any) -> int:
    if not isinstance(plain, int) or abs(plain) > _WHOLE_MAX:
        raise TypeError
    return plain


def _truth(plain: Any) -> bool:
    if not isinstance(plain, bool):
        raise TypeError
    return plain


def _moment(plain: Any) -> datetime:
    found = datetime.strptime(_text(plain), _MOMENT).replace(tzinfo=UTC)
    if to_plain(found, 0) != plain:
        raise ValueError
    return found


def _octets(plain: Any) -> bytes:
    found = bytes.fromhex(_text(plain))
    if found.hex() != plain:
        raise ValueError
    return found


_READERS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    str: _text,
    int: _whole,
    bool: _truth,
    datetime: _moment,
    bytes: _octets,
}
