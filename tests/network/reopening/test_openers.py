"""Envelopes are opened in other processes as they are in one, in order, and never many at a time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

import pytest

from network.reopening.envelopes import Kept, Reopened, reopen
from network.reopening.openers import OpenerLostError, Openers, spare_cores
from tests.network.reopening.envelopes import purchases
from tests.network.town import Town

#: Entries in an envelope, and in a batch: three envelopes.
SIZE, BATCH = 2, 6


@pytest.fixture(scope="module")
def journal() -> list[Kept]:
    return purchases(Town(), 40, SIZE)


@pytest.fixture(scope="module")
def openers() -> Iterator[Openers]:
    """Two of them, for tests that leave them as they are."""
    with Openers(2, entries_at_once=BATCH) as started:
        yield started


def opened(openers: Openers, journal: Iterable[Kept]) -> list[Reopened | None]:
    return [found for _, found in openers.ahead(journal, lambda item: item)]


def test_all_are_opened_in_order(openers: Openers, journal: list[Kept]) -> None:
    """Each comes with the envelope that it is."""
    assert list(openers.ahead(journal, lambda item: item)) == [(item, reopen(item, {})) for item in journal]


def test_nothing_to_open(openers: Openers) -> None:
    """An empty journal has no envelopes."""
    assert opened(openers, []) == []


def test_wrong_ones_are_told(openers: Openers, journal: list[Kept]) -> None:
    """Whatever is wrong with an envelope, it is not opened, and its neighbours are."""
    wrong = {
        4: journal[4]._replace(signatures=journal[5].signatures),
        17: journal[17]._replace(bodies=(journal[17].bodies[0], b"no entry")),
        31: journal[31]._replace(header=b"no header"),
    }
    mixed = [wrong.get(number, item) for number, item in enumerate(journal)]
    found = opened(openers, mixed)
    assert [number for number, envelope in enumerate(found) if envelope is None] == [*wrong]


def test_little_is_read_ahead(openers: Openers, journal: list[Kept]) -> None:
    """No more than a batch for each opener, and the one that is being given out."""
    read = 0

    def reading() -> Iterator[Kept]:
        nonlocal read
        for item in journal:
            read += 1
            yield item

    ahead = [read - given for given, _ in enumerate(openers.ahead(reading(), lambda item: item))]
    assert 0 < max(ahead) <= 3 * BATCH // SIZE


def test_error_waits_for_its_turn(openers: Openers, journal: list[Kept]) -> None:
    """Where the journal cannot be read any further, all that was read before is given first."""

    def reading() -> Iterator[Kept]:
        yield from journal[:7]
        raise OSError("unreadable")

    ahead = openers.ahead(reading(), lambda item: item)
    assert [item for item, _ in islice(ahead, 7)] == journal[:7]
    with pytest.raises(OSError, match="unreadable"):
        next(ahead)


def test_reading_ends_where_nothing_can_be_opened(openers: Openers, journal: list[Kept]) -> None:
    """Nobody goes on after such a place, so nothing is read beyond it."""
    found = list(openers.ahead(journal, lambda item: None if item is journal[7] else item))
    assert [item for item, _ in found] == journal[:8]
    assert [envelope is None for _, envelope in found] == [False] * 7 + [True]


def test_without_openers_nothing_is_opened_ahead(journal: list[Kept]) -> None:
    """Whoever asked opens everything."""
    with Openers(0) as none:
        assert opened(none, journal) == [None] * len(journal)


@pytest.mark.parametrize("given", [0, 1])
def test_opener_that_dies_is_an_error(journal: list[Kept], given: int) -> None:
    """What it had is not taken for right, be it the first batch or a later one."""
    with Openers(1, entries_at_once=BATCH) as mortal:
        ahead = mortal.ahead(journal, lambda item: item)
        assert None not in [envelope for _, envelope in islice(ahead, given * BATCH // SIZE)]
        os.kill(mortal.process_ids[0], signal.SIGKILL)
        with pytest.raises(OpenerLostError, match="ended with code -9"):
            list(ahead)


def test_openers_end_with_their_block(journal: list[Kept]) -> None:
    """Also where it ends early, in the middle of their work."""
    with Openers(1, entries_at_once=BATCH) as started:
        (process_id,) = started.process_ids
        next(started.ahead(journal, lambda item: item))
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_opener_ends_when_it_is_left_alone() -> None:
    """Nobody has to end the openers of a process that was killed."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-m", "network.reopening.opener", str(theirs.fileno())]
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    theirs.close()
    ours.close()
    assert process.wait(30) == 0


def test_cores_that_are_not_ours_are_not_counted() -> None:
    """A process that may use one core has none to spare."""
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert spare_cores() == 0
    finally:
        os.sched_setaffinity(0, allowed)
    assert spare_cores() == len(allowed) - 1
