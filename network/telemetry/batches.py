"""What the writer tells Prometheus: batches, their stages and sizes, and what became of everything in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, product
from operator import itemgetter
from typing import Final

from prometheus_client.core import Metric

from coalition.errors import Refused, reason_name
from coalition.v1.error_pb2 import Reason
from coalition.v1.transaction_pb2 import Transaction
from network.journal.stages import Batch
from network.journal.waiting import Waiting
from network.ledger.engine import Entry, Processed
from network.telemetry.instruments import SECONDS, SIZES, Counts, Spread, gauge

_KINDS: Final = {field.number: field.name for field in Transaction.DESCRIPTOR.oneofs_by_name["kind"].fields}
#: Kind and reason of an entry, by their places, which takes half the time that their names would.
_DECIDED: Final[Callable[[Entry], tuple[int, Reason.ValueType]]] = itemgetter(
    *map(Entry._fields.index, ("kind", "reason"))
)


class BatchMetrics:
    """Told of each batch by the writer. Safe to use from many threads."""

    def __init__(self) -> None:
        self._waiting: Waiting | None = None
        self._stages = Spread("coalition_hub_stage_seconds", "The stages of batches.", SECONDS, "stage")
        self._waits = Spread("coalition_hub_wait_seconds", "How long envelopes waited for the writer.", SECONDS)
        self._batch_envelopes = Spread("coalition_hub_batch_envelopes", "Batches by their envelopes.", SIZES)
        self._batch_transactions = Spread("coalition_hub_batch_transactions", "Batches by their transactions.", SIZES)
        self._batches = Counts(
            "coalition_hub_batches", "Batches, committed or failed.", "outcome", known=[("committed",), ("failed",)]
        )
        self._envelopes = Counts(
            "coalition_hub_envelopes",
            "Envelopes that the writer took: committed, replayed (nothing in them was new), refused, failed.",
            "outcome",
            known=product(("committed", "replayed", "refused", "failed")),
        )
        self._transactions = Counts(
            "coalition_hub_transactions",
            "Transactions in the journal, accepted or rejected, and those that were replayed.",
            "kind",
            "outcome",
        )
        self._rejections = Counts(
            "coalition_hub_rejections",
            "Transactions that the ledger rejected, by the reason in their outcome.",
            "kind",
            "reason",
        )

    def watch(self, waiting: Waiting) -> None:
        """Show this queue as well from now on. Once there is a writer."""
        self._waiting = waiting

    def batch(self, batch: Batch) -> None:
        """Count a batch and all that is in it."""
        for stage, seconds in batch.laps:
            self._stages.add(seconds, stage)
        self._waits.add_all(batch.waits_s)
        self._batch_envelopes.add(len(batch.envelopes))
        self._batch_transactions.add(sum(len(envelope.transactions) for envelope in batch.envelopes))
        if batch.results is None:
            self._batches.add("failed")
            self._envelopes.add("failed", by=len(batch.envelopes))
            return
        self._batches.add("committed")
        self._count_decided(batch.results)
        replayed: Counter[str] = Counter()
        envelopes: Counter[str] = Counter()
        for envelope, result in zip(batch.envelopes, batch.results, strict=True):
            if isinstance(result, Refused):
                envelopes["refused"] += 1
                continue
            envelopes["committed" if result.entries else "replayed"] += 1
            if result.replayed:
                replayed.update(envelope.transactions[position].kind for position in result.replayed)
        for kind, count in replayed.items():
            self._transactions.add(kind, "replayed", by=count)
        for outcome, count in envelopes.items():
            self._envelopes.add(outcome, by=count)

    def _count_decided(self, results: Sequence[Processed | Refused]) -> None:
        entries = chain.from_iterable(result.entries for result in results if isinstance(result, Processed))
        for (number, reason), count in Counter(map(_DECIDED, entries)).items():
            kind = _KINDS[number]
            self._transactions.add(kind, "rejected" if reason else "accepted", by=count)
            if reason:
                self._rejections.add(kind, reason_name(reason), by=count)

    def families(self) -> Iterator[Metric]:
        """As of now."""
        for measured in (self._stages, self._waits, self._batch_envelopes, self._batch_transactions):
            yield measured.family()
        for counted in (self._batches, self._envelopes, self._transactions, self._rejections):
            yield counted.family()
        if self._waiting is not None:
            envelopes, size = self._waiting.envelopes, self._waiting.size
            yield gauge("coalition_hub_waiting_envelopes", "Envelopes that wait for the writer.", envelopes)
            yield gauge("coalition_hub_waiting_bytes", "Their bytes.", size)
