"""Hubs over PostgreSQL, when one of them freezes and when a server fails over to its standby."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

import pytest
from sqlalchemy.exc import DBAPIError

from network.store.engine import is_busy
from network.store.head import lock_head, read_head, write_head
from network.store.store import Store
from partner_sdk.testing import LocalNetwork
from partner_sdk.testing._postgresql import create_database
from tests.faults.books import check_answers, check_balances, check_roots, read_journal, verify
from tests.faults.choices import Choices
from tests.faults.hubs import HubProcess
from tests.faults.servers import Primary, Standby, wait_until
from tests.faults.tills import Till, Worker, at_work, shared_members

#: A frozen hub is cut off by then, in seconds.
CUT_OFF_S: Final = 5.0

HOLDER: Final = """
    SELECT split_part(application_name, ' ', 3)::int FROM pg_stat_activity
    WHERE state = 'idle in transaction' AND application_name LIKE 'coalition %'
    AND pid IN (SELECT pid FROM pg_locks WHERE relation = 'head'::regclass AND mode = 'RowShareLock')
"""


@pytest.fixture(scope="module")
def primary() -> Iterator[Primary]:
    with Primary() as server:
        yield server


@contextmanager
def two_hubs(*servers: Primary) -> Iterator[tuple[LocalNetwork, HubProcess, str]]:
    """Two hubs over a new database of the first server, which know of the others; and the database's name."""
    name = create_database(servers[0].url())
    hosts = ",".join(str(server.folder) for server in servers)
    with ExitStack() as stack:
        network = LocalNetwork(policy={"redeem_points_per_day_max": 0}, database=servers[0].url(name, host=hosts))
        stack.enter_context(network)
        yield network, stack.enter_context(HubProcess(network, "other")), name


def staff(network: LocalNetwork, other: HubProcess, name: str) -> list[Worker]:
    """Tills at both hubs, each of which turns to the other hub when its own does not answer."""
    members = shared_members(network, 8)
    return [
        Till(
            Choices(network, party, f"{name}-{party}", members),
            first.connection(party),
            second.connection(party),
            doubt=True,
        )
        for party, first, second in (
            ("grocer", network, other),
            ("pharmacy", other, network),
            ("florist", other, network),
        )
    ]


def check(network: LocalNetwork, workers: Sequence[Worker], setup: int) -> None:
    """Nothing that was acknowledged is lost, nothing is there twice, and everything adds up."""
    records = [worker.record for worker in workers]
    entries = read_journal(network)
    check_answers(entries, records, setup)
    check_roots(entries, records)
    check_balances(network, entries)
    assert verify(network)["entries"] == len(entries)


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


def test_hub_that_freezes_with_the_lock_is_cut_off(primary: Primary) -> None:
    """The others go on within seconds; and when it wakes it notices, and goes on as well. So do those that are left
    when one is killed."""
    with two_hubs(primary) as (network, other, database):
        workers = staff(network, other, "frozen")
        setup = network.operator.checkpoint().size
        with at_work(workers) as see_progress:
            see_progress()
            with frozen_with_the_lock(primary, database) as process_id:
                began_s = time.monotonic()
                before = primary.look("SELECT sequence FROM head", database)
                wait_until(lambda: (process_id,) not in primary.look(HOLDER, database))
                assert time.monotonic() - began_s < CUT_OFF_S
                wait_until(lambda: primary.look("SELECT sequence FROM head", database) != before)
            see_progress()
            assert network.hub.is_running
            other.kill()
            see_progress()
            other.start()
            see_progress()
        check(network, workers, setup)


def test_promoted_standby_is_followed() -> None:
    """When the server dies and its standby takes its place, hubs that were not told go on there by themselves, with
    everything that was acknowledged; before, they get over a restart."""
    with Primary() as primary, Standby(primary) as standby, two_hubs(primary, standby) as (network, other, _):
        primary.wait_for_standby()
        workers = staff(network, other, "failover")
        setup = network.operator.checkpoint().size
        with at_work(workers) as see_progress:
            see_progress()
            primary.stop()
            primary.start()
            see_progress()
            primary.stop(signal.SIGQUIT)
            standby.promote()
            see_progress()
        assert network.hub.is_running
        check(network, workers, setup)


def commit_until_it_fails(store: Store) -> None:
    """The server begins to wait for its standby a moment after it was told to."""
    for moment_us in range(1, 1_000):
        with store.write() as connection:
            head = lock_head(connection)
            head.committed_us = moment_us
            write_head(connection, head)
        time.sleep(0.01)


def test_commit_that_did_not_wait_for_the_standby_is_in_doubt(primary: Primary) -> None:
    """When an administrator ends the wait for a standby that is away, nobody hears that all is well."""
    name = create_database(primary.url())
    store = Store(primary.url(name))
    store.upgrade()
    primary.order("ALTER SYSTEM SET synchronous_standby_names = 'away'")
    primary.order("SELECT pg_reload_conf()")
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

    def lose_patience() -> None:
        wait_until(lambda: primary.look(waiting))
        primary.order(f"SELECT pg_cancel_backend(pid) FROM ({waiting})")

    administrator = threading.Thread(target=lose_patience)
    administrator.start()
    with pytest.raises(DBAPIError, match="the commit came with a warning") as caught:
        commit_until_it_fails(store)
    administrator.join()
    assert not is_busy(caught.value)
    primary.order("ALTER SYSTEM RESET synchronous_standby_names")
    primary.order("SELECT pg_reload_conf()")
    with store.read() as connection:
        assert read_head(connection).committed_us > 0
    store.close()
