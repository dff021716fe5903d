"""What people ask the settlement service about windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.activity import Activity, activity_in
from settlement.clearing.directory import Network
from settlement.clearing.netting import multilateral
from settlement.clearing.obligations import Owed, Pair, owed_in
from settlement.clearing.rounding import Position, round_positions
from settlement.clearing.state import Window
from settlement.intake import Intake
from settlement.runs.carried import Carried, merged, net_of
from settlement.runs.run import Run
from settlement.runs.windows import RunStanding, last_settled, run_with, window_state
from settlement.store.database import Database
from settlement.store.late_payments import late_payments
from settlement.store.runs import list_standings, read_run
from settlement.store.windows import list_windows, read_totals, read_window


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """A window and where it stands."""

    window: Window
    state: pb.WindowState.ValueType


@dataclass(frozen=True, slots=True)
class WindowBooks:
    """A window with all that it adds up to. `positions` are those of settling it by itself."""

    record: WindowRecord
    owed: Mapping[Pair, Owed]
    activity: Mapping[str, Activity]
    positions: tuple[Position, ...]


class Desk:
    """Reads the books of windows."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake

    @property
    def network(self) -> Network:
        """Raises Refused with NOT_FOUND before the first entry of the journal was taken in."""
        return require_network(self._intake)

    def windows(self) -> tuple[WindowRecord, ...]:
        """Every window, ascending."""
        with self._database.read() as connection:
            runs = list_standings(connection)
            return tuple(WindowRecord(window, window_state(window, runs)) for window in list_windows(connection))

    def window(self, number: int) -> WindowBooks:
        """One window. Raises Refused with NOT_FOUND."""
        with self._database.read() as connection:
            window = read_known_window(connection, number, self._intake.progress.state.sequence)
            runs = list_standings(connection)
            totals = read_totals(connection, number)
            settling = run_with(window, runs)
            run = None if settling is None else read_run(connection, settling.run_id)
            pending = carried_into_next(connection, runs) if run is None else ()
        record = WindowRecord(window, window_state(window, runs))
        owed = owed_in(totals, self.network.operator)
        return WindowBooks(record, owed, activity_in(totals), self._positions(owed, run, pending))

    def _positions(
        self, owed: Mapping[Pair, Owed], run: Run | None, pending: Sequence[Carried]
    ) -> tuple[Position, ...]:
        """What a run that settles this window alone says; else those of settling it alone, multilaterally."""
        if run is not None and len(run.windows) == 1:
            return run.positions.parties
        carried_in = run.positions.carried_in if run is not None else pending
        return round_positions(multilateral(owed), net_of(carried_in), self.network.micros_per_minor)


def require_network(intake: Intake) -> Network:
    """The network. Raises Refused with NOT_FOUND before the first entry of the journal was taken in."""
    network = intake.directory.network
    if network is None:
        raise Refused(error_pb2.REASON_NOT_FOUND, "Nothing of the journal has been read yet. Try again later.")
    return network


def read_known_window(connection: Connection, number: int, sequence: int) -> Window:
    """The window with a number; `sequence` is how far the journal was read. Raises Refused with NOT_FOUND."""
    window = read_window(connection, number)
    if window is None:
        raise Refused(
            error_pb2.REASON_NOT_FOUND,
            f"There is no window {number}, as of entry {sequence}.",
            {"window": str(number)},
        )
    return window


def carried_into_next(connection: Connection, runs: Sequence[RunStanding]) -> tuple[Carried, ...]:
    """What a run that is proposed now takes over: what the last settled run left, and payments that came too late."""
    return carried_before(connection, runs, runs[-1].number + 1 if runs else 1)


def carried_before(connection: Connection, runs: Sequence[RunStanding], number: int) -> tuple[Carried, ...]:
    """What the run numbered so took over when it was proposed."""
    settled = last_settled([run for run in runs if run.number < number])
    run = None if settled is None else read_run(connection, settled.run_id)
    left = () if run is None else run.carried_out
    return merged((*left, *late_payments(connection, settled.number if settled else 0, number)))
