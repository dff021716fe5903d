"""Months as accountants count them: `2017-03` on the outside, whole numbers where ages are computed."""

from __future__ import annotations


def month_number(day: str) -> int:
    """The month of a day or of a month's text, counted from the year 0: consecutive months differ by 1."""
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def month_text(number: int) -> str:
    """The reverse of `month_number`: `2017-03`."""
    year, month = divmod(number, 12)
    return f"{year:04}-{month + 1:02}"


def last_whole_month(day: str) -> int:
    """The last month of which a window that was closed on `day` leaves nothing to come: the one before.

    Even on a month's last day, what is committed after the closing belongs to the next window.
    """
    return month_number(day) - 1
