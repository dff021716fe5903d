"""Months as accountants count them: `2017-03` on the outside, whole numbers where ages are computed."""

from __future__ import annotations

from coalition.calendar import end_of_month


def month_number(day: str) -> int:
    """The month of a day or of a month's text, counted from the year 0: consecutive months differ by 1."""
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def month_text(number: int) -> str:
    """The reverse of `month_number`: `2017-03`."""
    year, month = divmod(number, 12)
    return f"{year:04}-{month + 1:02}"


def last_whole_month(day: str) -> int:
    """The last month of which nothing is still to come at the end of `day`: its own on its last day, else the one
    before."""
    return month_number(day) - (day != end_of_month(day, 0))
