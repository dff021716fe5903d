"""What people ask the settlement service: windows, positions, and to move runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from coalition.clock import US_PER_S, Clock
from coalition.errors import Refused
from coalition.ids import id_text
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.envelope_pb2 import SignedDocument
from settlement.clearing.activity import Activity, activity_in
from settlement.clearing.directory import Network
from settlement.clearing.netting import multilateral, together
from settlement.clearing.obligations import Owed, Pair, owed_in
from settlement.clearing.rounding import Position, round_positions
from settlement.clearing.state import Window
from settlement.intake import Intake
from settlement.runs.decision import Decision, open_decision
from settlement.runs.positions import positions_bytes
from settlement.runs.run import CLOCK_SKEW_MAX_US, Run, move, propose, state_name
from settlement.runs.windows import SETTLEABLE, carried_into, carried_out, window_state
from settlement.store.database import Database
from settlement.store.runs import add_run, extend_run, list_runs
from settlement.store.windows import list_windows, read_totals, read_window

#: A decision is taken in while it is fresh, so that "when" can be believed.
DECISION_AGE_MAX_US: Final = 24 * 3_600 * US_PER_S


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
    """Reads the books and decides on runs."""

    def __init__(self, database: Database, intake: Intake, clock: Clock) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock

    @property
    def network(self) -> Network:
        """Raises Refused with NOT_FOUND before the first entry of the journal was taken in."""
        network = self._intake.directory.network
        if network is None:
            raise Refused(error_pb2.REASON_NOT_FOUND, "Nothing of the journal has been read yet. Try again later.")
        return network

    def windows(self) -> tuple[WindowRecord, ...]:
        """Every window, ascending."""
        with self._database.read() as connection:
            runs = list_runs(connection)
            return tuple(WindowRecord(window, window_state(window, runs)) for window in list_windows(connection))

    def window(self, number: int) -> WindowBooks:
        """One window. Raises Refused with NOT_FOUND."""
        with self._database.read() as connection:
            window, runs = self._window(connection, number), list_runs(connection)
            totals = read_totals(connection, number)
        owed = owed_in(totals, self.network.operator)
        positions = round_positions(multilateral(owed), carried_into(window, runs), self.network.micros_per_minor)
        record = WindowRecord(window, window_state(window, runs))
        return WindowBooks(record, owed, activity_in(totals), positions)

    def runs(self) -> tuple[Run, ...]:
        """Every run, in the order in which they were proposed."""
        with self._database.read() as connection:
            return list_runs(connection)

    def run(self, run_id: bytes) -> Run:
        """One run. Raises Refused with NOT_FOUND."""
        return _find(self.runs(), run_id)

    def decide(self, signed: SignedDocument) -> Run:
        """Do what a person of the operator decided; a decision that was taken in before gets the run as it is now.

        Raises Refused, and nothing has changed then.
        """
        self._intake.require_sound()
        network = self.network
        decision = open_decision(signed, network.network_id, self._intake.directory.keys_of(network.operator))
        with self._database.write() as connection:
            runs = list_runs(connection)
            run = next((run for run in runs if run.run_id == decision.run_id), None)
            if run is not None and any(event.decision.document == decision.document for event in run.events):
                return run
            now_us = self._clock()
            _check_time(decision, now_us)
            if run is None and decision.action == pb.RUN_ACTION_PROPOSE:
                after = self._propose(connection, decision, runs)
                add_run(connection, after, now_us)
                return after
            before = _find(runs, decision.run_id)
            after = move(before, decision)
            extend_run(connection, before, after, now_us)
            return after

    def _propose(self, connection: Connection, decision: Decision, runs: Sequence[Run]) -> Run:
        live = next((run for run in runs if run.live), None)
        if live is not None:
            # What it leaves as remainders is carried into the next run, so there is one run at a time.
            raise Refused(
                error_pb2.REASON_WRONG_STATE,
                f"The run {id_text(live.run_id)} is {state_name(live.state)}: settle or abort it first.",
                {"run_id": id_text(live.run_id), "state": state_name(live.state)},
            )
        for number in decision.windows:
            self._require_settleable(self._window(connection, number), runs)
        operator = self.network.operator
        owed = together(owed_in(read_totals(connection, number), operator) for number in decision.windows)
        positions = round_positions(multilateral(owed), carried_out(runs), self.network.micros_per_minor)
        data = positions_bytes(self.network.network_id, decision.windows, positions)
        return propose(decision, positions, data)

    def _require_settleable(self, window: Window, runs: Sequence[Run]) -> None:
        state = window_state(window, runs)
        if state in SETTLEABLE:
            return
        name = pb.WindowState.Name(state).removeprefix("WINDOW_STATE_")
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            f"Window {window.number} is {name}, as of entry {self._intake.progress.state.sequence}; "
            "only a closed window that no run has claimed can be settled.",
            {"window": str(window.number), "state": name},
        )

    def _window(self, connection: Connection, number: int) -> Window:
        window = read_window(connection, number)
        if window is None:
            raise Refused(
                error_pb2.REASON_NOT_FOUND,
                f"There is no window {number}, as of entry {self._intake.progress.state.sequence}.",
                {"window": str(number)},
            )
        return window


def _find(runs: Sequence[Run], run_id: bytes) -> Run:
    for run in runs:
        if run.run_id == run_id:
            return run
    text = id_text(run_id) if len(run_id) == 16 else run_id.hex()
    raise Refused(error_pb2.REASON_NOT_FOUND, f"There is no run {text or 'without an id'}.", {"run_id": text})


def _check_time(decision: Decision, now_us: int) -> None:
    age_us = now_us - decision.decided_us
    if -CLOCK_SKEW_MAX_US <= age_us <= DECISION_AGE_MAX_US:
        return
    raise Refused(
        error_pb2.REASON_CLOCK_SKEW,
        "The decision was made more than a day ago, or in the future. Check this machine's clock and decide again.",
        {"age_seconds": str(age_us // US_PER_S)},
    )
