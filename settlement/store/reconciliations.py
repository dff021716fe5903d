"""Recorded reconciliations, and the mappings by which parties' records are read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select

from coalition.v1 import settlement_reconciliation_pb2 as pb
from settlement.store.reconciliation_tables import reconciled_windows, reconciliations, records_mappings
from settlement.store.upsert import replace_in

#: Reconciliations that are kept of one party. Older ones go when others have taken their place; there is room for
#: years of windows that nothing else was recorded about.
KEPT_MAX: Final = 400

_COLUMNS: Final = (
    reconciliations.c.reconciliation_id,
    reconciliations.c.party_id,
    reconciliations.c.recorded_us,
    reconciliations.c.summary,
    reconciliations.c.difference_count,
)
_CURRENT: Final = exists().where(reconciled_windows.c.reconciliation_id == reconciliations.c.reconciliation_id)


class OpenReconciliation(NamedTuple):
    """A reconciliation with differences that is still the last about one of its windows."""

    reconciliation_id: bytes
    party_id: str
    differences: int
    recorded_us: int


def read_mapping(connection: Connection, party_id: str) -> pb.RecordsMapping | None:
    """How a party's records are read; None where nobody has said so."""
    data = connection.scalar(select(records_mappings.c.mapping).where(records_mappings.c.party_id == party_id))
    return None if data is None else pb.RecordsMapping.FromString(data)


def keep_mapping(connection: Connection, party_id: str, mapping: pb.RecordsMapping, by: str, now_us: int) -> None:
    """Remember how a party's records are read, in place of what was said before."""
    data = mapping.SerializeToString()
    row = {"party_id": party_id, "mapping": data, "confirmed_by": by, "confirmed_us": now_us}
    replace_in(connection, records_mappings, [row])


def add_reconciliation(connection: Connection, summary: pb.ReconciliationSummary, differences: bytes) -> None:
    """Record a reconciliation: from now on it is the last about its windows. `differences` as a job writes them."""
    number = connection.scalar(select(func.coalesce(func.max(reconciliations.c.number), 0))) or 0
    connection.execute(
        insert(reconciliations).values(
            reconciliation_id=summary.reconciliation_id,
            number=number + 1,
            party_id=summary.party_id,
            recorded_us=summary.recorded_us,
            summary=summary.SerializeToString(),
            difference_count=sum(item.count for item in summary.counts),
            differences=zlib.compress(differences),
        )
    )
    rows = [
        {
            "party_id": summary.party_id,
            "window_number": number,
            "reconciliation_id": summary.reconciliation_id,
        }
        for number in summary.windows
    ]
    replace_in(connection, reconciled_windows, rows)
    _forget_oldest(connection, summary.party_id)


def list_reconciliations(
    connection: Connection, party_id: str | None, before: bytes, limit: int
) -> tuple[pb.ReconciliationSummary, ...]:
    """The newest first; of one party, or of all for None; recorded before another one, by its id, if that is given."""
    conditions: list[ColumnElement[bool]] = []
    if party_id is not None:
        conditions.append(reconciliations.c.party_id == party_id)
    if before:
        known = reconciliations.alias()
        number = select(known.c.number).where(known.c.reconciliation_id == before).scalar_subquery()
        conditions.append(reconciliations.c.number < number)
    statement = select(*_COLUMNS, _CURRENT).where(*conditions).order_by(reconciliations.c.number.desc()).limit(limit)
    return tuple(_summary(row) for row in connection.execute(statement))


def read_reconciliation(
    connection: Connection, reconciliation_id: bytes
) -> tuple[pb.ReconciliationSummary, bytes] | None:
    """A reconciliation and its differences, as a job writes them; None where there is no such one."""
    row = connection.execute(
        select(*_COLUMNS, _CURRENT, reconciliations.c.differences).where(
            reconciliations.c.reconciliation_id == reconciliation_id
        )
    ).one_or_none()
    return None if row is None else (_summary(row), zlib.decompress(row.differences))


def open_reconciliations(connection: Connection) -> Iterator[OpenReconciliation]:
    """Those that found differences and are still the last about one of their windows, the oldest first."""
    chosen = (
        reconciliations.c.reconciliation_id,
        reconciliations.c.party_id,
        reconciliations.c.difference_count,
        reconciliations.c.recorded_us,
    )
    for row in connection.execute(
        select(*chosen).where(reconciliations.c.difference_count > 0, _CURRENT).order_by(reconciliations.c.number)
    ):
        yield OpenReconciliation(*row)


def _summary(row: Row[tuple[object, ...]]) -> pb.ReconciliationSummary:
    summary = pb.ReconciliationSummary.FromString(row.summary)
    summary.superseded = not row[len(_COLUMNS)]
    return summary


def _forget_oldest(connection: Connection, party_id: str) -> None:
    """Keep KEPT_MAX of a party: those that are the last about a window before all others."""
    of_party = reconciliations.c.party_id == party_id
    count = connection.scalar(select(func.count()).select_from(reconciliations).where(of_party)) or 0
    if count <= KEPT_MAX:
        return
    oldest = (
        select(reconciliations.c.reconciliation_id)
        .where(of_party)
        .order_by(_CURRENT, reconciliations.c.number)
        .limit(count - KEPT_MAX)
    )
    gone = list(connection.scalars(oldest))
    connection.execute(delete(reconciled_windows).where(reconciled_windows.c.reconciliation_id.in_(gone)))
    connection.execute(delete(reconciliations).where(reconciliations.c.reconciliation_id.in_(gone)))
