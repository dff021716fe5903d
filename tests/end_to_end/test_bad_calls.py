"""Calls by those who may not make them, or cannot: each with its own clear error, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from google.protobuf.message import Message

from coalition.clock import US_PER_S
from coalition.errors import reason_name
from coalition.tls import make_tls
from coalition.tokens import METADATA_KEY, SETTLEMENT
from coalition.v1 import directory_service_pb2, journal_pb2, ledger_service_pb2, operator_service_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.directory_service_pb2 import GetHolderRequest, ListTermsRequest
from coalition.v1.journal_pb2 import GetInclusionProofRequest, JournalEntry, StreamEntriesRequest
from coalition.v1.ledger_service_pb2 import GetBalanceRequest, GetTransactionRequest, ListTransactionsRequest
from coalition.v1.operator_service_pb2 import GetTrialBalanceRequest, SweepRequest
from partner_sdk import Client
from partner_sdk.errors import ClockSkew, EnvelopeExpired, Unauthenticated, Unreachable
from partner_sdk.testing import LocalNetwork
from tests.end_to_end.outsider import CALL_S, Outsider, failure, finish

SERVICES: Final = (
    ledger_service_pb2.DESCRIPTOR.services_by_name["LedgerService"],
    directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"],
    journal_pb2.DESCRIPTOR.services_by_name["JournalService"],
    operator_service_pb2.DESCRIPTOR.services_by_name["OperatorService"],
)
METHODS: Final = {f"/{service.full_name}/{method.name}": method for service in SERVICES for method in service.methods}
#: What needs no token: envelopes and code requests are signed, and these two tell what everybody may know.
OPEN: Final = ("Submit", "SubmitStream", "CreateCode", "GetNetwork", "GetCheckpoint")
GUARDED: Final = [path for path, method in METHODS.items() if method.name not in OPEN]


def call(outsider: Outsider, path: str, request: bytes, metadata: Any = ()) -> object:
    """Call a method with any bytes."""
    method = METHODS[path]
    if method.client_streaming:
        stream: Any = outsider.channel.stream_stream(path)
        return stream(iter([request]), timeout=CALL_S, metadata=metadata)
    if method.server_streaming:
        return outsider.channel.unary_stream(path)(request, timeout=CALL_S, metadata=metadata)
    return outsider.channel.unary_unary(path)(request, timeout=CALL_S, metadata=metadata)


def refusal(ask: Callable[[], object]) -> tuple[grpc.StatusCode, str, str]:
    """Status, reason and words that a call ends with."""
    code, details, refused = failure(ask)
    assert refused is not None, (code, details)
    return code, reason_name(refused.reason), details


# Reading what is not one's own


@pytest.fixture(scope="module")
def of_pharmacy(outsider: Outsider) -> tuple[int, bytes]:
    """Sequence and id of a transaction of the pharmacy with anna."""
    transaction = outsider.issue(9)
    (outcome,) = outsider.outcomes("pharmacy", transaction)
    return outcome.sequence, outcome.transaction_id


FORBIDDEN: dict[str, tuple[str, Callable[[int, bytes], Message], str, str]] = {
    "another's transaction": (
        "ledger.GetTransaction",
        lambda _, identifier: GetTransactionRequest(transaction_id=identifier, author="pharmacy"),
        "PERMISSION_DENIED",
        "transactions of pharmacy",
    ),
    "another's transaction as if it were its own": (
        "ledger.GetTransaction",
        lambda _, identifier: GetTransactionRequest(transaction_id=identifier),
        "NOT_FOUND",
        "grocer has no transaction",
    ),
    "a fund's balance": (
        "ledger.GetBalance",
        lambda *_: GetBalanceRequest(holder_id="school-fund"),
        "PERMISSION_DENIED",
        "school-fund is a fund of school",
    ),
    "another's terms": (
        "directory.ListTerms",
        lambda *_: ListTermsRequest(party_id="pharmacy"),
        "PERMISSION_DENIED",
        "terms of pharmacy",
    ),
    "proof of another's entry": (
        "journal.GetInclusionProof",
        lambda sequence, _: GetInclusionProofRequest(sequence=sequence),
        "PERMISSION_DENIED",
        "own entries",
    ),
    "the trial balance": (
        "operator_service.GetTrialBalance",
        lambda *_: GetTrialBalanceRequest(),
        "PERMISSION_DENIED",
        "trial balance",
    ),
    "a sweep": ("operator_service.Sweep", lambda *_: SweepRequest(), "PERMISSION_DENIED", "Only the operator"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_is_not_its_own_is_refused(outsider: Outsider, of_pharmacy: tuple[int, bytes], what: str) -> None:
    """The grocer is told that it may not, or that it has no such thing, and learns nothing else."""
    method, make, reason, words = FORBIDDEN[what]
    stub, _, name = method.partition(".")
    ask, before = getattr(getattr(outsider, stub), name), outsider.books()
    request = make(*of_pharmacy)
    code, found, details = refusal(lambda: ask(request, timeout=CALL_S, metadata=outsider.token("grocer")))
    assert (code.name, found) == (reason, reason)
    assert words in details
    assert outsider.books() == before


def test_lists_have_only_its_own(outsider: Outsider, of_pharmacy: tuple[int, bytes]) -> None:
    """In lists and in the journal a party finds what it wrote, however it asks; the keys of strangers' members are not
    shown, and neither is where else they shop."""
    who: dict[str, Any] = {"timeout": CALL_S, "metadata": outsider.token("florist")}
    mine = outsider.transaction(issue=pb.Issue(holder_id="anna", points=2, reason="purchase"))
    outsider.outcomes("florist", mine)
    for request in (ListTransactionsRequest(), ListTransactionsRequest(holder_id="anna")):
        records = outsider.ledger.ListTransactions(request, **who).records
        assert [record.transaction for record in records] == [mine]
    stream = outsider.journal.StreamEntries(StreamEntriesRequest(from_sequence=1), **who)
    entries = [raw for answer in stream for envelope in answer.envelopes for raw in envelope.entries]
    assert [JournalEntry.FromString(raw).transaction for raw in entries] == [mine]
    assert not outsider.directory.GetHolder(GetHolderRequest(holder_id="anna"), **who).public_keys
    lots = outsider.ledger.GetBalance(GetBalanceRequest(holder_id="anna"), **who).lots
    assert {lot.issuer for lot in lots} == {"", "florist"}
    assert [terms.party_id for terms in outsider.directory.ListTerms(ListTermsRequest(), **who).terms] == ["florist"]


# Tokens

TOKENS: dict[str, tuple[Callable[[Outsider], Any], str]] = {
    "none": (lambda _: (), "Send `authorization"),
    "garbage": (lambda _: ((METADATA_KEY, "Bearer garbage"),), "not a JWT"),
    "expired": (lambda o: o.token("grocer", now_s=o.now_us // US_PER_S - 600), "has expired"),
    "from the future": (lambda o: o.token("grocer", now_s=o.now_us // US_PER_S + 600), "made in the future"),
    "for another service": (lambda o: o.token("grocer", service=SETTLEMENT), "not for local.test/hub"),
    "for another network": (lambda o: o.token("grocer", network_id="elsewhere"), "not for local.test/hub"),
    "by another party's key": (lambda o: o.token("grocer", key=o.key("pharmacy")), "an active key of 'grocer'"),
    "by a removed key": (lambda o: o.token("butcher"), "an active key of 'butcher'"),
    "of a stranger": (lambda o: o.token("nobody"), "an active key of 'nobody'"),
    "of a member": (lambda o: o.token("anna"), "an active key of 'anna'"),
}


@pytest.mark.parametrize("what", TOKENS)
def test_wrong_token_opens_nothing(outsider: Outsider, what: str) -> None:
    """Every method that needs to know who asks says the same thing, and why."""
    make, words = TOKENS[what]
    metadata = make(outsider)
    for path in GUARDED:
        code, reason, details = refusal(lambda path=path: call(outsider, path, b"", metadata))  # type: ignore[misc]
        assert (path, code, reason) == (path, grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
        assert words in details


@pytest.mark.parametrize("path", GUARDED)
def test_right_token_opens_every_method(outsider: Outsider, path: str) -> None:
    """The same call with a right token gets past that point: it is the token that the test above fails by."""
    code = grpc.StatusCode.OK
    try:
        finish(call(outsider, path, b"", outsider.token("operator")))
    except grpc.RpcError as error:
        assert isinstance(error, grpc.Call)  # noqa: PT017 - narrows the type
        code = error.code()
    # The operator sees all; it has no till. Where something had to be named, nothing was.
    expected = grpc.StatusCode.PERMISSION_DENIED if path.endswith("ExchangeCode") else grpc.StatusCode.INVALID_ARGUMENT
    assert code in (grpc.StatusCode.OK, expected)


# Garbage


@pytest.mark.parametrize("path", METHODS)
def test_garbage_is_refused_by_every_method(outsider: Outsider, path: str) -> None:
    """Bytes that are no message get an error of this protocol, which tells nothing about the program, and change
    nothing."""
    before = outsider.books()
    garbage = b"\xff\xff\xff\xff garbage"
    code, reason, details = refusal(lambda: call(outsider, path, garbage, outsider.token("operator")))
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")
    assert details == "The request is not the message that this method takes."
    assert outsider.books() == before


def test_unknown_method_is_said_to_be_unknown(outsider: Outsider) -> None:
    """A method of a later version gets UNIMPLEMENTED."""
    ask = outsider.channel.unary_unary("/coalition.v1.LedgerService/Undo")
    assert failure(lambda: ask(b"", timeout=CALL_S))[0] is grpc.StatusCode.UNIMPLEMENTED


# Clients that are set up wrongly


def test_wrong_authority_is_named(network: LocalNetwork, tmp_path: Path) -> None:
    """A client that trusts another authority sends nothing, and is told what to check."""
    make_tls(tmp_path, "another authority", ["localhost"])
    connection = replace(network.connection("grocer"), tls_ca=(tmp_path / "ca.pem").read_bytes())
    with Client(connection) as client, pytest.raises(Unreachable, match=r"not trusted.*Check tls_ca"):
        client.issue("anna", 1)


def test_plain_text_gets_no_answer(outsider: Outsider) -> None:
    """The hub speaks TLS only."""
    with grpc.insecure_channel(outsider.address) as channel:
        ask = channel.unary_unary("/coalition.v1.DirectoryService/GetNetwork")
        assert failure(lambda: ask(b"", timeout=CALL_S))[0] is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("wrong_by", "writing", "reading"),
    [
        (timedelta(hours=1), (ClockSkew, "3600 seconds in the future. Set your clock"), "made in the future"),
        (timedelta(hours=-2), (EnvelopeExpired, "has expired"), "has expired.*check this machine's clock"),
    ],
    ids=["fast", "slow"],
)
def test_wrong_clock_is_named(
    network: LocalNetwork, wrong_by: timedelta, writing: tuple[type[Exception], str], reading: str
) -> None:
    """A client whose clock is hours off is told so when it writes and when it reads."""
    shift_us = int(wrong_by / timedelta(microseconds=1))
    connection = replace(network.connection("grocer"), clock=lambda: network.clock() + shift_us)
    with Client(connection) as client:
        with pytest.raises(writing[0], match=writing[1]):
            client.issue("anna", 1)
        with pytest.raises(Unauthenticated, match=reading):
            client.parties()
