"""What tills and shops do, against a real hub."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from coalition.keys import SigningKey
from partner_sdk import Client, Holdings, Kind, OrderAction, new_transaction_id
from partner_sdk.errors import (
    AliasTaken,
    AliasUnknown,
    ConsentMismatch,
    ConsentRequired,
    ConsentTooSmall,
    ConsentUsed,
    FieldInvalid,
    HolderClosed,
    HolderExists,
    HolderUnknown,
    HoldExceeded,
    HoldResolved,
    IdConflict,
    InsufficientPoints,
    LastKey,
    NotFound,
    NotReversible,
    PledgeEnded,
    ReversalExceedsOriginal,
)
from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Wallet


def test_issues_points(network: LocalNetwork, grocer: Client) -> None:
    """An issue gives the balance, the lot it filled with its expiry, and where and when it was committed."""
    anna = network.member()
    result = grocer.issue(anna.holder_id, 12, reference="receipt 1", purchase_amount_minor=1_249)
    assert (result.kind, result.points, result.accepted, result.replayed) == (Kind.ISSUE, 12, True, False)
    assert (result.balance.available, result.balance.pending, result.balance.held) == (12, 0, 0)
    assert result.expires_on == date(2027, 1, 31)
    assert result.allocations[0].issuer == "grocer"
    assert result.committed_at - network.now < timedelta(seconds=1)
    assert result.committed_at.tzinfo is UTC
    assert result.arrears_repaid == 0
    record = grocer.transaction(result.transaction_id)
    assert (record.sequence, record.author) == (result.sequence, "grocer")
    assert record.details["purchase_amount_minor"] == 1_249


def test_pending_points_wait_for_their_day(network: LocalNetwork, grocer: Client) -> None:
    """Points that become available later are shown apart, with the day."""
    anna = network.member()
    tomorrow = network.today + timedelta(days=1)
    result = grocer.issue(anna.holder_id, 5, available_on=tomorrow)
    assert (result.balance.available, result.balance.pending) == (0, 5)
    assert grocer.balance(anna.holder_id).lots[0].available_on == tomorrow


def test_redeems_with_consent(network: LocalNetwork, grocer: Client, pharmacy: Client) -> None:
    """Points issued by one are redeemed by another, with a consent that was scanned as text."""
    anna = network.member(points=100)
    scanned = anna.consent_to_redeem("pharmacy", 50).text()
    result = pharmacy.redeem(anna.holder_id, 40, consent=type(anna.consent_to_redeem("x1", 1)).from_text(scanned))
    assert (result.points, result.balance.available) == (40, 60)
    assert [(part.issuer, part.points) for part in result.allocations] == [("grocer", 40)]


def test_consents_bind(network: LocalNetwork, grocer: Client, pharmacy: Client) -> None:
    """A consent is for one acceptor, up to its points, once."""
    anna = network.member(points=100)
    with pytest.raises(ConsentMismatch, match="its acceptor is grocer, the transaction's pharmacy"):
        pharmacy.redeem(anna.holder_id, 10, consent=anna.consent_to_redeem("grocer", 10))
    with pytest.raises(ConsentTooSmall, match="allows 10 points, 11 asked"):
        grocer.redeem(anna.holder_id, 11, consent=anna.consent_to_redeem("grocer", 10))
    consent = anna.consent_to_redeem("grocer", 10)
    first = grocer.redeem(anna.holder_id, 10, consent=consent)
    with pytest.raises(ConsentUsed, match=f"by entry {first.sequence}"):
        grocer.redeem(anna.holder_id, 10, consent=consent)
    assert grocer.balance(anna.holder_id).available == 90


def test_small_amounts_may_need_no_consent(network: LocalNetwork, grocer: Client) -> None:
    """The policy of this network lets 20 points go without consent, and no more."""
    anna = network.member(points=100)
    assert grocer.redeem(anna.holder_id, 20).balance.available == 80
    with pytest.raises(ConsentRequired, match="21 points need the holder's consent") as caught:
        grocer.redeem(anna.holder_id, 21)
    assert caught.value.facts["limit"] == "20"


def test_says_how_many_points_are_missing(network: LocalNetwork, grocer: Client) -> None:
    """The error of a redemption that is too large has the figures, and the outcome that was journaled."""
    anna = network.member(points=30)
    with pytest.raises(InsufficientPoints) as caught:
        grocer.redeem(anna.holder_id, 200, consent=anna.consent_to_redeem("grocer", 200))
    error = caught.value
    assert (error.available, error.asked, error.reason) == (30, 200, "INSUFFICIENT_POINTS")
    assert str(error) == f"{anna.holder_id} has 30 points available, 200 asked."
    assert error.outcome is not None
    assert not error.outcome.accepted
    assert grocer.transaction(error.outcome.transaction_id).outcome.reason == "INSUFFICIENT_POINTS"


def test_donates_and_transfers(network: LocalNetwork, grocer: Client, school: Client) -> None:
    """Points go to a fund, where they no longer expire, and to another member."""
    anna, otto = network.member(points=100), network.member()
    fund = network.fund("school").holder_id
    given = grocer.donate(anna.holder_id, fund, 30, consent=anna.consent_to_donate("grocer", fund, 30))
    assert (given.fund_id, given.points, given.balance.available) == (fund, 30, 70)
    assert [lot.expires_on for lot in school.balance(fund).lots] == [None]
    moved = grocer.transfer(
        anna.holder_id, otto.holder_id, 20, consent=anna.consent_to_transfer("grocer", otto.holder_id, 20)
    )
    assert (moved.recipient_id, moved.balance.available) == (otto.holder_id, 50)
    assert grocer.balance(otto.holder_id).available == 20


def test_holds_and_captures(network: LocalNetwork, grocer: Client) -> None:
    """A hold sets points aside, a capture takes some of them and gives the rest back, once."""
    anna = network.member(points=100)
    held = grocer.hold(anna.holder_id, 60, consent=anna.consent_to_redeem("grocer", 60), lifetime=timedelta(hours=2))
    assert (held.balance.available, held.balance.held) == (40, 60)
    assert held.expires_at == network.now + timedelta(hours=2)
    with pytest.raises(HoldExceeded, match="60 points are held, 61 asked"):
        grocer.capture(held.hold_id, 61)
    captured = grocer.capture(held.hold_id, 45)
    assert (captured.points, captured.balance.available, captured.balance.held) == (45, 55, 0)
    with pytest.raises(HoldResolved):
        grocer.release(held.hold_id)


def test_releases_a_hold(network: LocalNetwork, grocer: Client) -> None:
    """A released hold gives all its points back."""
    anna = network.member(points=100)
    held = grocer.hold(
        anna.holder_id, 60, consent=anna.consent_to_redeem("grocer", 60), expires_at=network.now + timedelta(minutes=5)
    )
    released = grocer.release(held.hold_id)
    assert released.balance is not None
    assert (released.balance.available, released.balance.held) == (100, 0)


def test_a_hold_ends_one_way(network: LocalNetwork, grocer: Client) -> None:
    """A lifetime and an end together are an error before anything is sent."""
    anna = network.member(points=10)
    consent = anna.consent_to_redeem("grocer", 10)
    with pytest.raises(FieldInvalid, match="not both"):
        grocer.hold(anna.holder_id, 10, consent=consent, lifetime=timedelta(minutes=1), expires_at=network.now)


def test_reverses_an_issue(network: LocalNetwork, grocer: Client) -> None:
    """A refund takes the points back; what was spent becomes arrears, which the next issue repays."""
    anna = network.member()
    bought = grocer.issue(anna.holder_id, 50)
    grocer.redeem(anna.holder_id, 20)
    part = grocer.reverse(bought.transaction_id, 10)
    assert (part.became_arrears, part.balance.available, part.original.kind) == (0, 20, Kind.ISSUE)
    rest = grocer.reverse(bought.transaction_id, 40, reference="refund 2")
    assert (rest.became_arrears, rest.balance.available, rest.balance.arrears) == (20, 0, 20)
    assert rest.original.sequence == bought.sequence
    with pytest.raises(ReversalExceedsOriginal, match="Of 50 points 50 were reversed before, 1 asked"):
        grocer.reverse(bought.transaction_id, 1)
    again = grocer.issue(anna.holder_id, 30)
    assert (again.arrears_repaid, again.balance.available, again.balance.arrears) == (20, 10, 0)
    with pytest.raises(NotReversible):
        grocer.reverse(part.transaction_id, 1)


def test_reverses_a_redemption(network: LocalNetwork, grocer: Client) -> None:
    """A refund of a redemption gives the points back to the holder."""
    anna = network.member(points=100)
    spent = grocer.redeem(anna.holder_id, 40, consent=anna.consent_to_redeem("grocer", 40))
    back = grocer.reverse(spent.transaction_id, 15)
    assert (back.balance.available, back.original.kind, back.became_arrears) == (75, Kind.REDEEM, 0)


def test_keeps_ids_unique(network: LocalNetwork, grocer: Client) -> None:
    """The same id and contents are answered with the first outcome; the same id with others is an error."""
    anna = network.member()
    chosen = new_transaction_id(network.clock)
    first = grocer.issue(anna.holder_id, 5, transaction_id=chosen)
    again = grocer.issue(anna.holder_id, 5, transaction_id=chosen)
    assert first.transaction_id == chosen
    assert (again.replayed, again.sequence, again.balance) == (True, first.sequence, first.balance)
    with pytest.raises(IdConflict) as caught:
        grocer.issue(anna.holder_id, 6, transaction_id=chosen)
    assert caught.value.transaction_ids == (chosen,)
    assert isinstance(caught.value, ValueError)
    assert grocer.balance(anna.holder_id).available == 5


@pytest.mark.parametrize(
    ("points", "options", "text"),
    [
        (0, {}, "transaction.issue.points must be from 1"),
        (-3, {}, "transaction.issue.points must be from 1"),
        (10**13, {}, "transaction.issue.points must be from 1"),
        (2**70, {}, "issue:"),
        (5, {"reason": "x" * 41}, "reason must be"),
        (5, {"reference": "x\n"}, "reference must be"),
        (5, {"available_on": datetime(2025, 1, 1, tzinfo=UTC)}, "Give a date"),
        (5, {"transaction_id": "receipt 5"}, "not a UUIDv7"),
        (5, {"transaction_id": "00000000-0000-4000-8000-000000000000"}, "not a UUIDv7"),
    ],
)
def test_wrong_input_never_leaves_the_till(grocer: Client, points: int, options: dict[str, object], text: str) -> None:
    """What no hub would take is a ValueError that names the field, before anything is sent."""
    with pytest.raises(FieldInvalid, match=text) as caught:
        grocer.issue("nobody", points, **options)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValueError)


def test_enrols_with_alias(network: LocalNetwork, grocer: Client, pharmacy: Client) -> None:
    """A member is found by a card number, which belongs to one member at a time."""
    grocer.enrol("karl", alias="card 17")
    assert grocer.holder(alias="card 17").holder_id == "karl"
    assert isinstance(grocer.balance(alias="card 17"), Holdings)
    with pytest.raises(HolderExists, match="karl is taken"):
        pharmacy.enrol("karl")
    with pytest.raises(AliasTaken):
        grocer.enrol("karla", alias="card 17")
    grocer.set_alias("karl", "card 17", remove=True)
    with pytest.raises(AliasUnknown, match="card 17 is not tied to karl"):
        grocer.set_alias("karl", "card 17", remove=True)
    with pytest.raises(NotFound, match="card 17"):
        grocer.balance(alias="card 17")
    grocer.set_alias("karl", "card 18")
    assert grocer.balance(alias="card 18").holder_id == "karl"


def test_a_holder_changes_its_keys(network: LocalNetwork, grocer: Client) -> None:
    """A new phone's key is added and an old one removed by the holder's own orders; the last key stays."""
    anna = network.member(points=10)
    new = Wallet.generate(network.network_id, anna.holder_id, clock=network.clock)
    order = anna.order_to_add_key(new.public_key)
    assert (order.action, order.public_key) == (OrderAction.ADD_KEY, new.public_key)
    grocer.add_key(anna.holder_id, new.public_key, order=order)
    grocer.redeem(anna.holder_id, 10, consent=new.consent_to_redeem("grocer", 10))
    grocer.remove_key(anna.holder_id, anna.public_key, order=new.order_to_remove_key(anna.public_key))
    assert grocer.holder(anna.holder_id).public_keys == (new.public_key,)
    with pytest.raises(LastKey):
        grocer.remove_key(anna.holder_id, new.public_key, order=new.order_to_remove_key(new.public_key))


def test_a_first_key_needs_no_order(grocer: Client) -> None:
    """Who enrolled a member without a key may add its first one."""
    grocer.enrol("berta")
    grocer.add_key("berta", SigningKey.generate().public)
    assert len(grocer.holder("berta").public_keys) == 1


def test_closes_an_account(network: LocalNetwork, grocer: Client) -> None:
    """An empty account is closed by its holder's order, and takes nothing any more."""
    anna = network.member()
    grocer.close_holder(anna.holder_id, order=anna.order_to_close())
    with pytest.raises(HolderClosed):
        grocer.issue(anna.holder_id, 1)


def test_pledges(network: LocalNetwork, grocer: Client) -> None:
    """A pledge gives a share of what is earned, until it is revoked by its holder."""
    anna = network.member()
    fund = network.fund("school").holder_id
    offer = anna.pledge(fund, share_bps=1_000, points_max=500, ends_on=network.today + timedelta(days=90))
    pledge = grocer.pledge(offer)
    grocer.issue(anna.holder_id, 200)
    network.operator.sweep()
    assert grocer.balance(anna.holder_id).available == 180
    grocer.revoke_pledge(pledge.pledge_id, order=anna.order_to_revoke_pledge(pledge.pledge_id))
    with pytest.raises(PledgeEnded):
        grocer.revoke_pledge(pledge.pledge_id, order=anna.order_to_revoke_pledge(pledge.pledge_id))


def test_one_time_codes(network: LocalNetwork, grocer: Client, pharmacy: Client) -> None:
    """A member reads out a code; the till turns it into a consent that the hub vouches for."""
    anna = network.member(points=100)
    code = grocer.create_code(anna.code_request(60))
    assert len(code.code) == 8
    consent = pharmacy.exchange_code(code.code, 50, holder_id=anna.holder_id)
    assert (consent.acceptor, consent.holder_id) == ("pharmacy", anna.holder_id)
    assert pharmacy.redeem(anna.holder_id, 50, consent=consent).balance.available == 50


def test_a_batch_gives_each_its_result(network: LocalNetwork, grocer: Client) -> None:
    """Transactions of a batch are sent together; each has its own result or its own error."""
    anna = network.member(points=10)
    with grocer.batch() as batch:
        earned = batch.issue(anna.holder_id, 5)
        refused = batch.redeem(anna.holder_id, 10_000, consent=anna.consent_to_redeem("grocer", 10_000))
        spent = batch.redeem(anna.holder_id, 15)
        assert len(batch) == 3
        with pytest.raises(RuntimeError, match="was not sent"):
            earned.result()
    assert earned.result().balance.available == 15
    assert earned.result().transaction_id == earned.transaction_id
    assert spent.result().balance.available == 0
    with pytest.raises(InsufficientPoints):
        refused.result()
    assert refused.outcome is not None
    assert [item.error is None for item in batch.pending] == [True, False, True]
    assert batch.send() == ()


def test_an_atomic_batch_is_all_or_nothing(network: LocalNetwork, grocer: Client) -> None:
    """Where one of an atomic batch is rejected, nothing of it takes effect."""
    anna = network.member(points=10)
    with grocer.batch(atomic=True) as batch:
        earned = batch.issue(anna.holder_id, 5)
        refused = batch.redeem("nobody-at-all", 1)
    assert earned.error is not None
    assert "because transaction" in str(earned.error)
    assert isinstance(refused.error, HolderUnknown)
    assert grocer.balance(anna.holder_id).available == 10


def test_an_exception_in_a_batch_sends_nothing(network: LocalNetwork, grocer: Client) -> None:
    """What was collected before an exception is not sent."""
    anna = network.member()

    def interrupted() -> None:
        with grocer.batch() as batch:
            batch.issue(anna.holder_id, 5)
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert grocer.balance(anna.holder_id).available == 0


def test_a_large_batch_goes_in_several_envelopes(network: LocalNetwork, grocer: Client) -> None:
    """More than a thousand transactions are split by themselves, in order."""
    anna = network.member()
    with grocer.batch() as batch:
        for number in range(1_001):
            batch.issue(anna.holder_id, 1, reference=f"{number}")
    sequences = [item.result().sequence for item in batch.pending]
    assert sequences == list(range(sequences[0], sequences[0] + 1_001))
    assert grocer.balance(anna.holder_id).available == 1_001
