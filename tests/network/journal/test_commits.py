"""Followers hear of commits."""

from __future__ import annotations

import threading
import time

from network.journal.commits import Commits
from tests.network.journal.conftest import Desk


def test_waiting_ends_with_the_commit(desk: Desk) -> None:
    """Who waits for a sequence is woken when it is committed, by then readable."""
    next_sequence = desk.commits.sequence + 1
    seen: list[int] = []
    follower = threading.Thread(target=lambda: seen.append(desk.commits.wait_for(next_sequence, 10)))
    follower.start()
    desk.submit(desk.town.envelope("grocer", desk.town.issue("anna", 1)))
    follower.join(10)
    assert seen == [next_sequence]


def test_waiting_ends_with_its_time() -> None:
    """Nobody waits for ever; the answer is what is committed so far."""
    commits = Commits()
    commits.announce(3)
    began = time.monotonic()
    assert commits.wait_for(4, 0.05) == 3
    assert time.monotonic() - began < 5


def test_subscribers_are_called_until_they_leave() -> None:
    """Each commit is told once, the newest sequence only, and nothing after the end of the subscription."""
    commits = Commits()
    seen: list[int] = []
    leave = commits.subscribe(seen.append)
    commits.announce(2)
    commits.announce(2)
    commits.announce(1)
    leave()
    leave()
    commits.announce(5)
    assert (seen, commits.sequence) == ([2], 5)


def test_subscriber_that_fails_does_not_disturb_others() -> None:
    """A follower's closed event loop is no reason not to tell the next one."""
    commits = Commits()
    seen: list[int] = []

    def fail(_sequence: int) -> None:
        raise RuntimeError("Event loop is closed")

    commits.subscribe(fail)
    commits.subscribe(seen.append)
    commits.announce(1)
    assert seen == [1]
