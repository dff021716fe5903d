"""Speaks to a hub without the SDK, which would not let out most of what is sent here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import grpc
import pytest
from google.protobuf.message import Message

from coalition import dsse
from coalition.clock import US_PER_S
from coalition.errors import Refused
from coalition.ids import new_transaction_id
from coalition.keys import SigningKey
from coalition.merkle import root_over
from coalition.status import from_rpc_error
from coalition.tokens import HUB, METADATA_KEY, authorization, make_token
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.directory_service_pb2_grpc import DirectoryServiceStub
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.v1.journal_pb2_grpc import JournalServiceStub
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitResponse
from coalition.v1.ledger_service_pb2_grpc import LedgerServiceStub
from coalition.v1.operator_service_pb2_grpc import OperatorServiceStub
from coalition.v1.outcome_pb2 import Outcome
from coalition.wire import encode
from partner_sdk.operator import Operator
from partner_sdk.testing import LocalNetwork

CALL_S: Final = 20.0
HOUR_US: Final = 3_600 * US_PER_S
DAY_US: Final = 24 * HOUR_US
#: A field that no message of this protocol has: number 31, with the value 1.
UNKNOWN_FIELD: Final = b"\xf8\x01\x01"


class Outsider:
    """Has everybody's keys, and the hub's address."""

    def __init__(self, network: LocalNetwork) -> None:
        self.network = network
        connection = network.connection("grocer")
        self.address: Final = connection.address
        self.channel: Final = grpc.secure_channel(
            self.address,
            grpc.ssl_channel_credentials(connection.tls_ca),
            options=[("grpc.max_send_message_length", -1)],
        )
        self.ledger = LedgerServiceStub(self.channel)
        self.directory = DirectoryServiceStub(self.channel)
        self.journal = JournalServiceStub(self.channel)
        self.operator_service = OperatorServiceStub(self.channel)
        self._operator: Operator = network.operator

    @property
    def now_us(self) -> int:
        return self.network.clock()

    def key(self, name: str) -> SigningKey:
        return self.network.key(name)

    def transaction(self, **kind: Message) -> bytes:
        """A transaction with a new id, serialised."""
        return encode(pb.Transaction(transaction_id=new_transaction_id(self.now_us // 1_000), **kind))  # type: ignore[arg-type]

    def issue(self, points: int = 1, holder_id: str = "anna") -> bytes:
        return self.transaction(issue=pb.Issue(holder_id=holder_id, points=points, reason="purchase"))

    def seal(
        self,
        author: str,
        *transactions: bytes,
        keys: Sequence[SigningKey] = (),
        more_header: bytes = b"",
        **header: Any,
    ) -> bytes:
        """An envelope, signed as it should be over whatever bytes; `more_header` goes behind the header's fields."""
        fields: dict[str, Any] = {
            "network_id": self.network.network_id,
            "author": author,
            "created_us": self.now_us,
            "expires_us": self.now_us + HOUR_US,
            "transaction_count": len(transactions),
            "transactions_root": root_over(transactions),
        }
        signed = encode(EnvelopeHeader(**(fields | header))) + more_header
        signatures = [key.sign(dsse.ENVELOPE_HEADER, signed) for key in keys or [self.key(author)]]
        return encode(SignedEnvelope(header=signed, transactions=transactions, signatures=signatures))

    def send(self, envelope: bytes) -> SubmitResponse:
        return self.ledger.Submit(SubmitRequest(envelope=envelope), timeout=CALL_S)

    def outcomes(self, author: str, *transactions: bytes, **header: Any) -> list[Outcome]:
        """What the ledger decides about transactions that the hub takes."""
        response = self.send(self.seal(author, *transactions, **header))
        return [Outcome.FromString(raw) for raw in response.outcomes]

    def token(self, party_id: str, **differently: Any) -> tuple[tuple[str, str], ...]:
        """The metadata by which a party shows who it is."""
        how: dict[str, Any] = {
            "key": self.key(party_id),
            "network_id": self.network.network_id,
            "service": HUB,
            "now_s": self.now_us // US_PER_S,
        }
        return ((METADATA_KEY, authorization(make_token(party_id, **(how | differently)))),)

    def books(self) -> tuple[object, object]:
        """The size and root of the journal, and the totals of every issuer."""
        trial = self._operator.trial_balance()
        assert trial.balances
        return self._operator.checkpoint(), trial.issuers


def failure(call: Callable[[], object]) -> tuple[grpc.StatusCode, str, Refused | None]:
    """The status and words that a call ends with, and what the hub said in this protocol's own terms."""
    with pytest.raises(grpc.RpcError) as caught:
        finish(call())
    error = caught.value
    assert isinstance(error, grpc.Call)
    return error.code(), error.details() or "", from_rpc_error(error)


def finish(answer: object) -> None:
    """Read a stream to its end; a single answer is there already."""
    if isinstance(answer, Iterator):
        for _ in answer:
            pass
