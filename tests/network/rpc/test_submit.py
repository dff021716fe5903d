"""Submitting over the wire: answers, refusals by name, and streams that keep their order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.rpc import status_pb2

from coalition import dsse
from coalition.documents import sign_document
from coalition.envelope import ENVELOPE_BYTES_MAX, TRANSACTIONS_MAX
from coalition.errors import Refused, reason_name
from coalition.status import from_status, to_status
from coalition.v1 import network_pb2, outcome_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.envelope_pb2 import SignedEnvelope
from coalition.v1.journal_pb2 import GetCheckpointRequest
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitStreamRequest, SubmitStreamResponse
from coalition.v1.network_pb2 import PartyApplication
from coalition.v1.outcome_pb2 import Outcome
from coalition.wire import encode
from tests.network.conftest import CALL_S, RunningHub
from tests.network.town import DAY_US, key_of

MINUTE_US = 60_000_000


def log_size(hub: RunningHub) -> int:
    """How many entries the journal has, as anybody can see."""
    note: str = hub.ask("", hub.journal.GetCheckpoint, GetCheckpointRequest()).checkpoint
    return int(note.splitlines()[1])


def changed(data: bytes, change: Callable[[SignedEnvelope], None]) -> bytes:
    """An envelope that was changed after it was signed."""
    envelope = SignedEnvelope.FromString(data)
    change(envelope)
    return encode(envelope)


def forge(envelope: SignedEnvelope) -> None:
    envelope.signatures[0].signature = bytes(64)


def truncate(envelope: SignedEnvelope) -> None:
    envelope.signatures[0].signature = envelope.signatures[0].signature[:63]


def swap(envelope: SignedEnvelope) -> None:
    envelope.signatures[0].public_key = key_of("pharmacy").public


def exchange(envelope: SignedEnvelope) -> None:
    envelope.transactions[0] = encode(pb.Transaction(transaction_id=bytes(16)))


def issue(hub: RunningHub, points: int = 10) -> pb.Transaction:
    return hub.town.issue("anna", points)


BAD: dict[str, tuple[Callable[[RunningHub], bytes], str, grpc.StatusCode]] = {
    "forged signature": (
        lambda hub: changed(hub.town.data("grocer", issue(hub)), forge),
        "SIGNATURE_INVALID",
        grpc.StatusCode.UNAUTHENTICATED,
    ),
    "truncated signature": (
        lambda hub: changed(hub.town.data("grocer", issue(hub)), truncate),
        "SIGNATURE_INVALID",
        grpc.StatusCode.UNAUTHENTICATED,
    ),
    "swapped key": (
        lambda hub: changed(hub.town.data("grocer", issue(hub)), swap),
        "KEY_UNKNOWN",
        grpc.StatusCode.UNAUTHENTICATED,
    ),
    "exchanged transaction": (
        lambda hub: changed(hub.town.data("grocer", issue(hub)), exchange),
        "TRANSACTIONS_ROOT_MISMATCH",
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "another network": (
        lambda hub: hub.town.data("grocer", issue(hub), network_id="village"),
        "WRONG_NETWORK",
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "unknown author": (
        lambda hub: hub.town.data("nobody", issue(hub)),
        "AUTHOR_UNKNOWN",
        grpc.StatusCode.UNAUTHENTICATED,
    ),
    "expired": (
        lambda hub: hub.town.data("grocer", issue(hub), created_us=hub.clock() - 2, expires_us=hub.clock() - 1),
        "ENVELOPE_EXPIRED",
        grpc.StatusCode.FAILED_PRECONDITION,
    ),
    "far future": (
        lambda hub: hub.town.data(
            "grocer", issue(hub), created_us=hub.clock() + 10 * MINUTE_US, expires_us=hub.clock() + DAY_US
        ),
        "CLOCK_SKEW",
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "too long a life": (
        lambda hub: hub.town.data("grocer", issue(hub), expires_us=hub.clock() + 31 * DAY_US),
        "LIFETIME_TOO_LONG",
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "no envelope": (lambda _: b"no envelope", "MALFORMED", grpc.StatusCode.INVALID_ARGUMENT),
    "unknown field": (
        lambda hub: hub.town.data("grocer", issue(hub)) + b"\xf8\x01\x01",
        "UNKNOWN_FIELD",
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "same id twice": (
        lambda hub: hub.town.data("grocer", *[issue(hub)] * 2),
        "DUPLICATE_ID",
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "negative points": (
        lambda hub: hub.town.data("grocer", issue(hub, -5)),
        "FIELD_INVALID",
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "a member's business": (
        lambda hub: hub.town.data("auditor", issue(hub)),
        "KIND_NOT_ALLOWED",
        grpc.StatusCode.PERMISSION_DENIED,
    ),
    "one signature of two": (
        lambda hub: hub.town.data(
            "operator",
            hub.town.transaction(
                adjust=pb.Adjust(
                    reason="found", points=pb.PointsCorrection(holder_id="anna", issuer="grocer", points=1)
                )
            ),
        ),
        "SIGNATURES_TOO_FEW",
        grpc.StatusCode.PERMISSION_DENIED,
    ),
    "too many transactions": (
        lambda hub: hub.town.data("grocer", *(issue(hub) for _ in range(TRANSACTIONS_MAX + 1))),
        "TOO_MANY_TRANSACTIONS",
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "too large": (lambda _: bytes(ENVELOPE_BYTES_MAX + 1), "ENVELOPE_TOO_LARGE", grpc.StatusCode.INVALID_ARGUMENT),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_envelope_is_refused_by_name(shared_hub: RunningHub, what: str) -> None:
    """Each kind of bad input has its own error and leaves no trace in the journal."""
    make, reason, code = BAD[what]
    before = log_size(shared_hub)
    with pytest.raises(grpc.RpcError) as caught:
        shared_hub.ledger.Submit(SubmitRequest(envelope=make(shared_hub)), timeout=CALL_S)
    error = caught.value
    assert isinstance(error, grpc.Call)
    assert error.code() is code
    with pytest.raises(Refused) as refused:
        shared_hub.send(make(shared_hub))
    assert reason_name(refused.value.reason) == reason
    assert log_size(shared_hub) == before


def test_wrong_field_is_named_with_its_transaction(shared_hub: RunningHub) -> None:
    """A violation names the transaction's index and the field."""
    with pytest.raises(Refused) as caught:
        shared_hub.send(shared_hub.town.data("grocer", issue(shared_hub), issue(shared_hub, 0)))
    assert [item.field for item in caught.value.violations] == ["transactions[1].issue.points"]


def test_long_list_of_wrong_fields_is_cut(shared_hub: RunningHub) -> None:
    """However much is wrong, the error fits into the metadata that carries it."""
    much = "\N{SNOWMAN}" * 5_000
    wrong = pb.Genesis(network_id=much, time_zone=much, currency=much, currency_exponent=99)
    for application in (wrong.operator, wrong.hub):
        message = PartyApplication(network_id="?", party_id="?" * 3_000, display_name="?" * 3_000)
        application.CopyFrom(sign_document(dsse.PARTY_APPLICATION, message, key_of("grocer")))
    wrong.policy.transaction_points_max = -1
    with pytest.raises(Refused) as caught:
        shared_hub.send(shared_hub.town.data("grocer", shared_hub.town.transaction(genesis=wrong)))
    assert reason_name(caught.value.reason) == "FIELD_INVALID"
    assert len(caught.value.violations) == 8
    assert to_status(caught.value).ByteSize() < 4_000


def test_id_with_other_bytes_is_a_conflict(hub: RunningHub) -> None:
    """An id that was used for other bytes is refused, naming where."""
    first = hub.town.issue("anna", 10)
    hub.commit("grocer", hub.town.enrol("anna"), first)
    other = pb.Transaction(transaction_id=first.transaction_id, issue=pb.Issue(holder_id="anna", points=11, reason="x"))
    with pytest.raises(Refused) as caught:
        hub.send(hub.town.data("grocer", other))
    assert reason_name(caught.value.reason) == "ID_CONFLICT"
    assert caught.value.facts["sequence"] == "13"


def test_replay_gets_the_first_answer(hub: RunningHub) -> None:
    """The same bytes again get the same outcomes, marked as replayed, even when the envelope has expired since."""
    data = hub.town.data("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 10))
    first = hub.send(data)
    hub.clock.advance(days=3)
    again = hub.send(data)
    assert list(again.outcomes) == list(first.outcomes)
    assert list(again.replayed) == [0, 1]


def test_suspended_author_is_refused(hub: RunningHub) -> None:
    """A suspended party cannot write; once reinstated it can."""
    for status in (network_pb2.PARTY_STATUS_SUSPENDED, network_pb2.PARTY_STATUS_ACTIVE):
        change = pb.SetPartyStatus(party_id="grocer", status=status, reason="unpaid")
        hub.commit("operator", hub.town.transaction(set_party_status=change))
        if status == network_pb2.PARTY_STATUS_SUSPENDED:
            with pytest.raises(Refused) as caught:
                hub.send(hub.town.data("grocer", hub.town.enrol("anna")))
            assert reason_name(caught.value.reason) == "PARTY_SUSPENDED"
    hub.commit("grocer", hub.town.enrol("anna"))


def test_revoked_key_is_refused_for_what_is_new(hub: RunningHub) -> None:
    """A removed key gets the answer to what it signed in its time, and is refused for anything else."""
    old = hub.town.data("grocer", hub.town.enrol("anna"))
    hub.send(old)
    change = pb.SetPartyKeys(
        party_id="grocer", add_keys=[key_of("new key").public], remove_keys=[key_of("grocer").public]
    )
    both = [key_of("operator"), key_of("operator-2")]
    hub.commit("operator", hub.town.transaction(set_party_keys=change), keys=both)
    assert list(hub.send(old).replayed) == [0]
    with pytest.raises(Refused) as caught:
        hub.send(hub.town.data("grocer", hub.town.issue("anna", 1)))
    assert reason_name(caught.value.reason) == "KEY_REVOKED"
    hub.commit("grocer", hub.town.issue("anna", 1), keys=[key_of("new key")])


def answers(hub: RunningHub, requests: Iterator[bytes]) -> list[SubmitStreamResponse]:
    stream = hub.ledger.SubmitStream((SubmitStreamRequest(envelope=data) for data in requests), timeout=30)
    return list(stream)


def outcomes_of(answer: SubmitStreamResponse) -> list[Outcome]:
    return [Outcome.FromString(raw) for raw in answer.response.outcomes]


def test_stream_answers_in_order(hub: RunningHub) -> None:
    """Answers come in the order of the requests, and so do the entries, whatever the envelopes' sizes."""
    hub.commit("grocer", hub.town.enrol("anna"))
    sizes = [1, 200, 1, 1, 80, 1] * 10
    sent = [[hub.town.issue("anna", 1) for _ in range(size)] for size in sizes]
    received = [outcomes_of(answer) for answer in answers(hub, (hub.town.data("grocer", *group) for group in sent))]
    assert [[outcome.transaction_id for outcome in group] for group in received] == [
        [transaction.transaction_id for transaction in group] for group in sent
    ]
    sequences = [outcome.sequence for group in received for outcome in group]
    assert sequences == list(range(sequences[0], sequences[0] + sum(sizes)))


def test_refused_envelope_does_not_end_the_stream(hub: RunningHub) -> None:
    """What is refused in a stream gets the error that the unary call would have, and the next one its answer."""
    good = [hub.town.data("grocer", hub.town.enrol(name)) for name in ("anna", "ben")]
    bad = hub.town.data("grocer", hub.town.enrol("carl"), network_id="village")
    first, refused, last = answers(hub, iter([good[0], bad, good[1]]))
    found = from_status(status_pb2.Status.FromString(refused.error))
    assert found is not None
    assert reason_name(found.reason) == "WRONG_NETWORK"
    for answer in (first, last):
        assert [item.status for item in outcomes_of(answer)] == [outcome_pb2.OUTCOME_STATUS_ACCEPTED]


def test_answer_in_a_stream_does_not_wait_for_the_next_request(hub: RunningHub) -> None:
    """A client that waits for each answer before it sends the next request gets it."""
    answered = threading.Semaphore(1)

    def requests() -> Iterator[SubmitStreamRequest]:
        for name in ("anna", "ben", "carl"):
            assert answered.acquire(timeout=CALL_S)
            yield SubmitStreamRequest(envelope=hub.town.data("grocer", hub.town.enrol(name)))

    count = 0
    for answer in hub.ledger.SubmitStream(requests(), timeout=30):
        assert answer.HasField("response")
        count += 1
        answered.release()
    assert count == 3


def test_many_at_once_are_all_committed(hub: RunningHub) -> None:
    """Concurrent calls each get their own answer, and every entry has its own sequence."""
    hub.commit("grocer", hub.town.enrol("anna"))
    envelopes = [hub.town.data("grocer", hub.town.issue("anna", 1)) for _ in range(200)]
    with ThreadPoolExecutor(32) as pool:
        responses = list(pool.map(hub.send, envelopes))
    sequences = {Outcome.FromString(response.outcomes[0]).sequence for response in responses}
    assert len(sequences) == 200
    assert max(sequences) - min(sequences) == 199


def test_client_that_gives_up_a_stream_leaves_nothing_behind(hub: RunningHub) -> None:
    """A stream that is cancelled half-way takes nothing from the next one."""
    for _ in range(3):
        stream = hub.ledger.SubmitStream(
            (SubmitStreamRequest(envelope=hub.town.data("grocer", hub.town.enrol(f"m{n}"))) for n in range(1_000)),
            timeout=30,
        )
        next(stream)
        stream.cancel()
    hub.commit("grocer", hub.town.enrol("anna"))
