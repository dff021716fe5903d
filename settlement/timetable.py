"""What is due when: the open window by the schedule, and the payments of windows that were closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from coalition.clock import Clock
from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.state import Window
from settlement.desk import Desk
from settlement.intake import Intake
from settlement.schedule.rule import Closing, Schedule

#: How many closings to come are told at most.
CLOSINGS_MAX: Final = 60
#: Of how many windows that are not settled payment days are told, the newest.
UNSETTLED_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Outlook:
    """The schedule as of a moment."""

    schedule: Schedule
    #: IANA name.
    time_zone: str
    now_us: int
    #: The open window.
    window: Window
    #: When it is to be closed; `is_due` says whether that moment has come.
    due: Closing
    #: The closings after that moment and after now, each with the day on which its payments are due.
    closings: tuple[tuple[Closing, date], ...]
    #: Closed windows that are not settled, ascending, each with the day on which its payments are due.
    unsettled: tuple[tuple[Window, date], ...]

    @property
    def is_due(self) -> bool:
        """Whether the open window is to be closed now."""
        return self.due.moment_us <= self.now_us


class Timetable:
    """Applies the schedule to the windows in the journal."""

    def __init__(self, schedule: Schedule | None, desk: Desk, intake: Intake, clock: Clock) -> None:
        self._schedule = schedule
        self._desk = desk
        self._intake = intake
        self._clock = clock

    def outlook(self, closings: int) -> Outlook:
        """What is due, and so many closings to come. Raises Refused: NOT_FOUND without a schedule or a window, and
        FIELD_INVALID for more than CLOSINGS_MAX."""
        if closings > CLOSINGS_MAX:
            raise Refused(
                error_pb2.REASON_FIELD_INVALID,
                f"closings is {closings}; it must be at most {CLOSINGS_MAX}.",
                {"limit": str(CLOSINGS_MAX)},
            )
        schedule = self._schedule
        if schedule is None:
            raise Refused(
                error_pb2.REASON_NOT_FOUND,
                "No schedule is set, so windows close when the operator closes them. "
                "A table [schedule] in the service's settlement.toml sets one.",
            )
        self._intake.require_sound()
        calendar = self._desk.network.calendar
        records = self._desk.windows()
        window = records[-1].window
        now_us = self._clock()
        due = schedule.due(calendar, window.opened_us)
        coming = schedule.closings(calendar, max(due.moment_us - 1, now_us))
        closed = [record.window for record in records if record.state not in _PAID_OR_OPEN]
        return Outlook(
            schedule=schedule,
            time_zone=calendar.time_zone,
            now_us=now_us,
            window=window,
            due=due,
            closings=tuple((closing, schedule.payments_due_on(closing.day)) for closing in islice(coming, closings)),
            unsettled=tuple(
                (window, schedule.window_due_on(calendar, window.opened_us, window.closed_us))
                for window in closed[-UNSETTLED_MAX:]
            ),
        )


_PAID_OR_OPEN: Final = (pb.WINDOW_STATE_OPEN, pb.WINDOW_STATE_SETTLED)
