"""Every page in a real browser: whether everybody can use it, on any screen, and whether it keeps to this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize

from partner_sdk.testing import PARTNERS, LocalNetwork
from tests.settlement.console.conftest import Running, console, visiting

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 900}
#: Each kind of page, and its title.
PATHS: Final = {
    "/": "Overview",
    "/windows": "Windows",
    "/windows/1": "Window 1",
    "/runs": "Runs",
    "/runs/propose?window=2": "Propose a run",
    "/payments": "Payments",
    "/accounts": "Bank accounts",
    "/lines?window=1&kind=obligation": "Lines",
    "/lines/1/grocer/operator?add=up": "grocer to operator, window 1",
    "/entries/45": "Entry 45",
    "/reconciliations": "Reconciliations",
    "/documents": "Documents",
    "/documents/1/grocer": "Statement of grocer, window 1",
    "/books": "Books",
    "/disputes": "Disputes",
    "/disputes/raise/45": "Dispute entry 45",
    "/alerts?show=all": "Alerts",
    "/windows/99": "Not shown",
}
#: How far to the right any caption goes.
CAPTIONS_END: Final = (
    "Math.max(0, ...Array.from(document.querySelectorAll('caption'), item => item.getBoundingClientRect().right))"
)
#: What of a page depends on its colours.
CONTRAST: Final = {"runOnly": ["color-contrast"]}


@pytest.fixture(scope="module")
def inside(browser: Browser, maker: Running) -> Iterator[BrowserContext]:
    """A browser that was let in."""
    with visiting(browser, maker) as context:
        yield context


@pytest.fixture(scope="module")
def page(inside: BrowserContext) -> Page:
    """One page for all tests."""
    return inside.new_page()


@pytest.fixture
def complaints(page: Page, maker: Running) -> Iterator[list[str]]:
    """What the browser would not do, and what it asked of anybody but the console."""
    found: list[str] = []

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != maker.address:
            found.append(request.url)

    def said(message: ConsoleMessage) -> None:
        if "404" not in message.text:
            found.append(message.text)

    page.on("request", asked)
    page.on("console", said)
    yield found
    page.remove_listener("request", asked)
    page.remove_listener("console", said)


@pytest.mark.parametrize("path", PATHS)
def test_everybody_can_use_the_page(page: Page, maker: Running, complaints: list[str], path: str) -> None:
    """It breaks no rule of axe-core, light or dark; on a phone it does not scroll sideways, and captions are seen whole
    above tables that do; it has a title and a first heading of its own, and nothing of it comes from anywhere else."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)
    page.goto(maker.address + path)
    assert page.title() == f"{PATHS[path]} · Finance console"
    assert page.get_by_role("heading", level=1).count() == 1
    assert violations(Axe().run(page).response) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(CAPTIONS_END) <= PHONE["width"]
    assert violations(page.evaluate("options => axe.run(document, options)", CONTRAST)) == []
    assert complaints == []


def violations(found: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Which rules of axe-core the page breaks, and where."""
    return [(item["id"], [node["html"] for node in item["nodes"]]) for item in found["violations"]]


def test_name_of_the_network_stays_on_its_line(page: Page, maker: Running) -> None:
    """One of 24 letters has room in the sidebar; a longer one is broken into even lines."""
    page.set_viewport_size(DESKTOP)
    page.goto(maker.address)
    heights = "names => names.map(name => { const at = document.querySelector('.network'); at.textContent = name; "
    heights += "return at.getBoundingClientRect().height / parseFloat(getComputedStyle(at).fontSize); })"
    one, whole, longer = page.evaluate(heights, ["green", "community-of-green-towns", "g" * 64])
    assert one == whole < longer


def test_everything_works_without_scripts(browser: Browser, business: LocalNetwork) -> None:
    """With JavaScript switched off the link leads in, pages show and forms are sent."""
    with console(business) as running, browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(running.links[0])
        page.wait_for_url(f"{running.address}/")
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Windows").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Windows"
        page.get_by_role("link", name="Window 1").click()
        assert page.get_by_role("table", name="Each row owes each column").is_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="Obligations, gross").click()
        assert download.value.suggested_filename == "window-1-obligations.csv"
        page.get_by_role("button", name="Lock the console").click()
        assert page.get_by_role("heading", level=1).inner_text() == "The console is locked."


def test_charts_have_words(page: Page, maker: Running) -> None:
    """Each chart is one picture with a name and a description, and its figures stand in a table beside it."""
    page.goto(f"{maker.address}/windows/1")
    for name in ("What is owed, gross", "What moves after netting"):
        picture = page.get_by_role("img", name=name)
        assert picture.count() == 1
    text = page.locator("svg.flow desc").first.text_content() or ""
    assert "payments" in text
    page.goto(f"{maker.address}/books")
    for name in ("Points outstanding over time", "Deferred revenue over time"):
        assert page.get_by_role("img", name=name).count() == 1
    page.get_by_text("Figures of the chart").click()
    assert page.get_by_role("table", name="Points outstanding at the end of each window").is_visible()


def test_party_sees_its_own_part(browser: Browser, business: LocalNetwork, maker: Running) -> None:
    """A partner's console shows what the partner is part of, and no forms that only the operator can send."""
    party_id = min({item.party_id for item in maker.client.window(2).positions} & set(PARTNERS))
    with console(business, party_id) as running, visiting(browser, running) as context:
        page = context.new_page()
        page.goto(f"{running.address}/windows/2")
        positions = page.get_by_role("table", name="What each party would pay")
        assert positions.get_by_role("rowheader").all_inner_texts() == [party_id]
        assert page.get_by_role("link", name="Propose a run").count() == 0
        page.goto(f"{running.address}/runs")
        assert page.get_by_role("link", name="Propose a run").count() == 0


def test_service_that_is_away_is_explained(browser: Browser, business: LocalNetwork) -> None:
    """While the settlement service does not answer, pages say so and what to do."""
    with console(business, address="localhost:1", timeout_s=2) as running, visiting(browser, running) as context:
        page = context.new_page()
        response = page.goto(f"{running.address}/windows")
        assert response is not None
        assert response.status == 503
        assert "Nothing listens at localhost:1" in page.inner_text("main")
        assert "Is the settlement service running" in page.inner_text("main")
