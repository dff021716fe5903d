"""A party's records and the journal beside them, alike but for differences that were planted and are known.

Everything follows from a seed, so a test and a measurement can plant alike.
"""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.csv

from coalition.v1 import error_pb2
from coalition.v1.transaction_pb2 import TransactionKind
from partner_sdk import Kind
from partner_sdk.settlement import DifferenceKind, RecordsMapping, RecordStatus
from settlement.reconciliation.entries import RECORDS
from settlement.store.database import Database
from settlement.store.migrate import migrate

PARTY: Final = "grocer"
WINDOW: Final = 1
_STRANGER: Final = "florist"
_OTHER_WINDOW: Final = 2
_BEGIN_US: Final = 1_767_225_600_000_000
_STEP_US: Final = 2_600_000

#: How the planted file is to be read.
MAPPING: Final = RecordsMapping(
    id="Transaction",
    kind="Type",
    points="Points",
    reference="Receipt",
    time="Time",
    status="State",
    kinds={
        "EARN": Kind.ISSUE,
        "BURN": Kind.REDEEM,
        "REFUND": Kind.REVERSE,
    },
    statuses={"OK": RecordStatus.OK, "DECLINED": RecordStatus.DECLINED, "PENDING": RecordStatus.PENDING},
)


class Expected(NamedTuple):
    """A difference that must be found. Rows as a spreadsheet counts."""

    kind: DifferenceKind
    row: int | None
    sequence: int | None


@dataclass
class _Record:
    """An entry on its way into the journal."""

    at_us: int
    kind: str
    points: int
    reference: str
    id: bytes
    window: int = WINDOW
    author: str = PARTY
    accepted: bool = True
    about: bytes | None = None
    sequence: int = 0


@dataclass
class _Row:
    """A row on its way into the file."""

    at_us: int
    kind: str
    points: int
    reference: str
    id: bytes
    status: str = "OK"
    number: int = 0


@dataclass
class Planted:
    """Both sides, and what must be found."""

    records: list[_Record] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    #: The kind, the row and the record that a difference is about.
    about: list[tuple[DifferenceKind, _Row | None, _Record | None]] = field(default_factory=list)

    @property
    def expected(self) -> list[Expected]:
        """What must be found, and nothing else."""
        return [
            Expected(kind, row.number if row else None, record.sequence if record else None)
            for kind, row, record in self.about
        ]

    @property
    def counts(self) -> Counter[DifferenceKind]:
        """How many of each kind."""
        return Counter(kind for kind, _, _ in self.about)

    def journal(self) -> pa.Table:
        """The records, in the form that a reconciliation takes."""
        return pa.table(
            {
                "sequence": [record.sequence for record in self.records],
                "window": [record.window for record in self.records],
                "committed_us": [record.at_us for record in self.records],
                "author": [record.author for record in self.records],
                "transaction_id": [record.id for record in self.records],
                "kind": [record.kind for record in self.records],
                "points": [record.points for record in self.records],
                "reference": [record.reference for record in self.records],
                "accepted": [record.accepted for record in self.records],
                "reason": ["" if record.accepted else "INSUFFICIENT_POINTS" for record in self.records],
                "about_id": [record.about for record in self.records],
            },
            schema=RECORDS,
        )

    def file(self, *, ids: bool = True) -> pa.Table:
        """The file's cells as text."""
        columns: dict[str, Any] = {}
        if ids:
            columns["Transaction"] = [str(uuid.UUID(bytes=row.id)) for row in self.rows]
        columns |= {
            "Type": [row.kind for row in self.rows],
            "Points": [str(row.points) for row in self.rows],
            "Receipt": [row.reference for row in self.rows],
            "Time": pa.array([row.at_us for row in self.rows], pa.timestamp("us")).cast(pa.string()),
            "State": [row.status for row in self.rows],
        }
        return pa.table(columns)

    def write_csv(self, path: Path, *, ids: bool = True) -> None:
        """The file as CSV."""
        pyarrow.csv.write_csv(self.file(ids=ids), path)

    def write_database(self, path: Path) -> None:
        """The records in a new database of a settlement service, without the journal that they would come from."""
        made = Database.in_file(path)
        migrate(made)
        made.close()
        count = len(self.records)
        last = max(record.sequence for record in self.records if record.window == WINDOW)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("INSERT INTO progress VALUES (1, 'planted', ?, 1, ?, ?)", (count, b"0" * 32, b""))
            windows = [(WINDOW, 1, last), (_OTHER_WINDOW, last + 1, 0)]
            database.executemany("INSERT INTO windows VALUES (?, ?, 1, ?, 1)", windows)
            entries = ((sequence, b"%d" % sequence) for sequence in range(1, count + 1))
            database.executemany("INSERT INTO entries VALUES (?, 1, 0, ?)", entries)
            database.executemany(
                "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'anna', ?, ?, 0, ?, 0)", map(_stored, self.records)
            )


def _stored(record: _Record) -> tuple[object, ...]:
    """A record's row, as far as it is not always the same."""
    return (
        *(record.sequence, record.window, record.at_us, record.author, record.id),
        TransactionKind.Value(f"TRANSACTION_KIND_{record.kind.upper()}"),
        *(record.points, record.reference, record.accepted),
        error_pb2.REASON_UNSPECIFIED if record.accepted else error_pb2.REASON_INSUFFICIENT_POINTS,
        record.about or b"",
    )


class _Planter:
    """Makes one thing after the other, each at its own time and with its own receipt."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret
        self._made = 0
        self.planted = Planted()

    def _next(self) -> tuple[int, str, int]:
        self._made += 1
        return _BEGIN_US + self._made * _STEP_US, f"R{self._made:08d}", self._chance.randrange(2, 500)

    def _id(self) -> bytes:
        return self._chance.randbytes(16)

    def record(self, kind: str, at_us: int, points: int, reference: str, **more: Any) -> _Record:
        record = _Record(at_us, kind, points, reference, self._id(), **more)
        self.planted.records.append(record)
        return record

    def row(self, record: _Record, **more: Any) -> _Row:
        """What the file says of a record."""
        word = {"issue": "EARN", "redeem": "BURN", "capture": "BURN", "reverse": "REFUND"}[record.kind]
        shift_us = self._chance.randrange(-2_000_000, 2_000_000)
        values = {"at_us": record.at_us + shift_us, "kind": word, "points": record.points, "id": record.id}
        row = _Row(**{**values, "reference": record.reference, **more})
        self.planted.rows.append(row)
        return row

    def tell(self, kind: DifferenceKind, row: _Row | None, record: _Record | None) -> None:
        self.planted.about.append((kind, row, record))

    def issue_or_redeem(self, **more: Any) -> _Record:
        at_us, reference, points = self._next()
        return self.record(self._chance.choice(["issue", "redeem"]), at_us, points, reference, **more)

    def agreeing(self) -> int:
        """Something on which both sides agree; how many rows of the file it takes."""
        kind = self._chance.random()
        record = self.issue_or_redeem()
        if kind < 0.05:
            # A hold, and its capture: the file knows the latter only.
            record.kind = "hold"
            at_us, reference, _ = self._next()
            self.row(self.record("capture", at_us, record.points, reference, about=record.id))
            return 1
        self.row(record)
        if kind < 0.1:
            self.row(self.reversal(record, record.points))
            return 2
        if kind < 0.2:
            # Another party's, of which the file knows nothing.
            self.issue_or_redeem(author=_STRANGER)
        elif kind < 0.22:
            # Declined here and there.
            self.row(self.issue_or_redeem(accepted=False), status="DECLINED")
            return 2
        return 1

    def reversal(self, record: _Record, points: int) -> _Record:
        at_us, reference, _ = self._next()
        return self.record("reverse", at_us, points, reference, about=record.id)

    def missing_at_hub(self) -> None:
        record = self.issue_or_redeem()
        self.planted.records.pop()
        self.tell(DifferenceKind.MISSING_AT_HUB, self.row(record), None)

    def missing_at_partner(self) -> None:
        self.tell(DifferenceKind.MISSING_AT_PARTNER, None, self.issue_or_redeem())

    def amount_differs(self) -> None:
        record = self.issue_or_redeem()
        row = self.row(record, points=record.points + self._chance.choice([-1, 1, 1_000]))
        self.tell(DifferenceKind.AMOUNT_DIFFERS, row, record)

    def duplicate(self) -> None:
        record = self.issue_or_redeem()
        row = self.row(record)
        if self._chance.random() < 0.5:
            again = self.row(record, at_us=record.at_us + 2_500_000)
            self.tell(DifferenceKind.DUPLICATE, again, record)
            return
        second = self.record(record.kind, record.at_us + 1_000_000, record.points, record.reference)
        self.tell(DifferenceKind.DUPLICATE, row, second)

    def in_another_window(self) -> None:
        record = self.issue_or_redeem(window=_OTHER_WINDOW)
        self.tell(DifferenceKind.IN_ANOTHER_WINDOW, self.row(record), record)

    def reversed(self) -> None:
        record = self.issue_or_redeem()
        row = self.row(record)
        points = record.points if self._chance.random() < 0.5 else self._chance.randrange(1, record.points)
        self.tell(DifferenceKind.REVERSED, row, self.reversal(record, points))

    def declined(self) -> None:
        record = self.issue_or_redeem(accepted=False)
        self.tell(DifferenceKind.DECLINED, self.row(record), record)

    def in_doubt(self) -> None:
        record = self.issue_or_redeem()
        match self._chance.randrange(3):
            case 0:
                record.kind = "hold"
                self.tell(DifferenceKind.IN_DOUBT, None, record)
            case 1:
                self.tell(DifferenceKind.IN_DOUBT, self.row(record, status="PENDING"), record)
            case _:
                self.planted.records.pop()
                self.tell(DifferenceKind.IN_DOUBT, self.row(record, status="PENDING"), None)


def plant(seed: str, rows: int, each: int) -> Planted:
    """A file of about so many rows, with so many differences of each kind among them, in any order."""
    planter = _Planter(seed)
    steps = [
        step
        for step in (
            *(planter.missing_at_hub, planter.missing_at_partner, planter.amount_differs, planter.duplicate),
            *(planter.in_another_window, planter.reversed, planter.declined, planter.in_doubt),
        )
        for _ in range(each)
    ]
    chance = random.Random(f"{seed} order")  # noqa: S311
    left = max(0, rows - len(steps))
    while left > 0 or steps:
        if steps and chance.random() * (left + len(steps)) < len(steps):
            steps.pop(chance.randrange(len(steps)))()
        else:
            left -= planter.agreeing()
    return _numbered(planter.planted)


def _numbered(planted: Planted) -> Planted:
    planted.records.sort(key=lambda record: (record.window, record.at_us))
    for sequence, record in enumerate(planted.records, 1):
        record.sequence = sequence
    planted.rows.sort(key=lambda row: row.at_us)
    for number, row in enumerate(planted.rows, 2):
        row.number = number
    return planted
