"""When windows close and payments are due, as the settlement service says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from coalition.v1 import settlement_schedule_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._moments import moment_of
from partner_sdk._session import Session
from partner_sdk._steps import Steps


@dataclass(frozen=True, slots=True)
class ScheduledClosing:
    """A closing to come."""

    closes_at: datetime
    payments_due_on: date


@dataclass(frozen=True, slots=True)
class UnsettledWindow:
    """A window that was closed and is not settled."""

    window: int
    closed_at: datetime
    payments_due_on: date


@dataclass(frozen=True, slots=True)
class Schedule:
    """The operator's schedule, and what is due by it."""

    #: `daily`, `weekly`, `monthly`.
    period: str
    #: `friday`; None unless weekly.
    weekday: str | None
    #: `15`, `last business day`; None unless monthly.
    day: str | None
    #: `18:00`, in the network's time zone, whose IANA name is `time_zone`.
    cut_off: str
    time_zone: str
    #: What becomes of a day that is no business day: `none`, `following`, `preceding`, `modified following`.
    roll: str
    #: Whose business days: `DE-BY`, `ECB`; None: Monday to Friday.
    calendar: str | None
    #: How payments come about: `gross`, `bilateral`, `multilateral`.
    method: str
    #: Business days from a closing until its payments are due.
    payment_days: int
    #: The open window, since when it is open, and when it is to be closed.
    window: int
    opened_at: datetime
    due_at: datetime
    #: Whether that moment has come, by the service's clock, which shows `now`.
    is_due: bool
    now: datetime
    closings: tuple[ScheduledClosing, ...]
    unsettled: tuple[UnsettledWindow, ...]


def schedule(session: Session, *, closings: int = 6) -> Steps[Schedule]:
    """The schedule, whether the open window is due, and up to 60 closings to come. Raises NotFound without one."""
    response = yield from session.read(_rpc.GET_SCHEDULE, pb.GetScheduleRequest(closings=closings))
    terms = response.terms
    return Schedule(
        period=terms.period,
        weekday=terms.weekday or None,
        day=terms.day or None,
        cut_off=terms.cut_off,
        time_zone=terms.time_zone,
        roll=terms.roll,
        calendar=terms.calendar or None,
        method=terms.method,
        payment_days=terms.payment_days,
        window=response.window,
        opened_at=moment_of(response.opened_us),
        due_at=moment_of(response.due_us),
        is_due=response.is_due,
        now=moment_of(response.now_us),
        closings=tuple(
            ScheduledClosing(moment_of(item.closes_us), date.fromisoformat(item.payments_due_on))
            for item in response.closings
        ),
        unsettled=tuple(
            UnsettledWindow(item.window, moment_of(item.closed_us), date.fromisoformat(item.payments_due_on))
            for item in response.unsettled
        ),
    )
