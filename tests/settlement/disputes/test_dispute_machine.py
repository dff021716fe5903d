"""Disputes at random, beside a model that is told in one table: whoever tries whatever, whenever."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from coalition.errors import Refused
from coalition.v1 import settlement_disputes_pb2 as pb
from settlement.disputes.dispute import Dispute, Recorded, standing
from settlement.disputes.moves import action_name, move, state_name
from settlement.disputes.rules import DAY_US, Deadlines
from settlement.disputes.step import RAISE
from tests.settlement.disputes.steps import OPERATOR, RAISER, RESPONDENT, START_US, dispute_id, step_by

PEOPLE = (RAISER, RESPONDENT, OPERATOR, "operator-2", "baker")
ACTIONS = [action for action in pb.DisputeAction.values() if action not in (pb.DISPUTE_ACTION_UNSPECIFIED, RAISE)]
AMOUNTS = (0, 300, 1_000, 1_001)

#: Which way a state leads when its time is up, and how many days it has.
DECIDE_DAYS = 4
LAPSES = {"RAISED": ("ESCALATED", 3), "ANSWERED": ("CLOSED", 2), "REJECTED": ("CLOSED", 2)}
HERE = {
    "RAISED": ("ANSWER", "ACCEPT", "REJECT"),
    "ANSWERED": ("ANSWER", "ACCEPT", "REJECT", "ESCALATE"),
    "REJECTED": ("ACCEPT", "ESCALATE"),
    "ESCALATED": ("ANSWER", "ACCEPT", "RULE"),
    "RULED": ("ANSWER", "RULE", "CONFIRM"),
}
LIVE = ("RAISED", "ANSWERED", "REJECTED", "ESCALATED", "RULED")


@dataclass
class Model:
    """What a dispute is, in a few words."""

    state: str
    since_us: int
    claimed: int
    own_cause: bool
    answered: bool = False
    offered: int = 0
    ruled: int = 0
    ruler: str = ""
    owed: int = 0
    escalated_us: int = 0

    @property
    def due_us(self) -> int:
        """Until when somebody has something to do."""
        if self.state in LAPSES:
            return self.since_us + LAPSES[self.state][1] * DAY_US
        if self.state == "ACCEPTED":
            return self.since_us + DECIDE_DAYS * DAY_US
        return self.escalated_us + DECIDE_DAYS * DAY_US if self.state in ("ESCALATED", "RULED") else 0

    def lapse(self, now_us: int) -> None:
        if self.state in LAPSES:
            due_us = self.due_us
            if now_us > due_us:
                self.state, self.since_us, self.escalated_us = LAPSES[self.state][0], due_us, due_us

    def allows(self, name: str, respondent: str, action: str, amount: int) -> bool:
        """Whether somebody may do it now, for that amount."""
        party = name.removesuffix("-2")
        within = amount <= self.claimed or not self.claimed
        return {
            "ANSWER": party == respondent
            and self.state in ("RAISED", "ESCALATED", "RULED")
            and not self.answered
            and within,
            "ACCEPT": self.state in LIVE
            and amount > 0
            and (party, amount) in {(RAISER, self.offered), (respondent, self.claimed)},
            "REJECT": party == respondent and self.state in ("RAISED", "ANSWERED"),
            "ESCALATE": party in (RAISER, respondent) and self.state in ("ANSWERED", "REJECTED"),
            "WITHDRAW": party == RAISER and self.state in LIVE,
            "RULE": party == OPERATOR and self.state in ("ESCALATED", "RULED") and within,
            "CONFIRM": party == OPERATOR and self.state == "RULED" and amount == self.ruled and name != self.ruler,
        }[action]

    def take(self, name: str, action: str, amount: int, now_us: int) -> None:
        """It is done."""
        before = self.state
        if action == "ANSWER":
            self.answered, self.offered = True, amount
            self.state = "ANSWERED" if before == "RAISED" else before
        elif action in ("ACCEPT", "CONFIRM"):
            self.state, self.owed = "ACCEPTED" if amount else "CLOSED", amount
        elif action == "RULE":
            needs_second = amount > 0 or self.own_cause
            self.state, self.ruled, self.ruler = ("RULED" if needs_second else "CLOSED"), amount, name
        else:
            self.offered = 0 if action == "REJECT" else self.offered
            self.state = {"REJECT": "REJECTED", "ESCALATE": "ESCALATED", "WITHDRAW": "WITHDRAWN"}[action]
        if self.state != before:
            self.since_us = now_us
        if action == "ESCALATE":
            self.escalated_us = now_us


class Disputing(RuleBasedStateMachine):
    """People do what they like; the code and the model say the same about it."""

    @initialize(claimed=st.sampled_from([0, 1_000]), respondent=st.sampled_from([RESPONDENT, OPERATOR]))
    def raise_it(self, claimed: int, respondent: str) -> None:
        self.now_us = START_US
        self.respondent = respondent
        step = step_by(RAISER, RAISE, claim={"points": 5, "amount": claimed, "respondent": respondent})
        days = Deadlines(answer_days=3, escalate_days=2, decide_days=DECIDE_DAYS)
        self.dispute = Dispute(dispute_id(), 1, 1, OPERATOR, days, (Recorded(step, self.now_us),))
        self.model = Model("RAISED", self.now_us, claimed, respondent == OPERATOR)
        self.past = standing(self.dispute, self.now_us).events

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """Something that is allowed, which blind chance finds too rarely to come far."""
        allowed = [
            (name, action, amount)
            for name in PEOPLE
            for action in ACTIONS
            for amount in AMOUNTS
            if self.model.allows(name, self.respondent, action_name(action), amount)
        ]
        if allowed:
            self.try_step(*data.draw(st.sampled_from(allowed)))

    @rule(data=st.data(), name=st.sampled_from(PEOPLE), amount=st.sampled_from(AMOUNTS))
    def try_what_belongs_here(self, data: st.DataObject, name: str, amount: int) -> None:
        """Something that somebody may do in this state, by anybody, for any amount."""
        words = HERE.get(self.model.state, ())
        if words:
            self.try_step(name, pb.DisputeAction.Value(f"DISPUTE_ACTION_{data.draw(st.sampled_from(words))}"), amount)

    @rule(name=st.sampled_from(PEOPLE), action=st.sampled_from(ACTIONS), amount=st.sampled_from(AMOUNTS))
    def try_anything(self, name: str, action: pb.DisputeAction.ValueType, amount: int) -> None:
        self.try_step(name, action, amount)

    def try_step(self, name: str, action: pb.DisputeAction.ValueType, amount: int) -> None:
        word = action_name(action)
        # The form of a step leaves an amount to these only.
        amount = amount if word in ("ANSWER", "ACCEPT", "RULE", "CONFIRM") else 0
        seen = self.dispute.steps[-1].step.digest
        step = step_by(name, action, seen=seen, amount=amount, decided_us=self.now_us + len(self.dispute.steps))
        allowed = self.model.allows(name, self.respondent, word, amount)
        try:
            self.dispute = move(self.dispute, step, self.now_us)
        except Refused:
            assert not allowed, f"{name} may {word} {amount} while {self.model}"
        else:
            assert allowed, f"{name} may not {word} {amount} while {self.model}"
            self.model.take(name, word, amount, self.now_us)

    @rule()
    def wait_until_due(self) -> None:
        self._come_to(max(self.now_us, standing(self.dispute, self.now_us).due_us))

    @rule(wait_us=st.sampled_from([1, DAY_US, 2 * DAY_US + 1, 30 * DAY_US]))
    def wait(self, wait_us: int) -> None:
        self._come_to(self.now_us + wait_us)

    def _come_to(self, moment_us: int) -> None:
        self.now_us = moment_us
        self.model.lapse(self.now_us)

    @invariant()
    def agree(self) -> None:
        """State, since when, and amounts are the model's; what has happened stays as it was."""
        found = standing(self.dispute, self.now_us)
        assert (state_name(found.state), found.since_us) == (self.model.state, self.model.since_us)
        assert found.due_us == self.model.due_us
        assert (found.offered_micros, found.accepted_micros) == (self.model.offered, self.model.owed)
        assert found.events[: len(self.past)] == self.past
        assert [event.at_us for event in found.events] == sorted(event.at_us for event in found.events)
        self.past = found.events


Disputing.TestCase.settings = settings(max_examples=50, stateful_step_count=20)
TestDisputing = Disputing.TestCase
