"""How a party's records are read, as a form and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeVar

from partner_sdk import Kind
from partner_sdk.settlement import NegativePoints, RecordsFile, RecordsMapping, RecordStatus
from settlement.console.typed import whole_number
from settlement.console.visit import Form, Problem

E = TypeVar("E", bound=StrEnum)

#: What a column can be, and what that is.
ROLES: Final = (
    ("points", "Points"),
    ("id", "Transaction’s id (UUID)"),
    ("kind", "Kind"),
    ("reference", "Own reference"),
    ("time", "Time"),
    ("status", "Status"),
)
KINDS: Final = (Kind.ISSUE, Kind.REDEEM, Kind.DONATE, Kind.HOLD, Kind.CAPTURE, Kind.RELEASE, Kind.REVERSE)
NEGATIVES: Final = (
    (NegativePoints.REVERSE, "a reversal"),
    (NegativePoints.BALANCE, "a redemption: the sign is the member’s balance"),
    (NegativePoints.IGNORE, "nothing more than the kind says"),
)
THOUSANDS: Final = (
    *(("", "none"), (".", "point"), (",", "comma")),
    *((" ", "space"), ("'", "apostrophe"), ("_", "underscore")),
)
LEFT_OUT: Final = "none"
#: More words than are known can be added, some at a time.
_MORE_WORDS: Final = 4
_WORDS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Word:
    """A party's own word, and what it means; empty for a row to fill in."""

    word: str
    meaning: str


def kind_words(mapping: RecordsMapping | None) -> list[Word]:
    """Words for kinds, and empty rows."""
    known = mapping.kinds.items() if mapping else ()
    return [Word(word, kind.value if kind else LEFT_OUT) for word, kind in known] + [Word("", "")] * _MORE_WORDS


def status_words(mapping: RecordsMapping | None) -> list[Word]:
    """Words for statuses, and empty rows."""
    known = mapping.statuses.items() if mapping else ()
    return [Word(word, status.value) for word, status in known] + [Word("", "")] * _MORE_WORDS


def fits(mapping: RecordsMapping, file: RecordsFile) -> bool:
    """Whether the file has every column that a mapping names."""
    named = (mapping.points, mapping.id, mapping.kind, mapping.reference, mapping.time, mapping.status)
    return all(column in file.columns for column in named if column)


def mapping_in(form: Form, reading: RecordsMapping) -> RecordsMapping:
    """What the form says; how the file is read stays as it was looked at. Raises Problem."""
    if not form.text("points"):
        raise Problem("No column is chosen for points.", "Choose which column holds them.")
    kinds = {
        word: None if meaning == LEFT_OUT else _one_of(Kind, meaning)
        for word, meaning in _words(form, "kind-word", "kind-is")
    }
    statuses = {word: _one_of(RecordStatus, meaning) for word, meaning in _words(form, "status-word", "status-is")}
    try:
        tolerance_s = whole_number(form.text("tolerance_s") or "120")
    except ValueError as error:
        raise Problem(str(error), "Correct the seconds by which times may differ.") from error
    return replace(
        reading,
        points=form.text("points"),
        id=form.text("id") or None,
        kind=form.text("kind") or None,
        reference=form.text("reference") or None,
        time=form.text("time") or None,
        status=form.text("status") or None,
        kinds=kinds,
        statuses=statuses,
        negative=_one_of(NegativePoints, form.text("negative") or NegativePoints.REVERSE.value),
        time_format=form.text("time_format") or "iso",
        time_zone=form.text("time_zone"),
        decimal_mark=form.text("decimal_mark") or ".",
        # A space is a mark as well, and would be lost with the spaces around a text.
        thousands_mark=next((mark for mark, name in THOUSANDS if name == form.text("thousands")), ""),
        tolerance_s=tolerance_s,
    )


def reading_in(form: Form) -> RecordsMapping:
    """How a file is to be read before its columns are known. Raises Problem."""
    try:
        header_row = whole_number(form.text("header_row") or "0")
    except ValueError as error:
        raise Problem(str(error), "Type the number of the row that names the columns.") from error
    return RecordsMapping(
        points="",
        encoding=form.text("encoding"),
        delimiter="\t" if form.text("delimiter").lower() == "tab" else form.text("delimiter"),
        sheet=form.text("sheet"),
        header_row=header_row,
    )


def _words(form: Form, words: str, meanings: str) -> list[tuple[str, str]]:
    pairs = zip(form.texts(words), form.texts(meanings), strict=False)
    return [(word.strip(), meaning) for word, meaning in pairs if word.strip() and meaning][:_WORDS_MAX]


def _one_of(kind: type[E], text: str) -> E:
    try:
        return kind(text)
    except ValueError as error:
        raise Problem(f"{text!r} is none of {', '.join(item.value for item in kind)}.", "Choose another.") from error
