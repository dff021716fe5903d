"""Following the journal of a real hub: through restarts, and never past what the hub cannot prove."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator

import pytest

from partner_sdk.errors import JournalInvalid, PermissionDenied, TransportError
from partner_sdk.journal import JournalState, VerifiedEntry
from partner_sdk.operator import Operator
from partner_sdk.testing import LocalNetwork


@pytest.fixture
def network() -> Iterator[LocalNetwork]:
    """A network of its own: these tests stop the hub and change its past."""
    with LocalNetwork(partners={"grocer": "Grocer"}, charities={}) as network:
        yield network


def test_goes_on_after_the_hub_was_away(network: LocalNetwork) -> None:
    """A follower outlives a restart of the hub, and misses and doubles nothing."""
    operator = Operator(network.connection("operator", timeout_s=30))
    client = network.client("grocer", timeout_s=30)
    seen: list[VerifiedEntry] = []
    enough = threading.Event()

    def follow() -> None:
        for part in operator.follow_journal():
            seen.extend(part.entries)
            if len(seen) >= 20:
                enough.set()
                return

    follower = threading.Thread(target=follow)
    follower.start()
    anna = network.member()
    size = operator.checkpoint().size
    client.issue(anna.holder_id, 1)
    network.hub.kill()
    network.hub.start()
    for _ in range(20 - size):
        client.issue(anna.holder_id, 1)
    assert enough.wait(30)
    follower.join()
    operator.close()
    assert [entry.sequence for entry in seen] == list(range(1, len(seen) + 1))


def test_gives_up_when_the_hub_stays_away(network: LocalNetwork) -> None:
    """After the client's timeout without a hub the follower ends with an error, and its state is good to go on from."""
    with Operator(network.connection("operator", timeout_s=1.0)) as operator:
        parts = operator.follow_journal()
        state = next(parts).state
        network.hub.kill()
        start = time.monotonic()
        with pytest.raises(TransportError):
            list(parts)
        assert time.monotonic() - start < 5
        network.hub.start()
        network.member()
        (part,) = operator.with_timeout(10).follow_journal(state, follow=False)
        assert part.entries[0].sequence == state.size + 1


def test_notices_that_the_hub_lost_entries(network: LocalNetwork) -> None:
    """A hub that comes back with an older database is found out, at the end of the journal and in front of it."""
    network.hub.stop()
    backup = network.folder / "backup"
    shutil.copytree(network.folder / "hub", backup)
    network.hub.start()
    with Operator(network.connection("operator", timeout_s=20)) as operator:
        network.member(points=5)
        state = JournalState("unread")
        for part in operator.follow_journal(follow=False):
            state = part.state
        network.hub.stop()
        shutil.rmtree(network.folder / "hub")
        shutil.copytree(backup, network.folder / "hub")
        network.hub.start()
        with pytest.raises(JournalInvalid, match="it lost some"):
            list(operator.follow_journal(state, follow=False))
        with pytest.raises(JournalInvalid, match="it lost some"):
            next(operator.follow_journal(state))
        network.member("somebody-else", points=6)
        with pytest.raises(JournalInvalid, match=r"do not lead to the root|another one"):
            list(operator.follow_journal(state, follow=False))


def test_partners_do_not_see_it_all(network: LocalNetwork) -> None:
    """A partner is shown its own envelopes only, and is told so instead of waiting for ever."""
    with Operator(network.connection("grocer")) as partner, pytest.raises(PermissionDenied, match="own_journal"):
        list(partner.follow_journal())
