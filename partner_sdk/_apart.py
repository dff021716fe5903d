"""What of a refused envelope is worth sending again, without the rest of it.

The hub refuses an envelope as a whole and commits nothing of it. When transactions of several callers travelled in it,
each of them shall hear what it would have heard alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.errors import Refused
from coalition.v1 import error_pb2
from partner_sdk._sealed import Prepared

#: Refusals for what the transactions are not part of: each alone would have been refused as well.
_OF_ALL: Final = frozenset(
    {
        error_pb2.REASON_WRONG_NETWORK,
        error_pb2.REASON_AUTHOR_UNKNOWN,
        error_pb2.REASON_CLOCK_SKEW,
        error_pb2.REASON_KEY_UNKNOWN,
        error_pb2.REASON_TRANSACTIONS_ROOT_MISMATCH,
        error_pb2.REASON_UNAUTHENTICATED,
        error_pb2.REASON_PERMISSION_DENIED,
    }
)
#: The same, but for transactions that were committed before: idempotency comes first, so alone those are answered.
_OF_ALL_THAT_IS_NEW: Final = frozenset(
    {
        error_pb2.REASON_ENVELOPE_EXPIRED,
        error_pb2.REASON_LIFETIME_TOO_LONG,
        error_pb2.REASON_KEY_REVOKED,
        error_pb2.REASON_PARTY_SUSPENDED,
    }
)


def apart(refused: Refused, transactions: Sequence[Prepared]) -> list[Sequence[int]]:
    """The positions of those to send again, one sequence for each envelope, in order. The others share the refusal.

    Envelopes get smaller each time, so it ends. A refusal for a reason that is not known here is held to be about one
    of the transactions.
    """
    count = len(transactions)
    if count == 1 or refused.reason in _OF_ALL:
        return []
    if refused.reason in _OF_ALL_THAT_IS_NEW:
        return [(position,) for position, item in enumerate(transactions) if not item.has_new_id]
    named = refused.facts.get("index", "")
    if named.isdecimal() and int(named) < count:
        first, last = int(named), int(named) + 1
        return [part for part in (range(first), (first,), range(last, count)) if part]
    return [range(count // 2), range(count // 2, count)]
