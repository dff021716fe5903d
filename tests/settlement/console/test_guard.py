"""What the console answers to requests that no page of its own has made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from partner_sdk.testing import LocalNetwork
from settlement.console.guard import FORM_BYTES_MAX
from tests.settlement.console.conftest import Line, Running, console


@pytest.fixture(scope="module")
def running(business: LocalNetwork) -> Iterator[Running]:
    """A console of these tests' own, for they end its sessions."""
    with console(business, person=1) as found:
        yield found


@pytest.fixture
def line(running: Running) -> Line:
    """A line with a session."""
    found = Line(running)
    running.server.lock()
    assert found.enter().status == 200
    return found


def test_link_gives_a_cookie_for_this_site_only(line: Line) -> None:
    """The cookie is out of reach of scripts and of other sites, and is not kept when the browser ends."""
    line.running.server.lock()
    cookie = line.enter().headers["Set-Cookie"]
    name, *attributes = cookie.split("; ")
    assert name.startswith(f"console-{line.running.server.port}=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} == set(attributes)


def test_link_works_once(line: Line) -> None:
    """The second who opens a link is refused, and the first one's session ends; a new link is printed."""
    used = line.running.links[-1].removeprefix(line.running.address)
    assert line.send("GET", used).status == 303, "whoever is in already goes on"
    other = Line(line.running)
    refused = other.send("GET", used)
    assert refused.status == 403
    assert "has been used" in refused.text
    assert "Set-Cookie" not in refused.headers
    assert line.send("GET", "/").status == 401
    assert line.running.links[-1].removeprefix(line.running.address) != used


def test_looking_at_a_link_does_not_use_it(line: Line) -> None:
    """A HEAD request, as previews make, leaves the link as it is."""
    line.running.server.lock()
    path = line.running.links[-1].removeprefix(line.running.address)
    assert Line(line.running).send("HEAD", path).status == 405
    assert line.enter().status == 200


def test_waiting_link_is_used_up_by_whoever_is_in(line: Line) -> None:
    """A link that a request without a cookie brought about is of no use after the person has opened it."""
    assert Line(line.running).send("GET", "/").status == 401
    offered = line.running.links[-1].removeprefix(line.running.address)
    assert line.send("GET", offered).status == 303
    assert Line(line.running).send("GET", offered).status == 403


def test_foreign_cookies_do_not_matter(line: Line) -> None:
    """Another program on this machine may set any cookie for it, also one that is none by the standard."""
    assert line.send("GET", "/", headers={"Cookie": f'a={{"x":1}}; b; {line.cookie}; c="'}).status == 200


@pytest.mark.parametrize("path", ["/", "/windows", "/runs", "/windows/1/report.json", "/nowhere"])
def test_without_session_nothing_is_shown(line: Line, path: str) -> None:
    """Every page, one that is not there too, answers alike to whoever has no session."""
    answer = Line(line.running, "console-1=x").send("GET", path)
    assert answer.status == 401
    assert "The console is locked" in answer.text
    assert "operator" not in answer.text


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1", "localhost:1", "127.0.0.1.attacker.example:{port}"])
def test_foreign_host_is_refused(line: Line, host: str) -> None:
    """Under another name, which was made to point to this machine, there is nothing: not even with the cookie."""
    answer = line.send("GET", "/", host=host.format(port=line.running.server.port))
    assert answer.status == 421
    assert "operator" not in answer.text


def test_localhost_is_this_machine(line: Line) -> None:
    """The console answers to `localhost` as well."""
    assert line.send("GET", "/", host=f"localhost:{line.running.server.port}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_foreign_origin_is_refused(line: Line, headers: dict[str, str]) -> None:
    """A form that another page sends does nothing, even with cookie and token."""
    answer = line.send("POST", "/leave", f"form_token={line.token()}", headers=headers)
    assert answer.status == 403
    assert line.send("GET", "/").status == 200, "the session goes on"


def test_form_without_origin_is_refused(line: Line) -> None:
    """Browsers say where a form comes from; what does not say is no browser."""
    assert line.send("POST", "/leave", f"form_token={line.token()}", headers={"Origin": ""}).status == 403


@pytest.mark.parametrize("token", ["", "guess", "%C3%A9"])
def test_form_needs_the_session_s_token(line: Line, token: str) -> None:
    """Without the token that stands in the console's own forms nothing is done."""
    answer = line.send("POST", "/leave", f"form_token={token}")
    assert answer.status == 403
    assert line.send("GET", "/").status == 200


def test_leaving_locks(line: Line) -> None:
    """After `Lock` the cookie opens nothing, and a new link is printed."""
    before = len(line.running.links)
    assert line.send("POST", "/leave", f"form_token={line.token()}").status == 303
    assert line.send("GET", "/").status == 401
    assert len(line.running.links) == before + 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(line: Line, method: str) -> None:
    """Pages are read and forms are sent; there is nothing else."""
    assert line.send(method, "/windows").status == 405


def test_too_large_a_form_is_refused(line: Line) -> None:
    """A form has a size that it cannot exceed, announced or not."""
    body = f"form_token={line.token()}&note={'x' * FORM_BYTES_MAX}"
    answer = line.send("POST", "/runs/propose", body)
    assert answer.status == 413
    assert "65,536 bytes at most" in answer.text


def test_form_of_a_large_run_is_taken(line: Line) -> None:
    """A box for each payment of a gross run among many parties."""
    chosen = "".join(f"&instruction={number}:0" for number in range(1_000))
    assert line.send("POST", "/runs/nonsense/carry", f"form_token={line.token()}{chosen}").status == 303


@pytest.mark.parametrize("path", ["/", "/windows", "/nowhere", "/enter?token=x", "/static/console.css", "/static/../x"])
def test_every_answer_has_the_headers(line: Line, path: str) -> None:
    """Nothing may be loaded from elsewhere, framed, sniffed or kept; styles and the icon may be kept for a day."""
    headers = line.send("GET", path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self' data:; ")
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    assert "script" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == ("private, max-age=86400" if path.startswith("/static/") else "no-store")
    assert "Server" not in headers


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/windows/99", "There is no window 99"),
        ("/windows/99999999999999999999", "There is no such page"),
        ("/windows/1/nothing.csv", "There is no such table"),
        ("/runs/nonsense", "is not a transaction id"),
        ("/runs/01890a5d-ac96-774b-bcce-b302099a8057", "There is no run"),
        ("/nowhere", "There is no such page"),
        ("/windows?page=999999999999999999999", "Windows"),
        ("/windows?page=-1", "Windows"),
    ],
)
def test_what_is_not_there_is_said(line: Line, path: str, text: str) -> None:
    """Wrong addresses get a page with what is wrong, and never a trace."""
    answer = line.send("GET", path)
    assert answer.status in ((200,) if "?" in path else (400, 404))
    assert text in answer.text
    assert "Traceback" not in answer.text
