"""What needs attention is on every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from partner_sdk.testing import LocalNetwork
from tests.settlement.console.conftest import console, visiting

pytestmark = pytest.mark.long


def test_alerts_are_on_every_page_and_noted(browser: Browser, business: LocalNetwork) -> None:
    """A window in which one party owes most of all has an alert; a person notes what is being done."""
    with console(business) as running, visiting(browser, running) as context:
        worst = running.client.alerts()[0]
        page = context.new_page()
        page.goto(f"{running.address}/windows")
        page.locator(".strip a").click()
        assert worst.text in page.inner_text("main")
        assert "share " in page.inner_text("main")
        page.get_by_text("Note what is being done").first.click()
        page.get_by_label("Note").first.fill("asked it to prepay")
        page.get_by_role("button", name="Sign the note").first.click()
        assert f"noted on alert {worst.number}" in page.locator(".notice").first.inner_text()
        assert "asked it to prepay" in page.inner_text("main")
        assert running.client.alerts()[0].notes[-1].text == "asked it to prepay"
        page.goto(f"{running.address}/")
        assert page.get_by_role("heading", name="Alerts").count() == 1
