"""Nobody spends a holder's points by knowing an id."""

from __future__ import annotations

from typing import Any

import pytest

from coalition.v1 import consent_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from tests.network.ledger.desk import Desk, facts
from tests.network.town import CHARITY, FUND, POLICY, key_of


@pytest.fixture(autouse=True)
def funded(desk: Desk) -> None:
    """Anna has points of two issuers."""
    desk.ok("grocer", desk.issue("anna", 500))
    desk.ok("butcher", desk.issue("anna", 500))


def redemption(desk: Desk, points: int = 60, signer: str = "anna", **consent: Any) -> pb.Transaction:
    """Of anna's points at the pharmacy, with a consent whose fields differ."""
    signed = desk.consent_by(key_of(signer), "anna", "pharmacy", consent.pop("points_max", points), **consent)
    return desk.redeem_with(signed, "anna", points)


@pytest.mark.parametrize(
    "consent",
    [
        {"network_id": "harbour"},
        {"holder_id": "bert"},
        {"acceptor": "butcher"},
        {"purpose": consent_pb2.CONSENT_PURPOSE_DONATE},
        {"purpose": consent_pb2.CONSENT_PURPOSE_TRANSFER},
        {"recipient_id": FUND},
    ],
    ids=lambda consent: "_".join(consent),
)
def test_a_consent_is_good_for_what_it_names_only(desk: Desk, consent: dict[str, Any]) -> None:
    """A consent of another network, holder, acceptor, purpose or recipient is rejected, saying which field differs."""
    rejected = desk.say("pharmacy", redemption(desk, **consent))[0]

    assert desk.why("pharmacy", redemption(desk, **consent)) == "CONSENT_MISMATCH"
    assert facts(rejected)["field"] == next(iter(consent))
    assert desk.balance("anna") == (1_000, 0)


@pytest.mark.parametrize("signer", ["bert", "pharmacy", "operator", "stranger", CHARITY])
def test_only_the_holders_keys_consent(desk: Desk, signer: str) -> None:
    """A signature of anybody else is none."""
    assert desk.why("pharmacy", redemption(desk, signer=signer)) == "CONSENT_KEY_UNKNOWN"


def test_a_removed_key_does_not_consent(desk: Desk) -> None:
    """A key speaks for the holder only while it is one of the holder's."""
    new = key_of("anna-2").public
    add = pb.AddKey(holder_id="anna", public_key=new, order=desk.order("anna", add_key=new))
    old = key_of("anna").public
    remove = pb.RemoveKey(holder_id="anna", public_key=old, order=desk.order("anna", remove_key=old))
    early = redemption(desk)
    desk.ok("grocer", desk.transaction(add_key=add), desk.transaction(remove_key=remove))

    assert desk.why("pharmacy", early) == "CONSENT_KEY_UNKNOWN"
    assert desk.why("pharmacy", redemption(desk, signer="anna-2")) == "accepted"


def test_a_consent_bounds_the_points(desk: Desk) -> None:
    """As many points as it allows, and not one more."""
    rejected = desk.say("pharmacy", redemption(desk, points=61, points_max=60))[0]

    assert facts(rejected) == {"consent": "60", "asked": "61"}
    assert desk.why("pharmacy", redemption(desk, points=61, points_max=60)) == "CONSENT_TOO_SMALL"
    assert desk.why("pharmacy", redemption(desk, points=60, points_max=60)) == "accepted"


def test_a_consent_ends_at_its_moment(desk: Desk) -> None:
    """One microsecond before its end it is good, at its end it is worthless."""
    end_us = desk.now_us + 1_000
    at_end, before_end = redemption(desk, expires_us=end_us), redemption(desk, expires_us=end_us)

    desk.now_us = end_us - 1
    assert desk.why("pharmacy", before_end) == "accepted"
    assert desk.why("pharmacy", at_end) == "CONSENT_EXPIRED"


def test_a_consent_is_used_once(desk: Desk) -> None:
    """The same consent in another transaction is rejected, in the same envelope and later, whatever it pays for."""
    consent = desk.consent_by(key_of("anna"), "anna", "pharmacy", 60)
    first, second, third = (desk.redeem_with(consent, "anna", points) for points in (10, 10, 20))
    held = desk.transaction(
        hold=pb.Hold(holder_id="anna", points=5, consent=consent, expires_us=desk.now_us + 1_000_000)
    )

    outcomes = desk.say("pharmacy", first, second)
    assert not outcomes[0].reason
    assert facts(outcomes[1]) == {"sequence": str(outcomes[0].sequence)}
    assert desk.why("pharmacy", third) == "CONSENT_USED"
    assert desk.why("pharmacy", held) == "CONSENT_USED"
    assert desk.balance("anna") == (990, 0)


def test_a_rejected_debit_does_not_use_the_consent_up(desk: Desk) -> None:
    """What changes nothing does not spend the holder's word either."""
    consent = desk.consent_by(key_of("anna"), "anna", "pharmacy", 2_000)

    assert desk.why("pharmacy", desk.redeem_with(consent, "anna", 1_001)) == "INSUFFICIENT_POINTS"
    assert desk.why("pharmacy", desk.redeem_with(consent, "anna", 1_000)) == "accepted"


def test_two_holders_may_use_the_same_nonce(desk: Desk) -> None:
    """A nonce is the holder's own."""
    desk.ok("grocer", desk.issue("bert", 60))
    nonce = desk.unique()

    for holder_id in ("anna", "bert"):
        consent = desk.consent_by(key_of(holder_id), holder_id, "pharmacy", 60, nonce=nonce)
        assert desk.why("pharmacy", desk.redeem_with(consent, holder_id, 60)) == "accepted"


def test_the_hub_vouches_for_a_code_to_redeem(desk: Desk) -> None:
    """A consent to redeem may be the hub's; to give points away it may not."""
    assert desk.why("pharmacy", desk.code("anna", "pharmacy", 60)) == "accepted"
    assert desk.why("butcher", desk.code("anna", "pharmacy", 60)) == "CONSENT_MISMATCH"
    gift = desk.consent_by(
        key_of("hub"), "anna", "pharmacy", 60, purpose=consent_pb2.CONSENT_PURPOSE_DONATE, recipient_id=FUND
    )
    donation = pb.Donate(holder_id="anna", fund_id=FUND, points=60, consent=gift)
    assert desk.why("pharmacy", desk.transaction(donate=donation)) == "CONSENT_KEY_UNKNOWN"


def test_the_hub_does_not_vouch_for_a_fund(desk: Desk) -> None:
    """Codes are for members; what a charity raised it spends with its own key."""
    desk.ok("grocer", desk.issue("anna", 50))
    desk.ok("grocer", desk.donate("anna", "grocer", 50))

    assert desk.why("grocer", desk.code(FUND, "grocer", 50)) == "CONSENT_KEY_UNKNOWN"


def test_the_hubs_old_key_vouches_for_nothing(desk: Desk) -> None:
    """When the hub's key is replaced, codes vouched for with the old one are worthless."""
    early = desk.code("anna", "pharmacy", 60)
    desk.ok("operator", desk.replace_key("hub", key_of("hub"), key_of("hub-2")))

    assert desk.why("pharmacy", early) == "CONSENT_KEY_UNKNOWN"
    assert desk.why("pharmacy", desk.code("anna", "pharmacy", 60, key_of("hub-2"))) == "accepted"


def test_a_funds_key_is_its_charitys(desk: Desk) -> None:
    """The charity consents for its fund; donors and other businesses do not."""
    desk.ok("grocer", desk.donate("anna", "grocer", 100))

    for signer, found in (("anna", "CONSENT_KEY_UNKNOWN"), ("grocer", "CONSENT_KEY_UNKNOWN"), (CHARITY, "accepted")):
        consent = desk.consent_by(key_of(signer), FUND, "pharmacy", 50)
        assert desk.why("pharmacy", desk.redeem_with(consent, FUND, 50)) == found


def test_small_redemptions_need_no_consent(desk: Desk) -> None:
    """As many points as policy says in one transaction, and as many a day for each acceptor."""
    small, large = POLICY.unconsented_points_max, POLICY.unconsented_points_per_day_max
    bare = [desk.redeem_with(None, "anna", small) for _ in range(large // small)]

    assert desk.why("pharmacy", desk.redeem_with(None, "anna", small + 1)) == "CONSENT_REQUIRED"
    assert desk.why("pharmacy", *bare) == "accepted"
    rejected = desk.say("pharmacy", desk.redeem_with(None, "anna", 1))[0]
    assert facts(rejected) == {"used": str(large), "asked": "1", "limit": str(large), "day": "2024-01-10"}
    assert desk.why("butcher", desk.redeem_with(None, "anna", 1)) == "accepted"
    desk.at("2024-01-11 00:00")
    assert desk.why("pharmacy", desk.redeem_with(None, "anna", small)) == "accepted"


def test_a_fund_always_needs_consent(desk: Desk) -> None:
    """What was given to a school is not spent without the school."""
    desk.ok("grocer", desk.donate("anna", "grocer", 100))

    assert desk.why("pharmacy", desk.redeem_with(None, FUND, 1)) == "CONSENT_REQUIRED"


def test_policy_may_demand_consent_for_all() -> None:
    """A limit of zero means none without consent."""
    desk = Desk(unconsented_points_max=0, unconsented_points_per_day_max=0)
    desk.ok("grocer", desk.issue("anna", 10))

    assert desk.why("pharmacy", desk.redeem_with(None, "anna", 1)) == "CONSENT_REQUIRED"


def test_a_member_without_a_key_can_earn_and_use_codes(desk: Desk) -> None:
    """Without a key there is no consent of its own, but what policy allows and what the hub vouches for."""
    keyless = pb.Enrol(holder_id="dora", kind=network_pb2.HOLDER_KIND_MEMBER)
    desk.ok("grocer", desk.transaction(enrol=keyless), desk.issue("dora", 200))

    own = desk.consent_by(key_of("dora"), "dora", "pharmacy", 60)
    assert desk.why("pharmacy", desk.redeem_with(own, "dora", 60)) == "CONSENT_KEY_UNKNOWN"
    assert desk.why("pharmacy", desk.code("dora", "pharmacy", 60)) == "accepted"
    assert desk.why("pharmacy", desk.redeem_with(None, "dora", 10)) == "accepted"
