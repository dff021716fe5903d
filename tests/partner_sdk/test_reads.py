"""What parties read, as frozen values."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from partner_sdk import Client, Kind, PartyKind, PartyStatus
from partner_sdk.errors import FieldInvalid, NotFound, PermissionDenied, ProofInvalid
from partner_sdk.journal import check_inclusion
from partner_sdk.operator import Operator
from partner_sdk.testing import LocalNetwork


def test_a_balance_has_every_lot(network: LocalNetwork, grocer: Client, pharmacy: Client) -> None:
    """A till sees all of a member's points, and the issuer of its own only."""
    anna = network.member()
    grocer.issue(anna.holder_id, 10)
    pharmacy.issue(anna.holder_id, 7)
    holdings = pharmacy.balance(anna.holder_id)
    assert (holdings.holder_id, holdings.available, holdings.balance.pending) == (anna.holder_id, 17, 0)
    assert sorted((lot.issuer or "", lot.points) for lot in holdings.lots) == [("", 10), ("pharmacy", 7)]
    assert holdings.sequence > 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        holdings.sequence = 1  # type: ignore[misc]


def test_a_fund_is_for_its_charity(network: LocalNetwork, grocer: Client, school: Client) -> None:
    """A charity reads its fund; others may not."""
    fund = network.fund("school").holder_id
    assert school.balance(fund).holder_id == fund
    with pytest.raises(PermissionDenied, match="school"):
        grocer.balance(fund)


def test_a_holder_is_named_one_way(grocer: Client) -> None:
    """By id or by alias, not both and not neither."""
    for arguments in ({}, {"holder_id": "a", "alias": "b"}):
        with pytest.raises(FieldInvalid, match="one of the two"):
            grocer.balance(**arguments)
    with pytest.raises(NotFound):
        grocer.balance("nobody")
    with pytest.raises(NotFound):
        grocer.holder("nobody")


def test_history_pages_by_itself(network: LocalNetwork, grocer: Client) -> None:
    """All pages come as one sequence, in either order, all kinds or some."""
    anna = network.member()
    for points in range(1, 8):
        grocer.issue(anna.holder_id, points)
    records = list(grocer.history(anna.holder_id, kinds=[Kind.ISSUE], page_size=3))
    assert [record.details["points"] for record in records] == [1, 2, 3, 4, 5, 6, 7]
    newest = grocer.history(anna.holder_id, page_size=2, newest_first=True)
    assert next(newest).details["points"] == 7
    assert [record.outcome.kind for record in grocer.history(anna.holder_id, kinds=["enrol"])] == [Kind.ENROL]


def test_a_record_says_what_was_signed(network: LocalNetwork, grocer: Client) -> None:
    """The contents of a transaction are plain values; ids are text, and what others signed stays out."""
    anna = network.member(points=9)
    spent = grocer.redeem(anna.holder_id, 9, consent=anna.consent_to_redeem("grocer", 9), reference="r 1")
    undone = grocer.reverse(spent.transaction_id, 4)
    record = grocer.transaction(spent.transaction_id)
    assert dict(record.details) == {"holder_id": anna.holder_id, "points": 9, "reference": "r 1"}
    assert record.outcome.balance == spent.balance
    assert grocer.transaction(undone.transaction_id).details["original_id"] == spent.transaction_id
    assert record.window == 1
    assert len(record.transaction) > 0


def test_other_parties_transactions_stay_theirs(
    network: LocalNetwork, grocer: Client, pharmacy: Client, operator: Operator
) -> None:
    """A transaction is found by its author, and by the operator."""
    result = grocer.issue(network.member().holder_id, 1)
    with pytest.raises(NotFound):
        pharmacy.transaction(result.transaction_id)
    with pytest.raises(PermissionDenied):
        pharmacy.transaction(result.transaction_id, author="grocer")
    assert operator.transaction(result.transaction_id, author="grocer").sequence == result.sequence
    with pytest.raises(FieldInvalid, match="not a transaction id"):
        grocer.transaction("receipt 5")


def test_the_directory(network: LocalNetwork, grocer: Client, operator: Operator) -> None:
    """Everybody may know who takes part under which rules; terms are for who is bound by them."""
    found = grocer.network()
    assert (found.network_id, found.currency, found.currency_exponent) == (network.network_id, "EUR", 2)
    assert found.hub_keys == (network.key("hub").public,)
    assert found.now - network.now < timedelta(seconds=1)
    assert found.policy.unconsented_points_max == 20
    kinds = {party.party_id: party.kind for party in grocer.parties()}
    assert (kinds["grocer"], kinds["school"], kinds["hub"]) == (PartyKind.PARTNER, PartyKind.CHARITY, PartyKind.HUB)
    assert grocer.party("school").status is PartyStatus.ACTIVE
    assert [terms.party_id for terms in grocer.terms()] == ["grocer"]
    assert {item.party_id for item in operator.terms()} >= {"grocer", "pharmacy", "florist", "school", "shelter"}
    with pytest.raises(PermissionDenied):
        grocer.terms("pharmacy")
    (campaign,) = grocer.campaigns("shelter")
    assert (campaign.fund_id, campaign.raised_points) == ("shelter-fund", 0)
    with pytest.raises(NotFound):
        grocer.party("nobody")


def test_proves_its_own_entries(network: LocalNetwork, grocer: Client, pharmacy: Client) -> None:
    """A party proves that its transaction is in the log that the hub signed; anyone can check the proof."""
    result = grocer.issue(network.member().holder_id, 1)
    proof = grocer.prove(result.sequence)
    check_inclusion(proof.entry, proof.sequence, proof.path, proof.checkpoint)
    with pytest.raises(ProofInvalid, match="has no entry"):
        grocer.prove(10**9)
    with pytest.raises(PermissionDenied):
        pharmacy.prove(result.sequence)


def test_reads_its_own_journal(network: LocalNetwork, grocer: Client) -> None:
    """A party's own envelopes are verified as far as can be, and reading goes on where it stopped."""
    anna = network.member()
    first = grocer.issue(anna.holder_id, 1)
    entries = [entry for part in grocer.own_journal() for entry in part]
    assert {entry.author for entry in entries} == {"grocer"}
    assert entries[-1].sequence == first.sequence
    second = grocer.issue(anna.holder_id, 2)
    again = grocer.own_journal(from_sequence=first.sequence + 1, committed_us=entries[-1].committed_us)
    assert [entry.sequence for part in again for entry in part] == [second.sequence]


def test_follows_the_whole_journal(network: LocalNetwork, operator: Operator, grocer: Client) -> None:
    """The operator reads and verifies everything, from the genesis on or from a stored state."""
    parts = list(operator.follow_journal(follow=False))
    entries = [entry for part in parts for entry in part.entries]
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0].kind == "genesis"
    assert parts[-1].state.root == operator.checkpoint().root
    grocer.issue(network.member().holder_id, 3)
    (more,) = operator.follow_journal(parts[-1].state, follow=False)
    assert [entry.kind for entry in more.entries] == ["enrol", "issue"]
    assert list(operator.follow_journal(more.state, follow=False)) == []
