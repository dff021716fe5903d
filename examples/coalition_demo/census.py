"""Reading the whole journal as an auditor would: every signature, outcome and hash is verified; kinds are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from coalition_demo.figures import SchoolFigures
from coalition_demo.schools import School
from partner_sdk import Client, Kind, Record
from partner_sdk.operator import Operator

_KINDS_OF_A_FUND = (Kind.DONATE, Kind.REDEEM)


@dataclass(frozen=True, slots=True)
class Census:
    """What stands in the journal."""

    entries: int
    root: bytes
    #: Kind, accepted, rejected; most frequent first.
    kinds: tuple[tuple[str, int, int], ...]


def take_census(operator: Operator, progress: Callable[[int], None]) -> Census:
    """Verify and count. Raises JournalInvalid. `progress` is told the entries read so far."""
    accepted: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    entries, root = 0, b""
    for part in operator.follow_journal(follow=False):
        for entry in part.entries:
            (accepted if entry.accepted else rejected)[entry.kind] += 1
        entries, root = part.state.size, part.state.root
        progress(entries)
    names = sorted({*accepted, *rejected}, key=lambda name: (-accepted[name] - rejected[name], name))
    return Census(entries, root, tuple((name, accepted[name], rejected[name]) for name in names))


def school_figures(client: Client, school: School, hub: str, pledged: Iterable[int]) -> SchoolFigures:
    """A school's own view of its campaign. `pledged` are the most that each pledge in force will give."""
    (campaign,) = client.campaigns(school.party_id)
    by_pledge = singly = spent = claimed = 0
    for record in client.history(school.fund_id, kinds=_KINDS_OF_A_FUND, page_size=1_000):
        points = _points(record)
        if record.outcome.kind is Kind.DONATE and record.author == hub:
            by_pledge += points
        elif record.outcome.kind is Kind.DONATE:
            singly += points
        elif record.author == school.party_id:
            claimed += points
        else:
            spent += points
    most = list(pledged)
    return SchoolFigures(
        party_id=school.party_id,
        name=school.name,
        title=campaign.title,
        goal=campaign.goal_points,
        pledges=len(most),
        pledged_at_most=sum(most),
        given_by_pledge=by_pledge,
        given_singly=singly,
        raised=campaign.raised_points,
        available=campaign.available_points,
        spent=spent,
        claimed=claimed,
    )


def _points(record: Record) -> int:
    """What moved: nothing when the transaction was rejected."""
    return sum(allocation.points for allocation in record.outcome.allocations)
