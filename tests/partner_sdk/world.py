"""A world without a network, a clock or chance, in which the core's decisions can be watched."""

from __future__ import annotations

from typing import Any

import grpc

from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.v1 import error_pb2
from coalition.v1.ledger_service_pb2 import SubmitRequest
from partner_sdk import Connection
from partner_sdk._session import Session
from partner_sdk._steps import Diagnosis, Emit, Failure, Flow, OpenStream, Read, Sleep, Step, Steps, Turn, Unary, Write

CODE = grpc.StatusCode
KEY = SigningKey.from_seed(bytes(32))
LOST = Failure(CODE.UNAVAILABLE, "Socket closed")
SILENT = Failure(CODE.DEADLINE_EXCEEDED, "Deadline Exceeded")
REFUSED_CONNECTION = Failure(CODE.UNAVAILABLE, "failed to connect to all addresses; last error: refused")
NOT_THERE = Diagnosis("Nothing listens.", permanent=False)
NOT_TRUSTED = Diagnosis("The certificate is not trusted.", permanent=True)


def refused(reason: error_pb2.Reason.ValueType, **facts: str) -> Failure:
    return Failure(CODE.FAILED_PRECONDITION, "", Refused(reason, f"{error_pb2.Reason.Name(reason)}.", facts))


OVERLOADED = refused(error_pb2.REASON_OVERLOADED)
INTERNAL = refused(error_pb2.REASON_INTERNAL)
EXPIRED = refused(error_pb2.REASON_ENVELOPE_EXPIRED)
UNKNOWN_KEY = refused(error_pb2.REASON_KEY_UNKNOWN)


class _Stream:
    def cancel(self) -> None:
        """Nothing to end."""


class World:
    """Answers steps from a script, and moves its own time: calls that are not answered take what they may."""

    def __init__(self, *answers: object) -> None:
        self.now_s = 0.0
        self.seen: list[Step] = []
        self._answers = list(answers)

    def monotonic(self) -> float:
        return self.now_s

    def session(self, timeout_s: float = 10.0) -> Session:
        connection = Connection(
            network_id="test",
            party_id="grocer",
            address="hub.example:7700",
            hub_keys=(KEY.public,),
            keys=(KEY,),
            clock=lambda: 1_700_000_000_000_000 + int(self.now_s * 1e6),
            timeout_s=timeout_s,
        )
        return Session(connection, monotonic=self.monotonic, jitter=lambda: 1.0)

    def run(self, steps: Steps[Any]) -> Any:
        answer: object = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as stop:
                return stop.value
            answer = self._answer(step)

    def values(self, flow: Flow[Any]) -> list[Any]:
        """Everything that a flow gives."""
        given: list[Any] = []
        answer: object = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration:
                return given
            answer = None
            if isinstance(step, Emit):
                given.append(step.value)
            else:
                answer = self._answer(step)

    def _answer(self, step: Step) -> object:
        self.seen.append(step)
        if isinstance(step, Sleep):
            self.now_s += step.seconds
            return None
        if isinstance(step, OpenStream):
            return _Stream()
        if isinstance(step, Write | Turn):
            return None
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is SILENT and isinstance(step, Unary | Read):
            self.now_s += step.timeout_s
        return answer

    @property
    def sent(self) -> list[bytes]:
        """The envelopes that were sent."""
        return [
            step.request.envelope
            for step in self.seen
            if isinstance(step, Unary) and isinstance(step.request, SubmitRequest)
        ]

    @property
    def slept(self) -> list[float]:
        return [step.seconds for step in self.seen if isinstance(step, Sleep)]
