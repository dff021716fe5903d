"""What the figures rest on, in sentences: they go wherever the figures go."""

from __future__ import annotations

from typing import Final

from settlement.books.books import ClosedWindow
from settlement.books.triangles import COMPLETE_MIN

_TEXT: Final = """
The books are as of the end of {day}, when window {number} was closed, and of the journal up to that closing.

A point is worth the price in its issuer's terms: for what is outstanding, that of the last day; for what is deferred,
that of the end of the month in which it was issued, or of the window where that ended earlier.

Points that expire in one month are one cohort; it is as old as its first point.

What a customer paid is taken to be in the settlement currency, and to be the price of the goods without their points.
Points without a purchase amount are deferred at their full value, as a cost.

How many points will be redeemed or donated is estimated by chain ladder for each issuer and length of life, from whole
months, with Mack's standard error. The books use the estimate plus one standard error, so that what is recognised for
unused points is unlikely to be reversed (IFRS 15.B46, 56-58).

With fewer than {complete} cohorts that have run their whole life in use, all points are expected to be redeemed, and
nothing is recognised for unused ones before they are past their date. Cohorts of which nothing was used in their whole
life are left out of the estimate, which is higher without them.

Donated points never expire; all of them are expected to be redeemed.

A redemption that is reversed after its points expired brings them back with a new date. Nothing more is deferred for
them: they share what is deferred for the points that expire on that date.

Amounts are whole millionths, rounded down; what rounding leaves is recognised with a cohort's last points.
"""


def assumptions(window: ClosedWindow) -> tuple[str, ...]:
    """The assumptions of books as of the end of a window."""
    text = _TEXT.format(day=window.day, number=window.number, complete=COMPLETE_MIN)
    return tuple(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
