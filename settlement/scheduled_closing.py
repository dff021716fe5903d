"""Closes the open window at the hub when the schedule says so, as the operator, and once whoever else tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from coalition.ids import derived_id, id_text
from partner_sdk.errors import (
    Internal,
    Overloaded,
    RateLimited,
    ShuttingDown,
    Timeout,
    TransportError,
    WindowNotOpen,
)
from partner_sdk.operator import Operator
from partner_sdk.settlement import Schedule, SettlementClient

#: What goes away by itself, or once somebody has started a service again.
PASSING: Final = (TransportError, Overloaded, RateLimited, ShuttingDown, Internal)
#: The longest pause after something went wrong, in seconds.
_PAUSE_MAX_S: Final = 300.0
#: The shortest pause between two looks, in seconds.
_PAUSE_MIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the schedule led to."""

    schedule: Schedule
    #: The entry that closed the window; None where it is not due, or was closed by another transaction.
    sequence: int | None = None
    #: Whether the window is closed by now.
    closed: bool = False
    #: Whether it had been closed before this look.
    before: bool = False
    #: When its payments are due; None where it is open, or the settlement service has not read of it yet.
    payments_due_on: date | None = None


def closing_id(network_id: str, window: int) -> str:
    """The id of the transaction by which a window is closed on schedule: whoever closes it closes it with this one, so
    the hub answers the second as it answered the first."""
    return id_text(derived_id("scheduled closing", network_id, str(window)))


def close_if_due(settlement: SettlementClient, hub: Operator) -> Look:
    """Look at the schedule, and close the open window if it is due. Raises CoalitionError.

    A call that ended without an answer may be made again: it closes the same window, never the next.
    """
    schedule = settlement.schedule(closings=1)
    # The hub's clock says when the window was closed. Where that is behind, the next one would be due at once.
    if not schedule.is_due or hub.network().now < schedule.due_at:
        return Look(schedule)
    number = schedule.window
    try:
        outcome = hub.close_window(number, transaction_id=closing_id(hub.connection.network_id, number))
    except WindowNotOpen:
        return Look(schedule, closed=True, before=True, payments_due_on=_payments_due_on(settlement, number))
    due_on = _payments_due_on(settlement, number, outcome.sequence)
    return Look(schedule, outcome.sequence, closed=True, before=outcome.replayed, payments_due_on=due_on)


def _payments_due_on(settlement: SettlementClient, window: int, sequence: int = 0) -> date | None:
    """Once the settlement service has read of the closing, which it does within the client's timeout or not yet."""
    try:
        settlement.progress(wait_for_sequence=sequence)
    except Timeout:
        return None
    unsettled = settlement.schedule(closings=0).unsettled
    return next((item.payments_due_on for item in unsettled if item.window == window), None)


def watch(
    look: Callable[[], Look],
    ended: Callable[[float], bool],
    poll_s: float,
    troubled: Callable[[Exception, float], None],
) -> Iterator[Look]:
    """Look when the window is due, and every `poll_s` seconds at least; gives every look.

    `ended` waits for so many seconds at most, and says whether it is over. What passes by itself is told to `troubled`,
    with the seconds until the next look. Raises CoalitionError for the rest.
    """
    pause_s = 0.0
    trouble_s = _PAUSE_MIN_S
    while not ended(pause_s):
        try:
            found = look()
        except PASSING as error:
            pause_s = min(trouble_s, _PAUSE_MAX_S)
            trouble_s = pause_s * 2
            troubled(error, pause_s)
            continue
        trouble_s = _PAUSE_MIN_S
        left_s = 0 if found.closed else (found.schedule.due_at - found.schedule.now).total_seconds()
        pause_s = min(poll_s, max(_PAUSE_MIN_S, left_s))
        yield found
