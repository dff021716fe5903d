"""Admission lets in what is well made and well signed by somebody who is known, and says what else is wrong."""

from __future__ import annotations

import pytest

from coalition.clock import US_PER_S
from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import SignedEnvelope
from coalition.wire import encode
from network.journal.admission import SKEW_US, Admission
from tests.network.journal.conftest import Desk
from tests.network.town import NETWORK_ID, key_of


@pytest.fixture
def admission(desk: Desk) -> Admission:
    """Of a hub whose clock is the town's."""
    return Admission(desk.store, network_id=NETWORK_ID, clock=desk.town.clock)


def reason(admission: Admission, data: bytes) -> error_pb2.Reason.ValueType:
    """Why an envelope is not admitted."""
    with pytest.raises(Refused) as refused:
        admission.admit(data)
    return refused.value.reason


def test_good_envelope_is_admitted_as_it_is(desk: Desk, admission: Admission) -> None:
    """What comes out are the bytes that were signed."""
    issue = desk.town.issue("anna", 5)
    opened = admission.admit(desk.town.data("grocer", issue))
    assert [transaction.raw for transaction in opened.transactions] == [encode(issue)]
    assert opened.header.author == "grocer"


def test_envelope_of_another_network(desk: Desk, admission: Admission) -> None:
    """A signature for one network means nothing in another."""
    data = desk.town.data("grocer", desk.town.issue("anna", 5), network_id="village")
    assert reason(admission, data) == error_pb2.REASON_WRONG_NETWORK


def test_unknown_author(desk: Desk, admission: Admission) -> None:
    """Somebody who was never registered is not let in, however often it asks."""
    data = desk.town.data("stranger", desk.town.issue("anna", 5))
    assert [reason(admission, data) for _ in range(3)] == [error_pb2.REASON_AUTHOR_UNKNOWN] * 3


def test_unknown_key(desk: Desk, admission: Admission) -> None:
    """Any key may sign, but only the author's count; every one of them must be known."""
    data = desk.town.data("grocer", desk.town.issue("anna", 5), keys=[key_of("grocer"), key_of("stranger")])
    assert reason(admission, data) == error_pb2.REASON_KEY_UNKNOWN


def test_strangers_do_not_fill_the_memory(desk: Desk, admission: Admission) -> None:
    """Any number of invented keys is refused, each by the same short answer."""
    issue = desk.town.issue("anna", 5)
    for seed in range(1_100):
        key = SigningKey.from_seed(seed.to_bytes(32, "big"))
        assert reason(admission, desk.town.data("grocer", issue, keys=[key])) == error_pb2.REASON_KEY_UNKNOWN


def test_removed_key_is_left_to_the_ledger(desk: Desk, admission: Admission) -> None:
    """What a key signed and the journal holds keeps its answer after the key is gone; the ledger refuses the rest."""
    town = desk.town
    data = town.data("grocer", town.issue("anna", 5))
    [first] = desk.submit(admission.admit(data))
    desk.submit(town.envelope("operator", town.replace_key("grocer", key_of("grocer"), key_of("grocer-2"))))
    [again] = desk.submit(admission.admit(data))
    assert again.outcomes == first.outcomes
    fresh = admission.admit(town.data("grocer", town.issue("anna", 6)))
    with pytest.raises(Refused) as refused:
        desk.submit(fresh)
    assert refused.value.reason == error_pb2.REASON_KEY_REVOKED


def test_clock_of_the_author_may_run_ahead_a_little(desk: Desk, admission: Admission) -> None:
    """Up to the allowed skew an envelope may have been made in the future, and no further."""
    issue = desk.town.issue("anna", 5)
    times = {"created_us": desk.town.now_us + SKEW_US, "expires_us": desk.town.now_us + SKEW_US + US_PER_S}
    assert admission.admit(desk.town.data("grocer", issue, **times))
    times["created_us"] += 1
    assert reason(admission, desk.town.data("grocer", issue, **times)) == error_pb2.REASON_CLOCK_SKEW


def test_expired_envelope_is_left_to_the_ledger(desk: Desk, admission: Admission) -> None:
    """A retry of something that was committed gets its answer, however late it comes."""
    data = desk.town.data("grocer", desk.town.issue("anna", 5))
    [first] = desk.submit(admission.admit(data))
    desk.town.now_us += 400 * 86_400 * US_PER_S
    [again] = desk.submit(admission.admit(data))
    assert again.outcomes == first.outcomes


def test_author_is_checked_before_signatures(desk: Desk, admission: Admission) -> None:
    """The order of checks is fixed: the cheap ones come first, and each error is what a careful reader would say."""
    good = SignedEnvelope.FromString(desk.town.data("stranger", desk.town.issue("anna", 5)))
    good.signatures[0].signature = bytes(64)
    assert reason(admission, encode(good)) == error_pb2.REASON_AUTHOR_UNKNOWN
    good = SignedEnvelope.FromString(desk.town.data("grocer", desk.town.issue("anna", -5)))
    good.signatures[0].signature = bytes(64)
    assert reason(admission, encode(good)) == error_pb2.REASON_SIGNATURE_INVALID
    data = desk.town.data("grocer", desk.town.issue("anna", -5))
    assert reason(admission, data) == error_pb2.REASON_FIELD_INVALID
