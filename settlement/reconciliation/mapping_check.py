"""Whether a mapping can be used at all, before any file is looked at."""

from __future__ import annotations

from typing import Final

from partner_sdk.settlement import NegativePoints, RecordsMapping
from settlement.reconciliation.problems import RecordsError, quoted
from settlement.reconciliation.text_file import ENCODINGS
from settlement.reconciliation.time_formats import check_format, check_time_zone

#: The columns that a mapping may name, by what they are for.
ROLES: Final = ("id", "kind", "points", "reference", "time", "status")

_NAME_MAX: Final = 200
_WORDS_MAX: Final = 200
_WORD_MAX: Final = 100
_HEADER_ROW_MAX: Final = 1_000
#: Beyond a week two things of the same points are hardly the same thing.
_TOLERANCE_MAX_S: Final = 7 * 86_400
_DECIMAL_MARKS: Final = (".", ",")
_THOUSANDS_MARKS: Final = ("", ".", ",", " ", "'", "_")


def check_mapping(mapping: RecordsMapping) -> None:
    """Raises RecordsError for the first thing in it that cannot be."""
    if not mapping.points:
        raise RecordsError("The mapping names no column for points.")
    for role in ROLES:
        if len(getattr(mapping, role) or "") > _NAME_MAX:
            raise RecordsError(f"The name of the column for the {role} is longer than {_NAME_MAX} characters.")
    _check_words(mapping)
    _check_negative(mapping)
    if not any((mapping.id, mapping.reference, mapping.time)):
        raise RecordsError("The mapping names no column for ids, references or times, so nothing could be matched.")
    check_reading(mapping)
    _check_writing(mapping)
    if mapping.time is not None:
        check_format(mapping.time_format)


def _check_words(mapping: RecordsMapping) -> None:
    for role, words in (("kind", mapping.kinds), ("status", mapping.statuses)):
        if (getattr(mapping, role) is None) == bool(words):
            raise RecordsError(f"A column for the {role} needs words, and words need the column: name both or neither.")
        if len(words) > _WORDS_MAX or any(len(word) > _WORD_MAX for word in words):
            raise RecordsError(f"There may be {_WORDS_MAX} words for the {role}, of {_WORD_MAX} characters each.")
        plain = [word.strip().lower() for word in words]
        twice = next((word for word in plain if plain.count(word) > 1), None)
        if twice is not None:
            raise RecordsError(f"The word {quoted(twice)} for the {role} is there twice. Case makes no difference.")


def _check_negative(mapping: RecordsMapping) -> None:
    if mapping.negative is NegativePoints.BALANCE and mapping.kind is not None:
        raise RecordsError(
            "Negative points are a balance only where there is no column for kinds; say reverse or ignore."
        )
    if mapping.negative is NegativePoints.IGNORE and mapping.kind is None:
        raise RecordsError("Without a column for kinds the sign of points must say something: reverse or balance.")


def check_reading(mapping: RecordsMapping) -> None:
    """Raises RecordsError for a way to read a file that cannot be: all that counts of a mapping for a first look."""
    if mapping.encoding and mapping.encoding not in ENCODINGS:
        raise RecordsError(f"There is no encoding {quoted(mapping.encoding)}. Known: {', '.join(ENCODINGS)}.")
    delimiter = mapping.delimiter
    usable = len(delimiter) == 1 and delimiter.isascii() and not delimiter.isalnum() and delimiter not in '"\r\n\0\x1e'
    if delimiter and not usable:
        raise RecordsError(f"{quoted(delimiter)} is no delimiter. Give one character, such as ; or a tab.")
    if len(mapping.sheet) > _NAME_MAX:
        raise RecordsError(f"The name of the sheet is longer than {_NAME_MAX} characters.")
    if not 0 <= mapping.header_row <= _HEADER_ROW_MAX:
        raise RecordsError(f"header_row is 1 to {_HEADER_ROW_MAX:,}, not {mapping.header_row}.")
    if mapping.time_zone:
        check_time_zone(mapping.time_zone)


def _check_writing(mapping: RecordsMapping) -> None:
    if mapping.decimal_mark not in _DECIMAL_MARKS or mapping.thousands_mark not in _THOUSANDS_MARKS:
        raise RecordsError("decimal_mark is . or ,; thousands_mark is empty or one of . , space ' _")
    if mapping.decimal_mark == mapping.thousands_mark:
        raise RecordsError(f"{quoted(mapping.decimal_mark)} cannot be both the decimal and the thousands mark.")
    if mapping.header_row == 0:
        raise RecordsError(f"header_row is 1 to {_HEADER_ROW_MAX:,}, not 0.")
    if not 0 <= mapping.tolerance_s <= _TOLERANCE_MAX_S:
        raise RecordsError(f"tolerance_s is 0 to {_TOLERANCE_MAX_S:,} seconds, not {mapping.tolerance_s}.")
