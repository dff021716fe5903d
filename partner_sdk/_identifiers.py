"""Transaction ids for those who store them before sending."""

from __future__ import annotations

from coalition import ids
from coalition.clock import Clock, system_clock


def new_transaction_id(clock: Clock = system_clock) -> str:
    """A fresh transaction id (UUIDv7), as text.

    Store it with the sale, then pass it to the write: whatever happens in between, sending again with the same id and
    the same contents never does the same thing twice.
    """
    return ids.id_text(ids.new_transaction_id(clock() // 1_000))
