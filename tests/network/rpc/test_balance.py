"""Balances: every expiry, what is pending, what is held, and what is past its date."""

from __future__ import annotations

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import Refused, reason_name
from coalition.v1 import consent_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import Consent
from coalition.v1.directory_service_pb2 import GetNetworkRequest, GetPartyRequest, ListCampaignsRequest
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.ledger_service_pb2 import GetBalanceRequest, GetBalanceResponse
from tests.databases import BOTH
from tests.network.conftest import HUB_POLICY, RunningHub
from tests.network.town import DAY_US, FUND, NETWORK_ID, key_of

pytestmark = pytest.mark.engines(*BOTH)


def balance(hub: RunningHub, caller: str = "grocer", holder_id: str = "anna") -> GetBalanceResponse:
    answer = hub.ask(caller, hub.ledger.GetBalance, GetBalanceRequest(holder_id=holder_id))
    assert isinstance(answer, GetBalanceResponse)
    return answer


def test_every_expiry_is_listed_and_adds_up(hub: RunningHub) -> None:
    """Lots stand by expiry and add up to what is available and pending."""
    town = hub.town
    hub.commit("grocer", town.enrol("anna"), town.issue("anna", 100))
    hub.commit("pharmacy", town.issue("anna", 30, available_on="2024-01-20"))
    hub.clock.advance(days=31)
    hub.commit("grocer", town.issue("anna", 50))
    answer = balance(hub)
    assert [(lot.issuer, lot.expires_on, lot.points) for lot in answer.lots] == [
        ("", "2024-03-31", 30),
        ("grocer", "2024-03-31", 100),
        ("grocer", "2024-04-30", 50),
    ]
    assert answer.balance.available_points == 180


def test_pending_points_become_available(hub: RunningHub) -> None:
    """Points with a date are pending until their day, in the network's time zone, without anybody's doing."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 40, available_on="2024-01-11"))
    before = balance(hub)
    assert (before.balance.available_points, before.balance.pending_points) == (0, 40)
    assert before.lots[0].available_on == "2024-01-11"
    hub.clock.advance(hours=14)
    after = balance(hub)
    assert (after.balance.available_points, after.balance.pending_points) == (40, 0)
    assert after.lots[0].available_on == ""


def test_points_past_their_date_are_gone_before_they_are_swept(hub: RunningHub) -> None:
    """The day after the last day they are neither counted nor listed."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 40))
    hub.clock.advance(days=81)
    assert balance(hub).balance.available_points == 40
    hub.clock.advance(days=1)
    answer = balance(hub)
    assert answer.balance.available_points == 0
    assert list(answer.lots) == []


def test_held_points_are_not_available(hub: RunningHub) -> None:
    """Available is what is left beside holds."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100), hub.town.hold("anna", "grocer", 60))
    answer = balance(hub)
    assert (answer.balance.available_points, answer.balance.held_points) == (40, 60)


def test_arrears_are_told_as_one_figure(hub: RunningHub) -> None:
    """After a refund of spent points the debt is shown, without to whom."""
    issue = hub.town.issue("anna", 100)
    hub.commit("grocer", hub.town.enrol("anna"), issue)
    hub.commit("pharmacy", hub.town.redeem("anna", "pharmacy", 70))
    hub.commit("grocer", hub.town.reverse(issue, 100))
    answer = balance(hub, "pharmacy")
    assert (answer.balance.available_points, answer.balance.arrears_points) == (0, 70)
    assert list(answer.lots) == []


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (GetBalanceRequest(), "FIELD_INVALID"),
        (GetBalanceRequest(holder_id="what is this"), "FIELD_INVALID"),
        (GetBalanceRequest(alias=""), "FIELD_INVALID"),
        (GetBalanceRequest(holder_id="nobody"), "NOT_FOUND"),
        (GetBalanceRequest(alias="nobody"), "NOT_FOUND"),
    ],
)
def test_unknown_holder_is_told_from_a_wrong_question(
    shared_hub: RunningHub, request_: GetBalanceRequest, reason: str
) -> None:
    """A wrong question and an unknown holder have different errors."""
    with pytest.raises(Refused) as caught:
        shared_hub.ask("grocer", shared_hub.ledger.GetBalance, request_)
    assert reason_name(caught.value.reason) == reason


def test_campaign_shows_raised_and_available(hub: RunningHub) -> None:
    """What a campaign has raised stays when the fund spends, so that the total never goes down."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100), hub.town.donate("anna", "grocer", 80))
    redeem = pb.Redeem(holder_id=FUND, points=30, consent=consent_of_fund(hub, "pharmacy", 30))
    hub.commit("pharmacy", hub.town.transaction(redeem=redeem))
    (campaign,) = hub.ask("grocer", hub.directory.ListCampaigns, ListCampaignsRequest()).campaigns
    assert (campaign.raised_points, campaign.available_points) == (80, 50)
    assert campaign.offer.title == "A garden for the school"
    assert not hub.ask("grocer", hub.directory.ListCampaigns, ListCampaignsRequest(charity="nobody")).campaigns


def consent_of_fund(hub: RunningHub, acceptor: str, points: int) -> SignedDocument:
    """A consent of the fund, by its charity's key."""
    message = Consent(
        network_id=NETWORK_ID,
        holder_id=FUND,
        acceptor=acceptor,
        purpose=consent_pb2.CONSENT_PURPOSE_REDEEM,
        points_max=points,
        nonce=hub.town.unique(),
        expires_us=hub.clock() + DAY_US,
    )
    return sign_document(dsse.CONSENT, message, key_of("school"))


def test_network_says_what_a_client_needs(shared_hub: RunningHub) -> None:
    """Id, zone, currency, keys, policy, limits and time, without a token."""
    network = shared_hub.ask("", shared_hub.directory.GetNetwork, GetNetworkRequest())
    assert (network.network_id, network.time_zone, network.currency, network.currency_exponent) == (
        "town",
        "Europe/Berlin",
        "EUR",
        2,
    )
    assert list(network.hub_keys) == [key_of("hub").public]
    assert network.policy == HUB_POLICY
    assert (network.envelope_transactions_max, network.envelope_bytes_max) == (1_000, 1 << 20)
    assert network.now_us == shared_hub.clock()


def test_unknown_party_is_not_found(shared_hub: RunningHub) -> None:
    """A party that is not there, and a name that cannot be one, are told apart."""
    for name, reason in (("nobody", "NOT_FOUND"), ("No Body", "FIELD_INVALID")):
        with pytest.raises(Refused) as caught:
            shared_hub.ask("grocer", shared_hub.directory.GetParty, GetPartyRequest(party_id=name))
        assert reason_name(caught.value.reason) == reason
