"""Settlement runs at the desk: people of the operator propose them and move them on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from coalition.clock import US_PER_S, Clock
from coalition.errors import Refused
from coalition.ids import id_text
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.envelope_pb2 import SignedDocument
from settlement.checklists import Checklist, Checklists
from settlement.clearing.netting import together
from settlement.clearing.obligations import owed_in
from settlement.desk import carried_into_next, read_known_window, require_network
from settlement.intake import Intake
from settlement.runs.decision import Decision, open_decision
from settlement.runs.instructions import instructions_of
from settlement.runs.methods import Method, Settlement, settle
from settlement.runs.moves import CLOCK_SKEW_MAX_US, move, propose, state_name
from settlement.runs.positions import Positions, positions_bytes
from settlement.runs.references import INSTRUCTIONS_MAX
from settlement.runs.run import Run
from settlement.runs.windows import SETTLEABLE, RunStanding, window_state
from settlement.store.accounts import current_digests
from settlement.store.database import Database
from settlement.store.runs import add_run, extend_run, list_standings, newest_runs, read_run, was_decided
from settlement.store.windows import read_totals

#: A decision is taken in while it is fresh, so that "when" can be believed.
DECISION_AGE_MAX_US: Final = 24 * 3_600 * US_PER_S
#: What a run settles has to fit in one message with room to spare: its approver signs for all of it.
POSITIONS_BYTES_MAX: Final = 3 << 20
#: Runs have lower numbers.
NUMBER_MAX: Final = 2**63 - 1


class RunDesk:
    """Reads runs and decides on them."""

    def __init__(self, database: Database, intake: Intake, clock: Clock) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock
        self._checklists = Checklists(database, intake, clock)

    def close(self) -> None:
        """End what is under way beside the calls."""
        self._checklists.close()

    def checklist(self, run_id: bytes) -> Checklist:
        """What must hold before a run is approved, looked at now. Raises Refused with NOT_FOUND."""
        return self._checklists.of(self.run(run_id))

    @contextmanager
    def newest(self, count: int, before: int = NUMBER_MAX) -> Iterator[Iterator[Run]]:
        """Up to `count` runs, newest first, of those whose number is below `before`; each is read when it is asked for.

        A run may be megabytes, so that whoever wants a page reads no more of them than fit in it.
        """
        with self._database.read() as connection:
            yield newest_runs(connection, before, count)

    def run(self, run_id: bytes) -> Run:
        """One run. Raises Refused with NOT_FOUND."""
        with self._database.read() as connection:
            return find_run(connection, run_id)

    def decide(self, signed: SignedDocument) -> Run:
        """Do what a person of the operator decided; a decision that was taken in before gets the run as it is now.

        Raises Refused, and nothing has changed then.
        """
        # Only the operator decides, who sees all.
        self._intake.require_sound(detailed=True)
        network = require_network(self._intake)
        decision = open_decision(signed, network.network_id, self._intake.directory.keys_of(network.operator))
        if decision.action == pb.RUN_ACTION_APPROVE:
            self._check(decision)
        with self._database.write() as connection:
            if was_decided(connection, decision.run_id, decision.deed.document):
                return find_run(connection, decision.run_id)
            now_us = self._clock()
            check_time(decision.deed.decided_us, now_us)
            known = read_run(connection, decision.run_id)
            if known is None and decision.action == pb.RUN_ACTION_PROPOSE:
                after = self._propose(connection, decision)
                add_run(connection, after, now_us)
                return after
            before = known or find_run(connection, decision.run_id)
            after = move(before, decision)
            extend_run(connection, before, after, now_us)
            return after

    def _check(self, decision: Decision) -> None:
        """Raises Refused unless the run may be approved. Before the database is locked: a replay takes its time."""
        with self._database.read() as connection:
            if was_decided(connection, decision.run_id, decision.deed.document):
                return
            run = find_run(connection, decision.run_id)
        move(run, decision)
        self._checklists.require(run)

    def _propose(self, connection: Connection, decision: Decision) -> Run:
        runs = list_standings(connection)
        _require_none_live(runs)
        for number in decision.windows:
            self._require_settleable(connection, number, runs)
        network, method = require_network(self._intake), Method(decision.method)
        owed = together(owed_in(read_totals(connection, number), network.operator) for number in decision.windows)
        carried_in = carried_into_next(connection, runs)
        settlement = settle(
            method,
            {pair: part.amount_micros for pair, part in owed.items()},
            carried_in,
            network.operator,
            network.micros_per_minor,
        )
        _require_few(settlement)
        positions = Positions(
            network_id=network.network_id,
            windows=decision.windows,
            method=method,
            currency=network.currency,
            currency_exponent=network.currency_exponent,
            parties=settlement.positions,
            instructions=instructions_of(decision.run_id, settlement.payments, current_digests(connection)),
            carried_in=carried_in,
            rounding=settlement.rounding,
        )
        data = positions_bytes(positions)
        _require_small(data)
        return propose(decision, runs[-1].number + 1 if runs else 1, positions, data)

    def _require_settleable(self, connection: Connection, number: int, runs: Sequence[RunStanding]) -> None:
        sequence = self._intake.progress.state.sequence
        window = read_known_window(connection, number, sequence)
        state = window_state(window, runs)
        if state in SETTLEABLE:
            return
        name = pb.WindowState.Name(state).removeprefix("WINDOW_STATE_")
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            f"Window {window.number} is {name}, as of entry {sequence}; "
            "only a closed window that no run has claimed can be settled.",
            {"window": str(window.number), "state": name},
        )


def find_run(connection: Connection, run_id: bytes) -> Run:
    """The run with an id. Raises Refused with NOT_FOUND."""
    run = read_run(connection, run_id)
    if run is not None:
        return run
    text = id_text(run_id) if len(run_id) == 16 else run_id.hex()
    raise Refused(error_pb2.REASON_NOT_FOUND, f"There is no run {text or 'without an id'}.", {"run_id": text})


def check_time(decided_us: int, now_us: int) -> None:
    """Raises Refused with CLOCK_SKEW for a decision that is not fresh."""
    age_us = now_us - decided_us
    if -CLOCK_SKEW_MAX_US <= age_us <= DECISION_AGE_MAX_US:
        return
    raise Refused(
        error_pb2.REASON_CLOCK_SKEW,
        "The decision was made more than a day ago, or in the future. Check this machine's clock and decide again.",
        {"age_seconds": str(age_us // US_PER_S)},
    )


def _require_none_live(runs: Sequence[RunStanding]) -> None:
    live = next((run for run in runs if run.live), None)
    if live is not None:
        # What it leaves is carried into the next run, so there is one run at a time.
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            f"The run {id_text(live.run_id)} is {state_name(live.state)}: settle or abort it first.",
            {"run_id": id_text(live.run_id), "state": state_name(live.state)},
        )


def _require_few(settlement: Settlement) -> None:
    if len(settlement.payments) > INSTRUCTIONS_MAX:
        raise _too_large(f"{len(settlement.payments)} payments, of {INSTRUCTIONS_MAX}")


def _require_small(data: bytes) -> None:
    if len(data) > POSITIONS_BYTES_MAX:
        raise _too_large(f"{len(data)} bytes, of {POSITIONS_BYTES_MAX}")


def _too_large(what: str) -> Refused:
    return Refused(
        error_pb2.REASON_WRONG_STATE,
        f"The run is too large for one approval: {what} that it may have. Settle multilaterally, or fewer windows.",
    )
