"""What a batch does is counted, stage by stage and outcome by outcome."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from coalition.errors import Refused
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitStreamRequest
from network.journal.stages import STAGES
from tests.network.conftest import CALL_S, RunningHub, running_hub
from tests.scraping import Scraped, eventually, seen


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub with metrics, for all tests of this module: they look at differences."""
    with running_hub(tmp_path_factory.mktemp("batches") / "hub", metrics="localhost:0") as running:
        yield running


class Difference:
    """What a hub's samples have grown by since a moment."""

    def __init__(self, hub: RunningHub) -> None:
        self._hub = hub
        self._before = seen(hub)

    def __call__(self, name: str, **labels: str) -> float:
        now: Scraped = seen(self._hub)
        return now.value(name, **labels) - self._before.value(name, **labels)


def test_transactions_are_counted_by_kind_and_outcome(hub: RunningHub) -> None:
    """What the journal gains is counted as accepted or rejected with its reason, once the answer is there; what it held
    already as replayed."""
    difference, town = Difference(hub), hub.town
    data = town.data("grocer", town.enrol("anna"), town.issue("anna", 100), town.redeem("anna", "grocer", 1_000))
    hub.send(data)
    hub.send(data)
    transactions = "coalition_hub_transactions_total"
    assert difference(transactions, kind="issue", outcome="accepted") == 1.0
    assert difference(transactions, kind="redeem", outcome="rejected") == 1.0
    assert difference(transactions, kind="redeem", outcome="replayed") == 1.0
    assert difference("coalition_hub_rejections_total", kind="redeem", reason="INSUFFICIENT_POINTS") == 1.0
    envelopes = "coalition_hub_envelopes_total"
    assert (difference(envelopes, outcome="committed"), difference(envelopes, outcome="replayed")) == (1.0, 1.0)
    assert difference("coalition_hub_batches_total", outcome="committed") == 2.0
    assert difference("coalition_hub_batch_transactions_sum") == 6.0
    assert difference("coalition_hub_batch_envelopes_count") == 2.0


def test_stages_are_timed(hub: RunningHub) -> None:
    """Each stage of a batch, and each envelope's admission and wait, adds one to its spread."""
    difference = Difference(hub)
    hub.commit("grocer", hub.town.enrol("ben"))
    for stage in STAGES:
        assert difference("coalition_hub_stage_seconds_count", stage=stage) == 1.0, stage
    assert difference("coalition_hub_admission_seconds_count") == 1.0
    assert difference("coalition_hub_wait_seconds_count") == 1.0


def test_nothing_is_lost_or_counted_twice_under_load(hub: RunningHub) -> None:
    """Where batches are applied while others are written, every transaction is counted once, and every stage of each
    batch."""
    difference, town = Difference(hub), hub.town
    members = [[town.enrol(f"crowd-{row}-{seat}") for seat in range(100)] for row in range(20)]
    requests = [SubmitStreamRequest(envelope=town.data("grocer", *row)) for row in members]
    assert len(list(hub.ledger.SubmitStream(iter(requests), timeout=CALL_S))) == 20
    assert difference("coalition_hub_transactions_total", kind="enrol", outcome="accepted") == 2_000.0
    assert difference("coalition_hub_batch_transactions_sum") == 2_000.0
    assert difference("coalition_hub_wait_seconds_count") == 20.0
    batches = difference("coalition_hub_batches_total", outcome="committed")
    assert 1.0 <= batches <= 20.0
    for stage in STAGES:
        assert difference("coalition_hub_stage_seconds_count", stage=stage) == batches, stage


def test_envelope_that_the_ledger_refuses_is_counted(hub: RunningHub) -> None:
    """An id that stands for something else refuses its envelope: counted with the batch, and by reason."""
    difference, town = Difference(hub), hub.town
    first = town.issue("cleo", 1)
    hub.commit("grocer", town.enrol("cleo"), first)
    first.issue.points = 2
    with pytest.raises(Refused):
        hub.send(town.data("grocer", first))
    assert difference("coalition_hub_envelopes_total", outcome="refused") == 1.0
    assert difference("coalition_hub_refusals_total", reason="ID_CONFLICT") == 1.0


def test_queue_is_seen_while_it_lasts(hub: RunningHub) -> None:
    """While another process holds the database, what waits for the writer and what is in flight is shown."""
    town = hub.town
    envelopes = [town.data("grocer", town.enrol(f"queue-{number}")) for number in range(3)]
    other = sqlite3.connect(hub.config.database_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = [hub.ledger.Submit.future(SubmitRequest(envelope=data), timeout=CALL_S) for data in envelopes]
    # The writer has taken the first, or the first few, and holds them until the lock is free.
    seen = eventually(hub, lambda now: now.value("coalition_hub_envelopes_in_flight") == 3.0)
    waiting = seen.value("coalition_hub_waiting_envelopes")
    assert waiting < 3.0
    assert (waiting > 0) == (seen.value("coalition_hub_waiting_bytes") > 0)
    assert seen.value("coalition_hub_bytes_in_flight") == float(sum(map(len, envelopes)))
    other.execute("ROLLBACK")
    other.close()
    for answer in answers:
        answer.result()
    emptied = eventually(hub, lambda now: now.value("coalition_hub_envelopes_in_flight") == 0.0)
    assert emptied.value("coalition_hub_waiting_envelopes") == 0.0
    assert emptied.value("coalition_hub_waiting_bytes") == 0.0
