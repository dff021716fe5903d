"""What both clients are inside: who calls, as whom, and what is made of the answers. No I/O."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from google.protobuf.message import Message

from coalition.receipt import ReceiptError, open_receipt
from coalition.v1 import outcome_pb2
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitResponse
from partner_sdk._connection import Connection
from partner_sdk._draft import Draft
from partner_sdk._errors import CoalitionError, ReceiptInvalid, Refusal, Timeout
from partner_sdk._exchange import Course, Unanswered, exchange, in_doubt
from partner_sdk._gathering import Gathering
from partner_sdk._outcomes import Outcome
from partner_sdk._results import result_of
from partner_sdk._rpc import SUBMIT
from partner_sdk._sealed import Prepared, Sealed, in_parts, prepare, reopen, seal_one
from partner_sdk._steps import Metadata, Method, Response, Steps
from partner_sdk._vocabulary import Service

_US_PER_S: Final = 1_000_000
#: A token is made anew this long before it ends, so that none ends on its way.
_TOKEN_MARGIN_S: Final = 60


class Session:
    """A party's dealings with one service."""

    def __init__(
        self,
        connection: Connection,
        *,
        service: Service = Service.HUB,
        address: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        gathering: Gathering | None = None,
    ) -> None:
        self.connection: Final = connection
        self.address: Final = address or connection.address
        self.monotonic: Final = monotonic
        self.jitter: Final = jitter
        #: Where single transactions meet that are written at the same time; None: each travels alone.
        self.gathering: Final = (gathering or Gathering(self.address)) if connection.gather else None
        self._service = service
        self._token = ("", 0)

    def with_timeout(self, timeout_s: float) -> Session:
        """The same dealings, with another time that a call may take."""
        return Session(
            self.connection.with_timeout(timeout_s),
            service=self._service,
            address=self.address,
            monotonic=self.monotonic,
            jitter=self.jitter,
            gathering=self.gathering,
        )

    def metadata(self) -> Metadata:
        """Says who is asking: a token, kept until shortly before it ends."""
        # Only reads need a token, and what makes one takes long to import.
        from coalition.tokens import LIFETIME_S, METADATA_KEY, authorization, make_token

        now_s = self.connection.clock() // _US_PER_S
        token, made_s = self._token
        if not token or not made_s <= now_s < made_s + LIFETIME_S - _TOKEN_MARGIN_S:
            token = make_token(
                self.connection.party_id,
                self.connection.keys[0],
                network_id=self.connection.network_id,
                service=self._service,
                now_s=now_s,
            )
            self._token = (token, now_s)
        return ((METADATA_KEY, authorization(token)),)

    def read(self, method: Method[Response], request: Message, *, anonymous: bool = False) -> Steps[Response]:
        """Ask; nothing changes by asking. Raises Refusal or TransportError."""
        answer = yield from self._ask(method, request, () if anonymous else self.metadata())
        if not isinstance(answer, Unanswered):
            return answer
        if answer.timed_out:
            raise Timeout(
                f"{self.address} gave no answer within {self.connection.timeout_s:g} s"
                f" ({_cause(answer)}). Nothing changed; ask again."
            )
        raise answer.error()

    def submit(self, drafts: Sequence[Draft[Any]], *, atomic: bool = False) -> Steps[tuple[Outcome, ...]]:
        """Send transactions in as few envelopes as they fit into, one after the other.

        An exception ends it at an envelope, and those before that one stand. Drafts with a `transaction_id` of your own
        can be sent again, all of them: what was committed is answered, not booked twice.
        """
        return (yield from self.submit_prepared([self.prepare(draft) for draft in drafts], atomic=atomic))

    def submit_prepared(self, prepared: Sequence[Prepared], *, atomic: bool = False) -> Steps[tuple[Outcome, ...]]:
        """As `submit`, for transactions that have their ids. With `atomic`, there is one envelope or an error."""
        if not prepared:
            return ()
        parts = [list(prepared)] if atomic else list(in_parts(prepared))
        envelopes = [seal_one(self.connection, part, atomic=atomic) for part in parts]
        outcomes: list[Outcome] = []
        for sealed in envelopes:
            outcomes += yield from self.submit_sealed(sealed)
        return tuple(outcomes)

    def resend(self, envelope: bytes) -> Steps[tuple[Outcome, ...]]:
        """Send an envelope again, the identical bytes."""
        return (yield from self.submit_sealed(reopen(self.connection, envelope)))

    def submit_sealed(self, sealed: Sealed) -> Steps[tuple[Outcome, ...]]:
        """Send an envelope until it is answered, and verify the answer. Raises InDoubt when none came."""
        return self.outcomes(sealed, (yield from self.answer(sealed)))

    def answer(self, sealed: Sealed) -> Steps[SubmitResponse]:
        """Send an envelope until it is answered. The answer is not verified yet; `outcomes` does that."""
        answer = yield from self._ask(SUBMIT, SubmitRequest(envelope=sealed.envelope), ())
        if isinstance(answer, Unanswered):
            raise self.unanswered(answer, sealed)
        return answer

    def unanswered(self, answer: Unanswered, sealed: Sealed) -> CoalitionError:
        """What to raise when a write was not answered."""
        if answer.doubtful and not answer.final:
            return in_doubt(answer.failure, self.address, [sealed])
        error = answer.error()
        if isinstance(error, Refusal):
            error.transaction_ids = sealed.transaction_ids
        return error

    def prepare(self, draft: Draft[Any]) -> Prepared:
        """Give a draft its id and check its form."""
        return prepare(self.connection, draft)

    def outcomes(self, sealed: Sealed, response: SubmitResponse) -> tuple[Outcome, ...]:
        """The typed outcomes in an answer, once its receipt is proven. Raises ReceiptInvalid."""
        try:
            messages = self.open(sealed, response)
        except ReceiptError as error:
            raise self.unbelieved(error, sealed) from error
        replayed = frozenset(response.replayed)
        return tuple(
            result_of(transaction, message, replayed=index in replayed)
            for index, (transaction, message) in enumerate(zip(sealed.transactions, messages, strict=True))
        )

    def open(self, sealed: Sealed, response: SubmitResponse) -> tuple[outcome_pb2.Outcome, ...]:
        """The outcomes in an answer, once its receipt is proven. Raises ReceiptError."""
        _, messages = open_receipt(
            response.receipt,
            response.outcomes,
            network_id=self.connection.network_id,
            hub_keys=self.connection.hub_keys,
            digest=sealed.digest,
            transaction_ids=sealed.ids,
        )
        return messages

    def unbelieved(self, error: ReceiptError, sealed: Sealed) -> ReceiptInvalid:
        """What to raise when an answer to a write is not to be believed."""
        return ReceiptInvalid(f"{error} Check the pinned hub keys with the operator.", sealed.envelope)

    def exchange(
        self,
        method: Method[Response],
        request: Callable[[], Message],
        *,
        course: Course,
        deadline_s: float,
        metadata: Metadata = (),
    ) -> Steps[Response | Unanswered]:
        """Send what `request` gives until it is answered or the time is over."""
        return exchange(
            method,
            request,
            course=course,
            metadata=metadata,
            address=self.address,
            deadline_s=deadline_s,
            monotonic=self.monotonic,
            random=self.jitter,
        )

    def _ask(self, method: Method[Response], request: Message, metadata: Metadata) -> Steps[Response | Unanswered]:
        deadline_s = self.monotonic() + self.connection.timeout_s
        return self.exchange(method, lambda: request, course=Course(), deadline_s=deadline_s, metadata=metadata)


def _cause(answer: Unanswered) -> str:
    refused = answer.failure.refused
    return refused.message.rstrip(".") if refused else f"{answer.failure.code.name}: {answer.failure.details}"
