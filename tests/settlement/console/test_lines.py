"""From a figure to its lines, and from a line to the proof of its entry."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from playwright.sync_api import Browser

from partner_sdk.testing import LocalNetwork
from tests.settlement.console.conftest import console, visiting


def test_every_figure_adds_up(browser: Browser, business: LocalNetwork) -> None:
    """Each cell of a window leads to lines that come to exactly the cell, whoever owes whom."""
    with console(business) as running, visiting(browser, running) as context:
        page = context.new_page()
        page.goto(f"{running.address}/windows/1")
        cells = [link.get_attribute("href") for link in page.locator(".heat a").all()]
        assert len(cells) == sum(1 for item in running.client.window(1).obligations if item.amount_micros)
        for cell in cells:
            assert "It adds up" in context.request.get(f"{running.address}{cell}?add=up").text(), cell


def test_line_leads_to_its_proof(browser: Browser, business: LocalNetwork, tmp_path: Path) -> None:
    """Cell, line, entry: what was signed and decided, every step of its proof, and a file that others can check."""
    with console(business) as running, visiting(browser, running) as context:
        page = context.new_page()
        page.goto(f"{running.address}/windows/1")
        page.locator(".heat a").first.click()
        page.locator("tbody th a").first.click()
        sequence = int(page.url.rpartition("/")[2])
        entry = running.client.entry(sequence)
        text = page.inner_text("main")
        assert f"this entry stands at place {sequence}" in text
        assert "status\taccepted" in text
        hashes = [node.inner_text() for node in page.locator(".proof code").all()]
        assert hashes[0] == entry.leaf_hash.hex()
        assert hashes[-1] == hashes[-2] == entry.checkpoint.root.hex()
        assert hashes[1:-1:2] == [node.hex() for node in entry.path]
        with page.expect_download() as download:
            page.get_by_role("link", name="Proof as a file").click()
        download.value.save_as(tmp_path / "proof.json")
        proof = json.loads((tmp_path / "proof.json").read_text(encoding="utf-8"))
        assert hashlib.sha256(b"\x00" + bytes.fromhex(proof["entry"])).hexdigest() == hashes[0]
        page.goto(f"{running.address}/lines")
        page.get_by_label("Number").fill(str(sequence))
        page.get_by_role("button", name="Show the entry").click()
        assert page.get_by_role("heading", level=1).inner_text() == f"Entry {sequence}"


def test_lines_are_chosen_and_paged(browser: Browser, business: LocalNetwork) -> None:
    """Conditions narrow the lines, and pages follow each other without losing any."""
    with console(business) as running, visiting(browser, running) as context:
        page = context.new_page()
        page.goto(f"{running.address}/lines")
        seen = []
        while True:
            seen += [item.inner_text() for item in page.locator("tbody th a").all()]
            following = page.get_by_role("link", name="Next page")
            if not following.count():
                break
            following.click()
        assert seen == [str(line.sequence) for line in running.client.lines()]
        page.get_by_label("Issuer").fill("grocer")
        page.get_by_label("What").select_option("redeem")
        page.get_by_role("button", name="Show", exact=True).click()
        rows = [row.inner_text().split("\t")[2:4] for row in page.locator("tbody tr").all()]
        assert rows
        assert all(row == ["redeem", "grocer"] for row in rows)


def test_party_sees_no_bytes_of_others(browser: Browser, business: LocalNetwork) -> None:
    """An entry of somebody else's that concerns a party is proved to it, without what others said in it."""
    with console(business) as operator, console(business, "grocer") as running, visiting(browser, running) as context:
        line = next(
            line
            for line in operator.client.lines(issuer="grocer")
            if line.author not in ("grocer", "operator") and line.counterparty
        )
        page = context.new_page()
        page.goto(f"{running.address}/entries/{line.sequence}")
        text = page.inner_text("main")
        assert "Proved: " in text
        assert "its author can show you the bytes" in text
        assert "holder_id" not in text
