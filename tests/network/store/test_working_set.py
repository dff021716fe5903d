"""What a batch changes is written, and what the next batch touches is read back as it was."""

from __future__ import annotations

import random

import pytest

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from network.journal.batch import BatchCommitter
from network.ledger.engine import Processed, process
from network.ledger.invariants import violations
from network.ledger.records import Original
from network.ledger.state import Head, Reference, State, Wanted
from network.store.head import read_head
from network.store.load import load
from network.store.projections import PROJECTIONS
from network.store.reference import load_reference
from network.store.store import Store
from tests.databases import BOTH
from tests.network.bustle import Bustle
from tests.network.town import Town

pytestmark = pytest.mark.engines(*BOTH)


class Twins:
    """The same envelopes, applied batch by batch to a database, and one by one to a complete state in memory."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.town = Town()
        self.memory = State(Head(), Reference(), complete=True)
        self._committer = BatchCommitter(store)
        bustle = Bustle(self.town, seed)
        chance = random.Random(seed)
        for envelope in bustle.opening():
            self._apply([envelope])
        for _ in range(40):
            self._apply([bustle.envelope() for _ in range(chance.choice((1, 2, 5, 9)))])

    def _apply(self, batch: list[OpenedEnvelope]) -> None:
        committed = self._committer.commit(batch, self.town.now_us)
        for envelope, result in zip(batch, committed.results, strict=True):
            expected: Processed | str
            try:
                expected = process(self.memory, envelope, self.town.now_us)
            except Refused as refused:
                expected = refused.message
            assert (result.message if isinstance(result, Refused) else result) == expected


@pytest.fixture(params=[11, 12, 13])
def twins(request: pytest.FixtureRequest, store: Store) -> Twins:
    """After some forty random batches of all kinds, valid and not."""
    return Twins(store, request.param)


def test_projections_equal_the_state(twins: Twins) -> None:
    """Every table holds exactly the rows that the state in memory makes, and the head stands where it does."""
    with twins.store.read() as connection:
        for projection in PROJECTIONS:
            found = connection.execute(projection.table.select()).all()
            records = projection.records(twins.memory).rows.items()
            expected = [row for key, value in records for row in projection.rows(key, value)]
            assert sorted(map(tuple, found)) == sorted(expected), projection.table.name
        head = read_head(connection)
    for name in ("sequence", "committed_us", "window", "reference_sequence"):
        assert getattr(head, name) == getattr(twins.memory.head, name)
    assert head.frontier.hashes == twins.memory.head.frontier.hashes
    assert list(violations(twins.memory)) == []


def test_what_is_loaded_equals_the_state(twins: Twins) -> None:
    """Every record comes back as it is in memory, originals and committed transactions from the journal."""
    memory = twins.memory
    wanted = Wanted()
    wanted.committed.update(memory.committed.rows)
    wanted.holders.update(memory.holders.rows)
    wanted.aliases.update(memory.aliases.rows)
    wanted.holds.update(memory.holds.rows)
    wanted.nonces.update(memory.nonces.rows)
    wanted.originals.update(memory.originals.rows)
    wanted.totals.update(memory.totals.rows)
    wanted.usage.update(memory.usage.rows)
    with twins.store.read() as connection:
        state = State(read_head(connection), load_reference(connection))
        load(connection, state, wanted)
    for name in ("committed", "aliases", "holders", "holds", "nonces", "originals", "totals", "usage"):
        assert getattr(state, name).rows == getattr(memory, name).rows, name
    for name in ("lots", "arrears", "pledges"):
        loaded = {key: value for key, value in getattr(state, name).rows.items() if value}
        assert loaded == {key: value for key, value in getattr(memory, name).rows.items() if value}, name
    for loaded, kept in zip(state.reference.tables(), memory.reference.tables(), strict=True):
        assert loaded.rows == kept.rows, loaded.name


def test_hold_brings_its_holder(twins: Twins) -> None:
    """Who names only a hold or an original can go on to its holder, the holder's lots and their issuers' totals."""
    memory = twins.memory
    hold_key, hold = next((key, hold) for key, hold in memory.holds.rows.items() if hold is not None)
    original_key, original = next((key, item) for key, item in memory.originals.rows.items() if item is not None)
    wanted = Wanted()
    wanted.holds.add(hold_key)
    wanted.originals.add(original_key)
    with twins.store.read() as connection:
        state = State(read_head(connection), load_reference(connection))
        load(connection, state, wanted)
    for holder_id in (hold.holder_id, original.holder_id):
        assert state.holders.get(holder_id) == memory.holders.get(holder_id)
        for lot in state.lots.get(holder_id) or ():
            assert state.totals.get(lot.issuer) == memory.totals.get(lot.issuer)
    for part in (*hold.parts, *original.parts):
        assert state.totals.get(part.issuer) == memory.totals.get(part.issuer)


def test_unknown_keys_load_as_nothing(store: Store) -> None:
    """A key that was wanted can be read even where nothing stands under it."""
    wanted = Wanted()
    wanted.committed.add(("grocer", b"1" * 16))
    wanted.holders.add("nobody")
    wanted.aliases.add("no card")
    wanted.holds.add(("grocer", b"1" * 16))
    wanted.originals.add(("grocer", b"1" * 16))
    wanted.totals.add("grocer")
    state = State(Head(), Reference())
    with store.read() as connection:
        load(connection, state, wanted)
    assert state.committed.get(("grocer", b"1" * 16)) is None
    assert state.holders.get("nobody") is None
    assert not state.lots.get("nobody")
    assert not state.arrears.get("nobody")
    assert not state.pledges.get("nobody")
    assert state.aliases.get("no card") is None
    assert state.holds.get(("grocer", b"1" * 16)) is None
    assert state.originals.get(("grocer", b"1" * 16)) is None
    assert state.totals.get("grocer") is None


def test_only_accepted_transactions_are_originals(twins: Twins) -> None:
    """A rejected issue cannot be reversed, and neither can a donation."""
    memory = twins.memory
    others = [key for key in memory.committed.rows if not isinstance(memory.originals.rows.get(key), Original)]
    wanted = Wanted()
    wanted.originals.update(others)
    with twins.store.read() as connection:
        state = State(read_head(connection), load_reference(connection))
        load(connection, state, wanted)
    assert len(others) > 100
    assert {state.originals.get(key) for key in others} == {None}
