"""The curves of the page are those of the books."""

from __future__ import annotations

from datetime import UTC, date, datetime

from partner_sdk.settlement import Books, Deferral, IssuerBooks, LiabilityMovement, PointsMovement, Window, WindowState
from settlement.console.pages.books import Row, outstanding

ENDS = [datetime(2025, month, 28, tzinfo=UTC) for month in (1, 2, 3, 4)]
WINDOWS = [
    *(
        Window(place + 1, WindowState.CLOSED, 10 * place + 1, 10 * place + 10, ENDS[0], ENDS[place])
        for place in range(3)
    ),
    Window(4, WindowState.OPEN, 31, None, ENDS[2], None),
]


def moved(window: int, closing: int) -> LiabilityMovement:
    """A window at whose end so many points are outstanding."""
    return LiabilityMovement(window, PointsMovement(0, 0, 0, 0, 0, 0, 0, 0, closing, 0), Deferral(*[0] * 9))


def books(window: int, **issuers: list[LiabilityMovement]) -> Books:
    """As of the end of a window."""
    found = tuple(IssuerBooks(name, 0, tuple(moves), (), ()) for name, moves in issuers.items())
    return Books(window, date(2025, 3, 28), "EUR", 2, found, (), (), True)


def test_points_outstanding_are_those_of_the_books() -> None:
    """At the end of each closed window, whatever was reversed; a window without movement changes nothing."""
    found = books(3, grocer=[moved(1, 100), moved(3, 0)], florist=[moved(2, 7), moved(3, 9)], school=[moved(1, 0)])
    assert outstanding(found, WINDOWS) == (
        ("florist", "grocer"),
        (Row(1, ENDS[0], (0, 100)), Row(2, ENDS[1], (7, 100)), Row(3, ENDS[2], (9, 0))),
    )


def test_curve_ends_with_the_books() -> None:
    """Books of an earlier window know nothing of later ones."""
    assert outstanding(books(1, grocer=[moved(1, 100)]), WINDOWS) == (("grocer",), (Row(1, ENDS[0], (100,)),))
