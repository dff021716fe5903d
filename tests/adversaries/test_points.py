"""People after points that are not theirs: what state rejects is in the journal with its reason, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import reason_name
from coalition.v1 import consent_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import Consent
from coalition.v1.operator_service_pb2 import SweepRequest
from tests.adversaries.witness import but_the_journal, rows_of
from tests.network.conftest import RunningHub
from tests.network.town import DAY_US, FUND, NETWORK_ID, Town, key_of

#: Makes a transaction and says who sends it.
Attempt = Callable[[Town], tuple[str, pb.Transaction]]


def with_consent(town: Town, signer: str = "anna", points: int = 10, **fields: Any) -> pb.Transaction:
    """A redemption of anna's points at the grocer, with a consent whose fields differ."""
    values = {
        "network_id": NETWORK_ID,
        "holder_id": "anna",
        "acceptor": "grocer",
        "purpose": consent_pb2.CONSENT_PURPOSE_REDEEM,
        "points_max": points,
        "nonce": town.unique(),
        "expires_us": town.now_us + DAY_US,
    }
    consent = sign_document(dsse.CONSENT, Consent(**(values | fields)), key_of(signer))
    return town.transaction(redeem=pb.Redeem(holder_id="anna", points=points, consent=consent))


def diverted(town: Town) -> pb.Transaction:
    """A gift that its consent means for a fund, sent to a member."""
    made = town.donate("anna", "grocer", 10)
    transfer = pb.Transfer(holder_id="anna", recipient_id="bert", points=10, consent=made.donate.consent)
    return town.transaction(transfer=transfer)


ATTEMPTS: dict[str, tuple[str, Attempt]] = {
    "consent for another acceptor": ("CONSENT_MISMATCH", lambda town: ("pharmacy", with_consent(town))),
    "consent of another network": (
        "CONSENT_MISMATCH",
        lambda town: ("grocer", with_consent(town, network_id="harbour")),
    ),
    "consent of another member": (
        "CONSENT_MISMATCH",
        lambda town: ("grocer", with_consent(town, "bert", holder_id="bert")),
    ),
    "consent to something else": ("CONSENT_MISMATCH", lambda town: ("grocer", diverted(town))),
    "consent signed by the till": ("CONSENT_KEY_UNKNOWN", lambda town: ("grocer", with_consent(town, "grocer"))),
    "consent signed by a friend": ("CONSENT_KEY_UNKNOWN", lambda town: ("grocer", with_consent(town, "bert"))),
    "consent that is too small": ("CONSENT_TOO_SMALL", lambda town: ("grocer", with_consent(town, points_max=9))),
    "consent that has ended": ("CONSENT_EXPIRED", lambda town: ("grocer", with_consent(town, expires_us=town.now_us))),
    "more than there is": ("INSUFFICIENT_POINTS", lambda town: ("grocer", with_consent(town, points=100_000))),
    "more than policy lets pass": (
        "CONSENT_REQUIRED",
        lambda town: ("grocer", town.transaction(redeem=pb.Redeem(holder_id="anna", points=51))),
    ),
    "a pledge that nobody made": (
        "PLEDGE_UNKNOWN",
        lambda town: (
            "grocer",
            town.transaction(donate=pb.Donate(holder_id="anna", fund_id=FUND, points=1, pledge_id=town.unique())),
        ),
    ),
    "somebody else's purchase": (
        "ORIGINAL_UNKNOWN",
        lambda town: ("pharmacy", town.transaction(reverse=pb.Reverse(original_id=town.unique(), points=1))),
    ),
    "an account of somebody else": (
        "ORDER_REQUIRED",
        lambda town: ("pharmacy", town.transaction(close=pb.Close(holder_id="anna"))),
    ),
    "a key of one's own": (
        "ORDER_REQUIRED",
        lambda town: (
            "pharmacy",
            town.transaction(add_key=pb.AddKey(holder_id="anna", public_key=key_of("mallory").public)),
        ),
    ),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_an_attempt_is_rejected_and_changes_nothing_but_the_journal(town_hub: RunningHub, name: str) -> None:
    """The outcome names the reason, and every projection is as it was, row by row."""
    reason, make = ATTEMPTS[name]
    before = rows_of(town_hub)

    author, transaction = make(town_hub.town)
    (outcome,) = town_hub.submit(author, transaction)

    assert reason_name(outcome.reason) == reason
    after = rows_of(town_hub)
    assert but_the_journal(after) == but_the_journal(before)
    assert len(after["entries"]) == len(before["entries"]) + 1


def test_a_consent_seen_by_another_till_is_worthless(town_hub: RunningHub) -> None:
    """Used once it is used up, in the acceptor's own hands and in everybody else's."""
    town = town_hub.town
    first = town.redeem("anna", "grocer", 5)
    town_hub.commit("grocer", first)
    before = rows_of(town_hub)

    again = town.transaction(redeem=first.redeem)
    outcomes = [town_hub.submit(author, again)[0] for author in ("grocer", "pharmacy")]

    assert [reason_name(outcome.reason) for outcome in outcomes] == ["CONSENT_USED", "CONSENT_MISMATCH"]
    assert but_the_journal(rows_of(town_hub)) == but_the_journal(before)


def test_a_refund_gives_back_no_more_than_was_paid(town_hub: RunningHub) -> None:
    """However it is cut into parts and envelopes."""
    town = town_hub.town
    redeemed = town.redeem("bert", "grocer", 30)
    town_hub.commit("grocer", redeemed)

    reversals = [town_hub.submit("grocer", *(town.reverse(redeemed, 7) for _ in range(3))) for _ in range(2)]

    accepted = [not outcome.reason for outcomes in reversals for outcome in outcomes]
    assert accepted == [True] * 4 + [False] * 2


def test_a_pledge_under_a_taken_id_does_not_stop_the_others(town_hub: RunningHub) -> None:
    """Two parties may choose the same transaction id; what the hub gives for each pledge is still its own."""
    town = town_hub.town
    honest, copied = town.pledge("anna"), town.pledge("bert")
    copied.transaction_id = honest.transaction_id
    town_hub.commit("grocer", honest)
    town_hub.commit("pharmacy", copied)
    town_hub.commit("grocer", town.issue("anna", 50), town.issue("bert", 50))

    swept = town_hub.ask("operator", town_hub.operator.Sweep, SweepRequest())

    assert swept.points_donated == 10
