"""What the rules say about a transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from coalition.v1.network_pb2 import Policy
from tests.properties.model.books import Books, Part


class Why(set[str]):
    """Every reason, by its name, why a transaction cannot be accepted. The ledger names one of them."""

    def unless(self, holds: bool, reason: str) -> bool:
        """Note the reason unless the rule holds; answers whether it does."""
        if not holds:
            self.add(reason)
        return holds


@dataclass(frozen=True)
class Moment:
    """Where a transaction stands."""

    author: str
    author_kind: int
    signatures: int
    transaction_id: bytes
    sequence: int
    us: int
    today: str
    policy: Policy


@dataclass(frozen=True)
class Done:
    """What an accepted transaction did."""

    holder: str = ""
    parts: list[Part] = field(default_factory=list)
    arrears: int = 0
    #: Kind, sequence and commit time of what was reversed.
    original: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Verdict:
    """What becomes of a transaction: accepted when there is no reason against it."""

    sequence: int
    us: int
    window: int
    why: frozenset[str]
    parts: tuple[Part, ...] = ()
    arrears: int = 0
    balance: tuple[str, int, int, int, int] | None = None
    original: tuple[int, int, int] | None = None
    replayed: bool = False

    def again(self) -> Verdict:
        return replace(self, replayed=True)


@dataclass(frozen=True)
class Refusal:
    """An envelope that leaves no trace, for one of these reasons."""

    why: frozenset[str]


#: A rule answers what was done, or why it was not; it changes nothing in the latter case.
Answer = Done | Why


def find_holder(books: Books, why: Why, holder_id: str, kind: int = 0) -> dict[str, Any] | None:
    """The open account, of a kind when one is given."""
    holder = books.holders.get(holder_id)
    if holder is None:
        why.add("HOLDER_UNKNOWN")
        return None
    why.unless(holder["open"], "HOLDER_CLOSED")
    if kind:
        why.unless(holder["kind"] == kind, "HOLDER_KIND_WRONG")
    return holder
