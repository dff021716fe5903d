"""What came of a replay: counted, not remembered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from partner_sdk import Outcome


@dataclass(slots=True)
class Tally:
    """Counts of one run."""

    #: Accepted transactions by kind, those of the hub itself left out.
    accepted: Counter[str] = field(default_factory=Counter)
    #: Rejected ones by kind and reason.
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: What a member or school would have done but had too few points for, by class of action.
    left_out: Counter[str] = field(default_factory=Counter)
    envelopes: int = 0
    holds_released: int = 0
    points_expired: int = 0
    points_given_by_pledge: int = 0

    def count(self, outcomes: tuple[Outcome, ...]) -> None:
        """Count what one envelope brought."""
        self.envelopes += 1
        for outcome in outcomes:
            if outcome.reason is None:
                self.accepted[outcome.kind.value] += 1
            else:
                self.rejected[outcome.kind.value, outcome.reason] += 1

    @property
    def transactions(self) -> int:
        """All that were decided on, the hub's own left out."""
        return self.accepted.total() + self.rejected.total()
