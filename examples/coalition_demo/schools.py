"""The two schools of the demo, and their campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class School:
    """A charity with one campaign, which has one fund."""

    party_id: str
    name: str
    campaign_id: str
    fund_id: str
    title: str
    goal_points: int


SCHOOLS: Final = (
    School(
        party_id="elm-street-school",
        name="Elm Street School",
        campaign_id="elm-street-library-2017",
        fund_id="elm-street-library",
        title="A library for every class",
        goal_points=1_000_000,
    ),
    School(
        party_id="river-school",
        name="River School",
        campaign_id="river-science-2017",
        fund_id="river-science",
        title="A science room for River School",
        goal_points=1_250_000,
    ),
)

#: Both campaigns run for the whole year of the data.
STARTS_ON: Final = "2017-01-01"
ENDS_ON: Final = "2017-12-31"
