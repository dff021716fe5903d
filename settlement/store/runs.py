"""Runs: what was proposed, what was decided and paid since, and which windows they have claimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from coalition.v1 import settlement_service_pb2 as pb
from settlement.runs.decision import Deed
from settlement.runs.instructions import Happening, Payment
from settlement.runs.positions import positions_of
from settlement.runs.run import Event, Run
from settlement.runs.windows import RunStanding
from settlement.store import tables


def list_standings(connection: Connection) -> tuple[RunStanding, ...]:
    """How every run stands, in the order in which they were proposed; costs a fraction of reading the runs."""
    windows: defaultdict[bytes, list[int]] = defaultdict(list)
    claimed = tables.run_windows.c
    for run_id, number in connection.execute(
        select(claimed.run_id, claimed.window_number).order_by(claimed.window_number)
    ):
        windows[run_id].append(number)
    events, later = tables.run_events, tables.run_events.alias()
    last = select(func.max(later.c.number)).where(later.c.run_id == events.c.run_id).scalar_subquery()
    return tuple(
        RunStanding(run_id, number, tuple(windows[run_id]), pb.RunState.ValueType(state))
        for run_id, number, state in connection.execute(
            select(tables.runs.c.run_id, tables.runs.c.number, events.c.state)
            .join(events, events.c.run_id == tables.runs.c.run_id)
            .where(events.c.number == last)
            .order_by(tables.runs.c.number)
        )
    )


def read_run(connection: Connection, run_id: bytes) -> Run | None:
    """The run with an id, or None."""
    row = connection.execute(select(tables.runs).where(tables.runs.c.run_id == run_id)).one_or_none()
    return None if row is None else _run(connection, row)


def count_events(connection: Connection, run_id: bytes) -> int:
    """How many events a run has: as long as that is the same, so is the run."""
    events = tables.run_events.c
    return connection.scalar(select(func.count()).where(events.run_id == run_id)) or 0


def list_runs(connection: Connection) -> Iterator[Run]:
    """Every run, in the order in which they were proposed."""
    for row in connection.execute(select(tables.runs).order_by(tables.runs.c.number)).all():
        yield _run(connection, row)


def newest_runs(connection: Connection, before: int, count: int) -> Iterator[Run]:
    """Up to `count` runs, newest first, of those with numbers below `before`. Each is read when it is asked for."""
    runs = tables.runs.c
    numbers = select(runs.number).where(runs.number < before).order_by(runs.number.desc()).limit(count)
    for number in connection.scalars(numbers).all():
        yield _run(connection, connection.execute(select(tables.runs).where(runs.number == number)).one())


def add_run(connection: Connection, run: Run, recorded_us: int) -> None:
    """Store a new run and claim its windows. The database refuses a window that another run has claimed."""
    connection.execute(insert(tables.runs).values(run_id=run.run_id, number=run.number, positions=run.positions_bytes))
    rows = [{"run_id": run.run_id, "window_number": window} for window in run.windows]
    connection.execute(insert(tables.run_windows), rows)
    connection.execute(insert(tables.claims), rows)
    if run.positions.instructions:
        connection.execute(
            insert(tables.instructions),
            [
                {"reference": instruction.reference, "run_id": run.run_id, "number": instruction.number}
                for instruction in run.positions.instructions
            ],
        )
    _add_events(connection, run, 0, recorded_us)


def extend_run(connection: Connection, before: Run, after: Run, recorded_us: int) -> None:
    """Store the events by which `after` differs from `before`; an aborted run gives up its windows."""
    _add_events(connection, after, len(before.events), recorded_us)
    if after.state == pb.RUN_STATE_ABORTED:
        connection.execute(delete(tables.claims).where(tables.claims.c.run_id == after.run_id))


def was_decided(connection: Connection, run_id: bytes, document: bytes) -> bool:
    """Whether exactly this was taken in for the run before."""
    events = tables.run_events.c
    found = select(events.number).where(events.run_id == run_id, events.document == document)
    return connection.execute(found.limit(1)).first() is not None


def _run(connection: Connection, row: Row[Any]) -> Run:
    payments = _payments(connection, row.run_id)
    events = tuple(
        Event(
            pb.RunAction.ValueType(event.action),
            pb.RunState.ValueType(event.state),
            Deed(event.note, event.decided_us, event.public_key, event.document, event.signature),
            event.party_id,
            tuple(payments.get(event.number, ())),
        )
        for event in connection.execute(
            select(tables.run_events)
            .where(tables.run_events.c.run_id == row.run_id)
            .order_by(tables.run_events.c.number)
        )
    )
    return Run(row.run_id, row.number, positions_of(row.positions), row.positions, events)


def _payments(connection: Connection, run_id: bytes) -> Mapping[int, list[Payment]]:
    """By event."""
    found: defaultdict[int, list[Payment]] = defaultdict(list)
    payments = tables.run_payments
    for row in connection.execute(
        select(payments).where(payments.c.run_id == run_id).order_by(payments.c.event_number, payments.c.part)
    ):
        happening = Happening(row.happening)
        found[row.event_number].append(Payment(row.instruction, happening, row.amount_minor, row.entry_id))
    return found


def _add_events(connection: Connection, run: Run, known: int, recorded_us: int) -> None:
    new = list(enumerate(run.events[known:], known + 1))
    connection.execute(
        insert(tables.run_events),
        [
            {
                "run_id": run.run_id,
                "number": number,
                "action": event.action,
                "state": event.state,
                "party_id": event.party_id,
                "note": event.deed.note,
                "decided_us": event.deed.decided_us,
                "document": event.deed.document,
                "public_key": event.deed.public_key,
                "signature": event.deed.signature,
                "recorded_us": recorded_us,
            }
            for number, event in new
        ],
    )
    payments = [
        {"run_id": run.run_id, "event_number": number, "part": part, **payment._asdict()}
        for number, event in new
        for part, payment in enumerate(event.payments)
    ]
    if payments:
        connection.execute(insert(tables.run_payments), payments)
