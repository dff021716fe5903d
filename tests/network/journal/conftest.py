"""A town with a hub's store, writer and log over a new database."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from coalition.envelope import OpenedEnvelope
from coalition.v1.ledger_service_pb2 import SubmitResponse
from coalition.v1.outcome_pb2 import Outcome
from network.journal.commits import Commits
from network.journal.log import Log
from network.journal.writer import Writer
from network.store.store import Store
from tests.databases import Databases
from tests.network.town import NETWORK_ID, Town, key_of


@dataclass
class Desk:
    """Where a test hands in envelopes."""

    town: Town
    store: Store
    commits: Commits
    writer: Writer
    log: Log

    def submit(self, *envelopes: OpenedEnvelope) -> list[SubmitResponse]:
        """Commit envelopes and wait for their answers. Raises Refused for the first that is refused."""
        return [future.result(10) for future in [self.writer.submit(envelope) for envelope in envelopes]]


def sequences_of(answer: SubmitResponse) -> list[int]:
    """Where the outcomes stand in the journal."""
    return [Outcome.FromString(raw).sequence for raw in answer.outcomes]


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged meanwhile."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def url(databases: Databases) -> str:
    """Of a database without entries."""
    return databases.current()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Of this version, and empty."""
    store = Store(url)
    store.upgrade()
    yield store
    store.close()


@pytest.fixture
def town() -> Town:
    """At its first day."""
    return Town()


@pytest.fixture
def desk(store: Store, town: Town) -> Iterator[Desk]:
    """With a founded network and three members."""
    commits = Commits()
    writer = Writer(store, network_id=NETWORK_ID, key=key_of("hub"), clock=town.clock, commits=commits)
    writer.start()
    desk = Desk(town, store, commits, writer, Log(store, network_id=NETWORK_ID, key=key_of("hub")))
    members = town.envelope("grocer", town.enrol("anna"), town.enrol("bert"), town.enrol("cleo"))
    desk.submit(*town.founding(), members)
    yield desk
    writer.stop(10)
