"""What a report says of a window."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from partner_sdk.settlement import NetPosition, Window, WindowReport, WindowState
from settlement.report.window import Saving, multilateral


def report(amounts: dict[str, int]) -> WindowReport:
    """A window in which parties come to receive, or to pay, these micro-units."""
    opened = datetime(2017, 1, 1, tzinfo=UTC)
    return WindowReport(
        window=Window(1, WindowState.CLOSED, 1, 9, opened, opened),
        currency="USD",
        currency_exponent=2,
        obligations=(),
        bilateral=(),
        positions=tuple(NetPosition(party, amount, 0, amount // 10_000, 0) for party, amount in amounts.items()),
        activity=(),
    )


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        pytest.param({"a": -30_000, "b": 10_000, "c": 20_000, "d": 0}, Saving(30_000, 3), id="everybody"),
        pytest.param({"a": -30_000}, Saving(30_000, 1), id="one that pays"),
        pytest.param({"b": 10_000}, Saving(10_000, 1), id="one that receives"),
        pytest.param({"d": 0}, Saving(0, 0), id="one that does neither"),
        pytest.param({}, Saving(0, 0), id="nobody"),
    ],
)
def test_what_moves_after_netting(amounts: dict[str, int], expected: Saving) -> None:
    """Money that moves is counted once, also for a party that sees its own position only and pays."""
    assert multilateral(report(amounts)) == expected
