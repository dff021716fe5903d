"""Standing consents: a share of what is earned goes to a fund, up to a cap, until the pledge ends or is revoked."""

from __future__ import annotations

from typing import Any

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import HolderOrder, PledgeOffer
from network.ledger.records import Pledge
from tests.network.ledger.desk import Desk, facts, parts
from tests.network.town import FUND, NETWORK_ID, key_of


def offer(desk: Desk, signer: str = "anna", **fields: Any) -> pb.Transaction:
    """A tenth of what anna earns, at most 100 points, to the end of the year."""
    values = {
        "network_id": NETWORK_ID,
        "holder_id": "anna",
        "fund_id": FUND,
        "share_bps": 1_000,
        "points_max": 100,
        "ends_on": "2024-12-31",
        "nonce": desk.unique(),
    }
    message = PledgeOffer(**(values | fields))
    return desk.transaction(pledge=pb.Pledge(offer=sign_document(dsse.PLEDGE, message, key_of(signer))))


def give(desk: Desk, pledge: pb.Transaction, points: int, **fields: Any) -> pb.Transaction:
    """The hub's donation under a pledge."""
    values = {"holder_id": "anna", "fund_id": FUND, "pledge_id": pledge.transaction_id} | fields
    return desk.transaction(donate=pb.Donate(points=points, **values))


def revoke(desk: Desk, pledge: pb.Transaction, signer: str = "anna") -> pb.Transaction:
    order = desk.order(signer, revoke_pledge=pledge.transaction_id)
    return desk.transaction(revoke_pledge=pb.RevokePledge(pledge_id=pledge.transaction_id, order=order))


def kept(desk: Desk) -> Pledge:
    """Anna's one pledge."""
    (pledge,) = desk.state.pledges.get("anna") or ()
    return pledge


@pytest.fixture
def pledge(desk: Desk) -> pb.Transaction:
    made = offer(desk)
    desk.ok("grocer", made)
    return made


def test_every_earned_point_counts_exactly(desk: Desk, pledge: pb.Transaction) -> None:
    """Shares add up without rounding; whole points are due."""
    desk.ok("grocer", *(desk.issue("anna", 7) for _ in range(3)))
    assert kept(desk).due_points == 2
    desk.ok("butcher", desk.issue("anna", 9))
    assert kept(desk).due_points == 3


def test_the_hub_gives_what_is_due_and_no_more(desk: Desk, pledge: pb.Transaction) -> None:
    """In parts or at once; what was given counts as raised and does not expire."""
    desk.ok("grocer", desk.issue("anna", 100))

    assert facts(desk.say("hub", give(desk, pledge, 11))[0]) == {"due": "10", "asked": "11"}
    assert parts(desk.ok("hub", give(desk, pledge, 4))) == [("grocer", "2024-02-29", 4)]
    assert desk.why("hub", give(desk, pledge, 6), give(desk, pledge, 1)) == "PLEDGE_EXCEEDED"
    fund = desk.state.holders.get(FUND)
    assert fund is not None
    assert (fund.points, fund.raised_points) == (10, 10)
    assert desk.lots(FUND) == [("grocer", "9999-12-31", "", 10)]


def test_a_pledge_stops_at_its_cap(desk: Desk, pledge: pb.Transaction) -> None:
    """However much is earned."""
    desk.ok("grocer", desk.issue("anna", 100_000))
    assert kept(desk).due_points == 100

    desk.ok("hub", give(desk, pledge, 100))
    desk.ok("grocer", desk.issue("anna", 100_000))
    assert desk.why("hub", give(desk, pledge, 1)) == "PLEDGE_EXCEEDED"


def test_a_refund_reduces_what_is_due(desk: Desk, pledge: pb.Transaction) -> None:
    """As far as it is not given yet; what was given stays given, and is not made up for."""
    issued = desk.issue("anna", 100)
    desk.ok("grocer", issued)
    desk.ok("hub", give(desk, pledge, 4))

    desk.ok("grocer", desk.reverse(issued, 50))
    assert kept(desk).due_points == 1
    desk.ok("grocer", desk.reverse(issued, 50))
    assert kept(desk).due_points == 0
    desk.ok("grocer", desk.issue("anna", 20))
    assert kept(desk).due_points == 2


def test_a_refund_of_what_did_not_count_changes_nothing(desk: Desk) -> None:
    """Points earned before the pledge, or after its end, are not taken from it."""
    before = desk.issue("anna", 100)
    desk.ok("grocer", before)
    desk.ok("grocer", offer(desk, ends_on="2024-01-10"), desk.issue("anna", 50))
    desk.at("2024-01-11 00:00")
    after = desk.issue("anna", 100)
    desk.ok("grocer", after)
    assert kept(desk).due_points == 5

    desk.ok("grocer", desk.reverse(before, 100), desk.reverse(after, 100))
    assert kept(desk).due_points == 5


def test_the_last_day_counts(desk: Desk) -> None:
    """Points earned in its last microsecond count, those of the next day do not; what is due can still be given."""
    made = offer(desk, ends_on="2024-01-20", share_bps=10_000)
    desk.ok("grocer", made)
    desk.at("2024-01-20 23:59:59.999999")

    desk.ok("grocer", desk.issue("anna", 10), desk.issue("anna", 10))
    assert kept(desk).due_points == 10
    desk.at("2024-02-01 12:00")
    assert desk.why("hub", give(desk, made, 10)) == "accepted"


def test_a_revoked_pledge_gives_nothing_more(desk: Desk, pledge: pb.Transaction) -> None:
    """What it accrued stays with the holder; it cannot be revoked twice."""
    desk.ok("grocer", desk.issue("anna", 100))
    desk.ok("butcher", revoke(desk, pledge))

    assert desk.why("hub", give(desk, pledge, 1)) == "PLEDGE_ENDED"
    assert desk.why("butcher", revoke(desk, pledge)) == "PLEDGE_ENDED"
    desk.ok("grocer", desk.issue("anna", 100))
    assert kept(desk).due_points == 0


def test_only_the_holder_revokes(desk: Desk, pledge: pb.Transaction) -> None:
    """Another member's order finds no such pledge; the holder's order by another key is none."""
    assert desk.why("butcher", revoke(desk, pledge, "bert")) == "PLEDGE_UNKNOWN"
    order = desk.order("anna", revoke_pledge=pledge.transaction_id)
    forged = sign_document(dsse.HOLDER_ORDER, HolderOrder.FromString(order.document), key_of("bert"))
    message = pb.RevokePledge(pledge_id=pledge.transaction_id, order=forged)
    assert desk.why("butcher", desk.transaction(revoke_pledge=message)) == "CONSENT_KEY_UNKNOWN"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"network_id": "harbour"}, "CONSENT_MISMATCH"),
        ({"holder_id": "nobody"}, "HOLDER_UNKNOWN"),
        ({"fund_id": "nobody"}, "HOLDER_UNKNOWN"),
        ({"fund_id": "bert"}, "HOLDER_KIND_WRONG"),
        ({"holder_id": FUND, "fund_id": FUND}, "HOLDER_KIND_WRONG"),
        ({"signer": "bert"}, "CONSENT_KEY_UNKNOWN"),
        ({"ends_on": "2024-01-09"}, "DATE_INVALID"),
        ({"ends_on": "2025-01-01"}, "DATE_INVALID"),
    ],
)
def test_a_pledge_must_fit(desk: Desk, fields: dict[str, Any], reason: str) -> None:
    """It is the member's own, to a fund, for days that lie ahead and within the fund's campaign."""
    assert desk.why("grocer", offer(desk, **fields)) == reason


def test_an_offer_is_used_once(desk: Desk) -> None:
    """Under another transaction id it is the same offer still."""
    nonce = desk.unique()
    desk.ok("grocer", offer(desk, nonce=nonce))

    assert desk.why("butcher", offer(desk, nonce=nonce)) == "CONSENT_USED"


def test_pledges_share_what_is_earned(desk: Desk) -> None:
    """All that run together give at most everything; one that has ended makes room."""
    desk.ok("grocer", offer(desk, share_bps=6_000, ends_on="2024-01-10"))

    assert desk.why("grocer", offer(desk, share_bps=4_001)) == "PLEDGE_LIMIT"
    assert desk.why("grocer", offer(desk, share_bps=4_000)) == "accepted"
    desk.at("2024-01-11 00:00")
    assert desk.why("grocer", offer(desk, share_bps=6_000)) == "accepted"


def test_a_holder_has_so_many_pledges(desk: Desk) -> None:
    """Every issue updates each of them, so there are at most sixteen that run."""
    desk.ok("grocer", *(offer(desk, share_bps=1) for _ in range(16)))

    assert desk.why("grocer", offer(desk, share_bps=1)) == "PLEDGE_LIMIT"


def test_ended_pledges_do_not_pile_up(desk: Desk) -> None:
    """Whatever is done with a holder loads all that it ever pledged, so that is bounded too."""
    for _ in range(128):
        first, second = offer(desk), offer(desk)
        desk.ok("grocer", first, revoke(desk, first), second, revoke(desk, second))

    assert desk.why("grocer", offer(desk)) == "PLEDGE_LIMIT"


def test_two_parties_may_not_give_a_pledge_the_same_id(desk: Desk, pledge: pb.Transaction) -> None:
    """Ids are each author's own, but a holder's pledges are told apart by them."""
    other = offer(desk)
    other.transaction_id = pledge.transaction_id

    assert desk.why("butcher", other) == "PLEDGE_EXISTS"


def test_only_the_hub_gives_under_a_pledge(desk: Desk, pledge: pb.Transaction) -> None:
    """To the fund that it names, of the holder whose it is; and the hub gives in no other way."""
    desk.ok("grocer", desk.issue("anna", 100), desk.issue("bert", 100))

    assert desk.why("grocer", give(desk, pledge, 1)) == "PLEDGE_UNKNOWN"
    assert desk.why("hub", give(desk, pledge, 1, holder_id="bert")) == "PLEDGE_UNKNOWN"
    assert desk.why("hub", give(desk, pledge, 1, pledge_id=desk.unique())) == "PLEDGE_UNKNOWN"
    assert desk.why("hub", desk.donate("anna", "hub", 1)) == "PLEDGE_UNKNOWN"
    other = desk.transaction(enrol=pb.Enrol(holder_id="fund-roof", kind=2))
    desk.ok("school", other)
    assert desk.why("hub", give(desk, pledge, 1, fund_id="fund-roof")) == "PLEDGE_UNKNOWN"


def test_what_is_due_must_be_there(desk: Desk, pledge: pb.Transaction) -> None:
    """A pledge does not overdraw: points that are spent or pending cannot be given."""
    desk.ok("grocer", desk.issue("anna", 100, available_on="2024-01-15"))

    assert desk.why("hub", give(desk, pledge, 10)) == "INSUFFICIENT_POINTS"
    desk.at("2024-01-15 00:00")
    assert desk.why("hub", give(desk, pledge, 10)) == "accepted"
