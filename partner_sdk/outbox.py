"""For tills that are offline: transactions are signed and kept on disk at once, and sent when the hub is there again.

    with Outbox("till-3.outbox", client.connection) as outbox:
        outbox.issue("anna", 12, reference="receipt 4711")
        ...
        for delivery in client.flush(outbox):
            print(delivery.transaction_id, delivery.error or "sent")

A transaction that `issue` and the like have returned from is on the disk and will be committed at most once, whenever
and however often the process is killed before, while and after it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self

from coalition.ids import id_text
from coalition.v1.ledger_service_pb2 import SubmitResponse
from partner_sdk import _funding_drafts, _holder_drafts, _points_drafts
from partner_sdk._connection import Connection
from partner_sdk._draft import Draft
from partner_sdk._errors import CoalitionError, OutboxError, Refusal
from partner_sdk._methods import present_as
from partner_sdk._outbox_file import RecordFile, replace_file
from partner_sdk._outcomes import Outcome
from partner_sdk._refusals import (
    REFUSALS,
    AuthorUnknown,
    ClockSkew,
    KeyUnknown,
    Overloaded,
    PartySuspended,
    RateLimited,
    ShuttingDown,
    UnknownRefusal,
)
from partner_sdk._sealed import Sealed, prepare, reopen, seal_one
from partner_sdk._session import Session
from partner_sdk._steps import Emit, Flow

__all__ = ["Delivery", "Outbox"]

P = ParamSpec("P")

LIFETIME: Final = timedelta(days=7)
LIFETIME_MAX: Final = timedelta(days=30)
WAITING_MAX: Final = 100_000
#: Refusals that say nothing about the transaction itself: it is taken once time passes, or the operator has acted.
_PASSING: Final = (Overloaded, RateLimited, ShuttingDown, ClockSkew, PartySuspended, AuthorUnknown, KeyUnknown)


class _Kind(IntEnum):
    OWNER = 1
    ENVELOPE = 2
    ANSWER = 3
    REFUSAL = 4


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a kept transaction when it was sent."""

    transaction_id: str
    #: What the ledger decided; None when the hub refused the envelope.
    outcome: Outcome | None
    #: The Rejection or the Refusal; None when it was accepted.
    error: CoalitionError | None


def _keeping(build: Callable[P, Draft[Any]]) -> Callable[Concatenate[Outbox, P], str]:
    def method(self: Outbox, /, *args: P.args, **kwargs: P.kwargs) -> str:
        return self.keep(build(*args, **kwargs))

    return present_as(method, build, leading=0, result="str")


class Outbox:
    """A durable queue of signed transactions, one file for each till and party.

    `issue`, `redeem` and the like take what the client's methods take, and give the transaction's id. A consent must
    live until the transaction is sent: ask the member's wallet for a longer one, or redeem online only.
    """

    def __init__(self, path: str | PathLike[str], connection: Connection, *, lifetime: timedelta = LIFETIME) -> None:
        """Open the file, or make it. What is not sent within `lifetime`, at most 30 days or what the network's policy
        allows, is refused by the hub. Raises OutboxError."""
        if not timedelta(0) < lifetime <= LIFETIME_MAX:
            raise OutboxError(f"lifetime must be positive and at most {LIFETIME_MAX.days} days.")
        self._connection = connection
        self._lifetime_s = int(lifetime.total_seconds())
        self._waiting: dict[bytes, bytes] = {}
        self._settled: dict[bytes, tuple[bytes, _Kind, bytes]] = {}
        self._file = RecordFile(Path(path))
        try:
            self._load()
        except BaseException:
            self._file.close()
            raise

    issue = _keeping(_points_drafts.issue)
    redeem = _keeping(_points_drafts.redeem)
    donate = _keeping(_points_drafts.donate)
    transfer = _keeping(_points_drafts.transfer)
    capture = _keeping(_points_drafts.capture)
    release = _keeping(_points_drafts.release)
    reverse = _keeping(_points_drafts.reverse)
    enrol = _keeping(_holder_drafts.enrol)
    set_alias = _keeping(_holder_drafts.set_alias)
    pledge = _keeping(_holder_drafts.pledge)
    order_pack = _keeping(_funding_drafts.order_pack)

    def keep(self, draft: Draft[Any]) -> str:
        """Sign a draft and put it on the disk; gives its transaction id. Raises FieldInvalid and the like, OutboxError.

        An id that is kept already is kept once.
        """
        if len(self._waiting) >= WAITING_MAX:
            raise OutboxError(f"{len(self._waiting)} transactions wait in {self._file.path}. Send them first.")
        prepared = prepare(self._connection, draft)
        identifier = prepared.message.transaction_id
        known = self._waiting.get(identifier) or self._settled.get(identifier, (b"",))[0]
        if known:
            if reopen(self._connection, known).transactions[0] != prepared.message:
                raise OutboxError(f"{prepared.transaction_id} is kept already, for something else. Use a new id.")
            return prepared.transaction_id
        sealed = seal_one(self._connection, [prepared], lifetime_s=self._lifetime_s)
        self._file.append(_Kind.ENVELOPE, sealed.envelope)
        self._waiting[identifier] = sealed.envelope
        return prepared.transaction_id

    def __len__(self) -> int:
        """How many transactions wait to be sent."""
        return len(self._waiting)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of the transactions that wait to be sent, in order."""
        return tuple(map(id_text, self._waiting))

    def deliveries(self) -> Iterator[Delivery]:
        """What became of those that were sent, in order, until `forget_sent`. Receipts are verified anew."""
        session = Session(self._connection)
        for envelope, kind, payload in tuple(self._settled.values()):
            yield _delivery(session, reopen(self._connection, envelope), kind, payload)

    def forget_sent(self) -> None:
        """Drop everything but what waits, so that the file does not grow for ever."""
        kept = [(int(_Kind.OWNER), self._owner())]
        kept += [(int(_Kind.ENVELOPE), envelope) for envelope in self._waiting.values()]
        self._file = replace_file(self._file, iter(kept))
        self._settled.clear()

    def close(self) -> None:
        """Close the file. What waits stays on the disk."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def next_waiting(self) -> bytes | None:
        """The envelope that is to be sent next, sealed; None when nothing waits."""
        return next(iter(self._waiting.values()), None)

    def _settle(self, sealed: Sealed, kind: _Kind, payload: bytes) -> None:
        """Note, on the disk, what became of an envelope."""
        identifier = sealed.ids[0]
        self._file.append(kind, identifier + payload)
        self._settled[identifier] = (self._waiting.pop(identifier), kind, payload)

    def _load(self) -> None:
        owner: bytes | None = None
        for kind, payload in self._file.records():
            if kind == _Kind.OWNER:
                owner = payload
            elif kind == _Kind.ENVELOPE:
                self._waiting[reopen(self._connection, payload).ids[0]] = payload
            elif kind in (_Kind.ANSWER, _Kind.REFUSAL):
                identifier, answer = payload[:16], payload[16:]
                envelope = self._waiting.pop(identifier, None)
                if envelope is None:
                    raise OutboxError(f"{self._file.path} has an answer to what it does not keep. It was put together.")
                self._settled[identifier] = (envelope, _Kind(kind), answer)
            else:
                raise OutboxError(f"{self._file.path} was written by a newer version of this SDK. Install that.")
        if owner is None:
            self._file.append(_Kind.OWNER, self._owner())
        elif owner != self._owner():
            raise OutboxError(
                f"{self._file.path} belongs to {owner.decode()}, and this client is {self._owner().decode()}."
                " Give each party and network its own file."
            )

    def _owner(self) -> bytes:
        return f"{self._connection.party_id} in {self._connection.network_id}".encode()


def flush(session: Session, outbox: Outbox) -> Flow[Delivery]:
    """Send what an outbox keeps, in order, and give what became of each.

    Rejections and refusals are noted and passed over; they need somebody to look at them. When the hub is not there, or
    takes nothing from this party now (it has too much to do, the party is suspended or its key not registered yet, the
    clock was ahead), the TransportError or Refusal is raised and the rest stays kept: call this again later.
    """
    while (envelope := outbox.next_waiting()) is not None:
        sealed = reopen(session.connection, envelope)
        try:
            response = yield from session.answer(sealed)
        except _PASSING:
            raise
        except Refusal as refused:
            kind, payload = _Kind.REFUSAL, json.dumps([refused.reason, str(refused)]).encode()
        else:
            kind, payload = _Kind.ANSWER, response.SerializeToString(deterministic=True)
        delivery = _delivery(session, sealed, kind, payload)
        outbox._settle(sealed, kind, payload)
        yield Emit(delivery)


def _delivery(session: Session, sealed: Sealed, kind: _Kind, payload: bytes) -> Delivery:
    if kind is _Kind.ANSWER:
        (outcome,) = session.outcomes(sealed, SubmitResponse.FromString(payload))
        return Delivery(sealed.transaction_ids[0], outcome, outcome.error)
    reason, message = json.loads(payload)
    return Delivery(sealed.transaction_ids[0], None, REFUSALS.get(reason, UnknownRefusal)(message))
