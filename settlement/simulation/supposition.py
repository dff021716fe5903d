"""Terms and a cause rate that are supposed in place of those in the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from settlement.clearing.directory import Directory
from settlement.clearing.rates import History, R, Rates, Version


def supposing(history: History[R], supposed: Sequence[tuple[str, R]]) -> History[R]:
    """The history as if it had said, from each day on, the rule beside it; up to the first it says what it said.

    A supposed rule is taken to be published with the one whose place it takes. `history` has a version, and the days
    differ.
    """
    ordered = sorted(supposed, key=lambda item: item[0])
    first_day = ordered[0][0]
    kept = [version for version in history.versions if version.effective_on < first_day]
    others = [Version(day, published_with(history, day), rule) for day, rule in ordered]
    return History((*kept, *others))


def published_with(history: History[R], day: str) -> int:
    """The entry that published what holds on a day; before all of it, the first. Of one day's versions, the first."""
    in_force = [version.effective_on for version in history.versions if version.effective_on <= day]
    effective_on = in_force[-1] if in_force else history.versions[0].effective_on
    return next(version.sequence for version in history.versions if version.effective_on == effective_on)


@dataclass(frozen=True, slots=True)
class Supposition:
    """Histories in place of others, to be put into a directory whenever it has learnt something."""

    #: By party.
    terms: Mapping[str, History[Rates]] = field(default_factory=lambda: MappingProxyType({}))
    #: None: as it was.
    cause_reimbursement: History[int] | None = None

    def put_into(self, directory: Directory) -> Directory:
        """The directory with what is supposed, which counts once that is published whose place it takes."""
        terms = MappingProxyType({**directory.terms, **self.terms}) if self.terms else directory.terms
        cause = self.cause_reimbursement or directory.cause_reimbursement
        return replace(directory, terms=terms, cause_reimbursement=cause)
