"""Readers see the reference tables as of the newest commit."""

from __future__ import annotations

import pytest

from coalition.v1 import network_pb2
from network.journal.batch import BatchCommitter
from network.ledger.state import Reference
from network.store.store import Store
from tests.databases import BOTH
from tests.network.town import NETWORK_ID, Town

pytestmark = pytest.mark.engines(*BOTH)


def names(reference: Reference) -> list[str]:
    return sorted(reference.parties.rows)


def founded(store: Store) -> tuple[Town, BatchCommitter]:
    town, committer = Town(), BatchCommitter(store)
    for envelope in town.founding():
        committer.commit([envelope], town.now_us)
    return town, committer


def test_new_database_has_no_network(store: Store) -> None:
    """Before the first entry there is nobody."""
    assert names(store.reference()) == []
    assert store.reference().network.get("") is None


def test_commit_shows_at_once(store: Store) -> None:
    """When the answer of a commit is out, readers of this process see what it changed."""
    town, committer = founded(store)
    assert names(store.reference()) == ["butcher", "grocer", "hub", "operator", "pharmacy", "school"]
    florist = town.register("florist", network_pb2.PARTY_KIND_PARTNER)
    committer.commit([town.envelope("operator", florist)], town.now_us)
    assert "florist" in names(store.reference())


def test_what_readers_hold_does_not_change_under_them(store: Store) -> None:
    """The writer works on tables of its own."""
    town, committer = founded(store)
    held = store.reference()
    committer.commit([town.envelope("operator", town.suspend("butcher"))], town.now_us)
    before, after = held.parties.get("butcher"), store.reference().parties.get("butcher")
    assert before is not None
    assert after is not None
    assert before.status == network_pb2.PARTY_STATUS_ACTIVE
    assert after.status == network_pb2.PARTY_STATUS_SUSPENDED


def test_database_is_asked_for_what_another_process_changed(url: str, store: Store) -> None:
    """A second store learns of it when it is told to look, and when it opens the database."""
    other = Store(url)
    other.upgrade()
    founded(store)
    assert names(other.reference()) == []
    network = other.refresh().network.get("")
    assert network is not None
    assert network.network_id == NETWORK_ID
    assert names(other.reference()) == names(store.reference())
    late = Store(url)
    late.upgrade()
    assert names(late.reference()) == names(store.reference())
    for opened in (other, late):
        opened.close()


def test_older_tables_never_replace_newer_ones(store: Store) -> None:
    """Whoever publishes late, because its thread had to wait, changes nothing."""
    founded(store)
    newest = store.reference()
    store.publish(1, Reference())
    assert store.reference() is newest
