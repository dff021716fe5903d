"""Hubs over PostgreSQL, when one of them freezes or is killed, and when a server fails over to its standby.

COALITION_KILLS=50 kills hubs so many times instead of 3.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy.exc import DBAPIError

from coalition.v1.ledger_service_pb2 import SubmitRequest
from coalition.v1.ledger_service_pb2_grpc import LedgerServiceStub
from network.store.engine import is_busy
from network.store.head import lock_head, read_head, write_head
from network.store.store import Store
from partner_sdk.operator import Operator
from partner_sdk.testing import LocalNetwork
from partner_sdk.testing._postgresql import create_database
from tests.faults.books import check
from tests.faults.choices import Choices
from tests.faults.hubs import HubProcess
from tests.faults.servers import Primary, Standby, wait_until
from tests.faults.tills import Till, Worker, at_work, longest_pause_s, open_channel, shared_members

pytestmark = pytest.mark.long

#: A frozen hub is cut off by then, in seconds.
CUT_OFF_S: Final = 5.0

KILLS: Final = int(os.environ.get("COALITION_KILLS", "3"))
#: After the tills were seen to get on, a hub lives at most this much longer, in seconds.
LAST_MOMENTS_S: Final = 0.4
#: By then the database has noticed that a hub is dead, and another one has its lock, in seconds.
RELEASED_S: Final = 3.0

HOLDER: Final = """
    SELECT split_part(application_name, ' ', 3)::int FROM pg_stat_activity
    WHERE state = 'idle in transaction' AND application_name LIKE 'coalition %'
    AND pid IN (SELECT pid FROM pg_locks WHERE relation = 'head'::regclass AND mode = 'RowShareLock')
"""


@dataclass
class Hubs:
    """Two hubs over one database, which know of two servers."""

    #: The one that takes writes, and the one that follows it as long as that lives.
    server: Primary
    standby: Standby
    database: str
    network: LocalNetwork
    other: HubProcess


@pytest.fixture(scope="module")
def hubs() -> Iterator[Hubs]:
    """A network's own hub, and another one from a copy of its folder."""
    with ExitStack() as stack:
        primary = stack.enter_context(Primary())
        standby = stack.enter_context(Standby(primary))
        database = create_database(primary.url())
        url = primary.url(database, host=f"{primary.folder},{standby.folder}")
        network = stack.enter_context(LocalNetwork(policy={"redeem_points_per_day_max": 0}, database=url))
        folder = network.folder / "other-hub"
        shutil.copytree(network.folder / "hub", folder)
        other = stack.enter_context(HubProcess(network, "other", folder))
        yield Hubs(primary, standby, database, network, other)


def staff(hubs: Hubs, name: str) -> list[Worker]:
    """Two tills that turn to the other hub when theirs does not answer, and at each hub one that waits for it."""
    network, other = hubs.network, hubs.other
    members = shared_members(network, 8)

    def till(party: str, *at: LocalNetwork | HubProcess, call_s: float) -> Worker:
        connections = (hub.connection(party) for hub in at)
        return Till(Choices(network, party, f"{name}-{party}", members), *connections, doubt=True, call_s=call_s)

    return [
        till("grocer", network, other, call_s=5),
        till("pharmacy", other, network, call_s=5),
        till("florist", network, call_s=20),
        till("school", other, call_s=20),
    ]


def check_both(hubs: Hubs, workers: Sequence[Worker]) -> None:
    """Both hubs tell the same journal, and of envelopes that come again what was told before."""
    network, other = hubs.network, hubs.other
    with Operator(other.connection("operator")) as operator:
        assert operator.checkpoint() == network.operator.checkpoint()
    for hub in (network, other):
        with open_channel(hub.connection("operator")) as channel:
            submit = LedgerServiceStub(channel).Submit
            for envelope, outcomes in (kept for worker in workers for kept in worker.record.envelopes):
                answer = submit(SubmitRequest(envelope=envelope), timeout=20)
                assert (list(answer.outcomes), list(answer.replayed)) == (outcomes, list(range(len(outcomes))))


@contextmanager
def frozen_with_the_lock(server: Primary, database: str) -> Iterator[int]:
    """Meanwhile a process is stopped that had the lock in that moment."""

    def holders() -> set[int]:
        return {process_id for (process_id,) in server.look(HOLDER, database)}

    while True:
        for process_id in holders():
            os.kill(process_id, signal.SIGSTOP)
            time.sleep(0.05)
            if process_id in holders():
                try:
                    yield process_id
                finally:
                    os.kill(process_id, signal.SIGCONT)
                return
            os.kill(process_id, signal.SIGCONT)


def test_hub_that_freezes_with_the_lock_is_cut_off(hubs: Hubs) -> None:
    """The other hub commits again within seconds. When the frozen one wakes it notices and goes on, and its callers,
    who waited all the time, get their answers."""
    workers = staff(hubs, "frozen")
    setup = hubs.network.operator.checkpoint().size
    with at_work(workers) as see_progress:
        see_progress()
        with frozen_with_the_lock(hubs.server, hubs.database):
            began_s = time.monotonic()
            before = hubs.server.look("SELECT sequence FROM head", hubs.database)
            wait_until(lambda: hubs.server.look("SELECT sequence FROM head", hubs.database) != before)
            assert time.monotonic() - began_s < CUT_OFF_S
        see_progress()
    assert hubs.network.hub.is_running
    check(hubs.network, workers, setup)
    check_both(hubs, workers)


@pytest.mark.timeout(60 + 20 * KILLS)
def test_hubs_that_are_killed_lose_nothing(hubs: Hubs) -> None:
    """One hub or the other is killed in the midst of its work, again and again. The one that is left goes on as soon as
    the database has undone the batch of the dead one; and both tell everybody the same."""
    network, other = hubs.network, hubs.other
    dice = random.Random("two hubs")
    workers = staff(hubs, "killed")
    setup = network.operator.checkpoint().size
    began_s = time.monotonic()
    with at_work(workers) as see_progress:
        for hub in ([network.hub, other] * KILLS)[:KILLS]:
            see_progress()
            time.sleep(dice.random() * LAST_MOMENTS_S)
            hub.kill()
            network.clock.advance(seconds=1)
            hub.start()
        see_progress()
    entries = check(network, workers, setup)
    check_both(hubs, workers)
    pause_s = longest_pause_s(workers)
    assert pause_s < RELEASED_S
    print(
        f"\n{KILLS} kills, {len(entries) - setup} entries, "
        f"{sum(worker.record.resent for worker in workers)} attempts repeated, "
        f"longest pause {pause_s:.2f} s, {time.monotonic() - began_s:.1f} s"
    )


def commit_until_it_fails(store: Store) -> None:
    """The server begins to wait for its standby a moment after it was told to."""
    for moment_us in range(1, 1_000):
        with store.write() as connection:
            head = lock_head(connection)
            head.committed_us = moment_us
            write_head(connection, head)
        time.sleep(0.01)


def test_commit_that_did_not_wait_for_the_standby_is_in_doubt(hubs: Hubs) -> None:
    """When an administrator ends the wait for a standby that is away, nobody hears that all is well."""
    name = create_database(hubs.server.url())
    store = Store(hubs.server.url(name))
    store.upgrade()
    hubs.server.order("ALTER SYSTEM SET synchronous_standby_names = 'away'")
    hubs.server.order("SELECT pg_reload_conf()")
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

    def lose_patience() -> None:
        wait_until(lambda: hubs.server.look(waiting))
        hubs.server.order(f"SELECT pg_cancel_backend(pid) FROM ({waiting})")

    administrator = threading.Thread(target=lose_patience)
    administrator.start()
    with pytest.raises(DBAPIError, match="the commit came with a warning") as caught:
        commit_until_it_fails(store)
    administrator.join()
    assert not is_busy(caught.value)
    hubs.server.order("ALTER SYSTEM RESET synchronous_standby_names")
    hubs.server.order("SELECT pg_reload_conf()")
    with store.read() as connection:
        assert read_head(connection).committed_us > 0
    store.close()


def test_promoted_standby_is_followed(hubs: Hubs) -> None:
    """When the server dies and its standby takes its place, hubs that were not told go on there by themselves, with
    everything that was acknowledged; before, they get over a restart."""
    hubs.server.wait_for_standby()
    workers = staff(hubs, "failover")
    setup = hubs.network.operator.checkpoint().size
    with at_work(workers) as see_progress:
        see_progress()
        hubs.server.stop()
        hubs.server.start()
        see_progress()
        hubs.server.stop(signal.SIGQUIT)
        hubs.standby.promote()
        hubs.server = hubs.standby
        see_progress()
    assert hubs.network.hub.is_running
    check(hubs.network, workers, setup)
    check_both(hubs, workers)
