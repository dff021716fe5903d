"""How far each campaign of the school is.

COALITION_PROFILE=school.toml python examples/schools/thermometer.py
"""

from __future__ import annotations

from partner_sdk import Campaign, Client

WIDTH = 40


def thermometer(school: Client, campaign: Campaign) -> str:
    """A bar, and where the points came from and went."""
    by_pledge = singly = 0
    for record in school.history(campaign.fund_id, kinds=["donate"], page_size=1_000):
        if not record.outcome.accepted:
            continue
        points = int(str(record.details["points"]))
        # What a pledge gives is carried out by the hub; a single gift by the partner or school where it was made.
        if record.author == "hub":
            by_pledge += points
        else:
            singly += points
    filled = min(WIDTH, WIDTH * campaign.raised_points // campaign.goal_points) if campaign.goal_points else 0
    spent = campaign.raised_points - campaign.available_points
    return (
        f"{campaign.title} (until {campaign.ends_on})\n"
        f"[{'#' * filled}{'.' * (WIDTH - filled)}] {campaign.raised_points:,} of {campaign.goal_points:,} points\n"
        f"by pledges {by_pledge:,}, by single gifts {singly:,}; "
        f"spent {spent:,}, available {campaign.available_points:,}"
    )


def main() -> None:
    """Print one thermometer a campaign."""
    with Client.from_env() as school:
        for campaign in school.campaigns(school.connection.party_id):
            print(thermometer(school, campaign))


if __name__ == "__main__":
    main()
