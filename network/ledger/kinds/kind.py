"""The form of a transaction kind: who may author it, what it touches, what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from coalition.v1 import network_pb2
from network.ledger.context import Context, Effect
from network.ledger.state import Wanted

PARTNER: Final = network_pb2.PARTY_KIND_PARTNER
CHARITY: Final = network_pb2.PARTY_KIND_CHARITY
OPERATOR: Final = network_pb2.PARTY_KIND_OPERATOR
HUB: Final = network_pb2.PARTY_KIND_HUB

#: Those that do business with members.
BUSINESS: Final = frozenset({PARTNER, CHARITY})


@dataclass(frozen=True, slots=True)
class Kind:
    """One transaction kind.

    `touches(message, author, transaction_id, days, wanted)` names what `apply` will read. `apply(context, message)`
    changes the state and answers what it did, or raises Rejected; what it changed until then is undone.
    """

    authors: frozenset[int]
    touches: Callable[[Any, str, bytes, tuple[str, ...], Wanted], None]
    apply: Callable[[Context, Any], Effect]
    #: How many different keys of the author must sign.
    signatures: int = 1


def touches_nothing(message: Any, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    """For kinds that read reference tables only; those are always there."""
