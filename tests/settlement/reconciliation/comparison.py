"""Comparing rows with records without files and processes."""

from __future__ import annotations

import itertools
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from coalition.v1 import settlement_reconciliation_pb2 as pb
from partner_sdk import Kind
from partner_sdk.settlement import NegativePoints, RecordsMapping, RecordStatus
from settlement.reconciliation.duck import locked_down
from settlement.reconciliation.entries import RECORDS, take_entries
from settlement.reconciliation.explaining import explain
from settlement.reconciliation.findings import Agreement, judge
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.mapping_check import ROLES
from settlement.reconciliation.matching import match
from settlement.reconciliation.partner import ROWS, Taken, mode_of, take_records
from settlement.reconciliation.vocabulary import define_vocabulary

PARTY, WINDOW = "grocer", 1
LIMITS = Limits(memory_mib=256, threads=1)
#: Ten in the morning: times that are all midnights would be days.
BEGIN_US = 1_767_261_600_000_000
MINUTE_US = 60_000_000

#: Kinds, statuses, ids and all.
FULL = RecordsMapping(
    points="points",
    id="id",
    kind="kind",
    reference="reference",
    time="time",
    status="status",
    kinds={
        "earn": Kind.ISSUE,
        "burn": Kind.REDEEM,
        "refund": Kind.REVERSE,
        "gift": Kind.DONATE,
        "auth": Kind.HOLD,
        "expired": None,
    },
    statuses={"ok": RecordStatus.OK, "no": RecordStatus.DECLINED, "wait": RecordStatus.PENDING},
)
#: No kinds: negative points are refunds, or the direction in which points go.
REFUNDS = RecordsMapping(points="points", id="id", reference="reference", time="time")
BALANCE = RecordsMapping(points="points", id="id", reference="reference", time="time", negative=NegativePoints.BALANCE)


def identifier(number: int) -> bytes:
    """A transaction id."""
    return uuid.UUID(int=number).bytes


@dataclass
class Ledger:
    """Records, in the order in which they are added."""

    records: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, points: int, reference: str = "", **more: Any) -> int:
        """One more record, of the party in the window asked about unless said otherwise; gives its sequence."""
        sequence = len(self.records) + 1
        values = {
            "sequence": sequence,
            "window": WINDOW,
            "committed_us": BEGIN_US + sequence * MINUTE_US,
            "author": PARTY,
            "transaction_id": identifier(sequence),
            "kind": kind,
            "points": points,
            "reference": reference,
            "accepted": True,
            "reason": "",
            "about_id": None,
        }
        if "about" in more:
            more["about_id"] = identifier(more.pop("about"))
        if "minute" in more:
            more["committed_us"] = BEGIN_US + round(more.pop("minute") * MINUTE_US)
        if not more.get("accepted", True):
            more.setdefault("reason", "INSUFFICIENT_POINTS")
        self.records.append({**values, **more})
        return sequence


def row(
    points: int | str,
    number: int | None = None,
    kind: str = "",
    reference: str = "",
    minute: float = 0,
    status: str = "ok",
) -> dict[str, str]:
    """A row of the file; its id is that of the record with this sequence."""
    return {
        "points": str(points),
        "id": "" if number is None else str(uuid.UUID(int=number)),
        "kind": kind,
        "reference": reference,
        "time": str(datetime.fromisoformat("2026-01-01 10:00") + timedelta(minutes=minute)),
        "status": status,
    }


def rows_table(rows: Sequence[dict[str, str]], mapping: RecordsMapping) -> pa.Table:
    """Rows as a reader gives them; the first one is row 2."""
    return pa.table(
        [
            pa.array([item[name] for item in rows], pa.string()).cast(field.type)
            if (name := getattr(mapping, field.name, None)) is not None and field.name in ROLES
            else pa.array(range(2, len(rows) + 2), pa.int64())
            if field.name == "row"
            else pa.nulls(len(rows), field.type)
            for field in ROWS
        ],
        schema=ROWS,
    )


@dataclass(frozen=True)
class Compared:
    """What came of it."""

    taken: Taken
    agreement: Agreement
    differences: tuple[pb.Difference, ...]

    @property
    def found(self) -> list[tuple[str, int, int]]:
        """Kind, row and sequence of each difference; 0 for nothing."""
        return [
            (pb.DifferenceKind.Name(item.kind).removeprefix("DIFFERENCE_KIND_"), item.row, item.sequence)
            for item in self.differences
        ]


@contextmanager
def database(records: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked-down database with the two views of records."""
    with tempfile.TemporaryDirectory() as folder:
        connection = locked_down(Path(folder), [], LIMITS)
        connection.register("records", records)
        for name, sign in (("asked", "="), ("other", "<>")):
            connection.execute(
                f'CREATE TEMP VIEW {name}_records AS SELECT * FROM records WHERE "window" {sign} {WINDOW}'
            )
        try:
            yield connection
        finally:
            connection.close()


def compare(
    ledger: Ledger | pa.Table, rows: Iterable[dict[str, str]] | pa.Table, mapping: RecordsMapping, zone: str = "UTC"
) -> Compared:
    """Compare rows with records."""
    records = ledger if isinstance(ledger, pa.Table) else pa.Table.from_pylist(ledger.records, schema=RECORDS)
    table = rows if isinstance(rows, pa.Table) else rows_table(list(rows), mapping)
    with database(records) as connection:
        define_vocabulary(connection, mode_of(mapping))
        taken = take_records(connection, table, mapping, zone, LIMITS)
        take_entries(connection, PARTY)
        match(connection, PARTY, taken.tolerance_us)
        agreement = judge(connection, PARTY)
        return Compared(taken, agreement, tuple(itertools.chain.from_iterable(explain(connection, PARTY, 100_000))))
