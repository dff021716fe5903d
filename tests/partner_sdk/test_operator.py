"""What the network's operator does, against a real hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from coalition.keys import SigningKey
from partner_sdk import Client, Funding, Kind, PartyKind, PartyStatus, Policy
from partner_sdk.errors import (
    ConfigurationError,
    CountersignatureMissing,
    KindNotAllowed,
    NoticeTooShort,
    PacksNotAgreed,
    PartyExists,
    PartySuspended,
    WindowNotOpen,
)
from partner_sdk.operator import CampaignOffer, KeyChange, Operator, PartyApplication, TermsOffer
from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Wallet


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    """A network of its own: what an operator does concerns everybody in it."""
    with LocalNetwork() as network:
        yield network


@pytest.fixture(scope="module")
def operator(network: LocalNetwork) -> Operator:
    return network.operator


def test_admits_a_party_that_applied(network: LocalNetwork, operator: Operator) -> None:
    """An application and terms that came as text make a partner that can issue."""
    key = SigningKey.generate()
    application = PartyApplication.sign(
        [key], network_id=network.network_id, party_id="baker", kind=PartyKind.PARTNER, display_name="Baker & Co."
    )
    terms = TermsOffer.sign(
        key,
        network_id=network.network_id,
        party_id="baker",
        effective_on=network.today,
        price_micros=11_000,
        reimbursement_micros=8_500,
    )
    operator.register_party(PartyApplication.from_text(application.text()))
    operator.publish_terms(TermsOffer.from_text(terms.text()))
    with pytest.raises(PartyExists, match="baker is taken"):
        operator.register_party(application)
    with Client(replace(network.connection("grocer"), party_id="baker", keys=(key,))) as baker:
        assert baker.issue(network.member().holder_id, 5).allocations[0].issuer == "baker"
        assert baker.terms()[0].price_micros == 11_000
    assert operator.party("baker").display_name == "Baker & Co."


def test_later_terms_need_notice(network: LocalNetwork, operator: Operator) -> None:
    """Terms that change something hold no sooner than the notice period says."""

    def terms(days: int) -> TermsOffer:
        return TermsOffer.sign(
            network.key("florist"),
            network_id=network.network_id,
            party_id="florist",
            effective_on=network.today + timedelta(days=days),
            price_micros=12_000,
            reimbursement_micros=9_000,
        )

    with pytest.raises(NoticeTooShort, match="the earliest day is"):
        operator.publish_terms(terms(29))
    operator.publish_terms(terms(30))
    assert [item.price_micros for item in operator.terms("florist")] == [10_000, 12_000]


def test_packs_are_agreed_on_and_ordered(network: LocalNetwork, operator: Operator) -> None:
    """Terms say how they are funded; who agreed on packs orders them, and nobody else."""
    key = SigningKey.generate()
    named = {"network_id": network.network_id, "party_id": "kiosk"}
    operator.register_party(PartyApplication.sign([key], kind=PartyKind.PARTNER, display_name="Kiosk", **named))
    signed = TermsOffer.sign(
        key,
        **named,
        effective_on=network.today,
        price_micros=10_000,
        reimbursement_micros=0,
        funding=Funding.PACKS,
        pack_points=5_000,
        reorder_points=700,
        outstanding_points_max=10**6,
        alarm_bps=9_000,
    )
    terms = TermsOffer.from_text(signed.text())
    operator.publish_terms(terms)

    with Client(replace(network.connection("grocer"), party_id="kiosk", keys=(key,))) as kiosk:
        ordered = kiosk.order_pack(2, reference="PO-7")
        with kiosk.batch() as batch:
            batch.order_pack(1)
        (found,) = kiosk.terms()
    assert ordered.kind is Kind.ORDER_PACK
    for of in (terms, found):
        assert (of.funding, of.pack_points, of.reorder_points, of.alarm_bps) == (Funding.PACKS, 5_000, 700, 9_000)
    with network.client("grocer") as grocer:
        assert grocer.terms()[0].funding is Funding.ON_REDEMPTION
        with pytest.raises(PacksNotAgreed, match="know no packs"):
            grocer.order_pack(1)


def test_nobody_signs_for_another(
    network: LocalNetwork,
    operator: Operator,
) -> None:
    """A campaign needs its charity's own signature."""
    offer = CampaignOffer.sign(
        network.key("grocer"),
        network_id=network.network_id,
        campaign_id="books",
        charity="school",
        fund_id="books",
        title="Books",
        goal_points=1_000,
        starts_on=network.today,
        ends_on=network.today,
    )
    with pytest.raises(CountersignatureMissing, match="active key of school"):
        operator.open_campaign(offer)


def test_suspends_and_reinstates(network: LocalNetwork, operator: Operator) -> None:
    """A suspended party may not write until it is reinstated."""
    operator.set_party_status("pharmacy", PartyStatus.SUSPENDED, "audit")
    with pytest.raises(PartySuspended):
        network.client("pharmacy").enrol("emil")
    assert operator.party("pharmacy").status is PartyStatus.SUSPENDED
    operator.set_party_status("pharmacy", PartyStatus.ACTIVE, "audit passed")
    network.client("pharmacy").enrol("emil")


def test_rotates_a_partys_keys(network: LocalNetwork, operator: Operator) -> None:
    """A key change that the party signed takes effect; the journal stays verifiable across it."""
    new = SigningKey.generate()
    change = KeyChange.sign(
        network.key("shelter"),
        network_id=network.network_id,
        party_id="shelter",
        add_keys=[new.public],
        remove_keys=[network.key("shelter").public],
    )
    operator.change_party_keys(KeyChange.from_text(change.text()))
    with Client(replace(network.connection("shelter"), keys=(new,))) as shelter:
        shelter.enrol("frieda")
    newest = SigningKey.generate()
    operator.set_party_keys("shelter", add_keys=[newest.public])
    operator.set_party_keys("shelter", remove_keys=[new.public])
    parts = list(operator.follow_journal(follow=False))
    known = {party.party_id: party for party in parts[-1].state.parties}
    assert known["shelter"].keys == (newest.public,)


def test_changes_its_own_keys_with_both(network: LocalNetwork, operator: Operator) -> None:
    """The operator's keys change by the word of two people; whoever has one key only is told that it is not enough."""
    third = SigningKey.generate()
    change = KeyChange.sign(
        network.key("operator"), network_id=network.network_id, party_id="operator", add_keys=[third.public]
    )
    connection = network.connection("operator")
    alone = Operator(replace(connection, keys=connection.keys[:1]))
    with alone, pytest.raises(CountersignatureMissing, match="2 signatures of the operator"):
        alone.change_party_keys(change)
    operator.change_party_keys(change)
    assert third.public in operator.party("operator").public_keys


def test_changes_the_policy_with_notice(network: LocalNetwork, operator: Operator) -> None:
    """A new policy is published now and holds after the notice period."""
    policy: Policy = replace(operator.network().policy, unconsented_points_max=7)
    operator.set_policy(policy, network.today + timedelta(days=30))
    assert operator.network().policy.unconsented_points_max == 0


def test_closes_windows_in_turn(operator: Operator) -> None:
    """Only the open window can be closed."""
    operator.close_window(1)
    with pytest.raises(WindowNotOpen, match="that is window 2"):
        operator.close_window(1)
    operator.close_window(2)


def test_corrections_need_two_people(network: LocalNetwork, operator: Operator) -> None:
    """Adjusting and restoring keys are signed by two keys; a profile with one says what it lacks."""
    anna = network.member(points=10)
    operator.adjust_points(anna.holder_id, "grocer", -4, "counted twice", reference="ticket 9")
    assert network.client("grocer").balance(anna.holder_id).available == 6
    operator.adjust_obligation("grocer", "pharmacy", 1_500_000, "agreed")
    lost = anna.public_key
    phone = Wallet.generate(network.network_id, anna.holder_id, clock=network.clock)
    operator.restore_key(anna.holder_id, phone.public_key)
    operator.withdraw_key(anna.holder_id, lost)
    assert operator.holder(anna.holder_id).public_keys == (phone.public_key,)
    connection = network.connection("operator")
    with Operator(replace(connection, keys=connection.keys[:1])) as alone:
        with pytest.raises(ConfigurationError, match="signatures of 2 different keys"):
            alone.adjust_points(anna.holder_id, "grocer", 1, "alone")
        alone.set_alias(anna.holder_id, "card 99")


def test_sweeps_and_balances(network: LocalNetwork, operator: Operator) -> None:
    """A sweep does what is due; the totals of every issuer balance."""
    anna = network.member(points=100)
    grocer = network.client("grocer")
    grocer.hold(anna.holder_id, 60, consent=anna.consent_to_redeem("grocer", 60), lifetime=timedelta(minutes=1))
    network.clock.advance(seconds=61)
    swept = operator.with_timeout(60).sweep()
    assert swept.holds_released == 1
    totals = operator.trial_balance()
    assert totals.balances
    mine = next(item for item in totals.issuers if item.issuer == "grocer")
    assert mine.in_holds == 0
    assert mine.issued - mine.redeemed + mine.adjusted == mine.in_lots
    assert not replace(mine, issued=mine.issued + 1).balances


def test_partners_are_no_operators(network: LocalNetwork) -> None:
    """What only the operator may author is refused from anybody else."""
    with Operator(network.connection("grocer")) as impostor, pytest.raises(KindNotAllowed):
        impostor.close_window(1)
