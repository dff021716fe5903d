"""Calling until there is an answer or no time left, and saying truthfully what is then known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf.message import Message

from coalition.errors import reason_name
from coalition.v1 import error_pb2
from partner_sdk._errors import CLIENT_CLOSED, CoalitionError, ConfigurationError, InDoubt, TransportError, Unreachable
from partner_sdk._refusals import refusal
from partner_sdk._rejections import REJECTIONS, rejection
from partner_sdk._sealed import Sealed
from partner_sdk._steps import Diagnosis, Failure, Metadata, Method, Probe, Response, Sleep, Steps, Unary

# A call that hangs is tried once more within the deadline, so one attempt gets at most half of what is left.
_ATTEMPT_SHARE: Final = 0.5
_ATTEMPT_MIN_S: Final = 1.0
_PROBE_MAX_S: Final = 2.0
_PAUSE_FIRST_S: Final = 0.05
_PAUSE_MAX_S: Final = 2.0

#: Refusals that leave no trace and pass by themselves.
_PASSING: Final = (
    error_pb2.REASON_OVERLOADED,
    error_pb2.REASON_RATE_LIMITED,
    error_pb2.REASON_SHUTTING_DOWN,
)
_PASSING_CODES: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


@dataclass(slots=True)
class Course:
    """How the asking goes, also for those who cannot wait for its end."""

    #: Whether an attempt is under way.
    asking: bool = False
    #: Whether some attempt may have reached the service without its answer reaching us.
    doubtful: bool = False
    #: What the last attempt ended with.
    failure: Failure | None = None
    #: Why no connection came about, once that was looked into.
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer came in time, or none ever will."""

    failure: Failure
    #: Whether some attempt may have reached the service without its answer reaching us.
    doubtful: bool
    diagnosis: Diagnosis | None
    address: str

    @property
    def timed_out(self) -> bool:
        """Whether the service may yet answer, if it is asked again."""
        return self.doubtful and self.failure.refused is None and self.failure.code in _PASSING_CODES

    @property
    def hopeless(self) -> bool:
        """Whether more time would not have helped."""
        return not passes(self.failure) or (self.diagnosis is not None and self.diagnosis.permanent)

    @property
    def final(self) -> bool:
        """Whether the service said no, after it would have found what an earlier attempt committed."""
        refused = self.failure.refused
        return refused is not None and refused.reason not in (*_PASSING, error_pb2.REASON_INTERNAL)

    def error(self) -> CoalitionError:
        """What to raise when nothing is in doubt."""
        failure = self.failure
        refused = failure.refused
        if refused is not None:
            # A call may be refused for what usually rejects a transaction.
            name = reason_name(refused.reason)
            return rejection(name, refused.facts) if name in REJECTIONS else refusal(refused)
        if failure.closed:
            return ConfigurationError(CLIENT_CLOSED)
        if failure.never_sent:
            text = self.diagnosis.text if self.diagnosis else f"{self.address} cannot be reached: {failure.details}"
            return Unreachable(text)
        if failure.code is grpc.StatusCode.UNIMPLEMENTED:
            return Unreachable(f"What listens at {self.address} is not this service, or an older version of it.")
        return TransportError(f"The call to {self.address} failed: {failure.code.name}, {failure.details}")


def pauses(random: Callable[[], float]) -> Iterator[float]:
    """Seconds to wait before each retry: exponential, with full jitter, so that many tills do not come back at once."""
    longest = _PAUSE_FIRST_S
    while True:
        yield random() * longest
        longest = min(longest * 2, _PAUSE_MAX_S)


def in_doubt(failure: Failure, address: str, sealed: Sequence[Sealed]) -> InDoubt:
    """What to raise when these envelopes may have been committed or not."""
    ids = [text for item in sealed for text in item.transaction_ids]
    these = f"transaction {ids[0]}" if len(ids) == 1 else f"{len(ids)} transactions"
    cause = failure.refused.message.rstrip(".") if failure.refused else f"{failure.code.name}: {failure.details}"
    return InDoubt(
        f"{address} gave no answer ({cause}), so {these} may have been committed or not. Send the same bytes again"
        " until there is an answer: client.resend(error.envelope), for each of error.envelopes.",
        [item.envelope for item in sealed],
        ids,
    )


def exchange(
    method: Method[Response],
    request: Callable[[], Message],
    *,
    course: Course,
    metadata: Metadata,
    address: str,
    deadline_s: float,
    monotonic: Callable[[], float],
    random: Callable[[], float],
) -> Steps[Response | Unanswered]:
    """Send a request until it is answered, refused for good, or `monotonic()` would pass `deadline_s`.

    `request` is asked for it before each attempt, and gives the identical one as soon as `course` is doubtful.
    """
    for pause in pauses(random):
        message = request()
        course.asking = True
        left = deadline_s - monotonic()
        attempt_s = left if left <= _ATTEMPT_MIN_S else max(left * _ATTEMPT_SHARE, _ATTEMPT_MIN_S)
        answer = yield Unary(method, message, max(attempt_s, 0.001), metadata)
        if not isinstance(answer, Failure):
            assert isinstance(answer, method.response)
            return answer
        course.doubtful = course.doubtful or _may_have_arrived(answer)
        course.failure = answer
        course.asking = False
        if answer.never_sent and not answer.closed and course.diagnosis is None:
            course.diagnosis = yield Probe(min(_PROBE_MAX_S, max(deadline_s - monotonic(), 0.1)))
        unanswered = Unanswered(answer, course.doubtful, course.diagnosis, address)
        pause_s = max(pause, retry_after_s(answer))
        if unanswered.hopeless or monotonic() + pause_s >= deadline_s:
            return unanswered
        yield Sleep(pause_s)
    raise AssertionError("pauses never end")


def passes(failure: Failure) -> bool:
    """Whether the same call may succeed later, with nobody doing anything."""
    if failure.refused is not None:
        return failure.refused.reason in _PASSING
    return failure.code in _PASSING_CODES


def retry_after_s(failure: Failure) -> float:
    """How long the service asks to wait before the next attempt; 0 when it does not say."""
    facts = failure.refused.facts if failure.refused is not None else {}
    text = facts.get("retry_after_ms", "")
    return int(text) / 1_000 if text.isdecimal() else 0.0


def _may_have_arrived(failure: Failure) -> bool:
    if failure.refused is not None:
        return failure.refused.reason == error_pb2.REASON_INTERNAL
    return not failure.never_sent and failure.code is not grpc.StatusCode.UNIMPLEMENTED
