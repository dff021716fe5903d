"""What an author may know a transaction by: one row for each, accepted or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from coalition.v1.transaction_pb2 import TransactionKind
from settlement.clearing.entry import Entry

#: Names of the kinds that are recorded: those that are about points or money.
RECORDED: Final = {
    name: TransactionKind.Value(f"TRANSACTION_KIND_{name.upper()}")
    for name in (
        *("issue", "redeem", "donate", "transfer", "hold", "capture", "release", "reverse", "expire", "adjust"),
        "order_pack",
    )
}


class Record(NamedTuple):
    """One transaction, as its author and the ledger told it."""

    sequence: int
    window_number: int
    #: Commit time, microseconds since the Unix epoch.
    committed_us: int
    author: str
    #: 16 bytes, the author's choice.
    transaction_id: bytes
    #: A TransactionKind.
    kind: int
    #: Of a correction that takes points it is negative.
    points: int
    reference: str
    holder_id: str
    accepted: bool
    #: A Reason; 0 where it was accepted.
    reason: int
    #: The reversed entry; 0 where nothing is reversed.
    original_sequence: int
    #: The transaction id of what it reverses, captures or releases; empty for others.
    about_id: bytes
    #: What was bought for, in minor units of the author's currency; 0 where it does not apply.
    purchase_minor: int


def records_of(entries: Iterable[Entry]) -> Iterator[Record]:
    """The records of those entries that are about points or money."""
    for entry in entries:
        kind = RECORDED.get(entry.kind)
        if kind is None:
            continue
        message, outcome = getattr(entry.transaction, entry.kind), entry.outcome
        yield Record(
            entry.sequence,
            entry.window,
            entry.committed_us,
            entry.author,
            entry.transaction.transaction_id,
            kind,
            _points(entry),
            getattr(message, "reference", ""),
            getattr(message, "holder_id", "") or outcome.balance.holder_id,
            entry.accepted,
            outcome.reason,
            outcome.original.sequence,
            getattr(message, "original_id", b"") or getattr(message, "hold_id", b""),
            getattr(message, "purchase_amount_minor", 0),
        )


def _points(entry: Entry) -> int:
    if entry.kind == "adjust":
        return entry.transaction.adjust.points.points
    if entry.kind in ("expire", "release"):
        return sum(allocation.points for allocation in entry.outcome.allocations)
    if entry.kind == "order_pack":
        # How many points a pack has is in the terms.
        return 0
    points: int = getattr(entry.transaction, entry.kind).points
    return points
