"""The life of a dispute: who may do what, deadlines to the microsecond, two people for money, adjustments compared."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from coalition.errors import Refused, reason_name
from coalition.v1 import settlement_disputes_pb2 as pb
from settlement.disputes.adjustments import Adjustment, Owing
from settlement.disputes.dispute import Dispute, Recorded, Standing, standing
from settlement.disputes.moves import STEPS_MAX, action_name, move, state_name
from settlement.disputes.rules import DAY_US, Deadlines, DisputeRules
from settlement.disputes.step import ACCEPT, ANSWER, CONFIRM, ESCALATE, RAISE, REJECT, RULE, WITHDRAW
from tests.settlement.disputes.steps import OPERATOR, RAISER, RESPONDENT, START_US, dispute_id, step_by

DEADLINES = Deadlines(answer_days=10, escalate_days=5, decide_days=20)
SECOND = "operator-2"


def raised(deadlines: Deadlines = DEADLINES, **claim: Any) -> Dispute:
    """A dispute that was raised at START_US."""
    step = step_by(RAISER, RAISE, claim=claim)
    return Dispute(dispute_id(), 1, 1, OPERATOR, deadlines, (Recorded(step, START_US),))


def take(
    dispute: Dispute, name: str, action: pb.DisputeAction.ValueType, *, at_us: int | None = None, amount: int = 0
) -> Dispute:
    """The dispute after somebody's step, a second after the last one unless it is said when."""
    seen = dispute.steps[-1]
    step = step_by(name, action, seen=seen.step.digest, amount=amount, decided_us=START_US + len(dispute.steps))
    return move(dispute, step, seen.recorded_us + 1_000_000 if at_us is None else at_us)


def now(dispute: Dispute, later_us: int = 0) -> Standing:
    """Where it stands so long after its last step."""
    return standing(dispute, dispute.steps[-1].recorded_us + later_us)


def state(dispute: Dispute, later_us: int = 0) -> str:
    """The name of its state then."""
    return state_name(now(dispute, later_us).state)


def refusal(dispute: Dispute, *arguments: Any, **options: Any) -> tuple[str, str]:
    """Why a step is refused."""
    with pytest.raises(Refused) as error:
        take(dispute, *arguments, **options)
    return reason_name(error.value.reason), error.value.message


def answered(offer: int = 0) -> Dispute:
    return take(raised(), RESPONDENT, ANSWER, amount=offer)


def rejected() -> Dispute:
    return take(raised(), RESPONDENT, REJECT)


def escalated() -> Dispute:
    return take(rejected(), RAISER, ESCALATE)


def ruled(amount: int = 600) -> Dispute:
    return take(escalated(), OPERATOR, RULE, amount=amount)


def accepted() -> Dispute:
    return take(raised(), RESPONDENT, ACCEPT, amount=1_000)


WAYS = {
    "RAISED": raised,
    "ANSWERED": answered,
    "REJECTED": rejected,
    "ESCALATED": escalated,
    "RULED": ruled,
    "ACCEPTED": accepted,
    "WITHDRAWN": lambda: take(raised(), RAISER, WITHDRAW),
    "CLOSED": lambda: take(escalated(), OPERATOR, RULE),
}
#: By whom, with which amount, and where it leads from each state.
ALLOWED = {
    (RESPONDENT, ANSWER): {"RAISED": "ANSWERED", "ESCALATED": "ESCALATED", "RULED": "RULED"},
    (RESPONDENT, ACCEPT): dict.fromkeys(("RAISED", "ANSWERED", "REJECTED", "ESCALATED", "RULED"), "ACCEPTED"),
    (RESPONDENT, REJECT): {"RAISED": "REJECTED", "ANSWERED": "REJECTED"},
    (RESPONDENT, ESCALATE): {"ANSWERED": "ESCALATED", "REJECTED": "ESCALATED"},
    (RAISER, ESCALATE): {"ANSWERED": "ESCALATED", "REJECTED": "ESCALATED"},
    (RAISER, WITHDRAW): dict.fromkeys(("RAISED", "ANSWERED", "REJECTED", "ESCALATED", "RULED"), "WITHDRAWN"),
    (OPERATOR, RULE): {"ESCALATED": "RULED", "RULED": "RULED"},
    (SECOND, RULE): {"ESCALATED": "RULED", "RULED": "RULED"},
    (SECOND, CONFIRM): {"RULED": "ACCEPTED"},
}
AMOUNTS = {ACCEPT: 1_000, RULE: 600, CONFIRM: 600}
ACTIONS = (ANSWER, ACCEPT, REJECT, ESCALATE, WITHDRAW, RULE, CONFIRM)


@pytest.mark.parametrize(("way", "action"), list(itertools.product(WAYS, ACTIONS)), ids=str)
def test_no_state_is_skipped(way: str, action: pb.DisputeAction.ValueType) -> None:
    """In every state exactly the steps that lead on are taken, and only from whoever may take them."""
    for name in (RAISER, RESPONDENT, OPERATOR, SECOND):
        dispute, amount = WAYS[way](), AMOUNTS.get(action, 0)
        assert state(dispute) == way
        leads_to = ALLOWED.get((name, action), {}).get(way)
        if leads_to is not None:
            assert state(take(dispute, name, action, amount=amount)) == leads_to
            continue
        reason, _ = refusal(dispute, name, action, amount=amount)
        may = (name, action) in ALLOWED or (name, action) in {(RAISER, ACCEPT), (OPERATOR, CONFIRM)}
        if not may:
            assert reason == "PERMISSION_DENIED", action_name(action)
        elif (name, action, way) == (OPERATOR, CONFIRM, "RULED"):
            assert reason == "SAME_PERSON"
        else:
            assert reason == "WRONG_STATE"


def test_deadlines_hold_to_the_microsecond() -> None:
    """At its deadline a dispute still waits; a microsecond later it has moved, and did so at the deadline."""
    for dispute, waits, days, moved in (
        (raised(), "RAISED", 10, "ESCALATED"),
        (answered(), "ANSWERED", 5, "CLOSED"),
        (rejected(), "REJECTED", 5, "CLOSED"),
    ):
        due_us = dispute.steps[-1].recorded_us + days * DAY_US
        assert now(dispute).due_us == due_us
        assert state(dispute, days * DAY_US) == waits
        late = now(dispute, days * DAY_US + 1)
        assert (state_name(late.state), late.events[-1].at_us, late.events[-1].step) == (moved, due_us, None)
        assert late.since_us == due_us


def test_what_comes_at_the_deadline_counts_and_what_comes_later_does_not() -> None:
    """An escalation at the last microsecond is in time; one later is refused, for the dispute is closed."""
    dispute = rejected()
    due_us = now(dispute).due_us
    assert state(take(dispute, RAISER, ESCALATE, at_us=due_us)) == "ESCALATED"
    reason, text = refusal(dispute, RAISER, ESCALATE, at_us=due_us + 1)
    assert (reason, "is CLOSED" in text) == ("WRONG_STATE", True)
    late = take(raised(), RESPONDENT, ANSWER, at_us=START_US + 10 * DAY_US + 1, amount=300)
    assert [state_name(event.state) for event in now(late).events] == ["RAISED", "ESCALATED", "ESCALATED"]
    assert state(take(late, RAISER, ACCEPT, amount=300)) == "ACCEPTED"


def test_operator_has_its_time_from_the_escalation_and_nothing_happens_by_itself() -> None:
    """A ruling does not start the clock anew, and a late ruling is a ruling."""
    dispute = escalated()
    due_us = dispute.steps[-1].recorded_us + 20 * DAY_US
    assert now(dispute).due_us == now(take(dispute, OPERATOR, RULE, amount=600)).due_us == due_us
    assert state(dispute, 400 * DAY_US) == "ESCALATED"
    assert now(raised(), 11 * DAY_US).due_us == START_US + 30 * DAY_US
    assert state(take(dispute, OPERATOR, RULE, at_us=due_us + DAY_US, amount=600)) == "RULED"


def test_dispute_keeps_the_deadlines_that_it_was_raised_under() -> None:
    """Other settings do not move what was recorded before."""
    rules = DisputeRules(answer_days=1)
    assert state(raised(rules.deadlines), 2 * DAY_US) == "ESCALATED"
    assert state(raised(), 2 * DAY_US) == "RAISED"
    assert rules.raise_due_us(START_US) == START_US + 60 * DAY_US


def test_offer_is_accepted_by_the_raiser_and_the_claim_by_the_other_side() -> None:
    """Each accepts what the other one named, that amount and no other."""
    dispute = answered(offer=400)
    assert now(take(dispute, RAISER, ACCEPT, amount=400)).accepted_micros == 400
    assert now(take(dispute, RESPONDENT, ACCEPT, amount=1_000)).accepted_micros == 1_000
    assert "400 micro-units are offered, not 500" in refusal(dispute, RAISER, ACCEPT, amount=500)[1]
    assert "1000 micro-units are claimed, not 400" in refusal(dispute, RESPONDENT, ACCEPT, amount=400)[1]
    assert "offered nothing" in refusal(raised(), RAISER, ACCEPT, amount=1_000)[1]


def test_rejection_takes_an_offer_back() -> None:
    """Who accepts nothing offers nothing any more, before the operator's ruling or after."""
    dispute = take(answered(offer=400), RESPONDENT, REJECT)
    assert now(dispute).offered_micros == 0
    for later in (dispute, take(dispute, RAISER, ESCALATE)):
        assert "has offered nothing to accept" in refusal(later, RAISER, ACCEPT, amount=400)[1]


def test_nobody_gives_more_than_is_claimed() -> None:
    """Offers and rulings keep within the claim; a claim in points leaves the amount to them."""
    assert "more than the 1000" in refusal(raised(), RESPONDENT, ANSWER, amount=1_001)[1]
    assert "more than the 1000" in refusal(escalated(), OPERATOR, RULE, amount=1_001)[1]
    dispute = raised(points=30, amount=0)
    assert "names no amount" in refusal(dispute, RESPONDENT, ACCEPT, amount=270)[1]
    dispute = take(dispute, RESPONDENT, ANSWER, amount=270)
    assert now(take(dispute, RAISER, ACCEPT, amount=270)).accepted_micros == 270


def test_answer_is_given_once() -> None:
    """A second answer would change what the raiser may have accepted."""
    dispute = take(answered(offer=10), RAISER, ESCALATE)
    assert "has answered already" in refusal(dispute, RESPONDENT, ANSWER, amount=20)[1]


def test_money_moves_by_two_people_of_the_operator() -> None:
    """A ruling with an amount needs another key, for the same amount; a dismissal takes one person."""
    dispute = ruled(600)
    assert refusal(dispute, OPERATOR, CONFIRM, amount=600)[0] == "SAME_PERSON"
    assert "the ruling is 600 micro-units, not 500" in refusal(dispute, SECOND, CONFIRM, amount=500)[1]
    confirmed = take(dispute, SECOND, CONFIRM, amount=600)
    assert (state(confirmed), now(confirmed).accepted_micros) == ("ACCEPTED", 600)
    anew = take(dispute, SECOND, RULE, amount=500)
    assert refusal(anew, SECOND, CONFIRM, amount=500)[0] == "SAME_PERSON"
    assert now(take(anew, OPERATOR, CONFIRM, amount=500)).accepted_micros == 500
    assert state(take(dispute, SECOND, RULE)) == "CLOSED"


def test_operator_dismisses_nothing_alone_in_its_own_cause() -> None:
    """Where the operator is a side of the dispute, even a dismissal needs two people."""
    dispute = raised(respondent=OPERATOR)
    dispute = take(take(dispute, OPERATOR, REJECT), RAISER, ESCALATE)
    dispute = take(dispute, OPERATOR, RULE)
    assert state(dispute) == "RULED"
    assert state(take(dispute, SECOND, CONFIRM)) == "CLOSED"


def test_rulings_come_to_an_end() -> None:
    """Two people who never agree do not fill the database; the parties still may agree."""
    dispute = escalated()
    while len(dispute.steps) < STEPS_MAX:
        dispute = take(dispute, (OPERATOR, SECOND)[len(dispute.steps) % 2], RULE, amount=len(dispute.steps))
    assert f"it has {STEPS_MAX} steps" in refusal(dispute, OPERATOR, RULE, amount=1)[1]
    assert state(take(dispute, RAISER, WITHDRAW)) == "WITHDRAWN"


def test_step_is_about_what_was_seen() -> None:
    """A step that follows another one than the last is refused: its signer has not seen that."""
    dispute = answered(offer=400)
    blind = step_by(RAISER, WITHDRAW, seen=dispute.steps[0].step.digest)
    with pytest.raises(Refused, match="another step meanwhile"):
        move(dispute, blind, START_US + 2_000_000)
    with pytest.raises(Refused, match="was raised before"):
        move(dispute, step_by(RAISER, RAISE, claim={"amount": 5}), START_US)


def adjusted(*owings: tuple[str, str, int], to: Dispute | None = None) -> Standing:
    """Where a dispute over 1,000 stands once the journal has these, from entry 20 on."""
    adjustments = tuple(
        Adjustment(20 + place, 2, START_US + place, Owing(*owing)) for place, owing in enumerate(owings)
    )
    return now(replace(to or accepted(), adjustments=adjustments))


@pytest.mark.parametrize(
    ("owings", "problem"),
    [
        ([(RESPONDENT, RAISER, 1_000)], ""),
        ([(RESPONDENT, RAISER, 400), (RESPONDENT, RAISER, 600)], ""),
        ([(RAISER, RESPONDENT, 1_000), (RESPONDENT, RAISER, 2_000)], ""),
        ([(RESPONDENT, RAISER, 999)], "grocer owes florist 999, but grocer owes florist 1000 micro-units"),
        ([(RESPONDENT, RAISER, 1_000)] * 2, "grocer owes florist 2000"),
        ([(RAISER, RESPONDENT, 1_000)], "florist owes grocer 1000, but"),
        ([("baker", RAISER, 1_000)], "baker owes florist 1000, but"),
        ([(RESPONDENT, RAISER, 1_000), ("baker", RAISER, 5)], "baker owes florist 5; grocer owes florist 1000"),
        ([(RESPONDENT, RAISER, 5), (RAISER, RESPONDENT, 5)], "nothing is owed, but"),
    ],
)
def test_adjustments_are_compared_with_what_was_agreed(owings: list[tuple[str, str, int]], problem: str) -> None:
    """Only the right parties and the right amount, added up, make a dispute ADJUSTED; else it says what is wrong."""
    found = adjusted(*owings)
    assert state_name(found.state) == ("MISADJUSTED" if problem else "ADJUSTED")
    assert found.is_open is bool(problem)
    assert problem in found.problem
    assert bool(problem) is bool(found.problem)


@pytest.mark.parametrize("way", ["WITHDRAWN", "CLOSED"])
def test_adjustment_of_a_dispute_that_is_over_without_money_is_wrong(way: str) -> None:
    """It shows as misadjusted until another one takes it back; then the dispute is what it was."""
    found = adjusted((RESPONDENT, RAISER, 1_000), to=WAYS[way]())
    assert (state_name(found.state), found.is_open) == ("MISADJUSTED", True)
    assert "but nothing was agreed on" in found.problem
    found = adjusted((RESPONDENT, RAISER, 1_000), (RAISER, RESPONDENT, 1_000), to=WAYS[way]())
    assert (state_name(found.state), found.problem) == (way, "")


def test_adjustment_without_agreement_is_shown() -> None:
    """An adjustment in the name of a dispute that nobody has decided does not move it, and is named."""
    found = adjusted((RESPONDENT, RAISER, 1_000), to=raised())
    assert state_name(found.state) == "RAISED"
    assert "but nothing was agreed on" in found.problem
