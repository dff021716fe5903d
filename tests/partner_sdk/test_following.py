"""Following the journal of a real hub: through restarts, and never past what the hub cannot prove."""

from __future__ import annotations

import shutil
import threading
import time

import pytest

from partner_sdk.errors import JournalInvalid, PermissionDenied, TransportError
from partner_sdk.journal import JournalState, VerifiedEntry
from partner_sdk.operator import Operator
from partner_sdk.testing import LocalNetwork


def test_goes_on_after_the_hub_was_away(shaky: LocalNetwork) -> None:
    """A follower outlives a restart of the hub, and misses and doubles nothing."""
    operator = Operator(shaky.connection("operator", timeout_s=30))
    client = shaky.client("grocer", timeout_s=30)
    seen: list[VerifiedEntry] = []
    enough = threading.Event()
    wanted = operator.checkpoint().size + 20

    def follow() -> None:
        for part in operator.follow_journal():
            seen.extend(part.entries)
            if len(seen) >= wanted:
                enough.set()
                return

    follower = threading.Thread(target=follow)
    follower.start()
    anna = shaky.member()
    size = operator.checkpoint().size
    client.issue(anna.holder_id, 1)
    shaky.hub.kill()
    shaky.hub.start()
    for _ in range(wanted - size):
        client.issue(anna.holder_id, 1)
    assert enough.wait(30)
    follower.join()
    operator.close()
    assert [entry.sequence for entry in seen] == list(range(1, len(seen) + 1))


def test_gives_up_when_the_hub_stays_away(shaky: LocalNetwork) -> None:
    """After the client's timeout without a hub the follower ends with an error, and its state is good to go on from."""
    with Operator(shaky.connection("operator", timeout_s=1.0)) as operator:
        parts = operator.follow_journal()
        state = next(parts).state
        shaky.hub.kill()
        start = time.monotonic()
        with pytest.raises(TransportError):
            list(parts)
        assert time.monotonic() - start < 5
        shaky.hub.start()
        shaky.member()
        (part, *_) = operator.with_timeout(10).follow_journal(state, follow=False)
        assert part.entries[0].sequence == state.size + 1


def test_notices_that_the_hub_lost_entries(shaky: LocalNetwork) -> None:
    """A hub that comes back with an older database is found out, at the end of the journal and in front of it."""
    shaky.hub.stop()
    backup = shaky.folder / "backup"
    shutil.copytree(shaky.folder / "hub", backup)
    shaky.hub.start()
    with Operator(shaky.connection("operator", timeout_s=20)) as operator:
        shaky.member(points=5)
        state = JournalState("unread")
        for part in operator.follow_journal(follow=False):
            state = part.state
        shaky.hub.stop()
        shutil.rmtree(shaky.folder / "hub")
        shutil.copytree(backup, shaky.folder / "hub")
        shaky.hub.start()
        with pytest.raises(JournalInvalid, match="it lost some"):
            list(operator.follow_journal(state, follow=False))
        with pytest.raises(JournalInvalid, match="it lost some"):
            next(operator.follow_journal(state))
        shaky.member("somebody-else", points=6)
        with pytest.raises(JournalInvalid, match=r"do not lead to the root|another one"):
            list(operator.follow_journal(state, follow=False))


def test_partners_do_not_see_it_all(shaky: LocalNetwork) -> None:
    """A partner is shown its own envelopes only, and is told so instead of waiting for ever."""
    with Operator(shaky.connection("grocer")) as partner, pytest.raises(PermissionDenied, match="own_journal"):
        list(partner.follow_journal())
