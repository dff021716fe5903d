"""Writes at the same time travel together, and each hears what it would have heard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coalition.envelope import OpenedEnvelope, open_envelope
from coalition.ids import id_text
from coalition.keys import SigningKey
from coalition.v1 import error_pb2
from coalition.v1.transaction_pb2 import Transaction
from partner_sdk import drafts, new_transaction_id
from partner_sdk._gathering import Call, Gathering, Part, Unsent
from partner_sdk._operator_drafts import close_window, set_party_keys
from partner_sdk._sealed import ROOM_BYTES, Prepared
from partner_sdk._steps import Failure, Sleep, Turn, Unary, Wait
from partner_sdk.errors import (
    ConfigurationError,
    EnvelopeExpired,
    IdConflict,
    InDoubt,
    KindNotAllowed,
    Overloaded,
    PartySuspended,
    ReceiptInvalid,
    Timeout,
    TooManyWaiting,
    Unreachable,
)
from tests.partner_sdk.crowd import Crowd, accept, holders, opened
from tests.partner_sdk.world import (
    CODE,
    EXPIRED,
    INTERNAL,
    KEY,
    LOST,
    OVERLOADED,
    REFUSED_CONNECTION,
    SILENT,
    UNKNOWN_KEY,
    refused,
)

SUSPENDED = refused(error_pb2.REASON_PARTY_SUSPENDED)
NOT_ALLOWED = refused(error_pb2.REASON_KIND_NOT_ALLOWED)


def names(*numbers: int) -> list[str]:
    return [f"holder-{number}" for number in numbers]


def test_a_lone_call_goes_at_once() -> None:
    """Whoever finds room sends its own transaction, without waiting for an answer to anybody."""
    crowd = Crowd()
    first, second = crowd.calls(2)
    assert crowd.under_way == [names(0), names(1)]
    crowd.answer(second)
    crowd.answer(first)
    assert [caller.result.balance.holder_id for caller in (first, second)] == names(0, 1)
    third = crowd.call()
    assert crowd.carriers == [third]


def test_those_that_wait_go_together_in_order() -> None:
    """When an envelope returns, all that wait leave in the next one, in the order in which they were called."""
    crowd = Crowd(under_way_max=1)
    first, *others = crowd.calls(6)
    assert crowd.under_way == [names(0)]
    crowd.answer(first)
    assert crowd.under_way == [names(1, 2, 3, 4, 5)]
    crowd.answer_all()
    assert [caller.result.balance.holder_id for caller in (first, *others)] == names(*range(6))


def test_those_that_call_in_the_same_turn_go_together() -> None:
    """Who was answered and calls again at once comes along with the first one who does."""
    crowd = Crowd(under_way_max=1)
    first = crowd.call()
    with crowd.one_turn():
        crowd.answer(first)
        crowd.calls(3)
    assert crowd.under_way == [names(1, 2, 3)]


def test_who_is_alone_need_not_give_way() -> None:
    """Whoever had company a moment ago gives it a chance to come along; who had none would wait for nobody."""
    crowd = Crowd(under_way_max=1)
    with crowd.one_turn():
        assert crowd.call().step == Turn(alone=True)
    crowd.answer_all()
    crowd.calls(4)
    crowd.answer_all()
    with crowd.one_turn():
        assert crowd.call().step == Turn(alone=False)


def test_each_envelope_takes_its_share() -> None:
    """Where two may be under way, neither has more than half of all, so that both hub and callers have work."""
    crowd = Crowd()
    crowd.calls(7)
    crowd.answer(crowd.callers[0])
    assert crowd.under_way == [names(1), names(2, 3, 4)]
    crowd.answer(crowd.callers[1])
    assert crowd.under_way == [names(2, 3, 4), names(5, 6)]
    with crowd.one_turn():
        crowd.calls(21)
        crowd.answer(crowd.callers[2])
    assert [len(envelope) for envelope in crowd.under_way] == [2, 12]
    crowd.answer_all()
    assert all(caller.result for caller in crowd.callers)


def test_one_of_those_that_wait_carries_for_all() -> None:
    """No caller is woken but the one that sends, until there is an answer; then each has its own."""
    crowd = Crowd(under_way_max=1)
    first, *others = crowd.calls(4)
    crowd.answer(first)
    (carrier,) = crowd.carriers
    assert carrier in others
    assert [type(caller.step) for caller in others if caller is not carrier] == [Wait, Wait]
    crowd.answer(carrier)
    assert all(caller.is_done for caller in others)


def test_the_same_id_goes_in_the_next_envelope() -> None:
    """An envelope has an id once; what has it as well waits, and what comes after does not overtake it."""
    crowd = Crowd(under_way_max=1)
    chosen = new_transaction_id()
    first = crowd.call()
    crowd.call(drafts.issue("holder-1", 1, transaction_id=chosen))
    crowd.call(drafts.issue("holder-2", 1, transaction_id=chosen))
    crowd.call()
    crowd.answer(first)
    assert crowd.under_way == [names(1)]
    crowd.answer(crowd.carriers[0])
    assert crowd.under_way == [names(2, 3)]
    crowd.answer_all()
    assert [caller.error for caller in crowd.callers] == [None] * 4


def test_what_needs_another_signature_goes_alone() -> None:
    """A draft that two keys sign, or may have to, neither waits for others nor takes them along."""
    crowd = Crowd(under_way_max=1)
    crowd.calls(2)
    alone = crowd.call(set_party_keys("grocer", remove_keys=[KEY.public]))
    assert isinstance(alone.step, Unary)
    assert len(opened(alone.step.request).transactions) == 1


def prepared(raw_bytes: int, number: int) -> Prepared:
    message = Transaction(transaction_id=number.to_bytes(16, "big"))
    return Prepared(message, bytes(raw_bytes), 1, 1, has_new_id=True)


def gathered(*sizes: int) -> list[int]:
    """How many of the calls with transactions of so many bytes leave together."""
    gathering = Gathering("hub.example:7700", under_way_max=1)
    calls = [Call(prepared(size, number), 10.0) for number, size in enumerate(sizes)]
    for call in calls:
        gathering.join(call)
    left: list[int] = []
    part = carried(gathering, calls)
    while part is not None:
        left.append(len(gathering.set_out(part)))
        gathering.arrive(part, [accepted] * left[-1])
        part = carried(gathering, calls)
    return left


accepted: Any = object()


def carried(gathering: Gathering, calls: list[Call]) -> Part | None:
    return next((part for call in calls if call.fate is None and (part := gathering.carried_by(call))), None)


@pytest.mark.parametrize(
    ("sizes", "together"),
    [
        ([10] * 1_000, [1_000]),
        ([10] * 1_001, [1_000, 1]),
        ([ROOM_BYTES - 4], [1]),
        ([ROOM_BYTES // 2 - 4] * 2, [2]),
        ([ROOM_BYTES // 2 - 3] * 2, [1, 1]),
        ([ROOM_BYTES - 4, 1, 1, ROOM_BYTES - 5], [1, 2, 1]),
    ],
)
def test_an_envelope_takes_what_fits(sizes: list[int], together: list[int]) -> None:
    """At most a thousand transactions and a mebibyte leave together; the rest leaves after them."""
    assert gathered(*sizes) == together


def test_only_so_many_wait() -> None:
    """A call beyond the bound is an error that says which bound and what to do, and the others are not affected."""
    crowd = Crowd(waiting_max=3)
    crowd.calls(5)
    surplus = crowd.call()
    assert isinstance(surplus.error, TooManyWaiting)
    assert str(surplus.error).startswith("3 writes of this client wait for hub.example:7700 already")
    assert "batch() or submit_stream()" in str(surplus.error)
    crowd.answer_all()
    assert [caller.error for caller in crowd.callers[:5]] == [None] * 5


def test_time_in_the_queue_counts() -> None:
    """Who waits until its time is over was never sent, and hears so; those under way are in doubt."""
    crowd = Crowd()
    *sent, _ = crowd.calls(3)
    crowd.wait_until(4.0)
    late = crowd.call(timeout_s=3.0)
    crowd.wait_until(7.5)
    assert isinstance(late.error, Timeout)
    assert "this was not sent" in str(late.error)
    for caller in sent:
        crowd.answer(caller, SILENT)
    crowd.wait_until(9.9)
    crowd.answer_all(SILENT)
    doubts = [caller.error for caller in sent]
    assert [type(doubt) for doubt in doubts] == [InDoubt, InDoubt]
    assert [transactions(doubt) for doubt in doubts] == [names(0), names(1)]


def transactions(doubt: object) -> list[str]:
    assert isinstance(doubt, InDoubt)
    return holders(open_envelope(doubt.envelope))


def test_those_without_patience_leave_the_others_to_wait() -> None:
    """Each has its own time: who has less is in doubt with an envelope of its own, and the rest gets its answer."""
    crowd = Crowd(under_way_max=1)
    first = crowd.call()
    hasty, patient = crowd.call(timeout_s=2.0), crowd.call(timeout_s=20.0)
    crowd.answer(first)
    assert crowd.under_way == [names(1, 2)]
    # The hasty one had called first, so it carries; when its time is over, the patient one sends the same bytes again.
    sent = opened(step_of(hasty).request)
    crowd.world.now_s = 2.0
    crowd.answer(hasty, SILENT)
    assert transactions(hasty.error) == names(1)
    assert hasty.error.transaction_ids == (id_text(sent.transactions[0].message.transaction_id),)
    assert opened(step_of(patient).request).digest == sent.digest
    crowd.answer(patient)
    assert patient.result.balance.holder_id == "holder-2"
    doubted = open_envelope(hasty.error.envelope)
    assert (doubted.header.created_us, doubted.header.expires_us) == (sent.header.created_us, sent.header.expires_us)


def step_of(caller: Any) -> Unary:
    assert isinstance(caller.step, Unary)
    return caller.step


def test_who_comes_along_may_have_less_time() -> None:
    """A caller that does not carry leaves when its own time is over, in doubt as soon as the envelope is sent."""
    crowd = Crowd(under_way_max=1)
    first, carrier = crowd.calls(2)
    hasty = crowd.call(timeout_s=2.0)
    crowd.answer(first)
    assert crowd.under_way == [names(1, 2)]
    crowd.wait_until(2.0)
    assert transactions(hasty.error) == names(2)
    crowd.answer(carrier)
    assert carrier.result.balance.holder_id == "holder-1"


def test_nobody_is_told_that_nothing_happened_before_it_is_certain() -> None:
    """Who leaves while nothing can have arrived hears why, and what it wrote is not sent afterwards."""
    crowd = Crowd(under_way_max=1)
    first, carrier = crowd.calls(2)
    unreached, overloaded = crowd.call(timeout_s=0.12), crowd.call(timeout_s=0.3)
    crowd.answer(first)
    crowd.answer(carrier, REFUSED_CONNECTION)
    assert isinstance(carrier.step, Sleep)
    crowd.world.now_s = 0.121
    unreached.go_on(None)
    assert isinstance(unreached.error, Unreachable)
    carrier.go_on(None)
    assert crowd.under_way == [names(1, 3)]
    crowd.answer(carrier, OVERLOADED)
    crowd.world.now_s = 0.31
    overloaded.go_on(None)
    assert isinstance(overloaded.error, Overloaded)
    carrier.go_on(None)
    assert crowd.under_way == [names(1)]
    crowd.answer(carrier)
    assert carrier.result is not None


def conflict(envelope: OpenedEnvelope) -> object:
    """A hub that has seen the ids of the third and the sixth caller, for something else."""
    for item in envelope.transactions:
        if item.message.issue.holder_id in names(2, 5):
            return refused(error_pb2.REASON_ID_CONFLICT, index=str(item.position))
    return accept(envelope)


def forbidden(envelope: OpenedEnvelope) -> object:
    """A hub that does not say which of the transactions the author may not write."""
    return NOT_ALLOWED if set(holders(envelope)) & set(names(2, 5)) else accept(envelope)


@pytest.mark.parametrize(
    ("hub", "error", "after"),
    [
        (conflict, IdConflict, [[1], [2], [3, 4, 5, 6, 7], [3, 4], [5], [6, 7]]),
        (forbidden, KindNotAllowed, [[1, 2, 3], [1], [2, 3], [2], [3], [4, 5, 6, 7], [4, 5], [4], [5], [6, 7]]),
    ],
)
def test_a_refused_transaction_takes_nobody_with_it(
    hub: Callable[[OpenedEnvelope], object], error: type[Exception], after: list[list[int]]
) -> None:
    """What is refused because of one of several is sent apart, in order, until the refusal is its author's alone."""
    crowd = Crowd(under_way_max=1)
    sent: list[list[str]] = []

    def note(envelope: OpenedEnvelope) -> object:
        sent.append(holders(envelope))
        return hub(envelope)

    callers = crowd.calls(8)
    crowd.answer_all(note)
    assert sent == [names(0), names(1, 2, 3, 4, 5, 6, 7), *(names(*numbers) for numbers in after)]
    assert [type(caller.error) for caller in callers if caller.error] == [error, error]
    for number in (2, 5):
        assert len(callers[number].error.transaction_ids) == 1
    assert [caller.result.balance.holder_id for caller in callers if caller.result] == names(0, 1, 3, 4, 6, 7)


def test_a_refusal_of_the_author_is_for_all() -> None:
    """What concerns who writes is not sent again, and everybody gets an error of its own."""
    crowd = Crowd(under_way_max=1)
    first, *others = crowd.calls(5)
    crowd.answer(first)
    crowd.answer(crowd.carriers[0], UNKNOWN_KEY)
    errors = [caller.error for caller in others]
    assert len({id(error) for error in errors}) == 4
    assert len({text for error in errors for text in error.transaction_ids}) == 4
    assert crowd.carriers == []


@pytest.mark.parametrize(("refusal", "error"), [(SUSPENDED, PartySuspended), (EXPIRED, EnvelopeExpired)])
def test_what_was_committed_before_is_answered_to_a_suspended_author(refusal: Failure, error: type[Exception]) -> None:
    """Idempotency comes before authority: who asks again by an id of its own gets what it would have got alone."""
    crowd = Crowd(under_way_max=1)
    first = crowd.call()
    again = crowd.call(drafts.issue("holder-1", 1, transaction_id=new_transaction_id()))
    fresh = crowd.call()
    too_late = crowd.call(drafts.issue("holder-3", 1, transaction_id=new_transaction_id()))
    crowd.answer(first)

    def hub(envelope: OpenedEnvelope) -> object:
        return accept(envelope) if holders(envelope) == names(1) else refusal

    crowd.answer_all(hub)
    assert again.result.balance.holder_id == "holder-1"
    assert [type(caller.error) for caller in (fresh, too_late)] == [error, error]


@pytest.mark.parametrize("failure", [INTERNAL, Failure(CODE.UNKNOWN, "Stream removed")])
def test_when_nobody_knows_each_is_in_doubt_about_its_own(failure: Failure) -> None:
    """A failure that may have followed the commit leaves everybody in doubt, with its own transaction and no other."""
    crowd = Crowd(under_way_max=1)
    first, *others = crowd.calls(4)
    crowd.answer(first)
    crowd.answer(crowd.carriers[0], failure)
    assert [transactions(caller.error) for caller in others] == [names(1), names(2), names(3)]
    assert len({text for caller in others for text in caller.error.transaction_ids}) == 3


def test_an_answer_that_is_not_the_hubs_is_believed_by_nobody() -> None:
    """Each gets the error that it would have got alone, with its own envelope to send again."""
    crowd = Crowd(under_way_max=1)
    first, *others = crowd.calls(3)
    crowd.answer(first)
    crowd.answer(crowd.carriers[0], lambda envelope: accept(envelope, SigningKey.from_seed(b"\2" * 32)))
    errors = [caller.error for caller in others]
    assert all(isinstance(error, ReceiptInvalid) for error in errors)
    assert [holders(open_envelope(error.envelope)) for error in errors] == [names(1), names(2)]


def test_an_envelope_is_sent_again_as_it_was() -> None:
    """What may have arrived keeps its bytes, whoever leaves meanwhile, and those who stay get their answer."""
    crowd = Crowd(under_way_max=1)
    first, carrier, other, third = crowd.calls(4)
    crowd.answer(first)
    before = step_of(carrier).request
    crowd.answer(carrier, LOST)
    other.go_away()
    crowd.wait_until(0.1)
    assert step_of(carrier).request == before
    carrier.go_away()
    assert step_of(third).request == before
    crowd.answer(third)
    assert third.result.balance.holder_id == "holder-3"


def test_what_a_caller_had_sent_before_it_went_away_stays_in_doubt() -> None:
    """That its answer was not waited for does not mean that nothing arrived, whatever the next attempt ends with."""
    crowd = Crowd(under_way_max=1)
    first, carrier, other = crowd.calls(3)
    crowd.answer(first)
    carrier.go_away()
    crowd.world.now_s = 9.999
    crowd.answer(other, REFUSED_CONNECTION)
    assert transactions(other.error) == names(2)


def test_a_neighbours_refusal_is_not_the_callers() -> None:
    """Who leaves when its envelope was refused, and before it is sent apart, hears nothing of that."""
    gathering = Gathering("hub.example:7700", under_way_max=1)
    calls = [Call(prepared(10, number), 10.0) for number in range(2)]
    for call in calls:
        gathering.join(call)
    part = carried(gathering, calls)
    assert part is not None
    gathering.set_out(part)
    part.course.failure, part.course.asking = NOT_ALLOWED, False
    gathering.leave(calls[1])
    assert calls[1].fate == Unsent()


def test_who_goes_away_before_it_was_sent_is_not_sent() -> None:
    """A cancelled caller that waits leaves the queue; one that was to carry hands over."""
    crowd = Crowd(under_way_max=1)
    first, second, third, fourth = crowd.calls(4)
    third.go_away()
    crowd.answer(first)
    assert crowd.under_way == [names(1, 3)]
    for caller in (second, fourth):
        caller.go_away()
    assert crowd.carriers == []
    crowd.answer(crowd.call())
    assert crowd.callers[-1].result is not None


def test_closing_ends_those_that_wait() -> None:
    """After closing, what waits was not sent and says so, what comes is refused, and nobody waits for ever."""
    crowd = Crowd()
    first, second, *waiting = crowd.calls(5)
    crowd.gathering.close()
    crowd.follow_bells()
    for caller in (*waiting, crowd.call()):
        assert isinstance(caller.error, ConfigurationError)
        assert "closed" in str(caller.error)
    crowd.answer(first)
    crowd.answer(second, Failure(CODE.CANCELLED, "Channel closed!"))
    assert first.result is not None
    assert isinstance(second.error, InDoubt)


def test_a_draft_that_cannot_be_sent_concerns_nobody_else() -> None:
    """What is wrong with one's own call is an error before anything is gathered."""
    crowd = Crowd(under_way_max=1)
    crowd.call()
    wrong = crowd.call(drafts.issue("", 0))
    assert isinstance(wrong.error, ValueError)
    crowd.call(close_window(1))
    crowd.answer_all()
    assert [caller.error for caller in crowd.callers if caller is not wrong] == [None, None]
