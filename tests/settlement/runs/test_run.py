"""The life of a settlement run: no state skipped, nothing settled twice, and never by one person alone."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.obligations import Pair
from settlement.runs.carried import Carried, Why
from settlement.runs.decision import Decision, open_decision
from settlement.runs.instructions import Happening, Payment, State, instructions_of
from settlement.runs.methods import Method, Payable, settle
from settlement.runs.moves import CLOCK_SKEW_MAX_US, move, pay, propose
from settlement.runs.positions import Positions, positions_bytes, positions_of
from settlement.runs.run import Run
from tests.settlement.decisions import (
    ABORT,
    APPROVE,
    CARRY,
    CONFIRM,
    INSTRUCT,
    MULTILATERAL,
    NETWORK,
    PROPOSE,
    RUN_ID,
    Person,
)

MAKER, CHECKER, STRANGER = Person(1), Person(2), Person(3)
KEYS = {MAKER.key.public, CHECKER.key.public}


def settling(owed: dict[tuple[str, str], int], *windows: int) -> Positions:
    """What windows settle in which these micro-units are owed, through cedar."""
    settlement = settle(Method.MULTILATERAL, {Pair(*pair): owed[pair] for pair in owed}, (), "cedar", 10_000)
    accounts = {"ash": b"a" * 32, "cedar": b"c" * 32}
    return Positions(
        network_id=NETWORK,
        windows=windows,
        method=Method.MULTILATERAL,
        currency="USD",
        currency_exponent=2,
        parties=settlement.positions,
        instructions=instructions_of(RUN_ID, settlement.payments, accounts),
        carried_in=(),
        rounding=settlement.rounding,
    )


#: Ash owes 1.23, of which birch is owed 1.00; cedar, the operator, keeps 0.23. Dogwood's position is zero.
POSITIONS = settling({("ash", "birch"): 1_000_000, ("ash", "cedar"): 230_000, ("ash", "dogwood"): 0}, 1, 2)
BYTES = positions_bytes(POSITIONS)
#: The numbers of ash's payment and of cedar's.
ASH, CEDAR = (next(item.number for item in POSITIONS.instructions if item.payer == payer) for payer in ("ash", "cedar"))


def decision(person: Person, action: pb.RunAction.ValueType, **fields: Any) -> Decision:
    """A decision as the service takes it in."""
    return open_decision(person.decides(action, **fields), NETWORK, KEYS)


def confirmation(person: Person, run: Run, party_id: str, **fields: Any) -> Decision:
    """A confirmation of a party by somebody who looks at the run as it is."""
    return decision(person, CONFIRM, party_id=party_id, standings=run.standings_digest(party_id), **fields)


def proposed(positions: Positions = POSITIONS) -> Run:
    """A run that MAKER proposed."""
    return propose(decision(MAKER, PROPOSE, windows=(1, 2)), 1, positions, positions_bytes(positions))


def run_after(*actions: pb.RunAction.ValueType) -> Run:
    """A run after these actions, by CHECKER; each confirmation is of the next party that is outstanding."""
    run = proposed()
    for action in actions:
        run = move(run, valid(run, action))
    return run


def valid(run: Run, action: pb.RunAction.ValueType) -> Decision:
    """A decision of CHECKER that is right in form and content, if the run's state allows it."""
    if action == PROPOSE:
        return decision(CHECKER, PROPOSE, windows=(1, 2), note="again")
    if action == APPROVE:
        return decision(CHECKER, APPROVE, positions=BYTES)
    if action == CONFIRM:
        return confirmation(CHECKER, run, (*run.outstanding, "ash")[0])
    if action == CARRY:
        left = {item.instruction.number: item.paid_minor for item in run.standings if not item.done}
        return decision(CHECKER, CARRY, carry=left or {1: 0}, note="enough")
    return decision(CHECKER, action, note="enough")


def reason(run: Run, refused: Decision) -> str:
    """Why the decision is refused."""
    with pytest.raises(Refused) as error:
        move(run, refused)
    return error_pb2.Reason.Name(error.value.reason).removeprefix("REASON_")


def test_run_is_settled_step_by_step_and_every_step_is_kept() -> None:
    """From the proposal to the last payment, each change names its state, its decider and its reason."""
    run = run_after(APPROVE, INSTRUCT, CONFIRM)
    assert run.state == pb.RUN_STATE_SETTLING
    assert run.confirmed == ("ash",)
    assert run.outstanding == ("birch", "cedar")
    run = move(run, confirmation(MAKER, run, "birch", note="paid by wire"))
    assert not run.live
    assert run.confirmed == ("ash", "birch", "cedar")
    assert [event.state for event in run.events] == [
        pb.RUN_STATE_PROPOSED,
        pb.RUN_STATE_APPROVED,
        pb.RUN_STATE_INSTRUCTED,
        pb.RUN_STATE_SETTLING,
        pb.RUN_STATE_SETTLED,
    ]
    assert [event.deed.public_key for event in run.events] == [
        MAKER.key.public,
        *[CHECKER.key.public] * 3,
        MAKER.key.public,
    ]
    assert run.events[-1].deed.note == "paid by wire"
    assert positions_of(run.positions_bytes) == POSITIONS


def test_one_confirmation_may_be_of_everything() -> None:
    """The operator is part of every payment through it; the state in between is not skipped for that."""
    run = run_after(APPROVE, INSTRUCT)
    run = move(run, confirmation(MAKER, run, "cedar"))
    assert [event.state for event in run.events[2:]] == [
        pb.RUN_STATE_INSTRUCTED,
        pb.RUN_STATE_SETTLING,
        pb.RUN_STATE_SETTLED,
    ]


ALLOWED = {
    pb.RUN_STATE_PROPOSED: {APPROVE, ABORT},
    pb.RUN_STATE_APPROVED: {INSTRUCT, ABORT},
    pb.RUN_STATE_INSTRUCTED: {CONFIRM, CARRY, ABORT},
    pb.RUN_STATE_SETTLING: {CONFIRM, CARRY},
    pb.RUN_STATE_SETTLED: set(),
    pb.RUN_STATE_ABORTED: set(),
}
WAYS = {
    pb.RUN_STATE_PROPOSED: (),
    pb.RUN_STATE_APPROVED: (APPROVE,),
    pb.RUN_STATE_INSTRUCTED: (APPROVE, INSTRUCT),
    pb.RUN_STATE_SETTLING: (APPROVE, INSTRUCT, CONFIRM),
    pb.RUN_STATE_SETTLED: (APPROVE, INSTRUCT, CONFIRM, CONFIRM),
    pb.RUN_STATE_ABORTED: (APPROVE, ABORT),
}


@pytest.mark.parametrize(
    ("state", "action"), list(itertools.product(WAYS, (PROPOSE, APPROVE, INSTRUCT, CONFIRM, CARRY, ABORT)))
)
def test_no_state_is_skipped(state: pb.RunState.ValueType, action: pb.RunAction.ValueType) -> None:
    """In every state exactly the decisions that lead to the next one, or to an abort in time, are taken."""
    run = run_after(*WAYS[state])
    assert run.state == state
    if action in ALLOWED[state]:
        assert len(move(run, valid(run, action)).events) > len(run.events)
    else:
        assert reason(run, valid(run, action)) == ("ID_CONFLICT" if action == PROPOSE else "WRONG_STATE")


def test_nobody_approves_what_they_proposed() -> None:
    """Approval needs another key than the proposal."""
    assert reason(proposed(), decision(MAKER, APPROVE, positions=BYTES)) == "SAME_PERSON"


def test_approval_is_of_the_positions_that_were_seen() -> None:
    """An approval of other positions is refused, and so is a proposal that expected other ones."""
    elsewhere = replace(POSITIONS, windows=(1,))
    other = positions_bytes(elsewhere)
    assert reason(proposed(), decision(CHECKER, APPROVE, positions=other)) == "WRONG_STATE"
    with pytest.raises(Refused, match="are not the ones that were looked at"):
        propose(decision(MAKER, PROPOSE, windows=(1,), positions=BYTES), 1, elsewhere, other)
    assert propose(decision(MAKER, PROPOSE, windows=(1,), positions=other), 1, elsewhere, other).live


@pytest.mark.parametrize(
    "change",
    [
        {"method": Method.GROSS},
        {"currency": "EUR"},
        {"carried_in": (Carried("ash", "birch", 1, Why.ROUNDING),)},
        {"instructions": (replace(POSITIONS.instructions[0], payee_account=b"x" * 32), *POSITIONS.instructions[1:])},
        {"instructions": (replace(POSITIONS.instructions[0], payee="fir"), *POSITIONS.instructions[1:])},
    ],
)
def test_approval_covers_payments_and_accounts(change: dict[str, Any]) -> None:
    """Who approves has signed for the method, every payment, and the very accounts that the money goes to."""
    changed = positions_bytes(replace(POSITIONS, **change))
    assert reason(proposed(), decision(CHECKER, APPROVE, positions=changed)) == "WRONG_STATE"


def test_a_party_settles_once_and_only_if_it_has_something_to_settle() -> None:
    """A second confirmation, one of a party whose position is zero, and one of a stranger are refused."""
    run = run_after(APPROVE, INSTRUCT, CONFIRM)
    for party_id in ("ash", "dogwood", "nobody"):
        assert reason(run, confirmation(MAKER, run, party_id)) == "WRONG_STATE"


def test_run_without_payments_settles_when_it_is_instructed() -> None:
    """Where nobody has anything to pay nobody will confirm, and still no state is skipped."""
    run = proposed(settling({("ash", "birch"): 40}, 1, 2))
    run = move(run, decision(CHECKER, APPROVE, positions=run.positions_bytes))
    run = move(run, decision(CHECKER, INSTRUCT))
    assert [event.state for event in run.events[2:]] == [
        pb.RUN_STATE_INSTRUCTED,
        pb.RUN_STATE_SETTLING,
        pb.RUN_STATE_SETTLED,
    ]
    assert run.carried_out == (
        Carried("ash", "cedar", 40, Why.ROUNDING),
        Carried("cedar", "birch", 40, Why.ROUNDING),
    )


def booked(run: Run, *payments: tuple[int, Happening, int]) -> Run:
    """The run after a statement with these payments."""
    return pay(run, pb.RUN_ACTION_IMPORT, run.events[0].deed, [Payment(*payment, b"entry") for payment in payments])


def states(run: Run) -> list[str]:
    """How the instructions stand: the one that ash pays, and the one that birch receives."""
    return [standing.state.name for standing in sorted(run.standings, key=lambda item: item.instruction.payer)]


def test_numbers_say_nothing_about_names() -> None:
    """A party sees the numbers of its own payments, and must not learn from them whose names come before its own."""
    payments = [Payable(f"partner-{number:03}", "operator", 100) for number in range(200)]
    numbered = {item.payer: item.number for item in instructions_of(RUN_ID, payments, {})}
    assert sorted(numbered.values()) == list(range(1, 201))
    assert {item.payer: item.number for item in instructions_of(RUN_ID, payments[::-1], {})} == numbered
    assert len({instructions_of(bytes([run]) * 16, payments, {})[0].payer for run in range(50)}) > 25
    ascending = sum(numbered[before.payer] < numbered[after.payer] for before, after in itertools.pairwise(payments))
    assert 70 < ascending < 130


def test_states_of_instructions_follow_from_payments() -> None:
    """In part, in full, too much, back again, and refused: each payment says how its instruction stands."""
    run = run_after(APPROVE, INSTRUCT)
    assert {(item.instruction.payer, item.instruction.amount_minor) for item in run.standings} == {
        ("ash", 123),
        ("cedar", 100),
    }
    for payment, expected in (
        ((ASH, Happening.BOOKED, 23), ["PART_PAID", "OPEN"]),
        ((ASH, Happening.BOOKED, 100), ["PAID", "OPEN"]),
        ((CEDAR, Happening.REJECTED, 100), ["PAID", "REJECTED"]),
        ((ASH, Happening.BOOKED, 1), ["OVERPAID", "REJECTED"]),
        ((ASH, Happening.RETURNED, 124), ["REJECTED", "REJECTED"]),
        ((CEDAR, Happening.BOOKED, 100), ["REJECTED", "PAID"]),
        ((ASH, Happening.BOOKED, 122), ["PART_PAID", "PAID"]),
    ):
        run = booked(run, payment)
        assert states(run) == expected
        assert run.state == pb.RUN_STATE_SETTLING
    assert booked(run, (ASH, Happening.BOOKED, 1)).state == pb.RUN_STATE_SETTLED


def test_confirmation_and_statement_of_one_payment_count_once() -> None:
    """What somebody saw and the bank then books is the same money; more than that, or its return, is not."""
    run = run_after(APPROVE, INSTRUCT)
    confirmed = move(run, confirmation(MAKER, run, "ash"))
    assert states(confirmed) == ["PAID", "OPEN"]
    assert states(booked(confirmed, (ASH, Happening.BOOKED, 123))) == ["PAID", "OPEN"]
    assert states(booked(confirmed, (ASH, Happening.BOOKED, 130))) == ["OVERPAID", "OPEN"]
    assert states(booked(confirmed, (ASH, Happening.BOOKED, 123), (ASH, Happening.RETURNED, 123))) == [
        "REJECTED",
        "OPEN",
    ]
    assert states(booked(confirmed, (ASH, Happening.RETURNED, 123), (ASH, Happening.BOOKED, 123))) == [
        "REJECTED",
        "OPEN",
    ]


def test_a_refusal_by_the_bank_leaves_the_run_to_be_aborted() -> None:
    """No money has moved then, so the run is instructed as before."""
    run = booked(run_after(APPROVE, INSTRUCT), (ASH, Happening.REJECTED, 123))
    assert run.state == pb.RUN_STATE_INSTRUCTED
    assert move(run, decision(MAKER, ABORT, note="wrong account")).state == pb.RUN_STATE_ABORTED


def test_what_is_not_paid_right_is_carried() -> None:
    """The payer still owes what is missing, the payee owes back what was too much, and the run is settled."""
    run = booked(run_after(APPROVE, INSTRUCT), (ASH, Happening.BOOKED, 23), (CEDAR, Happening.BOOKED, 101))
    run = move(run, decision(CHECKER, CARRY, carry={ASH: 23}, note="ash is late"))
    assert (states(run), run.state) == (["CARRIED", "OVERPAID"], pb.RUN_STATE_SETTLING)
    run = move(run, decision(CHECKER, CARRY, carry={CEDAR: 101}, note="a typing error"))
    assert (states(run), run.state) == (["CARRIED", "CARRIED"], pb.RUN_STATE_SETTLED)
    assert [standing.state for standing in run.standings] == [State.CARRIED, State.CARRIED]
    assert run.carried_out == (
        Carried("ash", "cedar", 1_000_000, Why.UNPAID),
        Carried("birch", "cedar", 10_000, Why.OVERPAID),
    )


def test_only_what_is_left_is_carried_and_only_as_it_was_seen() -> None:
    """What is paid, what is not there, and what has changed since somebody looked are refused."""
    run = booked(run_after(APPROVE, INSTRUCT), (ASH, Happening.BOOKED, 123))
    for carry in ({ASH: 123}, {3: 0}, {CEDAR: 50}, dict(sorted({ASH: 123, CEDAR: 0}.items()))):
        assert reason(run, decision(CHECKER, CARRY, carry=carry, note="why not")) == "WRONG_STATE"
    overpaid = booked(run, (ASH, Happening.BOOKED, 1))
    assert reason(overpaid, confirmation(CHECKER, overpaid, "ash")) == "WRONG_STATE"


def test_confirmation_is_of_what_was_seen() -> None:
    """What was booked, sent back or refused meanwhile is for the person to see first; what others pay is not."""
    run = run_after(APPROVE, INSTRUCT)
    old = confirmation(MAKER, run, "ash")
    for payments in (
        [(ASH, Happening.BOOKED, 23)],
        [(ASH, Happening.REJECTED, 0)],
        [(ASH, Happening.BOOKED, 123), (ASH, Happening.RETURNED, 123)],
    ):
        later = booked(run, *payments)
        assert reason(later, old) == "WRONG_STATE"
        assert states(move(later, confirmation(MAKER, later, "ash")))[0] == "PAID"
    assert states(move(booked(run, (CEDAR, Happening.BOOKED, 50)), old)) == ["PAID", "PART_PAID"]


def test_time_does_not_run_backwards() -> None:
    """A decision that was made before the last one is refused, but for the difference that clocks may have."""
    run = run_after(APPROVE)
    earliest_us = run.events[-1].deed.decided_us - CLOCK_SKEW_MAX_US
    assert reason(run, decision(MAKER, INSTRUCT, decided_us=earliest_us - 1)) == "WRONG_STATE"
    assert move(run, decision(MAKER, INSTRUCT, decided_us=earliest_us)).state == pb.RUN_STATE_INSTRUCTED


def refusal(signed: Any, network_id: str = NETWORK) -> Refused:
    """Why a document is no decision."""
    with pytest.raises(Refused) as error:
        open_decision(signed, network_id, KEYS)
    return error.value


def test_decisions_are_signed_by_the_operator_for_this_network() -> None:
    """A stranger's key, a wrong signature, another network and foreign bytes each have their own reason."""
    good = MAKER.decides(PROPOSE, windows=(1,))
    assert refusal(STRANGER.decides(PROPOSE, windows=(1,))).reason == error_pb2.REASON_KEY_UNKNOWN
    assert refusal(good, "other-network").reason == error_pb2.REASON_WRONG_NETWORK
    swapped = CHECKER.decides(PROPOSE, windows=(1,))
    swapped.document = MAKER.decides(PROPOSE, windows=(2,)).document
    assert refusal(swapped).reason == error_pb2.REASON_SIGNATURE_INVALID
    good.signature.signature = good.signature.signature[:-1]
    assert refusal(good).reason == error_pb2.REASON_SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("action", "fields", "wrong"),
    [
        (PROPOSE, {}, "windows"),
        (PROPOSE, {"windows": (2, 1)}, "windows"),
        (PROPOSE, {"windows": (1, 1)}, "windows"),
        (PROPOSE, {"windows": (1,), "party_id": "ash"}, "party_id"),
        (PROPOSE, {"windows": (1,), "run_id": b"1" * 16}, "run_id"),
        (PROPOSE, {"windows": (1,), "note": "x" * 201}, "note"),
        (PROPOSE, {"windows": (1,), "decided_us": 0}, "decided_us"),
        (APPROVE, {}, "positions_digest"),
        (APPROVE, {"positions": b"", "windows": (1,)}, "windows"),
        (CONFIRM, {"standings": b"x" * 32}, "party_id"),
        (CONFIRM, {"party_id": "ash"}, "standings_digest"),
        (ABORT, {"note": "why", "standings": b"x" * 32}, "standings_digest"),
        (ABORT, {}, "note"),
        (PROPOSE, {"windows": (1,), "method": pb.SETTLEMENT_METHOD_UNSPECIFIED}, "method"),
        (PROPOSE, {"windows": (1,), "method": 9}, "method"),
        (PROPOSE, {"windows": (1,), "carry": {1: 0}}, "carry"),
        (APPROVE, {"positions": b"", "method": MULTILATERAL}, "method"),
        (CARRY, {"note": "why"}, "carry"),
        (CARRY, {"carry": {2: 0, 1: 0}, "note": "why"}, "carry"),
        (CARRY, {"carry": {1: -1}, "note": "why"}, "carry"),
        (CARRY, {"carry": {0: 1}, "note": "why"}, "carry"),
        (CARRY, {"carry": {1: 0}}, "note"),
        (pb.RUN_ACTION_IMPORT, {}, "action"),
        (pb.RUN_ACTION_UNSPECIFIED, {}, "action"),
    ],
)
def test_wrong_fields_are_named(action: pb.RunAction.ValueType, fields: dict[str, Any], wrong: str) -> None:
    """Each wrong field of a decision is refused by its path."""
    refused = refusal(MAKER.decides(action, **fields))
    assert refused.reason == error_pb2.REASON_FIELD_INVALID
    assert [violation.field for violation in refused.violations] == [f"decision.{wrong}"]
