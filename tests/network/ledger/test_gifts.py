"""Donations and transfers: points change hands, issuers stay."""

from __future__ import annotations

from typing import Any

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import CONSENT_PURPOSE_TRANSFER
from coalition.v1.network_pb2 import CampaignOffer
from tests.network.ledger.desk import Desk, facts, parts
from tests.network.town import CHARITY, FUND, NETWORK_ID, key_of


@pytest.fixture(autouse=True)
def funded(desk: Desk) -> None:
    desk.ok("grocer", desk.issue("anna", 100))
    desk.ok("butcher", desk.issue("anna", 100))


def campaign(desk: Desk, signer: str = CHARITY, **fields: Any) -> pb.Transaction:
    """A second campaign of the school, in February."""
    values = {
        "network_id": NETWORK_ID,
        "campaign_id": "roof",
        "charity": CHARITY,
        "fund_id": "fund-roof",
        "title": "A new roof",
        "goal_points": 1_000,
        "starts_on": "2024-02-01",
        "ends_on": "2024-02-20",
    }
    message = CampaignOffer(**(values | fields))
    signed = sign_document(dsse.CAMPAIGN, message, key_of(signer))
    return desk.transaction(open_campaign=pb.OpenCampaign(campaign=signed))


def donate(desk: Desk, fund_id: str, points: int) -> pb.Transaction:
    made = desk.donate("anna", "grocer", points)
    consent = desk.consent_by(key_of("anna"), "anna", "grocer", points, purpose=2, recipient_id=fund_id)
    made.donate.fund_id = fund_id
    made.donate.consent.CopyFrom(consent)
    return made


def test_a_gift_loses_its_expiry_and_keeps_its_issuers(desk: Desk) -> None:
    """The outcome shows what the member gave; the fund holds it for ever."""
    gift = desk.ok("grocer", desk.donate("anna", "grocer", 150))

    assert parts(gift) == [("grocer", "2024-02-29", 100), ("butcher", "2024-02-29", 50)]
    assert set(desk.lots(FUND)) == {("grocer", "9999-12-31", "", 100), ("butcher", "9999-12-31", "", 50)}
    assert gift.balance.holder_id == "anna"


def test_a_fund_raises_what_it_was_given_spent_or_not(desk: Desk) -> None:
    """Spending from a fund does not lower what the campaign shows."""
    desk.ok("grocer", desk.donate("anna", "grocer", 50))
    consent = desk.consent_by(key_of(CHARITY), FUND, "pharmacy", 30)
    desk.ok("pharmacy", desk.redeem_with(consent, FUND, 30))

    fund = desk.state.holders.get(FUND)
    assert fund is not None
    assert (fund.points, fund.raised_points) == (20, 50)


def test_gifts_go_from_members_to_funds(desk: Desk) -> None:
    """A member is no fund, and a fund gives nothing away."""
    assert desk.why("grocer", donate(desk, "bert", 1)) == "HOLDER_KIND_WRONG"
    assert desk.why("grocer", donate(desk, "nobody", 1)) == "HOLDER_UNKNOWN"
    back = desk.donate("anna", "grocer", 1)
    back.donate.holder_id = FUND
    assert desk.why("grocer", back) == "HOLDER_KIND_WRONG"


def test_a_campaign_takes_gifts_while_it_runs(desk: Desk) -> None:
    """From the first moment of its first day to the last of its last."""
    desk.ok("operator", campaign(desk))
    desk.at("2024-01-31 23:59:59.999999")
    assert desk.why("grocer", donate(desk, "fund-roof", 1)) == "CAMPAIGN_NOT_RUNNING"
    assert desk.why("grocer", donate(desk, "fund-roof", 1)) == "accepted"
    desk.at("2024-02-20 23:59:59.999999")
    assert desk.why("grocer", donate(desk, "fund-roof", 1)) == "accepted"
    assert facts(desk.say("grocer", donate(desk, "fund-roof", 1))[0]) == {
        "campaign_id": "roof",
        "starts_on": "2024-02-01",
        "ends_on": "2024-02-20",
        "day": "2024-02-21",
    }


def test_a_fund_without_a_campaign_always_takes_gifts(desk: Desk) -> None:
    """A charity's general pot has no dates."""
    desk.ok(CHARITY, desk.transaction(enrol=pb.Enrol(holder_id="general", kind=2)))

    assert desk.why("grocer", donate(desk, "general", 1)) == "accepted"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"network_id": "harbour"}, "COUNTERSIGNATURE_MISSING"),
        ({"signer": "operator"}, "COUNTERSIGNATURE_MISSING"),
        ({"charity": "grocer", "signer": "grocer"}, "COUNTERSIGNATURE_MISSING"),
        ({"charity": "stranger"}, "PARTY_UNKNOWN"),
        ({"campaign_id": "garden"}, "CAMPAIGN_EXISTS"),
        ({"fund_id": FUND}, "HOLDER_EXISTS"),
        ({"fund_id": "anna"}, "HOLDER_EXISTS"),
        ({"starts_on": "2024-01-01", "ends_on": "2024-01-09"}, "DATE_INVALID"),
    ],
)
def test_a_campaign_is_the_charitys_own(desk: Desk, fields: dict[str, Any], reason: str) -> None:
    """Signed by it, under a new id with a new fund, and not over before it begins."""
    assert desk.why("operator", campaign(desk, **fields)) == reason


def test_a_transfer_keeps_issuer_and_expiry(desk: Desk) -> None:
    """The recipient has no longer to spend the points than the giver had, and takes no pending ones."""
    desk.ok("grocer", desk.issue("anna", 100, available_on="2024-01-20"))

    assert desk.why("grocer", desk.transfer("anna", "bert", "grocer", 201)) == "INSUFFICIENT_POINTS"
    sent = desk.ok("grocer", desk.transfer("anna", "bert", "grocer", 150))
    assert parts(sent) == [("grocer", "2024-02-29", 100), ("butcher", "2024-02-29", 50)]
    assert desk.balance("bert") == (150, 0)
    assert sent.balance.available_points == 50


def test_a_transfer_is_between_members(desk: Desk) -> None:
    """Neither to nor from a fund: that would be a donation, or take points back from a charity."""
    to_fund = desk.transfer("anna", FUND, "grocer", 1)
    assert desk.why("grocer", to_fund) == "HOLDER_KIND_WRONG"
    desk.ok("grocer", desk.donate("anna", "grocer", 10))
    from_fund = desk.transfer("anna", "bert", "grocer", 1)
    from_fund.transfer.holder_id = FUND
    assert desk.why("grocer", from_fund) == "HOLDER_KIND_WRONG"


def test_a_transfer_goes_where_its_consent_says(desk: Desk) -> None:
    """A consent names the recipient; nobody diverts the points."""
    desk.ok("grocer", desk.enrol("cleo"))
    consent = desk.consent_by(
        key_of("anna"), "anna", "grocer", 10, purpose=CONSENT_PURPOSE_TRANSFER, recipient_id="bert"
    )
    diverted = pb.Transfer(holder_id="anna", recipient_id="cleo", points=10, consent=consent)

    assert desk.why("grocer", desk.transaction(transfer=diverted)) == "CONSENT_MISMATCH"


def test_nothing_goes_to_a_closed_account(desk: Desk) -> None:
    """Neither issues nor transfers nor donations nor corrections."""
    close = desk.transaction(close=pb.Close(holder_id="bert", order=desk.order("bert", close=True)))
    desk.ok("grocer", close)
    desk.ok(CHARITY, desk.transaction(close=pb.Close(holder_id=FUND)))

    assert desk.why("grocer", desk.issue("bert", 1)) == "HOLDER_CLOSED"
    assert desk.why("grocer", desk.transfer("anna", "bert", "grocer", 1)) == "HOLDER_CLOSED"
    assert desk.why("grocer", desk.donate("anna", "grocer", 1)) == "HOLDER_CLOSED"
    adjust = desk.adjust("bert", "grocer", 1)
    assert desk.why("operator", adjust, keys=(key_of("operator"), key_of("operator-2"))) == "HOLDER_CLOSED"
