"""Runs and their events, and which windows they have claimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from coalition.v1 import settlement_service_pb2 as pb
from settlement.runs.decision import read_decision
from settlement.runs.positions import positions_of
from settlement.runs.run import Event, Run
from settlement.store import tables


def list_runs(connection: Connection) -> tuple[Run, ...]:
    """Every run, in the order in which they were proposed."""
    windows = _windows(connection)
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


class RunStanding(NamedTuple):
    """A run without its figures and decisions."""

    windows: tuple[int, ...]
    state: pb.RunState.ValueType


def list_standings(connection: Connection) -> tuple[RunStanding, ...]:
    """How every run stands, in the order in which they were proposed; costs a fraction of `list_runs`."""
    windows = _windows(connection)
    events, later = tables.run_events, tables.run_events.alias()
    last = select(func.max(later.c.number)).where(later.c.run_id == events.c.run_id).scalar_subquery()
    return tuple(
        RunStanding(tuple(windows[run_id]), pb.RunState.ValueType(state))
        for run_id, state in connection.execute(
            select(tables.runs.c.run_id, events.c.state)
            .join(events, events.c.run_id == tables.runs.c.run_id)
            .where(events.c.number == last)
            .order_by(tables.runs.c.number)
        )
    )


def _windows(connection: Connection) -> Mapping[bytes, list[int]]:
    """By run, ascending."""
    windows: defaultdict[bytes, list[int]] = defaultdict(list)
    claimed = tables.run_windows.c
    for run_id, number in connection.execute(
        select(claimed.run_id, claimed.window_number).order_by(claimed.window_number)
    ):
        windows[run_id].append(number)
    return windows


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
