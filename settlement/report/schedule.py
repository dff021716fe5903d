"""The schedule for people and machines."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from partner_sdk.settlement import Schedule
from settlement.report.tables import rows_table
from settlement.report.window import Rows


def schedule_tables(schedule: Schedule) -> list[Table]:
    """What is agreed and what is to come; times in the network's time zone."""
    state = "is due since" if schedule.is_due else "is due at"
    title = f"{agreed(schedule)}\nWindow {schedule.window} {state} {_local(schedule, schedule.due_at)}"
    closings: Rows = [
        {"closing": _local(schedule, item.closes_at), "payments_due": item.payments_due_on.isoformat()}
        for item in schedule.closings
    ]
    unsettled: Rows = [
        {
            "window": item.window,
            "closed": _local(schedule, item.closed_at),
            "payments_due": item.payments_due_on.isoformat(),
        }
        for item in schedule.unsettled
    ]
    return [
        rows_table(title, closings, ("closing", "payments_due")),
        rows_table("Closed and not settled", unsettled, ("window", "closed", "payments_due")),
    ]


def agreed(schedule: Schedule) -> str:
    """`Windows close monthly, last business day, at 18:00 Europe/Berlin`, and when payments are due; two lines."""
    on = ", ".join(filter(None, (schedule.period, schedule.weekday, schedule.day)))
    days = "1 business day" if schedule.payment_days == 1 else f"{schedule.payment_days} business days"
    whose = "" if schedule.calendar is None else f" ({schedule.calendar})"
    return (
        f"Windows close {on}, at {schedule.cut_off} {schedule.time_zone}\n"
        f"{schedule.method.capitalize()} payments are due {days}{whose} later"
    )


def schedule_json(schedule: Schedule) -> dict[str, Any]:
    """Everything, moments as ISO 8601 in UTC."""
    return {
        "period": schedule.period,
        "weekday": schedule.weekday,
        "day": schedule.day,
        "cut_off": schedule.cut_off,
        "time_zone": schedule.time_zone,
        "roll": schedule.roll,
        "calendar": schedule.calendar,
        "method": schedule.method,
        "payment_days": schedule.payment_days,
        "window": schedule.window,
        "opened_at": schedule.opened_at.isoformat(),
        "due_at": schedule.due_at.isoformat(),
        "is_due": schedule.is_due,
        "closings": [
            {"closes_at": item.closes_at.isoformat(), "payments_due_on": item.payments_due_on.isoformat()}
            for item in schedule.closings
        ],
        "unsettled": [
            {
                "window": item.window,
                "closed_at": item.closed_at.isoformat(),
                "payments_due_on": item.payments_due_on.isoformat(),
            }
            for item in schedule.unsettled
        ],
    }


def _local(schedule: Schedule, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(schedule.time_zone)).strftime("%Y-%m-%d %H:%M:%S %Z")
