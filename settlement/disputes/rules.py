"""How long a dispute may take, and how many there may be: the section `[disputes]` of `settlement.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from coalition.clock import US_PER_S
from settlement.settings import setting

DAY_US: Final = 24 * 3_600 * US_PER_S


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Days, of 24 hours each. A dispute keeps those under which it was raised, whatever the settings say later."""

    #: From the dispute to the answer; then it goes to the operator by itself.
    answer_days: int
    #: From the answer, or the rejection, to the escalation; then it ends without money.
    escalate_days: int
    #: From the escalation to the ruling, and from the agreement to its adjustment in the journal; then the operator is
    #: late, and nothing else happens.
    decide_days: int


@dataclass(frozen=True, slots=True)
class DisputeRules:
    """The settings. What is not set is as here."""

    #: From the close of the disputed line's window to the dispute; until then, and while the window is open, lines may
    #: be disputed.
    raise_days: int = setting(60, 1, 3_650)
    answer_days: int = setting(10, 1, 365)
    escalate_days: int = setting(10, 1, 365)
    decide_days: int = setting(20, 1, 365)
    #: Disputes that one party has raised and that are open, at most.
    open_max: int = setting(100, 1, 10_000)

    @property
    def deadlines(self) -> Deadlines:
        """What a dispute that is raised now keeps."""
        return Deadlines(self.answer_days, self.escalate_days, self.decide_days)

    def raise_due_us(self, closed_us: int) -> int:
        """Until when, that moment included, lines of a window may be disputed; it was closed at `closed_us`."""
        return closed_us + self.raise_days * DAY_US
