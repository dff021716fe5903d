"""One-time codes: made for a holder's signature, spent once, locked after too many wrong tries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import select

from coalition import dsse
from coalition.clock import US_PER_S
from coalition.documents import open_document, sign_document
from coalition.errors import Refused, reason_name
from coalition.v1 import consent_pb2, outcome_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import CodeRequest, Consent
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.ledger_service_pb2 import (
    CreateCodeRequest,
    CreateCodeResponse,
    ExchangeCodeRequest,
)
from network.store.store import Store
from network.store.tables import codes
from tests.databases import BOTH
from tests.network.conftest import RunningHub
from tests.network.town import NETWORK_ID, key_of

pytestmark = pytest.mark.engines(*BOTH)


@pytest.fixture
def anna(hub: RunningHub) -> str:
    """A member with points, a key and a card."""
    hub.commit("grocer", hub.town.enrol("anna", "card-anna"), hub.town.issue("anna", 500))
    return "anna"


def request_of(hub: RunningHub, holder_id: object, **fields: object) -> CodeRequest:
    values: dict[str, object] = {
        "network_id": NETWORK_ID,
        "holder_id": holder_id,
        "points_max": 100,
        "nonce": hub.town.unique(),
        "expires_us": hub.clock() + 300 * US_PER_S,
    }
    return CodeRequest(**(values | fields))  # type: ignore[arg-type]


def create(hub: RunningHub, request: CodeRequest, signer: str = "anna") -> CreateCodeResponse:
    """The answer to a request that is signed by a key; no token is needed."""
    signed = sign_document(dsse.CODE_REQUEST, request, key_of(signer))
    answer = hub.ask("", hub.ledger.CreateCode, CreateCodeRequest(request=signed))
    assert isinstance(answer, CreateCodeResponse)
    return answer


def exchange(hub: RunningHub, code: str, points: int = 50, caller: str = "pharmacy") -> SignedDocument:
    request = ExchangeCodeRequest(alias="card-anna", code=code, points=points)
    consent = hub.ask(caller, hub.ledger.ExchangeCode, request).consent
    assert isinstance(consent, SignedDocument)
    return consent


def reason_of(caught: pytest.ExceptionInfo[Refused]) -> str:
    return reason_name(caught.value.reason)


def wrong_code(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def test_code_is_worth_a_redemption(hub: RunningHub, anna: str) -> None:
    """The consent that a code is exchanged for lets the acceptor redeem, and names it, the points and the hub's key."""
    made = create(hub, request_of(hub, anna))
    assert len(made.code) == 8
    assert made.code.isdigit()
    signed = exchange(hub, made.code)
    consent = open_document(Consent, dsse.CONSENT, signed, "consent")
    assert signed.signature.public_key == hub.hub_key
    assert (consent.holder_id, consent.acceptor, consent.points_max) == ("anna", "pharmacy", 50)
    assert consent.purpose == consent_pb2.CONSENT_PURPOSE_REDEEM
    redeem = pb.Redeem(holder_id=anna, points=50, consent=signed)
    hub.commit("pharmacy", hub.town.transaction(redeem=redeem))
    (outcome,) = hub.submit("pharmacy", hub.town.transaction(redeem=redeem))
    assert outcome.status == outcome_pb2.OUTCOME_STATUS_REJECTED


def test_code_is_spent_once(hub: RunningHub, anna: str) -> None:
    """The acceptor that lost the answer gets the same consent again; nobody else gets anything."""
    made = create(hub, request_of(hub, anna))
    first = exchange(hub, made.code)
    assert exchange(hub, made.code) == first
    with pytest.raises(Refused) as caught:
        exchange(hub, made.code, caller="butcher")
    assert reason_of(caught) == "CODE_INVALID"


def test_code_that_two_tills_try_at_once_is_spent_once(hub: RunningHub, anna: str) -> None:
    """Of several acceptors that exchange a code at the same moment exactly one gets a consent."""
    code = create(hub, request_of(hub, anna)).code

    def attempt(caller: str) -> str:
        try:
            return exchange(hub, code, caller=caller).document.hex()
        except Refused as refused:
            return reason_name(refused.reason)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, ["grocer", "pharmacy", "butcher", "school"]))
    assert results.count("CODE_INVALID") == 3


def test_code_ends_with_its_time(hub: RunningHub, anna: str) -> None:
    """From the moment that the request names on, the code is worthless."""
    made = create(hub, request_of(hub, anna))
    hub.clock.advance(seconds=300)
    with pytest.raises(Refused) as caught:
        exchange(hub, made.code)
    assert reason_of(caught) == "CODE_INVALID"


def test_code_is_for_the_points_that_the_member_allowed(hub: RunningHub, anna: str) -> None:
    """Asking for more is refused, says how much there is, and leaves the code unspent."""
    made = create(hub, request_of(hub, anna))
    with pytest.raises(Refused) as caught:
        exchange(hub, made.code, points=101)
    assert caught.value.facts == {"points_max": "100"}
    assert exchange(hub, made.code, points=100)


def test_too_many_wrong_codes_lock_the_holder(hub: RunningHub, anna: str) -> None:
    """After five wrong tries even the right code is refused, until the lock is over."""
    code = create(hub, request_of(hub, anna)).code
    for _ in range(5):
        with pytest.raises(Refused):
            exchange(hub, wrong_code(code))
    with pytest.raises(Refused) as caught:
        exchange(hub, code)
    assert int(caught.value.facts["retry_after_ms"]) > 0
    with pytest.raises(Refused):
        create(hub, request_of(hub, anna))
    hub.clock.advance(seconds=300 + 900)
    assert exchange(hub, create(hub, request_of(hub, anna)).code)


def test_four_wrong_codes_do_no_harm(hub: RunningHub, anna: str) -> None:
    """Up to the limit the right code still counts, and tries at several codes add up."""
    codes = [create(hub, request_of(hub, anna)).code for _ in range(2)]
    unknown = next(code for code in ("00000000", "00000001", "00000002") if code not in codes)
    for _ in range(4):
        with pytest.raises(Refused):
            exchange(hub, unknown)
    assert exchange(hub, codes[0])
    with pytest.raises(Refused):
        exchange(hub, unknown)
    with pytest.raises(Refused) as caught:
        exchange(hub, codes[1])
    assert "retry_after_ms" in caught.value.facts


def test_codes_of_a_holder_are_few(hub: RunningHub, anna: str) -> None:
    """A holder has three valid codes at most; a spent or expired one makes room."""
    codes = [create(hub, request_of(hub, anna)).code for _ in range(3)]
    with pytest.raises(Refused) as caught:
        create(hub, request_of(hub, anna))
    assert reason_of(caught) == "RATE_LIMITED"
    assert int(caught.value.facts["retry_after_ms"]) > 0
    exchange(hub, codes[0])
    create(hub, request_of(hub, anna))


def test_codes_that_are_past_do_not_pile_up(hub: RunningHub, anna: str) -> None:
    """Who has many codes of a moment made, one after the other, leaves one row behind; wrong tries are remembered."""
    right = create(hub, request_of(hub, anna, expires_us=hub.clock() + US_PER_S)).code
    with pytest.raises(Refused):
        exchange(hub, wrong_code(right))
    for _ in range(20):
        hub.clock.advance(seconds=1)
        create(hub, request_of(hub, anna, expires_us=hub.clock() + US_PER_S))
    with closing(Store(hub.config.database)) as store, store.read() as connection:
        failures = [row[0] for row in connection.execute(select(codes.c.failures).order_by(codes.c.expires_us))]
    assert failures == [1, 0]


def test_request_is_used_once(hub: RunningHub, anna: str) -> None:
    """Whoever sees a request cannot make a second code with it, during its life or after."""
    request = request_of(hub, anna)
    create(hub, request)
    with pytest.raises(Refused) as caught:
        create(hub, request)
    assert reason_of(caught) == "CODE_INVALID"
    hub.clock.advance(hours=2)
    create(hub, request_of(hub, anna))
    with pytest.raises(Refused) as caught:
        create(hub, request)
    assert reason_of(caught) == "CODE_INVALID"


@pytest.mark.parametrize(
    ("fields", "signer", "reason"),
    [
        ({}, "ben", "KEY_UNKNOWN"),
        ({"holder_id": "nobody"}, "anna", "KEY_UNKNOWN"),
        ({"network_id": "village"}, "anna", "WRONG_NETWORK"),
        ({"points_max": 0}, "anna", "FIELD_INVALID"),
        ({"nonce": b"short"}, "anna", "FIELD_INVALID"),
        ({"holder_id": "?"}, "anna", "FIELD_INVALID"),
        ({"expires_us": 10**18}, "anna", "FIELD_INVALID"),
        ({"expires_us": 1}, "anna", "CODE_INVALID"),
    ],
)
def test_wrong_request_makes_no_code(
    hub: RunningHub, anna: str, fields: dict[str, object], signer: str, reason: str
) -> None:
    """A request by another key, of another network or with wrong figures is refused by name."""
    with pytest.raises(Refused) as caught:
        create(hub, request_of(hub, **({"holder_id": anna} | fields)), signer)
    assert reason_of(caught) == reason


def test_tampered_request_makes_no_code(hub: RunningHub, anna: str) -> None:
    """The signature covers every byte of the request."""
    signed = sign_document(dsse.CODE_REQUEST, request_of(hub, anna), key_of(anna))
    raised = request_of(hub, anna, points_max=1_000)
    forged = SignedDocument(document=raised.SerializeToString(), signature=signed.signature)
    with pytest.raises(Refused) as caught:
        hub.ask("", hub.ledger.CreateCode, CreateCodeRequest(request=forged))
    assert reason_of(caught) == "SIGNATURE_INVALID"


@pytest.mark.parametrize(("code", "points"), [("1234", 1), ("abcdefgh", 1), ("١٢٣٤٥٦٧٨", 1), ("12345678", 0)])
def test_what_cannot_be_a_code_is_no_try(hub: RunningHub, anna: str, code: str, points: int) -> None:
    """A wrong form is refused as such and does not count as a try."""
    right = create(hub, request_of(hub, anna)).code
    for _ in range(6):
        with pytest.raises(Refused) as caught:
            exchange(hub, code, points)
        assert reason_of(caught) == "FIELD_INVALID"
    assert exchange(hub, right)


def test_code_is_not_in_the_database(hub: RunningHub, anna: str) -> None:
    """The database holds a keyed hash of a code; the digits are nowhere in it."""
    code = create(hub, request_of(hub, anna)).code
    with closing(Store(hub.config.database)) as store, store.read() as connection:
        rows = list(connection.execute(select(codes)))
    assert len(rows) == 1
    assert not any(code in str(value) or (isinstance(value, bytes) and code.encode() in value) for value in rows[0])


def test_closed_account_gets_no_code(hub: RunningHub) -> None:
    """The holder of a closed account is refused by name."""
    hub.commit("grocer", hub.town.enrol("anna"))
    close = pb.Close(holder_id="anna", order=hub.town.order("anna", close=True))
    hub.commit("grocer", hub.town.transaction(close=close))
    with pytest.raises(Refused) as caught:
        create(hub, request_of(hub, "anna"))
    assert reason_of(caught) == "HOLDER_CLOSED"
