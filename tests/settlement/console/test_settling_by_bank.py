"""Bank accounts, files for banks, and statements through the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from partner_sdk import Client
from partner_sdk.settlement import RunState, SettlementClient
from partner_sdk.testing import BankMovement, LocalNetwork, bank_statement
from tests.settlement.console.conftest import console, visiting

pytestmark = pytest.mark.long

ACCOUNT = "DE75512108001245126199"


def notice(page: Page) -> str:
    """What the page says that came of it."""
    return page.locator(".notice").first.inner_text()


def released_run(network: LocalNetwork, maker: SettlementClient, checker: SettlementClient) -> str:
    """A run of the window that was open, whose payments are released."""
    (opened,) = [window.number for window in maker.windows() if window.closed_at is None]
    network.operator.close_window(opened)
    with Client(network.connection("operator")) as hub:
        maker.progress(wait_for_sequence=hub.checkpoint().size)
    run = maker.propose([opened])
    checker.approve(run)
    return maker.instruct(run).run_id


def test_bank_says_what_was_paid(browser: Browser, business: LocalNetwork, tmp_path: Path) -> None:
    """Account, run, files, statement, and what an entry without a reference is about, all on pages."""
    with (
        console(business) as maker,
        console(business, person=1) as checker,
        visiting(browser, maker, accept_downloads=True) as context,
    ):
        page = context.new_page()
        page.goto(f"{maker.address}/accounts")
        page.get_by_text("Give an account").click()
        page.get_by_label("Name").fill("Operator Inc")
        page.get_by_label("IBAN or").fill("DE75512108001245126198")
        page.get_by_role("button", name="Sign and give").click()
        assert "Not done" in notice(page)
        page.get_by_label("IBAN or").fill("DE75 5121 0800 1245 1261 99")
        page.get_by_role("button", name="Sign and give").click()
        assert "version 1 of your account is on file" in notice(page)

        run_id = released_run(business, maker.client, checker.client)
        run = maker.client.run(run_id)
        page.goto(f"{maker.address}/runs/{run_id}")
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV of operator").click()
        assert download.value.suggested_filename == f"run-{run.number}-operator.csv"

        ways = {item.number: 1 if item.payee == "operator" else -1 for item in run.instructions}
        first, *others = run.instructions
        movements = [
            BankMovement(amount_minor=ways[first.number] * first.amount_minor, bank_reference="0", text="thank you"),
            *(
                BankMovement(
                    amount_minor=ways[item.number] * item.amount_minor,
                    bank_reference=str(item.number),
                    end_to_end_id=item.reference,
                )
                for item in others
            ),
        ]
        statement = tmp_path / "statement.xml"
        statement.write_bytes(bank_statement(movements, account=ACCOUNT, currency="EUR"))
        page.goto(f"{maker.address}/payments")
        page.get_by_label("File").set_input_files(statement)
        page.get_by_role("button", name="Sign and take in").click()
        assert f"Taken in: {len(movements)} new" in notice(page)
        page.get_by_label("File").set_input_files(statement)
        page.get_by_role("button", name="Sign and take in").click()
        assert "Nothing is new" in notice(page)
        broken = tmp_path / "broken.xml"
        broken.write_text("<Document/>", encoding="utf-8")
        page.get_by_label("File").set_input_files(broken)
        page.get_by_role("button", name="Sign and take in").click()
        assert "Not done" in notice(page)

        page.get_by_role("link", name="Not matched").click()
        page.locator("tbody th a").first.click()
        page.get_by_role("radio").first.check()
        page.get_by_label("Why").fill("the reference was forgotten")
        page.get_by_role("button", name="Sign and assign").click()
        assert f"payment {first.number}, booked" in notice(page)
        assert maker.client.run(run_id).state is RunState.SETTLED
