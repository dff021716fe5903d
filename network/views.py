"""What readers are given: snapshots of committed state, each with the sequence as of which it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from network.ledger.records import Arrear, Holder, Lot, Totals


class Tip(NamedTuple):
    """The end of the journal."""

    sequence: int
    committed_us: int
    window: int


class Account(NamedTuple):
    """A holder with everything that makes up its balance."""

    holder: Holder
    #: In the order in which they are consumed.
    lots: tuple[Lot, ...]
    arrears: tuple[Arrear, ...]
    tip: Tip


class Record(NamedTuple):
    """A committed transaction. `body` is the exact JournalEntry."""

    sequence: int
    author: str
    holder_id: str
    counterparty_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Listing:
    """Which transactions are wanted. Empty fields do not restrict."""

    author: str = ""
    #: In whose history they stand, on either side.
    holder_id: str = ""
    #: TransactionKinds.
    kinds: tuple[int, ...] = ()
    #: Only those after this sequence, or before it when `descending`; 0: from the beginning, or the end.
    after: int = 0
    descending: bool = False
    size: int = 100


class Page(NamedTuple):
    """Some of the transactions that were wanted."""

    records: tuple[Record, ...]
    #: Where to go on, as a Listing's `after`; 0 when there is nothing more.
    next_after: int


class DueHold(NamedTuple):
    """An open hold whose time is over."""

    expires_us: int
    acceptor: str
    hold_id: bytes


class DuePledge(NamedTuple):
    """A pledge with points to give, and what its holder could give today."""

    holder_id: str
    pledge_id: bytes
    fund_id: str
    due_points: int
    donated_points: int
    available_points: int


class DuePledges(NamedTuple):
    """Those of one page that can give today."""

    pledges: tuple[DuePledge, ...]
    #: Holder and pledge id where the next page begins; None when there is none.
    after: tuple[str, bytes] | None


class Swept(NamedTuple):
    """What a sweep has done."""

    holds_released: int
    points_expired: int
    points_donated: int
    #: Of the journal, afterwards.
    log_size: int


class Reads(Protocol):
    """Questions about committed state. Each is answered from one snapshot; all of them block."""

    def tip(self) -> Tip: ...

    def transaction(self, author: str, transaction_id: bytes) -> Record | None: ...

    def transactions(self, listing: Listing) -> Page: ...

    def account(self, holder_id: str) -> Account | None: ...

    def account_by_alias(self, alias: str) -> Account | None: ...

    def holders(self, holder_ids: Sequence[str]) -> Mapping[str, Holder]: ...

    def totals(self) -> tuple[tuple[Totals, ...], Tip]:
        """By issuer."""

    def outcomes(self, author: str, transaction_ids: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The Outcomes of those that are in the journal."""

    def due_holds(self, now_us: int, after: DueHold | None, size: int) -> tuple[DueHold, ...]:
        """Open holds whose time is over, the longest over first, after one of them."""

    def due_holders(self, today: str, size: int) -> tuple[str, ...]:
        """Holders of lots whose last day lies before `today`, the longest past first."""

    def due_pledges(self, today: str, after: tuple[str, bytes], size: int) -> DuePledges:
        """Pledges with points to give, by holder and pledge id."""
