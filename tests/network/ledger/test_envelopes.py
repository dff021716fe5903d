"""Envelopes: who may write, what is known already, what is all or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coalition.envelope import OpenedTransaction, open_envelope
from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.outcome_pb2 import Outcome
from network.ledger.engine import process
from network.ledger.kinds import KINDS
from network.ledger.state import Head, Reference, State
from tests.network.ledger.desk import TWO, Desk, facts
from tests.network.town import DAY_US, NETWORK_ID, POLICY, Town, key_of


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"network_id": "harbour"}, "WRONG_NETWORK"),
        ({"keys": [key_of("butcher")]}, "KEY_UNKNOWN"),
        ({"keys": [key_of("grocer"), key_of("butcher")]}, "KEY_UNKNOWN"),
    ],
)
def test_an_envelope_is_its_authors(desk: Desk, header: dict[str, Any], reason: str) -> None:
    """Of this network, every signature by a key in force; one good signature does not make up for a strange one."""
    assert desk.refused("grocer", desk.issue("anna", 1), **header) == reason


def test_strangers_leave_no_trace(desk: Desk) -> None:
    """Who is not registered is refused."""
    assert desk.refused("stranger", desk.issue("anna", 1)) == "AUTHOR_UNKNOWN"


def test_an_envelope_ends_at_its_moment(desk: Desk) -> None:
    """It is taken while its first entry would be committed before the end."""
    end_us = desk.state.head.committed_us + 100

    def header() -> dict[str, int]:
        return {"created_us": end_us - 1_000, "expires_us": end_us}

    issued = desk.issue("anna", 1)
    desk.now_us = end_us - 1
    assert desk.why("grocer", issued, desk.issue("anna", 1), **header()) == "accepted"
    assert desk.refused("grocer", desk.issue("anna", 1), **header()) == "ENVELOPE_EXPIRED"
    assert desk.why("grocer", issued, **header()) == "accepted"


def test_an_envelope_lives_as_long_as_policy_allows(desk: Desk) -> None:
    """To the microsecond."""
    longest_us = POLICY.envelope_lifetime_max_s * 1_000_000

    too_long = {"created_us": desk.now_us, "expires_us": desk.now_us + longest_us + 1}
    assert desk.refused("grocer", desk.issue("anna", 1), **too_long) == "LIFETIME_TOO_LONG"
    just_right = {"created_us": desk.now_us, "expires_us": desk.now_us + longest_us}
    assert desk.why("grocer", desk.issue("anna", 1), **just_right) == "accepted"


def test_one_forbidden_kind_refuses_the_whole_envelope(desk: Desk) -> None:
    """Nothing of it is committed."""
    assert desk.refused("grocer", desk.issue("anna", 1), desk.suspend("butcher")) == "KIND_NOT_ALLOWED"


def test_every_kind_has_its_authors(desk: Desk) -> None:
    """Whoever is not named by a kind may not say it, whatever it says."""
    authors = {"grocer": 1, "school": 2, "operator": 3, "hub": 4}
    for kind, rules in KINDS.items():
        for author, role in authors.items():
            raw = pb.Transaction(transaction_id=desk.unique())
            getattr(raw, kind).SetInParent()
            if role not in rules.authors:
                assert _refusal(desk, author, raw) == "KIND_NOT_ALLOWED"


def _refusal(desk: Desk, author: str, transaction: pb.Transaction) -> str:
    """What the ledger says of a kind by an author, without looking at the form of it."""
    envelope = desk.envelope(author, desk.issue("anna", 1), keys=list(TWO) if author == "operator" else None)
    changed = OpenedTransaction.of(0, transaction.SerializeToString(), transaction)
    with pytest.raises(Refused) as refused:
        process(desk.state, replace(envelope, transactions=(changed,)), desk.now_us)
    return error_pb2.Reason.Name(refused.value.reason).removeprefix("REASON_")


# Idempotency


def test_the_same_again_gets_the_first_answer(desk: Desk) -> None:
    """In another envelope, later, when it could not succeed any more: the outcome's bytes are the first ones."""
    issued = desk.issue("anna", 10)
    first = desk.process(desk.envelope("grocer", issued))
    desk.ok("grocer", desk.reverse(issued, 10))
    head = desk.state.head.copy()
    desk.now_us += 40 * DAY_US

    again = desk.process(desk.envelope("grocer", issued))

    assert (again.outcomes, again.sequences, again.replayed, again.entries) == (
        first.outcomes,
        first.sequences,
        (0,),
        (),
    )
    assert (desk.state.head.sequence, desk.state.head.committed_us) == (head.sequence, head.committed_us)


def test_a_rejection_stays_a_rejection(desk: Desk) -> None:
    """What failed for want of points does not succeed later by surprise."""
    redeemed = desk.redeem("anna", "pharmacy", 10)
    assert desk.why("pharmacy", redeemed) == "INSUFFICIENT_POINTS"
    desk.ok("grocer", desk.issue("anna", 10))

    assert desk.why("pharmacy", redeemed) == "INSUFFICIENT_POINTS"
    assert desk.balance("anna") == (10, 0)


def test_an_id_stands_for_one_transaction(desk: Desk) -> None:
    """The same id with other bytes refuses the envelope and names the conflict; another author may use it."""
    issued = desk.issue("anna", 10)
    first = desk.ok("grocer", issued)
    other = desk.issue("anna", 11)
    other.transaction_id = issued.transaction_id

    assert desk.refused("grocer", desk.issue("anna", 1), other) == "ID_CONFLICT"
    with pytest.raises(Refused) as refused:
        desk.process(desk.envelope("grocer", other))
    assert refused.value.facts["sequence"] == str(first.sequence)
    assert desk.why("butcher", other) == "accepted"


def test_old_and_new_may_be_mixed(desk: Desk) -> None:
    """Outcomes come in the envelope's order; only what is new is added to the journal, in consecutive places."""
    old = [desk.issue("anna", 1), desk.issue("anna", 2)]
    desk.ok("grocer", *old)
    new = [desk.issue("anna", 4), desk.issue("anna", 8)]

    processed = desk.process(desk.envelope("grocer", new[0], old[1], new[1], old[0]))

    assert processed.replayed == (1, 3)
    assert [entry.transaction_id for entry in processed.entries] == [item.transaction_id for item in new]
    assert processed.sequences[2] == processed.sequences[0] + 1
    ids = [Outcome.FromString(raw).transaction_id for raw in processed.outcomes]
    assert ids == [item.transaction_id for item in (new[0], old[1], new[1], old[0])]
    assert desk.balance("anna") == (15, 0)


def test_what_is_committed_is_answered_whatever_has_happened_since(desk: Desk) -> None:
    """A replay is not asked for its validity period or its author's keys: it changes nothing."""
    issued = desk.issue("anna", 10)
    envelope = desk.envelope("grocer", issued)
    desk.process(envelope)
    desk.ok("operator", desk.replace_key("grocer", key_of("grocer"), key_of("grocer-2")), desk.suspend("grocer"))
    desk.now_us += 60 * DAY_US

    assert desk.process(envelope).replayed == (0,)


# All or nothing


def test_an_atomic_envelope_is_all_or_nothing(desk: Desk) -> None:
    """The one that failed says why, the others point to it, and nothing has happened."""
    before = desk.snapshot()
    issued, too_much, alias = desk.issue("anna", 10), desk.redeem("anna", "grocer", 11), desk.enrol("cleo", "card-1")

    outcomes = desk.say("grocer", issued, alias, too_much, desk.issue("anna", 1), atomic=True)

    reasons = [error_pb2.Reason.Name(outcome.reason) for outcome in outcomes]
    assert reasons == ["REASON_ENVELOPE_ABORTED"] * 2 + ["REASON_INSUFFICIENT_POINTS", "REASON_ENVELOPE_ABORTED"]
    assert facts(outcomes[2])["available"] == "10"
    assert facts(outcomes[0]).keys() == {"transaction_id"}
    assert desk.snapshot() == before
    assert desk.why("grocer", desk.enrol("cleo", "card-1")) == "accepted"


def test_an_atomic_envelope_that_holds_is_one_like_any_other(desk: Desk) -> None:
    """All accepted, in order."""
    outcomes = desk.say("grocer", desk.issue("anna", 10), desk.redeem("anna", "grocer", 10), atomic=True)

    assert not any(outcome.reason for outcome in outcomes)
    assert desk.balance("anna") == (0, 0)


def test_an_old_rejection_aborts_an_atomic_envelope(desk: Desk) -> None:
    """What was rejected before cannot be part of all; what was accepted before can."""
    rejected, accepted = desk.redeem("anna", "grocer", 10), desk.issue("anna", 1)
    desk.say("grocer", rejected, accepted)

    assert desk.why("grocer", accepted, desk.issue("anna", 1), atomic=True) == "accepted"
    assert desk.say("grocer", rejected, desk.issue("anna", 1), atomic=True)[1].reason == (
        error_pb2.REASON_ENVELOPE_ABORTED
    )
    assert desk.balance("anna") == (2, 0)


def test_an_aborted_transaction_stays_aborted(desk: Desk) -> None:
    """It is in the journal as rejected; the business is done under a new id."""
    issued = desk.issue("anna", 10)
    desk.say("grocer", issued, desk.redeem("anna", "grocer", 11), atomic=True)

    assert desk.why("grocer", issued) == "ENVELOPE_ABORTED"
    assert desk.why("grocer", desk.reverse(issued, 1)) == "NOT_REVERSIBLE"


# The beginning


def test_a_journal_begins_with_its_genesis() -> None:
    """Before it nothing else counts, and it stands alone."""
    town, state = Town(), State(Head(), Reference(), complete=True)
    genesis = open_envelope(town.data("operator", _genesis(town), _genesis(town)))

    for envelope in (town.envelope("operator", town.enrol("anna")), genesis):
        with pytest.raises(Refused) as refused:
            process(state, envelope, town.now_us)
        assert refused.value.reason == error_pb2.REASON_WRONG_NETWORK
    assert state.head.sequence == 0
    assert process(state, town.genesis(), town.now_us).sequences == (1,)


@pytest.mark.parametrize(
    ("author", "header", "reason"),
    [
        ("operator", {"network_id": "harbour"}, error_pb2.REASON_WRONG_NETWORK),
        ("grocer", {}, error_pb2.REASON_WRONG_NETWORK),
        ("operator", {"keys": [key_of("grocer")]}, error_pb2.REASON_KEY_UNKNOWN),
        ("operator", {"created_us": 1, "expires_us": 2}, error_pb2.REASON_ENVELOPE_EXPIRED),
    ],
)
def test_a_genesis_is_signed_by_the_operator_that_it_names(
    author: str, header: dict[str, Any], reason: error_pb2.Reason.ValueType
) -> None:
    """For the network that it names."""
    town, state = Town(), State(Head(), Reference(), complete=True)

    with pytest.raises(Refused) as refused:
        process(state, open_envelope(town.data(author, _genesis(town), **header)), town.now_us)

    assert refused.value.reason == reason
    assert state.head.sequence == 0


def test_there_is_one_genesis(desk: Desk) -> None:
    """A second one is rejected."""
    assert desk.why("operator", _genesis(desk)) == "GENESIS_EXISTS"


def _genesis(town: Town) -> pb.Transaction:
    founding = town.genesis().transactions[0].message
    assert founding.genesis.network_id == NETWORK_ID
    return town.transaction(genesis=founding.genesis)
