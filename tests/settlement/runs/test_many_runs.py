"""Many runs, one after the other, whatever people and banks do: no money is lost, made, or settled twice.

A model beside them knows nothing of netting, methods or states. It keeps one balance for each party (what it is owed by
all others, in micro-units, less what it was paid) and, for each instruction, the money that really moved.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from coalition.errors import Refused
from coalition.ids import transaction_id
from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.obligations import Pair
from settlement.runs.carried import Carried, merged, net_of
from settlement.runs.decision import open_decision
from settlement.runs.instructions import Happening, Payment, State, instructions_of
from settlement.runs.late import LatePayment, carried_late
from settlement.runs.methods import Method, settle
from settlement.runs.moves import move, pay, propose
from settlement.runs.positions import Positions, positions_bytes, positions_of
from settlement.runs.run import Run
from tests.settlement.decisions import ABORT, APPROVE, CARRY, CONFIRM, INSTRUCT, NETWORK, PROPOSE, Person

OPERATOR = "operator"
NAMES = ("ash", "birch", "cedar", OPERATOR)
MINOR = 10_000
NOW_US = 1_500_000_000_000_000
SIGNS = {Happening.BOOKED: 1, Happening.RETURNED: -1, Happening.REJECTED: 0}
MAKER, CHECKER = Person(1), Person(2)
KEYS = {MAKER.key.public, CHECKER.key.public}
PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
ORDER = [
    pb.RUN_STATE_PROPOSED,
    pb.RUN_STATE_APPROVED,
    pb.RUN_STATE_INSTRUCTED,
    pb.RUN_STATE_SETTLING,
    pb.RUN_STATE_SETTLED,
]


class ManyRuns(RuleBasedStateMachine):
    """Windows fill and close, runs settle them, and everything that can go wrong with a payment does."""

    def __init__(self) -> None:
        super().__init__()
        #: Window 1 is open.
        self.owed: dict[int, Counter[Pair]] = {1: Counter()}
        self.open_window = 1
        self.claimed: dict[int, int] = {}
        self.runs: list[Run] = []
        self.late: list[LatePayment] = []
        self.now_us = NOW_US
        # The model. Instructions are named by their run, from 1, and their number.
        self.balance: Counter[str] = Counter()
        self.moved: Counter[tuple[int, int]] = Counter()
        self.confirmed: set[tuple[int, int]] = set()
        #: What of the money that moved is in the balances.
        self.counted: Counter[tuple[int, int]] = Counter()

    @property
    def run(self) -> Run | None:
        return self.runs[-1] if self.runs and self.runs[-1].live else None

    @property
    def payable(self) -> bool:
        return self.run is not None and self.run.state in (pb.RUN_STATE_INSTRUCTED, pb.RUN_STATE_SETTLING)

    @property
    def last_settled(self) -> Run | None:
        return next((run for run in reversed(self.runs) if run.state == pb.RUN_STATE_SETTLED), None)

    @property
    def carried(self) -> tuple[Carried, ...]:
        """What the next run takes over."""
        settled = self.last_settled
        left = list(settled.carried_out if settled else ())
        for run in self.runs:
            late = [item for item in self.late if item.run_id == run.run_id]
            left += carried_late(run, late, settled.number if settled else 0)
        return merged(left)

    def later(self) -> int:
        """Some hours pass."""
        self.now_us += 5 * 3_600_000_000
        return self.now_us

    def decide(self, person: Person, action: Any, **fields: Any) -> bool:
        """Whether the live run takes the decision; a refusal leaves it as it was."""
        assert self.run is not None
        signed = person.decides(action, run_id=self.run.run_id, note="why", decided_us=self.later(), **fields)
        decision = open_decision(signed, NETWORK, KEYS)
        try:
            self.moved_on(move(self.run, decision))
        except Refused:
            return False
        return True

    def moved_on(self, after: Run) -> None:
        """Keep the run as it is now, and book what a run leaves once it is settled."""
        self.runs[-1] = after
        if after.state == pb.RUN_STATE_SETTLED:
            self.check_settled(after)
            for standing in after.standings:
                self.count(after, standing.instruction.number)
        if after.state == pb.RUN_STATE_ABORTED:
            for window in after.windows:
                del self.claimed[window]

    def count(self, run: Run, number: int) -> None:
        """Balances follow the money that moved, once nobody waits for it any more."""
        instruction, key = run.positions.instructions[number - 1], (run.number, number)
        more = self.really_moved(run, number) - self.counted[key]
        self.counted[key] += more
        self.balance[instruction.payer] += more * MINOR
        self.balance[instruction.payee] -= more * MINOR

    def really_moved(self, run: Run, number: int) -> int:
        """Minor units that have gone from payer to payee: what banks say, and what a person saw before they did."""
        late = [item.payment for item in self.late if (item.run_id, item.payment.instruction) == (run.run_id, number)]
        moved = self.moved[run.number, number]
        moved += sum(SIGNS[payment.happening] * payment.amount_minor for payment in late)
        void = any(payment.happening is not Happening.BOOKED for payment in late)
        seen = run.positions.instructions[number - 1].amount_minor
        return max(moved, seen if (run.number, number) in self.confirmed and not void else 0, 0)

    @rule(
        owed=st.dictionaries(PAIRS, st.integers(1, 5_000_000), max_size=4), close=st.sampled_from([True, True, False])
    )
    def do_business(self, owed: dict[tuple[str, str], int], close: bool) -> None:
        self.later()
        for pair, micros in owed.items():
            self.owed[self.open_window][Pair(*pair)] += micros
            self.balance[pair[0]] -= micros
            self.balance[pair[1]] += micros
        if close:
            self.open_window += 1
            self.owed[self.open_window] = Counter()

    @property
    def free(self) -> list[int]:
        """Closed windows that no run has."""
        return [number for number in self.owed if number < self.open_window and number not in self.claimed]

    @precondition(lambda self: self.run is None and self.free)
    @rule(method=st.sampled_from(Method), data=st.data())
    def propose(self, method: Method, data: st.DataObject) -> None:
        windows = tuple(sorted(data.draw(st.sets(st.sampled_from(self.free), min_size=1))))
        run_id = transaction_id(1_500_000_000_000 + len(self.runs), bytes(10))
        owed = sum((self.owed[number] for number in windows), Counter[Pair]())
        settlement = settle(method, owed, self.carried, OPERATOR, MINOR)
        positions = Positions(
            network_id=NETWORK,
            windows=windows,
            method=method,
            currency="USD",
            currency_exponent=2,
            parties=settlement.positions,
            instructions=instructions_of(run_id, settlement.payments, {}),
            carried_in=self.carried,
            rounding=settlement.rounding,
        )
        data_bytes = positions_bytes(positions)
        assert positions_of(data_bytes) == positions
        decision = open_decision(
            MAKER.decides(
                PROPOSE,
                run_id=run_id,
                windows=windows,
                method=pb.SettlementMethod.ValueType(method),
                decided_us=self.later(),
            ),
            NETWORK,
            KEYS,
        )
        self.runs.append(propose(decision, len(self.runs) + 1, positions, data_bytes))
        for window in windows:
            assert window not in self.claimed, "no window is in two runs"
            self.claimed[window] = len(self.runs)

    @precondition(lambda self: self.run is not None and not self.payable)
    @rule()
    def approve_and_instruct(self) -> None:
        assert self.run is not None
        if self.run.state == pb.RUN_STATE_PROPOSED:
            assert self.decide(CHECKER, APPROVE, positions=self.run.positions_bytes)
        assert self.decide(MAKER, INSTRUCT)

    @precondition(lambda self: self.run is not None)
    @rule(person=st.sampled_from([MAKER, CHECKER]), stale=st.booleans())
    def approve_as_anybody(self, person: Person, stale: bool) -> None:
        assert self.run is not None
        proposed = self.run.state == pb.RUN_STATE_PROPOSED
        seen = self.run.positions_bytes + (b" " if stale else b"")
        assert self.decide(person, APPROVE, positions=seen) == (proposed and person is CHECKER and not stale)

    @precondition(lambda self: self.run is not None)
    @rule(action=st.sampled_from([INSTRUCT] * 5 + [ABORT]))
    def decide_out_of_turn(self, action: pb.RunAction.ValueType) -> None:
        assert self.run is not None
        state = self.run.state
        allowed = state == pb.RUN_STATE_APPROVED if action == INSTRUCT else state != pb.RUN_STATE_SETTLING
        assert self.decide(MAKER, action) == allowed

    @precondition(lambda self: self.payable)
    @rule(
        data=st.data(),
        happening=st.sampled_from([Happening.BOOKED] * 4 + [Happening.RETURNED, Happening.REJECTED]),
        part=st.sampled_from(["all", "all", "all", "less", "more"]),
    )
    def bank(self, data: st.DataObject, happening: Happening, part: str) -> None:
        assert self.run is not None
        waiting = [item for item in self.run.standings if self.run.takes_payments(item)]
        if not waiting:
            return
        standing = data.draw(st.sampled_from(waiting))
        number, rest = standing.instruction.number, max(standing.rest_minor, 1)
        amount = {"all": rest, "less": max(1, rest // 2), "more": rest + 3}[part]
        if happening is Happening.RETURNED:
            amount = max(standing.paid_minor, 1)
        self.moved[self.run.number, number] += SIGNS[happening] * amount
        if happening is not Happening.BOOKED:
            self.confirmed.discard((self.run.number, number))
        payment = Payment(number, happening, amount, b"entry")
        deed = replace(self.run.events[0].deed, decided_us=self.later())
        self.moved_on(pay(self.run, pb.RUN_ACTION_IMPORT, deed, [payment]))

    @precondition(lambda self: self.runs)
    @rule(
        data=st.data(),
        happening=st.sampled_from([Happening.BOOKED, Happening.BOOKED, Happening.RETURNED, Happening.REJECTED]),
        part=st.sampled_from([0, 0, 1, -1]),
    )
    def bank_is_late(self, data: st.DataObject, happening: Happening, part: int) -> None:
        """About a payment that is done with, of any run so far."""
        released = [run for run in self.runs if run.state not in (pb.RUN_STATE_PROPOSED, pb.RUN_STATE_APPROVED)]
        done = [(run, item) for run in released for item in run.standings if not run.takes_payments(item)]
        if not done:
            return
        run, standing = data.draw(st.sampled_from(done))
        number, amount = standing.instruction.number, max(standing.instruction.amount_minor + part, 1)
        payment = Payment(number, happening, amount if SIGNS[happening] else 0, b"late")
        self.late.append(LatePayment(run.run_id, payment, self.runs[-1].number, self.later()))
        if not run.live:
            self.count(run, number)

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def set_aside_what_was_late(self, data: st.DataObject) -> None:
        """As long as no run has taken it over."""
        newest = max((run.number for run in self.runs if run.state != pb.RUN_STATE_ABORTED), default=0)
        free = [place for place, item in enumerate(self.late) if item.after_run >= newest]
        if free:
            item = self.late.pop(data.draw(st.sampled_from(free)))
            (run,) = (run for run in self.runs if run.run_id == item.run_id)
            if not run.live:
                self.count(run, item.payment.instruction)

    @precondition(lambda self: self.payable)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        assert self.run is not None
        wrong = [item for item in self.run.standings if self.run.takes_payments(item)]
        wrong = [item for item in wrong if self.moved[item.instruction.number] > 0]
        if not wrong:
            return
        number = data.draw(st.sampled_from(wrong)).instruction.number
        payment = Payment(number, Happening.UNASSIGNED, self.moved.pop(number), b"entry")
        self.moved_on(pay(self.run, pb.RUN_ACTION_ASSIGN, self.run.events[0].deed, [payment]))

    @precondition(lambda self: self.payable)
    @rule(party_id=st.sampled_from(NAMES))
    def confirm(self, party_id: str) -> None:
        run = self.run
        assert run is not None
        own = [item for item in run.standings if party_id in (item.instruction.payer, item.instruction.payee)]
        left = {item.instruction.number for item in own if item.rest_minor > 0 and item.state is not State.CARRIED}
        self.confirmed |= {(run.number, number) for number in left}
        seen = run.standings_digest(party_id)
        assert not self.decide(CHECKER, CONFIRM, party_id=party_id, standings=b"x" * 32)
        assert self.decide(CHECKER, CONFIRM, party_id=party_id, standings=seen) == bool(left)

    @precondition(lambda self: self.payable)
    @rule(data=st.data(), everything=st.booleans(), stale=st.sampled_from([False, False, False, True]))
    def carry(self, data: st.DataObject, everything: bool, stale: bool) -> None:
        assert self.run is not None
        left = [item for item in self.run.standings if not item.done]
        assert left, "a run with nothing left is settled"
        some = st.lists(st.sampled_from(left), min_size=1, unique_by=lambda item: item.instruction.number)
        chosen = left if everything else data.draw(some)
        seen = {item.instruction.number: item.paid_minor + stale for item in chosen}
        assert self.decide(MAKER, CARRY, carry=dict(sorted(seen.items()))) == (not stale)

    def check_settled(self, run: Run) -> None:
        """Everything that was to be paid was paid or carried, and remainders are bounded."""
        late = {item.payment.instruction for item in self.late if item.run_id == run.run_id}
        for standing in run.standings:
            number = standing.instruction.number
            assert standing.done
            assert number in late or standing.paid_minor == self.really_moved(run, number)
            assert standing.instruction.amount_minor == standing.paid_minor + standing.carried_minor
        assert all(0 < item.micros < MINOR for item in run.positions.rounding)

    @invariant()
    def nothing_is_lost(self) -> None:
        """Between runs, what every party is owed lies in windows that no run has settled, or is carried."""
        if self.run is not None:
            return
        settled = {window for run in self.runs if run.state == pb.RUN_STATE_SETTLED for window in run.windows}
        waiting: Counter[str] = Counter(net_of(self.carried))
        for number, owed in self.owed.items():
            if number not in settled:
                for pair, micros in owed.items():
                    waiting[pair.creditor] += micros
                    waiting[pair.debtor] -= micros
        for party_id in NAMES:
            assert self.balance[party_id] == waiting[party_id]

    @invariant()
    def every_run_balances(self) -> None:
        """Positions sum to zero to the minor unit, and payments come to them."""
        for run in self.runs[-1:]:
            assert sum(position.payable_minor for position in run.positions.parties) == 0
            net: Counter[str] = Counter()
            for instruction in run.positions.instructions:
                net[instruction.payee] += instruction.amount_minor
                net[instruction.payer] -= instruction.amount_minor
            for position in run.positions.parties:
                assert net[position.party_id] == position.payable_minor

    @invariant()
    def no_state_is_skipped(self) -> None:
        """States come in their order, one after the other; an abort ends a run before any payment."""
        for run in self.runs[-1:]:
            states = [event.state for event in run.events if event.state != pb.RUN_STATE_ABORTED]
            steps = [state for place, state in enumerate(states) if place == 0 or states[place - 1] != state]
            assert steps == ORDER[: len(steps)]
            if run.state == pb.RUN_STATE_ABORTED:
                assert pb.RUN_STATE_SETTLING not in states

    @invariant()
    def no_window_is_settled_twice(self) -> None:
        """Each is in one settled run at most."""
        settled = Counter(window for run in self.runs if run.state == pb.RUN_STATE_SETTLED for window in run.windows)
        assert all(count == 1 for count in settled.values())


ManyRuns.TestCase.settings = settings(max_examples=40, stateful_step_count=80, deadline=None)
TestManyRuns = ManyRuns.TestCase
