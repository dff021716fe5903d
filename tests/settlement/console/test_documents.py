"""Statements on pages and as files, and whether a file is right."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser

from partner_sdk.testing import LocalNetwork
from tests.settlement.console.conftest import console, visiting

BEGINNINGS = {"PDF": b"%PDF-", "JSON": b"{"}


def test_statements_are_shown_sent_and_checked(browser: Browser, business: LocalNetwork, tmp_path: Path) -> None:
    """A party's statement comes as files; the signed one is right, and not after it was changed."""
    with console(business) as running, visiting(browser, running, accept_downloads=True) as context:
        page = context.new_page()
        page.goto(f"{running.address}/documents")
        page.get_by_label("Window").select_option("1")
        page.get_by_role("button", name="Show").click()
        for form, beginning in BEGINNINGS.items():
            with page.expect_download() as download:
                page.get_by_role("link", name=f"{form} of grocer").click()
            assert download.value.suggested_filename == f"statement-001-grocer.{form.lower()}"
            download.value.save_as(tmp_path / form)
            assert (tmp_path / form).read_bytes().startswith(beginning)
        page.get_by_label("Signed JSON").set_input_files(
            {"name": "s.json", "mimeType": "application/json", "buffer": (tmp_path / "JSON").read_bytes()}
        )
        page.get_by_role("button", name="Check it").click()
        assert "of Green Grocer is right" in page.locator(".notice").inner_text()
        forged = (tmp_path / "JSON").read_bytes().replace(b"Green Grocer", b"Green Brocer")
        page.get_by_label("Signed JSON").set_input_files(
            {"name": "s.json", "mimeType": "application/json", "buffer": forged}
        )
        page.get_by_role("button", name="Check it").click()
        assert "Not done" in page.locator(".notice").inner_text()
        assert "Do not act on it" in page.locator(".notice").inner_text()

        page.get_by_role("link", name=re.compile("Look at it.*grocer")).click()
        statement = running.client.statement(int(page.url.split("/")[-2]), party_id="grocer")
        assert statement.figures.statement_id in page.inner_text("main")


def test_party_has_its_own_statement_only(browser: Browser, business: LocalNetwork) -> None:
    """A partner is offered its own, and is refused another's with the service's words."""
    with console(business, "florist") as running, visiting(browser, running) as context:
        page = context.new_page()
        page.goto(f"{running.address}/documents")
        assert page.locator("tbody th").all_inner_texts() == ["florist"]
        response = page.goto(f"{running.address}/documents/1/grocer")
        assert response is not None
        assert response.status in (403, 404)
