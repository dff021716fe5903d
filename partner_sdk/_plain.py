"""Frozen values as plain JSON values and back, without a float anywhere.

| field                     | in JSON                                                                     |
|---------------------------|-----------------------------------------------------------------------------|
| `…_micros`                | under the name without its ending, decimal text in units of the currency    |
| `…_minor`                 | the same, with as many digits as the currency's minor unit has              |
| moment                    | ISO 8601 in UTC with six digits of a second: `2017-01-31T23:59:59.000000Z`  |
| day                       | ISO 8601: `2017-01-31`                                                      |
| bytes                     | lower-case hexadecimal                                                      |
| several hashes            | their places, from 0, in a list of all hashes, each of which stands there once |
| enumeration               | its word                                                                    |
| what there is none of     | null                                                                        |

What is read must be exactly what would be written: no other names, no other spellings, nothing left out.

The canonical text, which is what is signed and hashed, is that of RFC 8785: names sorted, no white space, UTF-8.
Without floats, and with names in ASCII, that is all there is to it.
"""

from __future__ import annotations

import dataclasses
import json
import types
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias, get_args, get_type_hints

Plain: TypeAlias = "str | int | bool | list[Plain] | dict[str, Plain] | None"

MICRO_DIGITS: Final = 6
MICROS: Final = "_micros"
MINOR: Final = "_minor"


class PlainError(ValueError):
    """Values that are not what was asked for; the text says where."""

    def inside(self, place: str) -> PlainError:
        """The same, seen from further out."""
        return PlainError(f"{place}{self}")


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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise PlainError("A name stands twice in an object.")
    return found


def _refuse_number(text: str) -> Any:
    raise PlainError(f"{text[:20]} is no whole number.")


class Field(NamedTuple):
    name: str
    #: Its name in JSON.
    key: str
    kind: Any
    #: The ending that says that it is an amount, and of what; empty for others.
    amount: str


@lru_cache(maxsize=64)
def fields_of(kind: Any) -> tuple[Field, ...]:
    hints = get_type_hints(kind)
    found = []
    for field in dataclasses.fields(kind):
        amount = next((ending for ending in (MICROS, MINOR) if field.name.endswith(ending)), "")
        found.append(Field(field.name, field.name.removesuffix(amount), hints[field.name], amount))
    return tuple(found)


def without_none(kind: Any) -> tuple[Any, bool]:
    """A kind without None, and whether it had it."""
    if not isinstance(kind, types.UnionType):
        return kind, False
    (found,) = (option for option in get_args(kind) if option is not types.NoneType)
    return found, True
