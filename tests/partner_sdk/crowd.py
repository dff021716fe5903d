"""Callers that write at the same time on one client, without a network, threads or an event loop.

Each is stopped where it would block. The test answers what was asked, moves the time, or takes a caller away; so every
order of events can be told, and happens again in every run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from coalition.envelope import OpenedEnvelope, open_envelope
from coalition.keys import SigningKey
from coalition.receipt import make_receipt
from coalition.v1 import outcome_pb2
from coalition.v1.journal_pb2 import Receipt
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitResponse
from coalition.wire import encode
from partner_sdk import CoalitionError, Draft, drafts
from partner_sdk._gathering import Gathering
from partner_sdk._session import Session
from partner_sdk._steps import Probe, Sleep, Step, Turn, Unary, Wait
from partner_sdk._writing import write
from tests.partner_sdk.world import KEY, NOT_THERE, World


def opened(request: object) -> OpenedEnvelope:
    assert isinstance(request, SubmitRequest)
    return open_envelope(request.envelope)


def accept(envelope: OpenedEnvelope, key: SigningKey = KEY) -> SubmitResponse:
    """What a hub with this key says when it accepts all of an envelope."""
    outcomes = [
        encode(
            outcome_pb2.Outcome(
                transaction_id=item.message.transaction_id,
                sequence=item.position + 1,
                committed_us=1,
                status=outcome_pb2.OUTCOME_STATUS_ACCEPTED,
                balance=outcome_pb2.Balance(holder_id=item.message.issue.holder_id),
            )
        )
        for item in envelope.transactions
    ]
    receipt = make_receipt(Receipt(network_id="test", envelope_digest=envelope.digest), outcomes, key)
    return SubmitResponse(receipt=receipt, outcomes=outcomes)


class Caller:
    """Somebody who has called, and where it got to."""

    def __init__(self, crowd: Crowd, session: Session, draft: Draft[Any]) -> None:
        self._crowd = crowd
        self._steps = write(session, draft)
        #: What it waits for: an answer, a bell, or time; None when it has come to an end.
        self.step: Step | None = None
        self.until_s = 0.0
        self.result: Any = None
        self.error: Any = None
        self.go_on(None)

    @property
    def is_done(self) -> bool:
        return self.result is not None or self.error is not None

    def go_on(self, answer: object) -> None:
        while True:
            try:
                self.step = self._steps.send(answer)
            except StopIteration as stop:
                self.step, self.result = None, stop.value
                return
            except CoalitionError as error:
                self.step, self.error = None, error
                return
            answer = NOT_THERE
            if isinstance(self.step, Probe):
                continue
            answer = None
            if isinstance(self.step, Wait) and not self.step.listen(partial(self._crowd.ring, self)):
                continue
            if isinstance(self.step, Turn):
                self._crowd.ring(self)
                return
            match self.step:
                case Unary(timeout_s=seconds) | Wait(timeout_s=seconds) | Sleep(seconds=seconds):
                    self.until_s = self._crowd.world.now_s + seconds
            return

    def go_away(self) -> None:
        """It is cancelled where it is."""
        self.step, self.error = None, InterruptedError()
        self._steps.close()
        self._crowd.follow_bells()


class Crowd:
    """One client, and everybody who has called it."""

    def __init__(self, *, under_way_max: int = 2, waiting_max: int = 100, timeout_s: float = 10.0) -> None:
        self.world = World()
        self.gathering = Gathering("hub.example:7700", under_way_max=under_way_max, waiting_max=waiting_max)
        lone = self.world.session(timeout_s)
        self.session = Session(lone.connection, monotonic=lone.monotonic, jitter=lone.jitter, gathering=self.gathering)
        self.callers: list[Caller] = []
        self._rung: deque[Caller] = deque()
        self._is_one_turn = False

    def call(self, draft: Draft[Any] | None = None, *, timeout_s: float | None = None) -> Caller:
        """Somebody issues a point, or writes what is given."""
        session = self.session if timeout_s is None else self.session.with_timeout(timeout_s)
        caller = Caller(self, session, draft or drafts.issue(f"holder-{len(self.callers)}", 1))
        self.callers.append(caller)
        self.follow_bells()
        return caller

    def calls(self, count: int) -> list[Caller]:
        return [self.call() for _ in range(count)]

    def ring(self, caller: Caller) -> None:
        self._rung.append(caller)

    @contextmanager
    def one_turn(self) -> Iterator[None]:
        """What happens meanwhile is done before anybody who is woken by it goes on."""
        self._is_one_turn = True
        yield
        self._is_one_turn = False
        self.follow_bells()

    def follow_bells(self) -> None:
        while self._rung and not self._is_one_turn:
            caller = self._rung.popleft()
            if isinstance(caller.step, Wait | Turn):
                caller.go_on(None)

    @property
    def carriers(self) -> list[Caller]:
        """Who has an envelope under way, in the order in which they called."""
        return [caller for caller in self.callers if isinstance(caller.step, Unary)]

    @property
    def under_way(self) -> list[list[str]]:
        """The holders in each envelope that is under way."""
        return [holders(opened(_request(caller))) for caller in self.carriers]

    def answer(self, carrier: Caller, answer: object | Callable[[OpenedEnvelope], object] = accept) -> None:
        """The hub's answer, or what happened instead, to the one who carries an envelope."""
        carrier.go_on(answer(opened(_request(carrier))) if callable(answer) else answer)
        self.follow_bells()

    def answer_all(self, answer: object | Callable[[OpenedEnvelope], object] = accept) -> None:
        """The same for every envelope, until nobody asks any more."""
        while self.carriers:
            self.answer(self.carriers[0], answer)

    def wait_until(self, now_s: float) -> None:
        """Time passes; who waits or sleeps for no longer goes on. Calls that are under way stay there."""
        while due := [caller for caller in self.callers if _is_due(caller, now_s)]:
            first = min(due, key=lambda caller: caller.until_s)
            self.world.now_s = max(self.world.now_s, first.until_s)
            first.go_on(None)
            self.follow_bells()
        self.world.now_s = now_s


def holders(envelope: OpenedEnvelope) -> list[str]:
    return [item.message.issue.holder_id for item in envelope.transactions]


def _request(caller: Caller) -> object:
    assert isinstance(caller.step, Unary), "it has asked"
    return caller.step.request


def _is_due(caller: Caller, now_s: float) -> bool:
    return isinstance(caller.step, Wait | Sleep) and caller.until_s <= now_s
