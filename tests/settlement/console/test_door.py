"""One link at a time, one session at a time."""

from __future__ import annotations

import time

import pytest

from settlement.console.door import Door, Notice, Session

IDLE_S = 60.0


class Hall:
    """A door, the links that it announced, and a clock."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self.now_s = 1_000.0
        self.door = Door(self.links.append, IDLE_S, lambda: self.now_s)
        self.door.offer()

    def enter(self) -> Session:
        """In by the newest link."""
        session = self.door.enter(self.links[-1])
        assert session is not None
        return session


@pytest.fixture
def hall() -> Hall:
    """A new door with its first link."""
    return Hall()


def test_link_leads_to_a_session(hall: Hall) -> None:
    """Whoever has the link gets a session, and is known by its secret from then on."""
    session = hall.enter()
    assert hall.door.session(session.secret) is session
    assert session.secret not in hall.links
    assert session.form_token not in (session.secret, hall.links[0])


def test_second_use_of_a_link_ends_the_session(hall: Hall) -> None:
    """A link that comes again was seen by two: neither keeps the session, and the terminal has a new link."""
    session = hall.enter()
    assert hall.door.enter(hall.links[0]) is None
    assert hall.door.session(session.secret) is None
    assert len(hall.links) == 2
    assert hall.enter() is not session


@pytest.mark.parametrize("token", ["", "guess", "é"])
def test_guesses_lead_nowhere(hall: Hall, token: str) -> None:
    """A token that is none opens nothing, ends nothing, and makes no new link."""
    assert hall.door.enter(token) is None
    session = hall.enter()
    assert hall.door.enter(token) is None
    assert hall.door.session(token) is None
    assert hall.door.session(session.secret) is session
    assert len(hall.links) == 1


def test_idle_session_ends(hall: Hall) -> None:
    """After the idle time the session is over and a new link stands in the terminal; use before that keeps it."""
    session = hall.enter()
    for _ in range(3):
        hall.now_s += IDLE_S
        assert hall.door.session(session.secret) is session
    hall.now_s += IDLE_S + 1
    assert hall.door.session(session.secret) is None
    assert len(hall.links) == 2


def test_sleep_of_the_machine_is_idle_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that is opened again after a night in a suspended machine is locked."""
    clock = {time.CLOCK_BOOTTIME: 1_000.0}
    monkeypatch.setattr(time, "clock_gettime", clock.__getitem__)
    links: list[str] = []
    door = Door(links.append, IDLE_S)
    door.offer()
    session = door.enter(links[0])
    assert session is not None
    clock[time.CLOCK_BOOTTIME] += IDLE_S + 1
    assert door.session(session.secret) is None


def test_link_that_the_session_s_own_browser_opens_is_used_up(hall: Hall) -> None:
    """It leads nobody else in; a second use of it, or of the first one, ends the session like any."""
    session = hall.enter()
    hall.door.offer()
    hall.door.use_up(hall.links[-1])
    assert hall.door.session(session.secret) is session
    assert hall.door.enter(hall.links[-1]) is None
    assert hall.door.session(session.secret) is None
    assert len(hall.links) == 3


def test_pages_that_renew_themselves_do_not_keep_a_session(hall: Hall) -> None:
    """Nobody looks at a page that comes by itself."""
    session = hall.enter()
    hall.now_s += IDLE_S / 2
    assert hall.door.session(session.secret, by_itself=True) is session
    hall.now_s += IDLE_S / 2 + 1
    assert hall.door.session(session.secret, by_itself=True) is None


def test_one_link_waits_at_a_time(hall: Hall) -> None:
    """Knocking at a locked door does not fill the terminal with links."""
    for _ in range(3):
        hall.door.offer()
    assert len(hall.links) == 1


def test_notices_are_shown_once_and_are_bounded() -> None:
    """A notice waits for its page whatever the query, is shown once, and old ones make room."""
    session = Session()
    for number in range(40):
        session.leave_notice(f"/runs/{number}?page=2", Notice("done", str(number)))
    assert session.take_notice("/runs/0") is None
    newest = session.take_notice("/runs/39")
    assert newest is not None
    assert newest.text == "39"
    assert session.take_notice("/runs/39") is None
