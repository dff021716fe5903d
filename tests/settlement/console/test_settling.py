"""A whole settlement through the pages of two people, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page

from partner_sdk.settlement import RunState
from partner_sdk.testing import LocalNetwork
from tests.settlement.console.conftest import console, visiting

pytestmark = pytest.mark.long

_FOCUSED = """() => {
  const at = document.activeElement;
  const label = at.labels && at.labels.length ? at.labels[0].innerText : '';
  return (label || at.innerText || at.value || '').trim();
}"""
_TABS_MAX = 80


def tab_to(page: Page, text: str) -> None:
    """Press Tab until what begins with `text` has the focus, as somebody does who has no mouse."""
    seen = []
    for _ in range(_TABS_MAX):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(_FOCUSED))
        if seen[-1].startswith(text):
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", "what has the focus can be seen"
            return
    raise AssertionError(f"No {text!r} among {seen}")


def follow(page: Page, text: str) -> None:
    """Go to a link or button and press Enter; then another page is there."""
    tab_to(page, text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def choose(page: Page, text: str) -> None:
    """Go to a box and tick it, or take the tick away."""
    tab_to(page, text)
    page.keyboard.press("Space")


def notice(page: Page) -> str:
    """What the page says that came of it."""
    return page.locator(".notice").inner_text()


def state(page: Page) -> str:
    """Where the run stands."""
    return page.locator("[aria-current=step]").inner_text().splitlines()[0]


def test_two_people_settle_with_the_keyboard(browser: Browser, business: LocalNetwork) -> None:
    """One proposes and cannot approve; another approves what they saw; payments are instructed and confirmed."""
    with (
        console(business) as maker,
        console(business, person=1) as checker,
        visiting(browser, maker) as one,
        visiting(browser, checker) as other,
    ):
        first, second = one.new_page(), other.new_page()
        first.goto(maker.address)
        tab_to(first, "Skip to the content")
        first.keyboard.press("Enter")
        assert first.evaluate("document.activeElement.id") == "content"
        follow(first, "3 closed windows wait to be settled")
        choose(first, "Window 3")
        tab_to(first, "Note")
        first.keyboard.type("January & February <1>")
        follow(first, "Sign and propose")
        assert "the run is proposed" in notice(first)
        assert state(first) == "Proposed"
        assert "January & February <1>" in first.inner_text("main")
        run = next(iter(maker.client.runs()))
        assert run.windows == (1, 2)

        first.reload()
        assert first.locator(".notice").count() == 0, "a notice is shown once"
        assert "proposed with the very key of this console" in first.inner_text(".beware")
        tab_to(first, "Note")
        first.keyboard.type("looks good to me")
        follow(first, "Sign and approve")
        assert "Not done: " in notice(first)
        assert "Another person has to do this" in notice(first)
        assert first.get_by_label("Note").first.input_value() == "looks good to me"
        assert state(first) == "Proposed"

        second.goto(checker.address)
        follow(second, "A run waits to be approved")
        signed = second.locator(".signed").inner_text()
        assert run.run_id in signed
        assert run.positions_digest.hex() in signed
        follow(second, "Sign and approve")
        assert "the run is approved" in notice(second)
        assert state(second) == "Approved"

        first.reload()
        follow(first, "Sign and release")
        assert state(first) == "Instructed"
        follow(first, "Sign and confirm")
        assert "No party is chosen" in notice(first)
        waiting = [item.party_id for item in run.positions if item.payable_minor and item.party_id != "operator"]
        choose(first, waiting[0])
        follow(first, "Sign and confirm")
        assert state(first) == "Settling"
        assert "PAID" not in first.inner_text("main"), "states are written as words"
        for party_id in waiting[1:]:
            choose(first, party_id)
        follow(first, "Sign and confirm")
        assert state(first) == "Settled"
        assert "settled" in notice(first)
        assert maker.client.run(run.run_id).state is RunState.SETTLED
        assert {event.note for event in maker.client.run(run.run_id).events} >= {"January & February <1>"}


def test_run_is_given_up_with_a_reason(browser: Browser, business: LocalNetwork) -> None:
    """A run is given up with a note only, and a proposal that is sent twice is one run."""
    with console(business) as running, visiting(browser, running) as context:
        page, again = context.new_page(), context.new_page()
        for one in (page, again):
            one.goto(f"{running.address}/runs/propose?window=3")
        fields = {name: page.locator(f"input[name={name}]").first.input_value() for name in ("form_token", "run_id")}
        page.get_by_role("button", name="Sign and propose").click()
        run_id = page.url.rpartition("/")[2]
        assert run_id == fields["run_id"]
        address, origin = f"{running.address}/runs/propose", {"Origin": running.address}
        repeated = context.request.post(address, form={**fields, "window": "3", "method": "gross"}, headers=origin)
        assert repeated.url.rpartition("/")[2] == run_id
        again.get_by_role("button", name="Sign and propose").click()
        assert "settle or abort it first" in notice(again)
        page.get_by_role("heading", name="Give this run up").click()
        page.get_by_label("Why needed").fill("wrong month")
        page.get_by_role("button", name="Sign and give up").click()
        assert state(page) == "Aborted"
        assert running.client.run(run_id).events[-1].note == "wrong month"


def test_late_payment_is_left_to_the_next_run(browser: Browser, business: LocalNetwork) -> None:
    """Each two parties against each other; what is not paid is carried into the next run, with a reason."""
    with (
        console(business) as maker,
        console(business, person=1) as checker,
        visiting(browser, maker) as one,
        visiting(browser, checker) as other,
    ):
        page, second = one.new_page(), other.new_page()
        page.goto(f"{maker.address}/runs/propose?window=3")
        page.get_by_label("Bilateral").check()
        page.get_by_role("button", name="Sign and propose").click()
        assert "bilateral" in page.inner_text("main")
        checks = page.get_by_role("table", name="What the service finds").locator("tbody tr").all_inner_texts()
        assert len(checks) >= 8
        assert all("wrong" not in check for check in checks), checks
        assert "Added up again by this console: right" in page.inner_text("main")
        second.goto(page.url.replace(maker.address, checker.address))
        second.get_by_role("button", name="Sign and approve").click()
        page.reload()
        page.get_by_role("button", name="Sign and release").click()
        party = max((item.payer, item.payee) for item in next(maker.client.runs()).instructions)[1]
        page.get_by_role("checkbox", name=re.compile(f"^{party} (pays|receives)")).check()
        page.get_by_role("button", name="Sign and confirm").click()
        page.get_by_role("heading", name="Leave payments to the next run").click()
        boxes = page.locator("input[name=instruction]")
        for box in boxes.all():
            box.check()
        page.get_by_role("button", name="Sign and leave").click()
        assert page.locator("#carry-note:invalid").count() == 1, "the browser asks for a reason"
        page.get_by_label("Why needed; payer").fill("the bank is closed")
        page.get_by_role("button", name="Sign and leave").click()
        assert state(page) == "Settled"
        carried = next(maker.client.runs()).carried_out
        assert {item.reason.value for item in carried} >= {"unpaid"}
        page.get_by_text("Carried into the next run:").click()
        assert page.get_by_role("table", name="Carried into the next run").locator("tbody tr").count() == len(carried)
