"""Many transactions over one stream, several envelopes under way at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.rpc import status_pb2

from coalition.errors import Refused
from coalition.status import from_status
from coalition.v1 import error_pb2
from coalition.v1.ledger_service_pb2 import SubmitStreamRequest, SubmitStreamResponse
from partner_sdk._draft import Draft
from partner_sdk._errors import Refusal, TransportError
from partner_sdk._exchange import Unanswered, in_doubt, passes, pauses, retry_after_s
from partner_sdk._outcomes import Outcome
from partner_sdk._refusals import refusal
from partner_sdk._rpc import SUBMIT_STREAM
from partner_sdk._sealed import Sealed, in_parts, seal_one
from partner_sdk._session import Session
from partner_sdk._steps import Diagnosis, Emit, Failure, Flow, OpenStream, Probe, Read, Sleep, Steps, Stream, Write

ENVELOPE_SIZE: Final = 500
#: Enough to keep the hub's writer and the signing here busy at the same time.
_UNDER_WAY_MAX: Final = 4
_PROBE_S: Final = 2.0


def submit_stream(
    session: Session, drafts: Iterable[Draft[Any]], *, envelope_size: int = ENVELOPE_SIZE
) -> Flow[Outcome]:
    """Send many transactions, and get their outcomes in the same order. Rejections are outcomes here, not exceptions.

    Drafts are taken from the iterable as they are needed, `envelope_size` to an envelope (1 to 1,000). When the stream
    breaks, what was not answered is sent again, the identical bytes. Envelopes are committed in order, unless the hub
    refuses one because it has too much to do: that one is sent again after those under way. When an envelope is refused
    for good, the outcomes of those under way are still given, and then its Refusal is raised. Raises InDoubt when the
    hub stays silent for longer than the client's timeout. Drafts with a `transaction_id` of your own can all be sent
    again after that: what was committed is answered, not booked twice.
    """
    return _Bulk(session, drafts, envelope_size).run()


@dataclass(slots=True, eq=False)
class _Slot:
    """An envelope's place in the order in which outcomes are given."""

    sealed: Sealed
    outcomes: tuple[Outcome, ...] | None = None


class _Bulk:
    """The state of one such stream."""

    def __init__(self, session: Session, drafts: Iterable[Draft[Any]], envelope_size: int) -> None:
        self._session = session
        self._parts = in_parts(map(session.prepare, drafts), envelope_size)
        self._stream: Stream | None = None
        #: Sent and not answered yet, in the order of sending.
        self._under_way: deque[_Slot] = deque()
        #: Refused for now (the hub has too much to do), to be sent again.
        self._again: deque[_Slot] = deque()
        #: All whose outcomes have not been given yet, in order.
        self._order: deque[_Slot] = deque()
        self._passing: Refused | None = None
        #: Envelopes that the hub failed over, and may have committed; raised once all under way are answered.
        self._doubted: list[Sealed] = []
        self._failed: Failure | None = None
        #: Why envelopes were refused for good; raised once all under way are answered.
        self._refusal: Refusal | None = None
        self._doubtful = False
        self._diagnosis: Diagnosis | None = None
        self._pauses = pauses(session.jitter)
        #: Since when the hub has been silent, or has refused for now; None while it answers.
        self._lost_s: float | None = None

    def run(self) -> Flow[Outcome]:
        while True:
            yield from self._send()
            if not self._under_way:
                break
            assert self._stream is not None
            waiting_s = self._session.monotonic()
            answer = yield Read(self._stream, self._session.connection.timeout_s)
            if isinstance(answer, SubmitStreamResponse):
                self._take(answer)
                yield from self._give()
                if self._again and not self._under_way:
                    self._lost_s = self._session.monotonic() if self._lost_s is None else self._lost_s
                    yield from self._wait()
            else:
                self._stream = None
                self._lost_s = waiting_s if self._lost_s is None else self._lost_s
                ended = Failure(grpc.StatusCode.UNAVAILABLE, "the stream ended")
                yield from self._mend(answer if isinstance(answer, Failure) else ended)
        if self._failed is not None:
            raise in_doubt(self._failed, self._session.address, self._doubted)
        if self._refusal is not None:
            raise self._refusal

    def _send(self) -> Steps[None]:
        """Open the stream if there is none, and have enough under way on it."""
        if self._stream is None:
            self._stream = yield OpenStream(SUBMIT_STREAM, None)
            for slot in self._under_way:
                yield _written(self._stream, slot)
        if self._under_way and self._again:
            return
        while self._again:
            slot = self._again.popleft()
            self._under_way.append(slot)
            yield _written(self._stream, slot)
        going_on = self._failed is None and self._refusal is None
        while going_on and len(self._under_way) < _UNDER_WAY_MAX and (part := next(self._parts, None)):
            slot = _Slot(seal_one(self._session.connection, part))
            self._under_way.append(slot)
            self._order.append(slot)
            yield _written(self._stream, slot)

    def _take(self, answer: SubmitStreamResponse) -> None:
        slot = self._under_way.popleft()
        if answer.HasField("response"):
            self._lost_s, self._pauses = None, pauses(self._session.jitter)
            slot.outcomes = self._session.outcomes(slot.sealed, answer.response)
            return
        found = from_status(status_pb2.Status.FromString(answer.error))
        if found is None:
            raise TransportError(f"{self._session.address} refused an envelope in terms that are not of this protocol.")
        failure = Failure(grpc.StatusCode.UNKNOWN, found.message, found)
        if passes(failure):
            self._again.append(slot)
            self._passing = found
            return
        slot.outcomes = ()
        if found.reason == error_pb2.REASON_INTERNAL:
            self._failed = failure
            self._doubted.append(slot.sealed)
            return
        if self._refusal is None:
            self._refusal = refusal(found)
        self._refusal.transaction_ids += slot.sealed.transaction_ids

    def _give(self) -> Flow[Outcome]:
        """The outcomes that are next in order."""
        while self._order and (outcomes := self._order[0].outcomes) is not None:
            self._order.popleft()
            for outcome in outcomes:
                yield Emit(outcome)

    def _mend(self, failure: Failure) -> Steps[None]:
        """The stream broke: wait before opening another. Raises when that is pointless or no time is left."""
        self._doubtful = self._doubtful or not failure.never_sent
        if failure.never_sent and self._diagnosis is None:
            self._diagnosis = yield Probe(_PROBE_S)
        hopeless = not passes(failure) or (self._diagnosis is not None and self._diagnosis.permanent)
        pause_s = next(self._pauses)
        if not hopeless and self._time_left(pause_s):
            yield Sleep(pause_s)
        elif self._doubtful and (failure.refused is None or passes(failure)):
            unanswered = [slot.sealed for slot in self._order if slot.outcomes is None]
            raise in_doubt(failure, self._session.address, [*self._doubted, *unanswered])
        else:
            raise Unanswered(failure, False, self._diagnosis, self._session.address).error()

    def _wait(self) -> Steps[None]:
        """What was refused for now is sent again later. Raises its refusal when no time is left."""
        assert self._passing is not None, "something was refused for now"
        failure = Failure(grpc.StatusCode.UNKNOWN, self._passing.message, self._passing)
        pause_s = max(next(self._pauses), retry_after_s(failure))
        if not self._time_left(pause_s):
            raise refusal(self._passing)
        yield Sleep(pause_s)

    def _time_left(self, pause_s: float) -> bool:
        assert self._lost_s is not None, "only who has lost the hub asks"
        session = self._session
        return session.monotonic() + pause_s - self._lost_s < session.connection.timeout_s


def _written(stream: Stream, slot: _Slot) -> Write:
    return Write(stream, SubmitStreamRequest(envelope=slot.sealed.envelope))
