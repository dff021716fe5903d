"""What comparing a party's own records with the journal came to. Frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from coalition.ids import id_text
from coalition.v1 import settlement_reconciliation_pb2 as pb
from coalition.v1.transaction_pb2 import TransactionKind
from partner_sdk._moments import moment_of
from partner_sdk._records_mapping import RecordsMapping, RecordStatus, record_status_of
from partner_sdk._vocabulary import Kind, kind_of


class DifferenceKind(StrEnum):
    """What does not agree between a party's records and the journal."""

    #: The party has it, the journal does not.
    MISSING_AT_HUB = "missing_at_hub"
    #: The journal has it, the party does not.
    MISSING_AT_PARTNER = "missing_at_partner"
    #: Both have it, with other points or as another kind.
    AMOUNT_DIFFERS = "amount_differs"
    #: One of them has it twice.
    DUPLICATE = "duplicate"
    #: The journal has it, in a window that was not asked about.
    IN_ANOTHER_WINDOW = "in_another_window"
    #: The party counts as final what the journal shows reversed, wholly or in part.
    REVERSED = "reversed"
    #: The party counts as done what the journal rejected.
    DECLINED = "declined"
    #: A hold that is still open, or a record that is still pending.
    IN_DOUBT = "in_doubt"


class CorrectionAction(StrEnum):
    """What to do about a difference."""

    #: Send the transaction again with the same id: it is booked once, whether it had arrived or not.
    RESEND = "resend"
    #: Change the party's own records.
    CORRECT_BOOKS = "correct_books"
    #: Reverse points of an entry at the hub.
    REVERSE_AT_HUB = "reverse_at_hub"
    #: Capture or release the hold, or wait until it ends.
    WAIT_FOR_HOLD = "wait_for_hold"
    #: Count the transaction in the period of its window.
    MOVE_PERIOD = "move_period"


class ReconcileStage(StrEnum):
    """What is being done; the first by the client, the rest by the service."""

    UPLOADING = "uploading"
    READING_RECORDS = "reading_records"
    READING_JOURNAL = "reading_journal"
    MATCHING = "matching"
    EXPLAINING = "explaining"


@dataclass(frozen=True, slots=True)
class RecordsFile:
    """A file of records that the service has, and how it might be read."""

    #: SHA-256, by which the service knows it.
    digest: bytes = field(repr=False)
    name: str
    #: `csv`, `xlsx` or `parquet`.
    format: str
    #: Of a workbook.
    sheets: tuple[str, ...]
    columns: tuple[str, ...]
    #: The first rows, as text.
    rows: tuple[tuple[str, ...], ...]
    #: What the headers suggest; None where no column looks like points. To be looked at before it is used.
    guess: RecordsMapping | None
    #: What to look at with care, in sentences.
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReconcileProgress:
    """How far a reconciliation is."""

    stage: ReconcileStage
    #: Bytes, rows or entries of this stage that are done; 0 where it is not counted.
    done: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What to do about a difference."""

    action: CorrectionAction
    points: int
    #: In words.
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree, with both sides of it. None where a side is missing or unknown."""

    number: int
    kind: DifferenceKind
    #: Row of the file, as a spreadsheet counts.
    row: int | None
    #: The row that it repeats, for a duplicate in the file.
    other_row: int | None
    #: Entry of the journal.
    sequence: int | None
    #: The entry that it repeats, reverses or resolves.
    other_sequence: int | None
    #: Window of the entry.
    window: int | None
    #: UUID text: the entry's, else the row's.
    transaction_id: str | None
    reference: str
    record_kind: Kind | None
    record_points: int | None
    record_at: datetime | None
    record_status: RecordStatus | None
    entry_kind: Kind | None
    entry_points: int | None
    entry_at: datetime | None
    #: Why the journal rejected it, for example `INSUFFICIENT_POINTS`; empty else.
    reason: str
    #: One sentence.
    explanation: str
    correction: Correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What comparing a file came to."""

    #: UUID text; None when it was not recorded.
    reconciliation_id: str | None
    party_id: str
    windows: tuple[int, ...]
    file_name: str
    file_digest: bytes = field(repr=False)
    #: Rows with something in them.
    rows: int
    #: Rows that the mapping leaves out, or that move no points.
    rows_left_out: int
    #: Entries of the party in these windows that move points.
    entries: int
    matched_by_id: int
    matched_by_reference: int
    matched_by_time: int
    #: Rows and entries that agree that nothing happened.
    agreed_declined: int
    #: By kind, every kind that there is, exact.
    counts: Mapping[DifferenceKind, int]
    #: The last entry of the journal that was known.
    sequence: int
    mapping: RecordsMapping
    recorded_by: str | None
    recorded_at: datetime | None
    #: Whether each of its windows was reconciled again since, for this party, and recorded.
    superseded: bool
    #: The first 100,000; empty in a list of reconciliations.
    differences: tuple[Difference, ...] = field(default=(), repr=False)

    @property
    def difference_count(self) -> int:
        """How many there are, listed or not."""
        return sum(self.counts.values())


def reconciliation_of(message: pb.ReconciliationSummary, differences: Iterable[pb.Difference] = ()) -> Reconciliation:
    """The reconciliation in an answer."""
    return Reconciliation(
        reconciliation_id=id_text(message.reconciliation_id) if message.reconciliation_id else None,
        party_id=message.party_id,
        windows=tuple(message.windows),
        file_name=message.file_name,
        file_digest=message.file_digest,
        rows=message.rows,
        rows_left_out=message.rows_left_out,
        entries=message.entries,
        matched_by_id=message.matched_by_id,
        matched_by_reference=message.matched_by_reference,
        matched_by_time=message.matched_by_time,
        agreed_declined=message.agreed_declined,
        counts={_difference_kind_of(item.kind): item.count for item in message.counts},
        sequence=message.sequence,
        mapping=RecordsMapping.of(message.mapping),
        recorded_by=message.recorded_by or None,
        recorded_at=moment_of(message.recorded_us) if message.recorded_us else None,
        superseded=message.superseded,
        differences=tuple(map(_difference_of, differences)),
    )


def progress_of(message: pb.ReconcileProgress) -> ReconcileProgress:
    """The progress in an answer."""
    stage = ReconcileStage[pb.ReconcileStage.Name(message.stage).removeprefix("RECONCILE_STAGE_")]
    return ReconcileProgress(stage, message.done)


def file_of(digest: bytes, name: str, message: pb.RecordsInspection) -> RecordsFile:
    """The file in an answer. Raises KeyError for words that this version lacks."""
    return RecordsFile(
        digest=digest,
        name=name,
        format=message.format,
        sheets=tuple(message.sheets),
        columns=tuple(message.columns),
        rows=tuple(tuple(row.cells) for row in message.rows),
        guess=RecordsMapping.of(message.guess) if message.guess.points_column else None,
        doubts=tuple(message.doubts),
    )


def _difference_kind_of(number: pb.DifferenceKind.ValueType) -> DifferenceKind:
    return DifferenceKind[pb.DifferenceKind.Name(number).removeprefix("DIFFERENCE_KIND_")]


def _difference_of(message: pb.Difference) -> Difference:
    has_row, has_entry = bool(message.row), bool(message.sequence)
    action = pb.CorrectionAction.Name(message.correction.action).removeprefix("CORRECTION_ACTION_")
    return Difference(
        number=message.number,
        kind=_difference_kind_of(message.kind),
        row=message.row or None,
        other_row=message.other_row or None,
        sequence=message.sequence or None,
        other_sequence=message.other_sequence or None,
        window=message.window or None,
        transaction_id=id_text(message.transaction_id) if message.transaction_id else None,
        reference=message.reference,
        record_kind=_known_kind_of(message.record_kind),
        record_points=message.record_points if has_row else None,
        record_at=moment_of(message.record_us) if message.record_us else None,
        record_status=record_status_of(message.record_status) if message.record_status else None,
        entry_kind=_known_kind_of(message.entry_kind),
        entry_points=message.entry_points if has_entry else None,
        entry_at=moment_of(message.entry_us) if message.entry_us else None,
        reason=message.reason,
        explanation=message.explanation,
        correction=Correction(CorrectionAction[action], message.correction.points, message.correction.text),
    )


def _known_kind_of(number: TransactionKind.ValueType) -> Kind | None:
    return kind_of(number) if number else None
