"""A network with business in it, consoles of two people, and a real browser."""

from __future__ import annotations

import http.client
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Thread

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from partner_sdk import Client
from partner_sdk.settlement import SettlementClient
from partner_sdk.testing import LocalNetwork
from settlement.console.server import ConsoleServer
from tests.settlement.business import POLICY, Business

#: Of a test with a page that does not come.
_PATIENCE_MS = 8_000
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"


@dataclass
class Running:
    """A console that answers, and the links that it has printed."""

    server: ConsoleServer
    client: SettlementClient
    links: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """What its addresses begin with."""
        return self.server.address


@dataclass
class Answer:
    """An answer from the console."""

    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass
class Line:
    """Sends requests as they are, without the manners of a browser."""

    running: Running
    cookie: str = ""

    def send(
        self, method: str, path: str, body: str = "", host: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        """One request."""
        port = self.running.server.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        sent = {"Host": host or f"127.0.0.1:{port}", "Cookie": self.cookie, **(headers or {})}
        if method == "POST":
            sent.setdefault("Origin", f"http://{sent['Host']}")
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request(method, path, body.encode() or None, sent)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode())
        connection.close()
        return answer

    def enter(self) -> Answer:
        """Open the newest link and keep its cookie."""
        answer = self.send("GET", self.running.links[-1].removeprefix(self.running.address))
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer

    def token(self) -> str:
        """The token of the session's forms."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.send("GET", "/").text)
        assert found is not None
        return found.group(1)


@contextmanager
def console(
    network: LocalNetwork, party_id: str = "operator", person: int = 0, address: str = "", timeout_s: float = 10
) -> Iterator[Running]:
    """A console of one of a party's people, of the network's service or one at another address."""
    connection = network.connection(party_id, timeout_s=timeout_s)
    if address:
        connection = replace(connection, settlement_address=address)
    with SettlementClient(replace(connection, keys=(connection.keys[person],))) as client:
        links: list[str] = []
        offered = Event()

        def announce(link: str) -> None:
            links.append(link)
            offered.set()

        server = ConsoleServer(client, announce)
        thread = Thread(target=server.serve)
        thread.start()
        try:
            assert offered.wait(10), "a console begins with a link"
            yield Running(server, client, links)
        finally:
            server.stop()
            thread.join()


@pytest.fixture(scope="package")
def business() -> Iterator[LocalNetwork]:
    """A network with three closed windows and one that is open."""
    with LocalNetwork(settlement=True, policy=POLICY) as network:
        steps = Business(network, seed=7)
        for days in (3, 20, 12):
            steps.steps(12)
            steps.correct()
            steps.pass_time(days)
            steps.close_window()
        steps.steps(4)
        with Client(network.connection("operator")) as hub, network.settlement_client() as settlement:
            settlement.progress(wait_for_sequence=hub.checkpoint().size)
        yield network


@pytest.fixture(scope="module")
def maker(business: LocalNetwork) -> Iterator[Running]:
    """The console of the operator's first person."""
    with console(business) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. Tests are skipped where it is not installed, but not where everything must be tested."""
    if not os.access(CHROMIUM, os.X_OK):
        message = "Chromium is not installed (apt install chromium), so the console's pages cannot be tried."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        running.close()


@contextmanager
def visiting(browser: Browser, running: Running, **options: object) -> Iterator[BrowserContext]:
    """A browser of its own that has the cookie of a console's first link."""
    line = Line(running)
    line.enter()
    name, _, value = line.cookie.partition("=")
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(_PATIENCE_MS)
    context.add_cookies([{"name": name, "value": value, "url": running.address, "sameSite": "Strict"}])
    yield context
    context.close()
