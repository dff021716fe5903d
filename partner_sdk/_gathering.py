"""Which writes wait, which travel in one envelope, and which caller carries it.

Pure state: it sends nothing and knows no time. A caller whose write must wait is woken when its fate is known, or when
it is its turn to carry an envelope for others and itself. So there is no thread and no task but the callers' own, and
when one of them goes away while it carries, another takes the envelope on.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

import grpc

from coalition.envelope import TRANSACTIONS_MAX
from coalition.receipt import ReceiptError
from coalition.v1.outcome_pb2 import Outcome
from partner_sdk._apart import apart
from partner_sdk._errors import CLIENT_CLOSED, ConfigurationError, TooManyWaiting
from partner_sdk._exchange import Course, Unanswered, passes
from partner_sdk._sealed import ROOM_BYTES, Prepared, Sealed
from partner_sdk._steps import CLOSED, Failure

#: One that the hub works on and one on the way keep it busy; with more, fewer writes would find company.
UNDER_WAY_MAX: Final = 2
WAITING_MAX: Final = 10_000

_SILENT: Final = Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "no response in time")


class Decided(NamedTuple):
    """What the ledger decided, proven by a receipt."""

    message: Outcome
    replayed: bool


class Unsent(NamedTuple):
    """It never left, and never will."""


Fate: TypeAlias = Decided | Unsent | Unanswered | ReceiptError


class Call:
    """One caller's transaction. It waits until it is in a part, and has its fate at the end."""

    __slots__ = ("deadline_s", "fate", "part", "prepared", "wake")

    def __init__(self, prepared: Prepared, deadline_s: float) -> None:
        self.prepared: Final = prepared
        self.deadline_s: Final = deadline_s
        self.part: Part | None = None
        self.fate: Fate | None = None
        #: Rings for the caller while it waits.
        self.wake: Callable[[], None] | None = None


class Part:
    """What travels in one envelope."""

    __slots__ = ("calls", "carrier", "course", "is_open", "sealed")

    def __init__(self, calls: Iterable[Call], *, is_open: bool = False) -> None:
        self.calls = list(calls)
        #: Which of the callers sends it; None until it is its turn.
        self.carrier: Call | None = None
        #: Whether others that wait may still come along.
        self.is_open = is_open
        self.sealed: Sealed | None = None
        self.course: Final = Course()
        for call in self.calls:
            call.part = self


class Gathering:
    """The writes of one client that have no answer yet. Safe to use from many threads."""

    def __init__(self, address: str, *, under_way_max: int = UNDER_WAY_MAX, waiting_max: int = WAITING_MAX) -> None:
        self._address: Final = address
        self._under_way_max: Final = under_way_max
        self._waiting_max: Final = waiting_max
        self._lock: Final = threading.Lock()
        self._waiting: deque[Call] = deque()
        #: Refused with others and to be sent apart from them, before those that wait.
        self._ready: deque[Part] = deque()
        #: Each has its carrier.
        self._under_way: set[Part] = set()
        #: How many calls the last answer was for.
        self._answered_last = 1
        self._closed = False

    def join(self, call: Call) -> None:
        """Have a call sent: at once where there is room, with others as soon as there is. Raises TooManyWaiting."""
        with self._lock:
            if self._closed:
                raise ConfigurationError(CLIENT_CLOSED)
            if len(self._waiting) >= self._waiting_max:
                raise TooManyWaiting(
                    f"{len(self._waiting)} writes of this client wait for {self._address} already, and it keeps no"
                    " more. This one was not sent. Write fewer at once, or send many with batch() or submit_stream()."
                )
            self._waiting.append(call)
            self._go_on()

    def is_alone(self) -> bool:
        """Whether one caller is all there is, and was a moment ago."""
        with self._lock:
            return self._answered_last == len(self._under_way) == 1 and not self._waiting

    def carried_by(self, call: Call) -> Part | None:
        """What this caller is to carry; None when it is not its turn."""
        part = call.part
        return part if part is not None and part.carrier is call else None

    def listen(self, call: Call, wake: Callable[[], None]) -> bool:
        """Have `wake` called, once, when there is news for a caller. False when there is already."""
        with self._lock:
            if call.fate is not None or self.carried_by(call) is not None:
                return False
            call.wake = wake
            return True

    def set_out(self, part: Part) -> Sequence[Call]:
        """Before each attempt: who travels. What becomes of these is in doubt until there is an answer."""
        with self._lock:
            if part.is_open:
                self._fill(part)
            elif not part.course.doubtful and any(call.fate is not None for call in part.calls):
                # They were told that nothing has changed, so it must not now.
                part.calls = [call for call in part.calls if call.fate is None]
                part.sealed = None
            part.course.asking = True
            return tuple(part.calls)

    def arrive(self, part: Part, fates: Sequence[Decided] | ReceiptError) -> None:
        """There was an answer, or one that is not to be believed."""
        with self._lock:
            each: Sequence[Fate] = [fates] * len(part.calls) if isinstance(fates, ReceiptError) else fates
            for call, fate in zip(part.calls, each, strict=True):
                self._settle(call, fate)
            self._answered_last = len(part.calls)
            self._make_room(part)

    def fail(self, part: Part, unanswered: Unanswered) -> None:
        """There was none in the carrier's time, or there never will be one. Who has time left goes on; what may have
        been refused because of others is sent apart from them."""
        with self._lock:
            assert part.carrier is not None, "somebody carried it"
            time_over_s = part.carrier.deadline_s
            if unanswered.final:
                self._send_apart(part, unanswered)
            for call in part.calls:
                if unanswered.hopeless or call.deadline_s <= time_over_s:
                    self._settle(call, unanswered)
            self._pass_on(part)

    def leave(self, call: Call) -> None:
        """The caller waits no longer. Its fate is what is known of it by now; what it carried, another carries on."""
        with self._lock:
            part = call.part
            if part is None:
                if call in self._waiting:
                    self._waiting.remove(call)
                if call.fate is None:
                    call.fate = Unsent()
                return
            if call.fate is None:
                call.fate = self._known_of(part)
            if part.carrier is call:
                part.course.doubtful = part.course.doubtful or part.course.asking
                part.course.asking = False
                self._pass_on(part)

    def close(self) -> None:
        """Nothing more is sent. What waits hears so; what is under way is for the connection to end."""
        with self._lock:
            self._closed = True
            never = Unanswered(CLOSED, False, None, self._address)
            for call in (*self._waiting, *(call for part in self._ready for call in part.calls)):
                self._settle(call, never)
            self._waiting.clear()
            self._ready.clear()

    def _go_on(self) -> None:
        """Have somebody carry what is next, as long as there is room."""
        while len(self._under_way) < self._under_way_max and (part := self._next()) is not None:
            self._under_way.add(part)
            self._pass_on(part)

    def _next(self) -> Part | None:
        while self._ready:
            part = self._ready.popleft()
            if any(call.fate is None for call in part.calls):
                return part
        return Part([self._waiting.popleft()], is_open=True) if self._waiting else None

    def _fill(self, part: Part) -> None:
        """Take along those that wait, in their order, as far as an envelope has room for them.

        No more than its share of all, though: one large envelope and small ones beside it would leave the hub without
        work while the large one's callers are answered, and them without an answer while it works.
        """
        part.is_open = False
        everybody = len(self._waiting) + sum(len(other.calls) for other in self._under_way)
        share = min(TRANSACTIONS_MAX, -(-everybody // self._under_way_max))
        room = ROOM_BYTES - sum(call.prepared.takes_bytes for call in part.calls)
        ids = {call.prepared.message.transaction_id for call in part.calls}
        while self._waiting and len(part.calls) < share:
            prepared = self._waiting[0].prepared
            room -= prepared.takes_bytes
            if room < 0 or prepared.message.transaction_id in ids:
                return
            ids.add(prepared.message.transaction_id)
            call = self._waiting.popleft()
            call.part = part
            part.calls.append(call)

    def _pass_on(self, part: Part) -> None:
        """Have the caller whose time is over last carry a part that has its room; without any, the room is free."""
        open_calls = [call for call in part.calls if call.fate is None]
        if not open_calls:
            self._make_room(part)
            return
        part.carrier = max(open_calls, key=lambda call: call.deadline_s)
        self._ring(part.carrier)

    def _make_room(self, part: Part) -> None:
        part.carrier = None
        self._under_way.discard(part)
        self._go_on()

    def _send_apart(self, part: Part, unanswered: Unanswered) -> None:
        assert unanswered.failure.refused is not None, "only a refusal is final"
        groups = apart(unanswered.failure.refused, [call.prepared for call in part.calls])
        calls = [[part.calls[position] for position in group] for group in groups]
        parts = [Part(call for call in group if call.fate is None) for group in calls]
        self._ready.extendleft(reversed(parts))
        part.calls = [call for call in part.calls if call.part is part]

    def _known_of(self, part: Part) -> Fate:
        course = part.course
        if course.asking or course.doubtful:
            return Unanswered(_SILENT, True, course.diagnosis, self._address)
        if course.failure is not None and passes(course.failure):
            return Unanswered(course.failure, False, course.diagnosis, self._address)
        return Unsent()

    def _settle(self, call: Call, fate: Fate) -> None:
        if call.fate is None:
            call.fate = fate
            self._ring(call)

    def _ring(self, call: Call) -> None:
        wake, call.wake = call.wake, None
        if wake is not None:
            wake()
