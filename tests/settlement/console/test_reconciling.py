"""A partner compares its own records with the journal, through the pages."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from partner_sdk.settlement import LineKind, SettlementClient
from partner_sdk.testing import LocalNetwork
from tests.settlement.console.conftest import Line, console, visiting

pytestmark = pytest.mark.long

#: Pages that wait for the service renew themselves.
_PATIENCE_MS = 60_000


def records(client: SettlementClient) -> bytes:
    """What the grocer wrote in window 1, one row missing and one with other points."""
    kinds = {LineKind.ISSUE: "SALE", LineKind.REDEEM: "BURN"}
    found: dict[str, list[object]] = {}
    for line in client.lines(window=1):
        if line.author == "grocer" and line.kind in kinds and line.transaction_id:
            row = found.setdefault(line.transaction_id, [kinds[line.kind], 0, line.committed_at.isoformat()])
            row[1] = int(str(row[1])) + line.points
    rows = [[transaction_id, *row] for transaction_id, row in found.items()][1:]
    rows[0][2] = int(str(rows[0][2])) + 5
    text = io.StringIO()
    csv.writer(text).writerows([["Transaction", "Kind", "Amount of points", "Time"], *rows])
    return text.getvalue().encode()


def send(page: Page, address: str, data: bytes, name: str = "till.csv") -> None:
    """Send a file, and wait until the service has looked at it."""
    page.goto(f"{address}/reconciliations")
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})
    page.get_by_role("button", name="Send and look at it").click()


def test_records_are_compared_and_explained(browser: Browser, business: LocalNetwork, tmp_path: Path) -> None:
    """From a file to every difference with what to do, as a page and as a file, recorded and not."""
    with console(business, "grocer") as running, visiting(browser, running, accept_downloads=True) as context:
        page = context.new_page()
        data = records(running.client)
        send(page, running.address, data)
        expect(page.get_by_role("heading", name="What is what")).to_be_visible(timeout=_PATIENCE_MS)
        assert "till.csv" in page.inner_text("main")
        page.locator("#points").select_option("Amount of points")
        page.locator("#id").select_option("Transaction")
        page.locator("#kind").select_option("Kind")
        page.locator("#time").select_option("Time")
        for place, (word, kind) in enumerate((("SALE", "issue"), ("BURN", "redeem"))):
            page.locator("input[name=kind-word]").nth(place).fill(word)
            page.locator("select[name=kind-is]").nth(place).select_option(kind)
        for box in page.locator("input[name=window]").all():
            box.uncheck()
        page.get_by_role("button", name="They are read rightly").click()
        assert "No window is chosen" in page.locator(".notice").inner_text()
        for box in page.locator("input[name=window]").all():
            box.set_checked(box.get_attribute("value") == "1")
        assert page.locator("#points").input_value() == "Amount of points", "what was said need not be said again"
        page.get_by_label("Record the result").check()
        page.get_by_role("button", name="They are read rightly").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Records of grocer", timeout=_PATIENCE_MS)
        kinds = page.get_by_role("table", name="By kind").locator("tbody th").all_inner_texts()
        assert {"missing at partner", "amount differs"} <= set(kinds)
        page.get_by_role("link", name="missing at partner").click()
        expect(page.get_by_role("link", name="Dispute it").first).to_be_visible()
        page.go_back()
        page.get_by_role("link", name="amount differs").click()
        (row,) = page.get_by_role("table", name="1 difference").locator("tbody tr").all_inner_texts()
        assert "amount differs" in row
        with page.expect_download() as download:
            page.get_by_role("link", name="Differences CSV").click()
        download.value.save_as(tmp_path / "differences.csv")
        listed = list(csv.DictReader((tmp_path / "differences.csv").read_text(encoding="utf-8").splitlines()))
        recorded = next(iter(running.client.reconciliations()))
        assert len(listed) == recorded.difference_count

        page.goto(f"{running.address}/reconciliations")
        page.locator("tbody th a").first.click()
        assert "Recorded" in page.inner_text(".lead")
        remembered = running.client.records_mapping()
        assert remembered is not None
        assert remembered.points == "Amount of points"


def test_result_that_is_gone_is_explained(business: LocalNetwork) -> None:
    """What was not recorded is kept for a short while only."""
    with console(business, "grocer") as running:
        line = Line(running)
        line.enter()
        answer = line.send("GET", "/reconciliations/result/gone")
        assert answer.status == 404
        assert "is not here any more" in answer.text
