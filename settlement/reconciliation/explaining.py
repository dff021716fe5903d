"""What to say about each finding, and what to do about it: one sentence each, with both sides in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

import duckdb

from coalition.v1 import settlement_reconciliation_pb2 as pb
from coalition.v1.transaction_pb2 import TransactionKind

# In the order of the file, then of the journal.
_FINDINGS: Final = """
WITH told AS (
    SELECT * FROM (
        SELECT * FROM findings ORDER BY row NULLS LAST, sequence NULLS LAST, kind LIMIT $most
    )
), reasons AS (
    SELECT sequence, reason FROM asked_records
    WHERE author = $party AND NOT accepted AND sequence IN (SELECT sequence FROM told)
    UNION ALL
    SELECT sequence, reason FROM other_records
    WHERE author = $party AND NOT accepted AND sequence IN (SELECT sequence FROM told)
)
SELECT t.kind::VARCHAR AS difference, t.because::VARCHAR AS because, t.row, t.other_row, t.sequence, t.other_sequence,
       r.id AS row_id, r.kind::VARCHAR AS row_kind, r.class::VARCHAR AS row_class, r.points AS row_points,
       r.reference AS row_reference, r.time_us AS row_us, r.status::VARCHAR AS row_status,
       e.id AS entry_id, e.kind::VARCHAR AS entry_kind, e.points AS entry_points, e.reference AS entry_reference,
       e.committed_us AS entry_us, e."window", s.reason, u.entries
FROM told t LEFT JOIN partner r USING (row) LEFT JOIN entries e USING (sequence) LEFT JOIN reasons s USING (sequence)
LEFT JOIN (SELECT row, max(entries) AS entries FROM unclear GROUP BY row) u USING (row)
ORDER BY t.row NULLS LAST, t.sequence NULLS LAST, t.kind
"""
_COUNTS: Final = "SELECT kind::VARCHAR, count(*) FROM findings GROUP BY kind"
_BATCH: Final = 500
_KINDS: Final = {name.removeprefix("TRANSACTION_KIND_").lower(): number for name, number in TransactionKind.items()}


class Finding(NamedTuple):
    """A finding with what both sides say; None where there is nothing."""

    difference: str
    because: str
    row: int | None
    other_row: int | None
    sequence: int | None
    other_sequence: int | None
    row_id: UUID | None
    row_kind: str | None
    row_class: str | None
    row_points: int | None
    row_reference: str | None
    row_us: int | None
    row_status: str | None
    entry_id: UUID | None
    entry_kind: str | None
    entry_points: int | None
    entry_reference: str | None
    entry_us: int | None
    window: int | None
    reason: str | None
    candidates: int | None


class Said(NamedTuple):
    """A sentence about a finding, and what to do about it."""

    sentence: str
    action: pb.CorrectionAction.ValueType
    #: How many points the correction is about.
    points: int
    remedy: str


def count_findings(connection: duckdb.DuckDBPyConnection) -> dict[pb.DifferenceKind.ValueType, int]:
    """How many there are, by kind."""
    counted = connection.execute(_COUNTS).fetchall()
    return {pb.DifferenceKind.Value(f"DIFFERENCE_KIND_{kind.upper()}"): count for kind, count in counted}


def explain(connection: duckdb.DuckDBPyConnection, party_id: str, most: int) -> Iterator[list[pb.Difference]]:
    """The first findings as messages, in parts."""
    result = connection.execute(_FINDINGS, {"party": party_id, "most": most})
    number = 0
    while rows := result.fetchmany(_BATCH):
        yield [difference_of(number + place, Finding(*row)) for place, row in enumerate(rows, 1)]
        number += len(rows)


def difference_of(number: int, found: Finding) -> pb.Difference:
    """The message about a finding."""
    said = _SAYINGS[found.difference, found.because](found)
    identifier = found.entry_id or found.row_id
    return pb.Difference(
        number=number,
        kind=pb.DifferenceKind.Value(f"DIFFERENCE_KIND_{found.difference.upper()}"),
        row=found.row or 0,
        other_row=found.other_row or 0,
        sequence=found.sequence or 0,
        other_sequence=found.other_sequence or 0,
        window=found.window or 0,
        transaction_id=identifier.bytes if identifier else b"",
        reference=found.row_reference or found.entry_reference or "",
        record_kind=_kind(found.row_kind),
        record_points=found.row_points or 0,
        record_us=found.row_us or 0,
        record_status=pb.RecordStatus.Value(f"RECORD_STATUS_{(found.row_status or 'unspecified').upper()}"),
        entry_kind=_kind(found.entry_kind),
        entry_points=found.entry_points or 0,
        entry_us=found.entry_us or 0,
        reason=found.reason or "",
        explanation=said.sentence,
        correction=pb.Correction(action=said.action, points=said.points, text=said.remedy),
    )


def _kind(name: str | None) -> TransactionKind.ValueType:
    return TransactionKind.ValueType(_KINDS[name] if name else 0)


def _moment(moment_us: int | None) -> str:
    if moment_us is None:
        return ""
    return datetime.fromtimestamp(moment_us // 1_000_000, UTC).strftime(" of %Y-%m-%d %H:%M:%S UTC")


def _row(found: Finding) -> str:
    """`Row 17 (EARN...)`: what the file says."""
    what = {"in": "points in", "out": "points out", "forward": "points"}.get(found.row_class or "", "")
    kind = f"{found.row_kind} of {found.row_points:,} points" if found.row_kind else f"{found.row_points:,} {what}"
    reference = f", {found.row_reference}" if found.row_reference else ""
    return f"Row {found.row} ({kind}{reference})"


def _entry(found: Finding) -> str:
    """`entry 4711 (issue of 120 points, of 2026-01-03 ...)`: what the journal says."""
    return f"entry {found.sequence} ({found.entry_kind} of {found.entry_points:,} points{_moment(found.entry_us)})"


def _missing_at_hub(found: Finding) -> Said:
    points = found.row_points or 0
    sentence = f"{_row(found)} is not in the journal, in no window that was looked at."
    if found.row_id is None:
        remedy = "Find it in the till's outbox and send it again with the id that it had; never with a new one."
    else:
        remedy = f"Send transaction {found.row_id} again, with the same id: it is booked once, whatever happened."
    return Said(sentence, pb.CORRECTION_ACTION_RESEND, points, remedy)


def _reversal_missing_at_hub(found: Finding) -> Said:
    return Said(
        f"{_row(found)} reverses something; the journal has no such reversal.",
        pb.CORRECTION_ACTION_REVERSE_AT_HUB,
        found.row_points or 0,
        "Send the reversal again with the id that it had. If it was never sent, reverse these points at the hub.",
    )


def _at_another_time(found: Finding) -> Said:
    return Said(
        f"{_row(found)} is not in the journal at about its time{_moment(found.row_us)}; entry {found.other_sequence}"
        " has the same reference and points at another.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.row_points or 0,
        "Compare the two. Is the clock right, or the mapping's time zone, or is its tolerance too small?",
    )


def _unclear(found: Finding) -> Said:
    return Said(
        f"{_row(found)} could be any of {found.candidates} entries of the same points at about that time,"
        " or other rows could be the same entry; none was taken.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.row_points or 0,
        "Put transaction ids or references into the records, so that it can be told which is which.",
    )


def _missing_at_partner(found: Finding) -> Said:
    return Said(
        f"The journal has {_entry(found)}; the file has no row for it.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.entry_points or 0,
        "Book it. If nobody of yours sent it, raise a dispute: it was signed with one of your keys.",
    )


def _reversal_missing_at_partner(found: Finding) -> Said:
    return Said(
        f"The journal has {_entry(found)}, which reverses entry {found.other_sequence or 'of another window'};"
        " the file has neither.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.entry_points or 0,
        "Book the reversal.",
    )


def _declined_at_partner(found: Finding) -> Said:
    return Said(
        f"{_row(found)} is declined in the file; the journal accepted it as {_entry(found)}.",
        pb.CORRECTION_ACTION_REVERSE_AT_HUB,
        found.entry_points or 0,
        f"If it did not take place, reverse entry {found.sequence} at the hub; else book it as done.",
    )


def _points_differ(found: Finding) -> Said:
    row, entry = found.row_points or 0, found.entry_points or 0
    sentence = (
        f"{_row(found)} is {_entry(found)} in the journal: {abs(entry - row):,} points {_more(entry > row)} there."
    )
    if entry > row and found.entry_kind in ("issue", "redeem", "capture"):
        remedy = (
            f"If the file is right, reverse {entry - row:,} points of entry {found.sequence}; else correct the books."
        )
        return Said(sentence, pb.CORRECTION_ACTION_REVERSE_AT_HUB, entry - row, remedy)
    remedy = f"Correct the books to {entry:,} points. What was to be more is a transaction of its own."
    return Said(sentence, pb.CORRECTION_ACTION_CORRECT_BOOKS, abs(entry - row), remedy)


def _more(more: bool) -> str:
    return "more" if more else "less"


def _kinds_differ(found: Finding) -> Said:
    return Said(
        f"{_row(found)} is {_entry(found)} in the journal: the same transaction, but of another kind.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.entry_points or 0,
        f"Book it as {found.entry_kind}. If it should have been the other, reverse it at the hub and send that.",
    )


def _row_twice(found: Finding) -> Said:
    known = f", which is entry {found.sequence}" if found.sequence else ""
    return Said(
        f"{_row(found)} repeats row {found.other_row}{known}.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.row_points or 0,
        f"Take row {found.row} out of the books.",
    )


def _entry_twice(found: Finding) -> Said:
    return Said(
        f"The journal has {_entry(found)} with the same reference and points as entry {found.other_sequence};"
        f" the file has row {found.row} for both.",
        pb.CORRECTION_ACTION_REVERSE_AT_HUB,
        found.entry_points or 0,
        f"If it was sent twice, under two ids, reverse entry {found.sequence} at the hub.",
    )


def _in_another_window(found: Finding) -> Said:
    return Said(
        f"{_row(found)} is {_entry(found)}, which is in window {found.window}.",
        pb.CORRECTION_ACTION_MOVE_PERIOD,
        found.row_points or 0,
        f"Count it in the period of window {found.window}; it is settled there.",
    )


def _reversed(found: Finding) -> Said:
    return Said(
        f"{_row(found)} counts as final, but the journal reverses {found.entry_points:,} points of it"
        f" (entry {found.other_sequence}) with entry {found.sequence}{_moment(found.entry_us)}.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.entry_points or 0,
        "Book the reversal.",
    )


def _released(found: Finding) -> Said:
    by = f" with entry {found.other_sequence}" if found.other_sequence else ""
    return Said(
        f"{_row(found)} counts as done, but it is a hold, {_entry(found)}, that ended{by} without being captured.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.row_points or 0,
        "Take it out of the books.",
    )


def _captured(found: Finding) -> Said:
    return Said(
        f"{_row(found)} counts as done, but it is a hold, {_entry(found)}; what was captured of it with entry"
        f" {found.other_sequence} is row {found.other_row}.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.row_points or 0,
        f"Take row {found.row} out of the books: points move when a hold is captured.",
    )


def _declined(found: Finding) -> Said:
    return Said(
        f"{_row(found)} counts as done, but the journal rejected it with entry"
        f" {found.sequence}{_moment(found.entry_us)}: {found.reason}.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.row_points or 0,
        "Take it out of the books. If it is still owed, send it anew with a new id.",
    )


def _open_hold(found: Finding) -> Said:
    row = f"{_row(found)} is a hold" if found.row else "The journal has a hold"
    return Said(
        f"{row} that is still open: {_entry(found)}.",
        pb.CORRECTION_ACTION_WAIT_FOR_HOLD,
        found.entry_points or 0,
        "Capture it or release it; else wait until it runs out. Points move only when it is captured.",
    )


def _pending_accepted(found: Finding) -> Said:
    return Said(
        f"{_row(found)} is pending in the file; the journal accepted it as {_entry(found)}.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.entry_points or 0,
        "Book it as done.",
    )


def _pending_rejected(found: Finding) -> Said:
    return Said(
        f"{_row(found)} is pending in the file; the journal rejected it with entry {found.sequence}: {found.reason}.",
        pb.CORRECTION_ACTION_CORRECT_BOOKS,
        found.row_points or 0,
        "Book it as declined.",
    )


def _pending_unknown(found: Finding) -> Said:
    return _missing_at_hub(found)._replace(sentence=f"{_row(found)} is pending in the file and is not in the journal.")


_SAYINGS: Final[dict[tuple[str, str], Callable[[Finding], Said]]] = {
    ("missing_at_hub", "unknown"): _missing_at_hub,
    ("missing_at_hub", "unclear"): _unclear,
    ("missing_at_hub", "at_another_time"): _at_another_time,
    ("missing_at_hub", "reversal"): _reversal_missing_at_hub,
    ("missing_at_partner", "unknown"): _missing_at_partner,
    ("missing_at_partner", "reversal"): _reversal_missing_at_partner,
    ("missing_at_partner", "declined"): _declined_at_partner,
    ("amount_differs", "points"): _points_differ,
    ("amount_differs", "kind"): _kinds_differ,
    ("duplicate", "row"): _row_twice,
    ("duplicate", "entry"): _entry_twice,
    ("duplicate", "captured"): _captured,
    ("in_another_window", "window"): _in_another_window,
    ("reversed", "reversal"): _reversed,
    ("reversed", "released"): _released,
    ("declined", "rejected"): _declined,
    ("in_doubt", "open_hold"): _open_hold,
    ("in_doubt", "pending_accepted"): _pending_accepted,
    ("in_doubt", "pending_rejected"): _pending_rejected,
    ("in_doubt", "pending_unknown"): _pending_unknown,
}
