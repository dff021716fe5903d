"""Runs and their events, and which windows they have claimed."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, delete, func, insert, select

from coalition.v1 import settlement_service_pb2 as pb
from settlement.runs.decision import read_decision
from settlement.runs.positions import positions_of
from settlement.runs.run import Event, Run
from settlement.store import tables


def list_runs(connection: Connection) -> tuple[Run, ...]:
    """Every run, in the order in which they were proposed."""
    windows: defaultdict[bytes, list[int]] = defaultdict(list)
    for run_id, number in connection.execute(
        select(tables.run_windows.c.run_id, tables.run_windows.c.window_number).order_by(
            tables.run_windows.c.window_number
        )
    ):
        windows[run_id].append(number)
    events: defaultdict[bytes, list[Event]] = defaultdict(list)
    for row in connection.execute(
        select(tables.run_events).order_by(tables.run_events.c.run_id, tables.run_events.c.number)
    ):
        decision = read_decision(row.document, row.public_key, row.signature)
        events[row.run_id].append(Event(pb.RunState.ValueType(row.state), decision))
    return tuple(
        Run(
            row.run_id,
            tuple(windows[row.run_id]),
            positions_of(row.positions),
            row.positions,
            tuple(events[row.run_id]),
        )
        for row in connection.execute(select(tables.runs).order_by(tables.runs.c.number))
    )


def add_run(connection: Connection, run: Run, recorded_us: int) -> None:
    """Store a new run and claim its windows. The database refuses a window that another run has claimed."""
    number = connection.scalar(select(func.coalesce(func.max(tables.runs.c.number), 0))) or 0
    connection.execute(insert(tables.runs).values(run_id=run.run_id, number=number + 1, positions=run.positions_bytes))
    rows = [{"run_id": run.run_id, "window_number": window} for window in run.windows]
    connection.execute(insert(tables.run_windows), rows)
    connection.execute(insert(tables.claims), rows)
    _add_events(connection, run, 0, recorded_us)


def extend_run(connection: Connection, before: Run, after: Run, recorded_us: int) -> None:
    """Store the events by which `after` differs from `before`; an aborted run gives up its windows."""
    _add_events(connection, after, len(before.events), recorded_us)
    if after.state == pb.RUN_STATE_ABORTED:
        connection.execute(delete(tables.claims).where(tables.claims.c.run_id == after.run_id))


def _add_events(connection: Connection, run: Run, known: int, recorded_us: int) -> None:
    rows = [
        {
            "run_id": run.run_id,
            "number": number,
            "state": event.state,
            "document": event.decision.document,
            "public_key": event.decision.public_key,
            "signature": event.decision.signature,
            "recorded_us": recorded_us,
        }
        for number, event in enumerate(run.events[known:], known + 1)
    ]
    connection.execute(insert(tables.run_events), rows)
