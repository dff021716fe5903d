"""The ledger's state: tables of records in memory, with what changed and a way back.

A working set holds only what a batch touches and fails loudly when something else is read. A complete state (replay,
tests) holds everything; what it lacks does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Set
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from coalition.calendar import SLOT_US, Calendar
from coalition.merkle import Frontier
from coalition.v1.network_pb2 import Policy
from network.ledger.records import (
    Arrear,
    Campaign,
    Committed,
    Hold,
    Holder,
    Lot,
    Network,
    Original,
    Party,
    Pledge,
    PolicyVersion,
    Terms,
    Totals,
    Usage,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Version = TypeVar("Version", PolicyVersion, Terms)

#: Undo steps: table, key, and what stood there.
Undo = list[tuple["Table[Any, Any]", Any, Any]]


class NotLoadedError(AssertionError):
    """A kind read a key that its `touches` did not name."""


class _Loaded(dict[K, V]):
    """Records of which those that are missing were forgotten, not removed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, key: K) -> V:
        raise NotLoadedError(f"{self._name}: {key!r} was not loaded")


class Table(Generic[K, V]):
    """Records by key. None stands for a record that does not exist."""

    __slots__ = ("_complete", "_undo", "before", "get", "name", "rows")

    def __init__(self, name: str, undo: Undo, *, complete: bool) -> None:
        self.name = name
        self.rows: Final[dict[K, V | None]] = {} if complete else _Loaded(name)
        #: What every changed key held when it was loaded: what changed is `before`, what it is now is `rows`.
        self.before: dict[K, V | None] = {}
        #: The record, or None where none exists. The dictionary's own method: a transaction reads a dozen records.
        self.get: Final[Callable[[K], V | None]] = self.rows.get if complete else self.rows.__getitem__
        self._undo = undo
        self._complete = complete

    def put(self, key: K, value: V | None) -> None:
        """Set the record; None removes it."""
        old = self.get(key)
        self._undo.append((self, key, old))
        if key not in self.before:
            self.before[key] = old
        self.rows[key] = value

    def wants(self, key: K) -> bool:
        """Whether a record that may be read later in this batch is to be kept."""
        return self._complete or key in self.rows

    def load(self, key: K, value: V | None) -> None:
        """Take in what the store holds. Not a change."""
        self.rows[key] = value

    def changes(self) -> dict[K, tuple[V | None, V | None]]:
        """What each changed key held when it was loaded, and holds now; without those that are as they were."""
        return {key: (old, self.rows[key]) for key, old in self.before.items() if old != self.rows[key]}

    def settle(self) -> None:
        """Count changes from here on."""
        self.before.clear()

    def drop(self, keys: Set[K]) -> None:
        """Forget records; whoever wants one again has to load it."""
        for key in keys:
            del self.rows[key]

    def keep_only(self, keys: Set[K]) -> None:
        """Forget all others."""
        if keys:
            self.drop(self.rows.keys() - keys)
        else:
            self.rows.clear()


class Head:
    """The end of the journal."""

    __slots__ = ("committed_us", "frontier", "reference_sequence", "sequence", "window")

    def __init__(
        self,
        sequence: int = 0,
        committed_us: int = 0,
        window: int = 1,
        reference_sequence: int = 0,
        frontier: Frontier | None = None,
    ) -> None:
        self.sequence = sequence
        self.committed_us = committed_us
        self.window = window
        #: The last entry that changed a reference table; a cache of them is good while this stays the same.
        self.reference_sequence = reference_sequence
        self.frontier = frontier if frontier is not None else Frontier()

    def copy(self) -> Head:
        return Head(self.sequence, self.committed_us, self.window, self.reference_sequence, self.frontier.copy())

    def restore(self, saved: Head) -> None:
        """Go back to a copy."""
        self.sequence, self.committed_us, self.window = saved.sequence, saved.committed_us, saved.window
        self.reference_sequence, self.frontier = saved.reference_sequence, saved.frontier


class Reference:
    """The network's own tables: small, changed seldom, always complete, and kept from batch to batch."""

    def __init__(self) -> None:
        self.undo: Final[Undo] = []
        #: By "": the one row.
        self.network: Table[str, Network] = Table("network", self.undo, complete=True)
        #: By "": every version, by (effective_on, sequence).
        self.policies: Table[str, tuple[PolicyVersion, ...]] = Table("policies", self.undo, complete=True)
        self.parties: Table[str, Party] = Table("parties", self.undo, complete=True)
        #: By party: every version, by (effective_on, sequence).
        self.terms: Table[str, tuple[Terms, ...]] = Table("terms", self.undo, complete=True)
        #: By fund.
        self.campaigns: Table[str, Campaign] = Table("campaigns", self.undo, complete=True)
        self._calendar: Calendar | None = None
        self._policy: tuple[str, tuple[PolicyVersion, ...], Policy] | None = None
        self._now: tuple[int, tuple[PolicyVersion, ...], tuple[str, Policy]] | None = None

    def tables(self) -> tuple[Table[Any, Any], ...]:
        return (self.network, self.policies, self.parties, self.terms, self.campaigns)

    def changed(self) -> bool:
        return any(table.before for table in self.tables())

    def calendar(self) -> Calendar:
        """Tells days in the network's time zone."""
        if self._calendar is None:
            network = self.network.get("")
            assert network is not None, "dates begin with the network"
            self._calendar = Calendar(network.time_zone)
        return self._calendar

    def policy(self, day: str) -> Policy:
        """The policy in force on a day."""
        versions = self.policies.get("")
        assert versions, "policy begins with the network"
        if self._policy is None or self._policy[0] != day or self._policy[1] is not versions:
            raw = [version.policy for version in versions if version.effective_on <= day]
            self._policy = (day, versions, Policy.FromString(raw[-1]))
        return self._policy[2]

    def day_and_policy(self, moment_us: int) -> tuple[str, Policy]:
        """The day of a moment in microseconds since the Unix epoch, and the policy in force on it.

        Empty ones before the Genesis, which brings the calendar and the policy.
        """
        versions = self.policies.get("")
        if not versions:
            return "", Policy()
        slot = moment_us // SLOT_US
        if self._now is None or self._now[0] != slot or self._now[1] is not versions:
            day = self.calendar().day(moment_us)
            self._now = (slot, versions, (day, self.policy(day)))
        return self._now[2]

    def policies_from(self, day: str) -> tuple[Policy, ...]:
        """The policy in force on a day, and those that follow it."""
        versions = self.policies.get("") or ()
        return tuple(Policy.FromString(version.policy) for version in versions_from(versions, day))

    def terms_of(self, party_id: str, day: str) -> Terms | None:
        """The terms of a party in force on a day."""
        for terms in reversed(self.terms.get(party_id) or ()):
            if terms.effective_on <= day:
                return terms
        return None


def versions_from(versions: tuple[Version, ...], day: str) -> tuple[Version, ...]:
    """Of versions in the order of their first days, the one in force on `day` and those that follow it."""
    begun = sum(version.effective_on <= day for version in versions)
    return versions[max(begun - 1, 0) :]


class State:
    """Everything that the ledger reads and writes."""

    def __init__(self, head: Head, reference: Reference, *, complete: bool = False) -> None:
        self.head = head
        self.reference = reference
        self.undo: Final = reference.undo
        self.undo.clear()

        def table(name: str) -> Table[Any, Any]:
            return Table(name, self.undo, complete=complete)

        #: By (author, transaction id): what is in the journal already.
        self.committed: Table[tuple[str, bytes], Committed] = table("committed")
        self.holders: Table[str, Holder] = table("holders")
        #: Alias to holder id.
        self.aliases: Table[str, str] = table("aliases")
        #: By holder, in the order in which they are consumed; None and () both mean none.
        self.lots: Table[str, tuple[Lot, ...]] = table("lots")
        #: By holder, by issuer.
        self.arrears: Table[str, tuple[Arrear, ...]] = table("arrears")
        #: By (acceptor, hold id).
        self.holds: Table[tuple[str, bytes], Hold] = table("holds")
        #: By (holder or party, nonce): the sequence of the entry that used it.
        self.nonces: Table[tuple[str, bytes], int] = table("nonces")
        #: By (author, transaction id).
        self.originals: Table[tuple[str, bytes], Original] = table("originals")
        #: By issuer.
        self.totals: Table[str, Totals] = table("totals")
        #: By (what, who, day).
        self.usage: Table[tuple[Usage, str, str], int] = table("usage")
        #: By holder, by commit time.
        self.pledges: Table[str, tuple[Pledge, ...]] = table("pledges")
        self._tables: Final[tuple[Table[Any, Any], ...]] = (
            self.committed,
            self.holders,
            self.aliases,
            self.lots,
            self.arrears,
            self.holds,
            self.nonces,
            self.originals,
            self.totals,
            self.usage,
            self.pledges,
        )

    def settle(self) -> None:
        """What changed until now is on its way to the store; changes are counted from here on."""
        self.undo.clear()
        for table in (*self._tables, *self.reference.tables()):
            table.settle()

    def forget(self, keep: Wanted, holders_max: int) -> None:
        """Drop what batches seldom have in common, and of the holders those that came first when there are more than
        `holders_max`; but nothing of what `keep` names."""
        self.committed.keep_only(keep.committed)
        self.aliases.keep_only(keep.aliases)
        self.holds.keep_only(keep.holds)
        self.nonces.keep_only(keep.nonces)
        self.originals.keep_only(keep.originals)
        if len(self.totals.rows) > holders_max:
            # Of issuers that do not exist; of those that do there are few.
            self.totals.drop({issuer for issuer, totals in self.totals.rows.items() if totals is None} - keep.totals)
        if len(self.usage.rows) > holders_max:
            self.usage.keep_only(keep.usage)
        if len(self.holders.rows) > holders_max:
            # A good many at once, so that this comes seldom.
            first = set(islice(self.holders.rows, len(self.holders.rows) - holders_max // 2)) - keep.holders
            of_holders: tuple[Table[str, Any], ...] = (self.holders, self.lots, self.arrears, self.pledges)
            for table in of_holders:
                table.drop(first)

    def mark(self) -> int:
        """A point to roll back to."""
        return len(self.undo)

    def rollback(self, mark: int) -> None:
        """Undo every change since `mark`."""
        while len(self.undo) > mark:
            table, key, old = self.undo.pop()
            table.rows[key] = old


class Wanted:
    """Keys that a batch touches, to be loaded in a few statements."""

    __slots__ = ("aliases", "committed", "holders", "holds", "nonces", "originals", "totals", "usage")

    def __init__(self) -> None:
        self.committed: set[tuple[str, bytes]] = set()
        #: Loads the holder with its lots, arrears and pledges, and the totals of the issuers of its lots. Loading adds
        #: those of the holds and originals.
        self.holders: set[str] = set()
        self.aliases: set[str] = set()
        self.holds: set[tuple[str, bytes]] = set()
        self.nonces: set[tuple[str, bytes]] = set()
        self.originals: set[tuple[str, bytes]] = set()
        self.totals: set[str] = set()
        self.usage: set[tuple[Usage, str, str]] = set()
