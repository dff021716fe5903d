"""Every page in a real browser: whether everybody can use it, on any screen, and whether it keeps to this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, ViewportSize

from partner_sdk.testing import LocalNetwork
from tests.settlement.console.conftest import Running, console, visiting

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 900}
#: Answers of 500 and the like would be no reason for axe to complain.
PATHS = {
    "/": 200,
    "/windows": 200,
    "/windows/1": 200,
    "/windows/4": 200,
    "/runs": 200,
    "/runs/propose": 200,
    "/runs/propose?window=2": 200,
    "/books": 200,
    "/alerts": 200,
    "/alerts?show=all": 200,
    "/payments": 200,
    "/payments?show=unmatched": 200,
    "/accounts": 200,
    "/documents": 200,
    "/documents?window=4&lines=all": 200,
    "/documents/1/grocer": 200,
    "/disputes": 200,
    "/disputes?show=all": 200,
    "/disputes/raise/45": 200,
    "/lines": 200,
    "/lines?window=1&kind=obligation": 200,
    "/lines/1/grocer/operator?add=up": 200,
    "/entries/45": 200,
    "/windows/99": 404,
}


@pytest.fixture(scope="module")
def inside(browser: Browser, maker: Running) -> Iterator[BrowserContext]:
    """A browser that was let in; every request that it makes is looked at."""
    with visiting(browser, maker) as context:
        yield context


@pytest.fixture(scope="module")
def page(inside: BrowserContext) -> Page:
    """One page for all tests."""
    return inside.new_page()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_pages_are_accessible_and_fit(page: Page, maker: Running, path: str, scheme: str) -> None:
    """No page breaks a rule of axe-core, light on a desk or dark on a phone, and none scrolls sideways on a phone."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size(PHONE if scheme == "dark" else DESKTOP)
    response = page.goto(maker.address + path)
    assert response is not None
    assert response.status == PATHS[path]
    violations = Axe().run(page).response["violations"]
    assert [(item["id"], [node["html"] for node in item["nodes"]]) for item in violations] == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_nothing_is_asked_of_anybody_else(inside: BrowserContext, maker: Running) -> None:
    """Whatever a page loads comes from the console, and the browser has nothing to complain of."""
    asked: list[str] = []
    complaints: list[str] = []
    page = inside.new_page()
    page.on("request", lambda request: asked.append(_origin(request)))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    for path, status in PATHS.items():
        page.goto(maker.address + path)
        if status != 200:
            complaints.clear()
    page.close()
    assert set(asked) == {maker.address}
    assert complaints == []


def _origin(request: Request) -> str:
    parts = urlsplit(request.url)
    return f"{parts.scheme}://{parts.netloc}"


def test_everything_works_without_scripts(browser: Browser, business: LocalNetwork) -> None:
    """With JavaScript switched off the link leads in, pages show and forms are sent."""
    with console(business) as running, visiting(browser, running, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(running.address)
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


def test_pages_have_titles_of_their_own(page: Page, maker: Running) -> None:
    """Tabs and histories tell pages apart, and every page has one first heading."""
    titles = []
    for path in PATHS:
        page.goto(maker.address + path)
        titles.append(page.title())
        assert page.get_by_role("heading", level=1).count() == 1
    assert titles[:3] == ["Overview · Finance console", "Windows · Finance console", "Window 1 · Finance console"]
    assert len(set(titles)) == len({path.partition("?")[0] for path in PATHS})


def test_party_sees_its_own_part(browser: Browser, business: LocalNetwork) -> None:
    """A partner's console shows what the partner is part of, and no forms that only the operator can send."""
    with console(business, "florist") as running, visiting(browser, running) as context:
        page = context.new_page()
        page.goto(f"{running.address}/windows/2")
        positions = page.get_by_role("table", name="What each party would pay")
        assert positions.get_by_role("rowheader").all_inner_texts() == ["florist"]
        assert page.get_by_role("link", name="Propose a run").count() == 0
        page.goto(f"{running.address}/runs")
        assert page.get_by_role("link", name="Propose a run").count() == 0


def test_service_that_is_away_is_explained(browser: Browser, business: LocalNetwork) -> None:
    """While the settlement service does not answer, pages say so and what to do, and are back when it is."""
    with console(business, timeout_s=1) as running, visiting(browser, running) as context:
        page = context.new_page()
        business.settlement.kill()
        response = page.goto(f"{running.address}/windows")
        assert response is not None
        assert response.status in (503, 504)
        assert "Is the settlement service running" in page.inner_text("main")
        business.settlement.start()
        headings = []
        for _ in range(20):
            page.reload()
            headings.append(page.get_by_role("heading", level=1).inner_text())
            if headings[-1] == "Windows":
                break
            page.wait_for_timeout(250)
        assert headings[-1] == "Windows", headings
