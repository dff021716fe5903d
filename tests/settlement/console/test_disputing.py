"""A dispute through the pages of who raises it and of the operator; and the books' files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from partner_sdk.settlement import DisputeState, LineKind, SettlementClient
from partner_sdk.testing import LocalNetwork
from tests.settlement.console.conftest import console, visiting


def notice(page: Page) -> str:
    """What the page says that came of it."""
    return page.locator(".notice").first.inner_text()


@pytest.mark.long
def test_dispute_is_raised_answered_and_decided(browser: Browser, business: LocalNetwork, tmp_path: Path) -> None:
    """From an entry to a ruling that two people sign, with a file of which only its digest leaves the machine."""
    contract = tmp_path / "contract.txt"
    contract.write_text("0.012 a point", encoding="utf-8")
    with console(business) as operator, visiting(browser, operator) as one:
        line = next(
            line
            for line in operator.client.lines(issuer="grocer", kind=LineKind.REDEEM)
            if line.counterparty not in (None, "grocer")
        )
        with (
            console(business, line.counterparty or "") as theirs,
            visiting(browser, theirs) as their_browser,
            SettlementClient(business.connection("grocer")) as grocer,
        ):
            page = their_browser.new_page()
            page.goto(f"{theirs.address}/entries/{line.sequence}")
            page.get_by_role("link", name="Dispute this entry").click()
            page.get_by_label("Who owes you more").select_option("grocer")
            page.get_by_label("Wrong amount").check()
            page.get_by_label("Amount what").fill("0,60")
            page.get_by_label("In words").fill("We agreed on 0.012 a point.")
            page.get_by_role("button", name="Sign and dispute").click()
            assert "is not an amount" in notice(page)
            assert page.get_by_label("In words").input_value() == "We agreed on 0.012 a point."
            page.get_by_label("Amount what").fill("0.60")
            page.get_by_label("Files").set_input_files(contract)
            page.get_by_role("button", name="Sign and dispute").click()
            assert "the dispute is raised" in notice(page)
            assert hashlib.sha256(contract.read_bytes()).hexdigest() in page.inner_text("main")
            dispute_id = page.url.rpartition("/")[2]
            grocer.answer_dispute(grocer.dispute(dispute_id), "It was 0.011.", offer_micros=300_000)
            page.get_by_role("button", name="Sign and withdraw").click()
            assert "Somebody has taken another step" in notice(page)
            page.get_by_role("heading", name="Ask the operator").click()
            page.locator("#text-escalate").fill("Please look at clause 4.")
            page.get_by_role("button", name="Sign and ask").click()
            assert theirs.client.dispute(dispute_id).state is DisputeState.ESCALATED

        first = one.new_page()
        first.goto(f"{operator.address}/disputes")
        first.get_by_role("link", name="Dispute 1", exact=True).click()
        first.get_by_label("Amount").fill("0.45")
        first.locator("#text-rule").fill("Clause 4 is clear.")
        first.get_by_role("button", name="Sign the ruling").click()
        assert "0.450000" in first.locator(".signed").first.inner_text()
        first.get_by_role("button", name="Sign and confirm").click()
        assert "Another person has to do this" in notice(first)
        connection = business.connection("operator")
        with SettlementClient(replace(connection, keys=connection.keys[1:])) as second:
            second.confirm_ruling(second.dispute(dispute_id))
        first.reload()
        assert f"coalition settlement dispute adjust {dispute_id}" in first.inner_text("main")
        found = operator.client.dispute(dispute_id)
        assert (found.state, found.accepted_micros) == (DisputeState.ACCEPTED, 450_000)


def test_books_are_files(browser: Browser, business: LocalNetwork, tmp_path: Path) -> None:
    """Tables, workbook and ledgers of a chosen window are what the service's books say."""
    with console(business) as running, visiting(browser, running, accept_downloads=True) as context:
        page = context.new_page()
        page.goto(f"{running.address}/books")
        page.get_by_label("As of the end of").select_option("2")
        page.get_by_role("button", name="Show").click()
        assert "Books as of the end of window 2" in page.inner_text("main")
        books = running.client.books(2)
        stated = page.get_by_role("table", name="Liability by issuer").locator("tbody th").all_inner_texts()
        assert stated == [item.issuer for item in books.issuers]
        wanted = {
            "All tables XLSX": b"PK",
            "Cohorts CSV": b"issuer,expires,",
            "Beancount of The clearing house": running.client.ledger(2),
            "Beancount of grocer": running.client.ledger(2, party_id="grocer"),
        }
        for name, beginning in wanted.items():
            with page.expect_download() as download:
                page.get_by_role("link", name=name).click()
            download.value.save_as(tmp_path / "file")
            assert (tmp_path / "file").read_bytes().startswith(beginning), name
