"""Envelopes as a journal keeps them, made without a ledger."""

from __future__ import annotations

from collections.abc import Iterable

from coalition.envelope import OpenedEnvelope
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope, ReplayedTransaction
from coalition.v1.outcome_pb2 import Outcome
from coalition.wire import encode
from network.reopening.envelopes import Kept
from tests.network.town import Town


def kept(envelope: OpenedEnvelope, first_sequence: int = 1, replayed: Iterable[ReplayedTransaction] = ()) -> Kept:
    """What the journal has of an envelope; its entry at `first_sequence` was committed at that very microsecond."""
    before = {item.envelope_index for item in replayed}
    new = [transaction for transaction in envelope.transactions if transaction.position not in before]
    bodies = tuple(
        encode(
            JournalEntry(
                window=1,
                author=envelope.header.author,
                envelope_digest=envelope.digest,
                envelope_index=transaction.position,
                transaction=transaction.raw,
                outcome=encode(Outcome(transaction_id=transaction.transaction_id, committed_us=number)),
            )
        )
        for number, transaction in enumerate(new, first_sequence)
    )
    return Kept(
        first_sequence,
        envelope.header_bytes,
        encode(JournalEnvelope(signatures=envelope.signatures)),
        encode(JournalEnvelope(replayed=replayed)),
        bodies,
    )


def purchases(town: Town, envelopes: int, size: int = 3) -> list[Kept]:
    """So many envelopes, of so many transactions each; every third takes a holder's consent."""
    made = []
    for number in range(envelopes):
        transactions = [
            town.redeem("anna", "grocer", 1 + number) if index % 3 == 2 else town.issue("anna", 1 + number)
            for index in range(size)
        ]
        made.append(kept(town.envelope("grocer", *transactions), 1 + number * size))
    return made
