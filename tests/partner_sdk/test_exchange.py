"""What the core decides after each answer, tried without a network, a clock or chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coalition.status import to_status
from coalition.v1 import error_pb2
from coalition.v1.ledger_service_pb2 import SubmitStreamResponse
from partner_sdk import _directory, drafts
from partner_sdk._bulk import submit_stream
from partner_sdk._exchange import pauses
from partner_sdk._steps import Ended, Failure, Probe, Unary, Write
from partner_sdk._writing import write as write_steps
from partner_sdk.errors import (
    EnvelopeExpired,
    InDoubt,
    Internal,
    KeyUnknown,
    Overloaded,
    Timeout,
    TransportError,
    Unreachable,
)
from tests.partner_sdk.world import (
    CODE,
    EXPIRED,
    INTERNAL,
    LOST,
    NOT_THERE,
    NOT_TRUSTED,
    OVERLOADED,
    REFUSED_CONNECTION,
    SILENT,
    UNKNOWN_KEY,
    World,
    refused,
)


def write(world: World) -> Any:
    return world.run(write_steps(world.session(), drafts.issue("anna", 5)))


def test_resends_identical_bytes_until_the_deadline() -> None:
    """What may have arrived is sent again as it was, ever more slowly, and is then in doubt with its bytes and ids."""
    world = World(LOST)
    with pytest.raises(InDoubt, match="may have been committed or not") as caught:
        write(world)
    assert len(world.sent) > 5
    assert set(world.sent) == {caught.value.envelope}
    assert len(caught.value.transaction_ids) == 1
    assert world.slept == sorted(world.slept)
    assert world.slept[:4] == [0.05, 0.1, 0.2, 0.4]
    assert max(world.slept) == 2.0
    assert world.now_s <= 10


def test_a_silent_hub_is_asked_once_more_within_the_deadline() -> None:
    """An attempt gets at most half of the time that is left, and none goes beyond the deadline."""
    world = World(SILENT)
    with pytest.raises(InDoubt):
        write(world)
    timeouts = [step.timeout_s for step in world.seen if isinstance(step, Unary)]
    assert timeouts[0] == 5.0
    assert len(timeouts) > 2
    assert world.now_s <= 10.01


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([UNKNOWN_KEY], KeyUnknown),
        ([OVERLOADED], Overloaded),
        ([LOST, EXPIRED], EnvelopeExpired),
        ([LOST, OVERLOADED], InDoubt),
        ([INTERNAL], InDoubt),
        ([SILENT, LOST, UNKNOWN_KEY], KeyUnknown),
        ([REFUSED_CONNECTION, NOT_THERE, REFUSED_CONNECTION], Unreachable),
        ([REFUSED_CONNECTION, NOT_THERE, LOST, REFUSED_CONNECTION], InDoubt),
        ([REFUSED_CONNECTION, NOT_TRUSTED], Unreachable),
        ([Failure(CODE.UNIMPLEMENTED, "Method not found")], Unreachable),
        ([Failure(CODE.UNKNOWN, "Stream removed")], InDoubt),
        ([Failure(CODE.CANCELLED, "Channel closed")], InDoubt),
    ],
)
def test_says_truthfully_what_is_known_of_a_write(answers: list[object], error: type[Exception]) -> None:
    """In doubt only when it may have arrived, and not when the hub's last word decides it."""
    world = World(*answers)
    with pytest.raises(error) as caught:
        write(world)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([LOST], Timeout),
        ([SILENT], Timeout),
        ([INTERNAL], Internal),
        ([REFUSED_CONNECTION, NOT_THERE, REFUSED_CONNECTION], Unreachable),
        ([Failure(CODE.UNKNOWN, "Stream removed")], TransportError),
    ],
)
def test_reads_are_never_in_doubt(answers: list[object], error: type[Exception]) -> None:
    """Asking changes nothing, so a read that fails can just be asked again."""
    world = World(*answers)
    session = world.session()
    with pytest.raises(error) as caught:
        world.run(_directory.network(session))
    assert type(caught.value) is error


def test_what_cannot_mend_itself_is_not_retried() -> None:
    """A wrong certificate or key is an error at once, not at the deadline."""
    for answers in ([REFUSED_CONNECTION, NOT_TRUSTED], [UNKNOWN_KEY]):
        world = World(*answers)
        with pytest.raises((Unreachable, KeyUnknown)):
            write(world)
        assert world.slept == []


def test_looks_once_why_nobody_answers() -> None:
    """The address is looked at once, and the finding is the error's text."""
    world = World(REFUSED_CONNECTION, NOT_THERE, REFUSED_CONNECTION)
    with pytest.raises(Unreachable, match="Nothing listens"):
        write(world)
    assert len([step for step in world.seen if isinstance(step, Probe)]) == 1


def test_waits_as_long_as_the_hub_asks() -> None:
    """The hub's own word on when to come back counts, if it is longer."""
    world = World(refused(error_pb2.REASON_RATE_LIMITED, retry_after_ms="1500"), UNKNOWN_KEY)
    with pytest.raises(KeyUnknown):
        write(world)
    assert world.slept == [1.5]


def test_pauses_are_drawn_from_a_growing_range() -> None:
    """Full jitter: anything from nothing to the bound, which doubles up to two seconds."""
    halves: Callable[[], float] = lambda: 0.5  # noqa: E731 - a constant chance
    drawn = pauses(halves)
    assert [next(drawn) for _ in range(8)] == [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_tokens_are_kept_until_shortly_before_they_end() -> None:
    """One token serves many reads; it is made anew a minute before it ends, or when the clock was set back."""
    world = World(LOST)
    session = world.session()
    first = session.metadata()
    world.now_s = 239
    assert session.metadata() == first
    world.now_s = 240
    second = session.metadata()
    assert second != first
    world.now_s = 0
    assert session.metadata() != second


def in_stream(failure: Failure) -> SubmitStreamResponse:
    """A refusal of one envelope, as a stream brings it."""
    assert failure.refused is not None
    return SubmitStreamResponse(error=to_status(failure.refused).SerializeToString())


@pytest.mark.parametrize(
    ("answers", "error", "count"),
    [
        ([in_stream(UNKNOWN_KEY)], KeyUnknown, 3),
        ([in_stream(INTERNAL)], InDoubt, 3),
        ([in_stream(UNKNOWN_KEY), in_stream(INTERNAL), in_stream(UNKNOWN_KEY)], InDoubt, 1),
        ([in_stream(INTERNAL), LOST], InDoubt, 3),
        ([in_stream(OVERLOADED)], Overloaded, None),
        ([LOST], InDoubt, 3),
        ([SILENT], InDoubt, 3),
        ([Ended()], InDoubt, 3),
        ([UNKNOWN_KEY], KeyUnknown, None),
        ([REFUSED_CONNECTION, NOT_TRUSTED], Unreachable, None),
        ([REFUSED_CONNECTION, NOT_THERE, REFUSED_CONNECTION], Unreachable, None),
        ([SubmitStreamResponse(error=b"")], TransportError, None),
    ],
)
def test_says_truthfully_what_is_known_of_a_stream(answers: list[object], error: type[Exception], count: int) -> None:
    """In doubt are exactly the envelopes that may have arrived; what was refused for good names its own."""
    world = World(*answers)
    flow = submit_stream(world.session(), [drafts.issue("anna", 1) for _ in range(3)], envelope_size=1)
    with pytest.raises(error) as caught:
        world.values(flow)
    assert type(caught.value) is error
    if count is not None:
        assert len(caught.value.transaction_ids) == count  # type: ignore[attr-defined]
    if isinstance(caught.value, InDoubt):
        written = {step.request.envelope for step in world.seen if isinstance(step, Write)}  # type: ignore[attr-defined]
        assert set(caught.value.envelopes) <= written
    assert world.now_s <= 25
