"""Several writers over one database make one journal."""

from __future__ import annotations

import pytest

from coalition.errors import Refused
from coalition.v1 import error_pb2, network_pb2
from network.journal.admission import Admission
from network.journal.commits import Commits
from network.journal.writer import Writer
from network.store.store import Store
from network.verify import verify_database
from tests.databases import BOTH
from tests.network.journal.conftest import Desk, sequences_of
from tests.network.town import NETWORK_ID, Town, key_of

pytestmark = pytest.mark.engines(*BOTH)


@pytest.fixture
def other(url: str, desk: Desk) -> Desk:
    """A second hub over the database of the first."""
    store = Store(url)
    store.upgrade()
    commits = Commits()
    writer = Writer(store, network_id=NETWORK_ID, key=key_of("hub"), clock=desk.town.clock, commits=commits)
    writer.start()
    return Desk(desk.town, store, commits, writer, desk.log)


def test_entries_of_two_writers_interleave(url: str, desk: Desk, other: Desk) -> None:
    """Neither writer loses, repeats or overtakes what the other committed, and the journal verifies."""
    envelopes = [desk.town.envelope("grocer", desk.town.issue("anna", 1)) for _ in range(60)]
    futures = [(desk if turn % 2 else other).writer.submit(envelope) for turn, envelope in enumerate(envelopes)]
    sequences = [sequences_of(future.result(10))[0] for future in futures]
    assert sorted(sequences) == list(range(min(sequences), min(sequences) + 60))
    [again] = other.submit(envelopes[1])
    assert list(again.replayed) == [0]
    assert other.writer.stop(10)
    other.store.close()
    report = verify_database(url)
    assert report.failures == ()


def test_change_of_a_reference_table_is_seen_by_the_other_writer(desk: Desk, other: Desk) -> None:
    """What one hub's operator changed binds the next batch of every hub."""
    town = desk.town
    other.submit(town.envelope("butcher", town.issue("anna", 1)))
    desk.submit(town.envelope("operator", town.suspend("butcher")))
    refused = other.writer.submit(town.envelope("butcher", town.issue("anna", 1))).exception(10)
    assert isinstance(refused, Refused)
    assert refused.reason == error_pb2.REASON_PARTY_SUSPENDED
    assert other.writer.stop(10)
    other.store.close()


def test_party_of_another_hub_is_admitted_at_once(desk: Desk, other: Desk) -> None:
    """A hub that does not know an author looks into the database before it turns the author away."""
    town: Town = desk.town
    admission = Admission(other.store, network_id=NETWORK_ID, clock=town.clock)
    florist = town.register("florist", network_pb2.PARTY_KIND_PARTNER)
    desk.submit(town.envelope("operator", florist))
    assert other.store.reference().parties.get("florist") is None
    opened = admission.admit(town.data("florist", town.issue("anna", 1)))
    assert opened.header.author == "florist"
    assert other.writer.stop(10)
    other.store.close()
