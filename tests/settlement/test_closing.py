"""Windows are closed while clearing runs at full speed; what each adds up to never differs from a replay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event
from typing import Any, Final

import pytest

from partner_sdk import Client, drafts
from partner_sdk.testing import PARTNERS, LocalNetwork
from settlement.clearing.activity import activity_in
from settlement.clearing.obligations import owed_in
from tests.settlement.test_end_to_end import check_netting, log_size, replay, stated, told

#: How often a window is closed meanwhile; COALITION_CLOSINGS=100 makes them a hundred.
CLOSINGS: Final = int(os.environ.get("COALITION_CLOSINGS", "8"))


def sales(holder_id: str, done: Event) -> Iterator[drafts.Draft[Any]]:
    """Issues and redemptions without end, until it is done."""
    for number in count():
        if done.is_set():
            return
        yield drafts.issue(holder_id, 50) if number % 2 else drafts.redeem(holder_id, 3)


@pytest.fixture(scope="module")
def busy() -> Iterator[LocalNetwork]:
    """A network in which small redemptions need no consent."""
    policy = {"unconsented_points_max": 10, "unconsented_points_per_day_max": 10**9}
    with LocalNetwork(settlement=True, policy=policy, start=None) as network:
        yield network


def test_no_window_differs_from_a_replay(busy: LocalNetwork) -> None:
    """Three parties write as fast as the hub takes it while the operator closes one window after the other: each
    window's figures are those of the entries between two closings, and all windows together are the whole journal."""
    done, operator = Event(), busy.operator
    members = [busy.member(points=1_000).holder_id for _ in PARTNERS]

    def write(party_id: str, holder_id: str) -> int:
        with Client(busy.connection(party_id)) as client:
            return sum(1 for _ in client.submit_stream(sales(holder_id, done), envelope_size=50))

    with ThreadPoolExecutor(len(PARTNERS)) as pool:
        written = [pool.submit(write, *each) for each in zip(PARTNERS, members, strict=True)]
        for number in range(1, CLOSINGS + 1):
            operator.close_window(number)
        done.set()
        total = sum(future.result() for future in written)
    assert total > CLOSINGS, "clearing ran meanwhile"
    print(f"{CLOSINGS} windows closed while {total:,} transactions were cleared")

    with busy.settlement_client() as client:
        client.progress(wait_for_sequence=log_size(busy))
        windows = client.windows()
        reports = {window.number: client.window(window.number) for window in windows}
    books = replay(busy)
    assert [window.number for window in windows] == list(range(1, CLOSINGS + 2))
    assert [window.first_sequence for window in windows[1:]] == [
        (window.last_sequence or 0) + 1 for window in windows[:-1]
    ]
    for number, report in reports.items():
        assert stated(report) == owed_in(books.totals[number], "operator")
        assert {item.party_id: told(item) for item in report.activity} == activity_in(books.totals[number])
        check_netting(report)
