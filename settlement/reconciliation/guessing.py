"""A mapping that headers and first rows suggest. A person looks at it before it is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from coalition.ids import id_from_text
from partner_sdk import Kind
from partner_sdk.settlement import NegativePoints, RecordsMapping, RecordStatus
from settlement.reconciliation import synonyms
from settlement.reconciliation.problems import quoted
from settlement.reconciliation.time_formats import EPOCH_MS, EPOCH_S, ISO

_NUMBER: Final = re.compile(r"\(?[+−-]?[0-9][0-9.,'’ \u00a0\u202f_]*-?\)?")
_ISO: Final = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[ Tt]\d{1,2}:\d{2}.*)?")
_ISO_DAY: Final = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}")
_DAY: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{2}|\d{4})(?:([ T,]+)\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?)?")
#: Digits of seconds and of milliseconds since 1970.
_EPOCHS: Final = {10: EPOCH_S, 13: EPOCH_MS}
_HEADER_MAX: Final = 30
_WORDS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Guess:
    """A mapping, and what to look at with care, in sentences."""

    #: None where no column looks like points.
    mapping: RecordsMapping | None
    doubts: tuple[str, ...]


def likely_header(rows: Sequence[Sequence[str]]) -> int:
    """The row, from 1, that most likely names the columns: the first about as wide as others, without numbers."""
    widths = sorted(sum(bool(cell.strip()) for cell in row) for row in rows)
    usual = widths[len(widths) // 2] if widths else 0
    for place, row in enumerate(rows[:_HEADER_MAX]):
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) >= max(1, usual - 1) and not any(map(_is_number, cells)):
            return place + 1
    return 1


def guess(columns: Sequence[str], rows: Sequence[Sequence[str]], known: RecordsMapping) -> Guess:
    """What columns and rows suggest. How the file is read, its encoding for example, is taken from `known`."""
    samples = {
        column.strip(): [row[place].strip() for row in rows if place < len(row) and row[place].strip()]
        for place, column in enumerate(columns)
        if column.strip() and columns.count(column) == 1
    }
    found = _columns(samples)
    if "points" not in found:
        return Guess(None, ("No column looks like points.",))
    doubts: list[str] = []
    kinds = _kinds(found, samples, doubts)
    statuses = _statuses(found, samples, doubts)
    decimal, thousands = _marks(samples[found["points"]], doubts)
    mapping = RecordsMapping(
        points=found["points"],
        id=found.get("id"),
        kind=found["kind"] if kinds else None,
        reference=found.get("reference"),
        time=found.get("time"),
        status=found["status"] if statuses else None,
        kinds=kinds,
        negative=_negative(found, kinds, columns, rows, doubts),
        statuses=statuses,
        time_format=_time_format(samples[found["time"]], doubts) if "time" in found else ISO,
        decimal_mark=decimal,
        thousands_mark=thousands,
    )
    if "id" not in found and "reference" not in found:
        doubts.append("There is neither an id nor a reference: rows are matched by points and time alone.")
    taken = {name: getattr(known, name) for name in ("encoding", "delimiter", "sheet", "header_row", "time_zone")}
    return Guess(replace(mapping, **taken), tuple(doubts))


def _columns(samples: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """By what it is for, the column whose name fits best, if its cells can be that."""
    found: dict[str, str] = {}
    for role, names in synonyms.COLUMNS.items():
        ranked = [
            (rank, column)
            for column, cells in samples.items()
            if column not in found.values() and (rank := synonyms.fit(column, names)) is not None and _FITS[role](cells)
        ]
        if ranked:
            found[role] = min(ranked, key=lambda item: item[0])[1]
    return found


def _is_id(text: str) -> bool:
    try:
        return bool(id_from_text(text))
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_time(text: str) -> bool:
    return bool(_ISO.fullmatch(text) or _DAY.fullmatch(text)) or (text.isdecimal() and len(text) in _EPOCHS)


def _all(check: Callable[[str], bool]) -> Callable[[Sequence[str]], bool]:
    return lambda cells: bool(cells) and all(map(check, cells))


def _are_words(cells: Sequence[str]) -> bool:
    return 0 < len(set(cells)) <= _WORDS_MAX


_FITS: Final[Mapping[str, Callable[[Sequence[str]], bool]]] = {
    "id": _all(_is_id),
    "kind": _are_words,
    "points": _all(_is_number),
    "reference": bool,
    "time": _all(_is_time),
    "status": _are_words,
}


def _kinds(found: Mapping[str, str], samples: Mapping[str, Sequence[str]], doubts: list[str]) -> dict[str, Kind | None]:
    words = _words(found, samples, "kind")
    kinds = {word: synonyms.kind_of(word) for word in words}
    if not any(kinds.values()):
        return {}
    for word, kind in kinds.items():
        if kind is None:
            doubts.append(f"Rows of the kind {quoted(word)} are left out; say what it is if it should not be.")
    return kinds


def _statuses(
    found: Mapping[str, str], samples: Mapping[str, Sequence[str]], doubts: list[str]
) -> dict[str, RecordStatus]:
    statuses = {}
    for word in _words(found, samples, "status"):
        status = synonyms.status_of(word)
        if status is None:
            doubts.append(f"The status {quoted(word)} is not known; say whether it is ok, declined or pending.")
        else:
            statuses[word] = status
    return statuses


def _words(found: Mapping[str, str], samples: Mapping[str, Sequence[str]], role: str) -> list[str]:
    """Each word once, whatever its case."""
    return list({cell.lower(): cell for cell in reversed(samples.get(found.get(role, ""), ()))}.values())


def _negative(
    found: Mapping[str, str],
    kinds: Mapping[str, Kind | None],
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    doubts: list[str],
) -> NegativePoints:
    """Where all that is redeemed is negative, the sign says nothing more than the kind."""
    names = [column.strip() for column in columns]
    points = names.index(found["points"])
    negative = [row for row in rows if points < len(row) and re.search("[-−(]", row[points])]
    if not kinds:
        if negative:
            doubts.append("Negative points are read as reversals; say balance if they are redemptions.")
        return NegativePoints.REVERSE
    place = names.index(found["kind"])
    known = {word.lower(): kind for word, kind in kinds.items()}
    of_negative = {known.get(row[place].strip().lower()) for row in negative if place < len(row)}
    of_others = {known.get(row[place].strip().lower()) for row in rows if place < len(row) and row not in negative}
    if (
        of_negative
        and not of_negative & of_others
        and of_negative <= {Kind.REDEEM, Kind.CAPTURE, Kind.REVERSE, Kind.DONATE}
    ):
        return NegativePoints.IGNORE
    return NegativePoints.REVERSE


def _marks(cells: Sequence[str], doubts: list[str]) -> tuple[str, str]:
    """The decimal and the thousands mark."""
    for decimal, thousands in ((",", "."), (".", ",")):
        if any(re.search(rf"[0-9]{re.escape(thousands)}[0-9]{{3}}(?![0-9])", cell) for cell in cells):
            if not any(re.search(rf"{re.escape(decimal)}0+\b", cell) for cell in cells):
                doubts.append(f"{quoted(thousands)} in points is read as a thousands mark, not as a decimal mark.")
            return decimal, thousands
    spaces = {" ": "[ \u00a0\u202f]", "'": "['’]", "_": "_"}
    spaced = next(
        (mark for mark, form in spaces.items() if any(re.search(rf"[0-9]{form}[0-9]{{3}}", cell) for cell in cells)), ""
    )
    return ("," if any(re.search(r"[0-9],0+\b", cell) for cell in cells) else "."), spaced


def _time_format(cells: Sequence[str], doubts: list[str]) -> str:
    """How times are written. Of days and months it is not always clear which is which."""
    if all(map(_ISO_DAY.fullmatch, cells)) and len({cell[4] for cell in cells}) == 1:
        return f"%Y{cells[0][4]}%m{cells[0][4]}%d"
    if all(map(_ISO.fullmatch, cells)):
        return ISO
    if all(map(str.isdecimal, cells)):
        return _EPOCHS[len(cells[0])]
    days = [match for cell in cells if (match := _DAY.fullmatch(cell))]
    if not days:
        return ISO
    first = max(int(match[1]) for match in days)
    second = max(int(match[3]) for match in days)
    sign = days[0][2]
    month_first = second > 12 or (sign == "/" and first <= 12)
    if first <= 12 and second <= 12:
        doubts.append(f"{quoted(cells[0])} is read as {'month, day' if month_first else 'day, month'}: is that right?")
    day = sign.join(("%m", "%d") if month_first else ("%d", "%m")) + sign + ("%Y" if len(days[0][4]) == 4 else "%y")
    if days[0][5] is None:
        return day
    clock = ("%I:%M" if days[0][7] else "%H:%M") + (":%S" if days[0][6] else "")
    noon = (" %p" if days[0][7].startswith(" ") else "%p") if days[0][7] else ""
    return f"{day}{days[0][5]}{clock}{noon}"
