"""Every window's totals, recomputed from the journal alone: what the service's database must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from settlement.clearing.entry import Entry
from settlement.clearing.pools import Pool
from settlement.clearing.state import Changes, State, Window, clear
from settlement.clearing.totals import Totals


@dataclass(frozen=True, slots=True)
class Books:
    """Windows by number, what each adds up to, and what the operator holds of issuers' money."""

    windows: Mapping[int, Window] = field(default_factory=dict)
    totals: Mapping[int, Totals] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=dict)

    def with_changes(self, changes: Changes) -> Books:
        """The books after one more batch."""
        totals = dict(self.totals)
        for number, part in changes.totals.items():
            totals[number] = totals[number].plus(part) if number in totals else part
        return Books(
            {**self.windows, **{window.number: window for window in changes.windows}},
            totals,
            {**self.pools, **changes.pools},
        )


def recompute(entries: Iterable[Entry]) -> Books:
    """The books of a whole journal, from its first entry. Raises ClearingError."""
    _, changes = clear(State(), entries)
    return Books().with_changes(changes)
