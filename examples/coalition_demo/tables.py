"""The report as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from coalition_demo.businesses import BY_ID, GENERAL_STORE
from coalition_demo.data import Journey
from coalition_demo.figures import Check, PartyFigures, SchoolFigures, Stage, WindowFigures
from coalition_demo.scenario import Plan
from coalition_demo.tally import Tally
from partner_sdk.operator import TrialBalance

MICROS: Final = 1_000_000
_CENTS: Final = 100


def dollars(micros: int) -> str:
    """Exact to the cent for people; files have every digit."""
    cent = MICROS // _CENTS
    cents = (abs(micros) + cent // 2) // cent
    return cents_text(-cents if micros < 0 else cents)


def cents_text(cents: int) -> str:
    """Cents as dollars."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // _CENTS:,}.{abs(cents) % _CENTS:02}"


def _bare(title: str) -> Table:
    return Table(
        title=title,
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
    )


def _table(title: str, first: str, *columns: str) -> Table:
    table = _bare(title)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def data_table(journey: Journey) -> Table:
    """Which lines of the data went where."""
    title = f"Data: {journey.weeks} weeks, {journey.households:,} households, {journey.baskets:,} baskets"
    table = _table(title, "business", "lines", "paid for", "brought\nback", "free")
    for count in journey.line_counts:
        name = BY_ID[count.business].name
        numbers = (count.lines, count.valued, count.returned, count.free)
        table.add_row(name, *(f"{number:,}" for number in numbers))
    table.add_section()
    table.add_row(
        "all",
        *(
            f"{sum(getattr(count, name) for count in journey.line_counts):,}"
            for name in ("lines", "valued", "returned", "free")
        ),
    )
    strays = [
        f"{journey.lines_without_product:,} lines of unknown products are the {BY_ID[GENERAL_STORE].name.lower()}'s"
    ]
    if journey.unknown_departments:
        strays.append(f"so are unknown departments: {', '.join(journey.unknown_departments)}")
    table.caption = "; ".join(strays)
    return table


def party_table(parties: Sequence[PartyFigures]) -> Table:
    """Points and money by party."""
    table = _table(
        "Parties: points, and dollars received (+) or paid (-)",
        "party",
        "issued",
        "redeemed here",
        "own redeemed\nelsewhere",
        "expired",
        "outstanding",
        "net position",
        "settled",
    )
    for party in parties:
        points = (party.issued, party.redeemed_here, party.redeemed_elsewhere, party.expired, party.outstanding)
        table.add_row(
            party.name, *(f"{value:,}" for value in points), dollars(party.net_micros), cents_text(party.paid_minor)
        )
    table.add_section()
    names = ("issued", "redeemed_here", "redeemed_elsewhere", "expired", "outstanding")
    sums = (f"{sum(getattr(party, name) for party in parties):,}" for name in names)
    net, paid = sum(party.net_micros for party in parties), sum(party.paid_minor for party in parties)
    table.add_row("all", *sums, dollars(net), cents_text(paid))
    return table


def window_table(windows: Sequence[WindowFigures]) -> Table:
    """Gross against net."""
    table = _table(
        "Windows: dollars to move, and in how many payments",
        "window",
        "state",
        "entries",
        "gross",
        "netted\nby pairs",
        "netted\nby all",
        "saved",
        "sum of\npositions",
    )
    for window in windows:
        table.add_row(
            window.title,
            window.state,
            f"{window.first_sequence:,}-{window.last_sequence:,}",
            *map(_stage_text, (window.gross, window.bilateral, window.multilateral)),
            _saved(window.gross.amount_micros, window.multilateral.amount_micros),
            str(window.sum_micros),
        )
    gross = sum(window.gross.amount_micros for window in windows)
    net = sum(window.multilateral.amount_micros for window in windows)
    table.caption = f"Gross {dollars(gross)}, net {dollars(net)}: {_saved(gross, net)} of the money need not move"
    return table


def _stage_text(stage: Stage) -> str:
    return f"{dollars(stage.amount_micros)} in {stage.payments}"


def _saved(gross: int, net: int) -> str:
    return f"{100 * (gross - net) // gross} %" if gross else "-"


def school_table(schools: Sequence[SchoolFigures]) -> Table:
    """What the schools were promised, have got, have and have spent."""
    table = _table("Schools: points", "school", *(school.name for school in schools))
    for label, values in (
        ("campaign", [school.title for school in schools]),
        ("goal", [f"{school.goal:,}" for school in schools]),
        ("pledges in force", [f"{school.pledges:,}" for school in schools]),
        ("pledged, at most", [f"{school.pledged_at_most:,}" for school in schools]),
        ("given by pledges", [f"{school.given_by_pledge:,}" for school in schools]),
        ("given singly", [f"{school.given_singly:,}" for school in schools]),
        ("raised", [f"{school.raised:,} ({100 * school.raised // school.goal} % of the goal)" for school in schools]),
        ("spent with partners", [f"{school.spent:,}" for school in schools]),
        ("claimed as money", [f"{school.claimed:,}" for school in schools]),
        ("available", [f"{school.available:,}" for school in schools]),
    ):
        table.add_row(label, *values)
    return table


def trial_table(trial: TrialBalance) -> Table:
    """Where every point went."""
    names = (
        "issued",
        "issue_reversed",
        "redeemed",
        "redeem_reversed",
        "expired",
        "adjusted",
        "in_lots",
        "in_holds",
        "arrears",
    )
    table = _table(
        f"Trial balance after entry {trial.sequence:,}: points",
        "issuer",
        "issued",
        "taken\nback",
        "redeemed",
        "given\nback",
        "expired",
        "adjusted",
        "in lots",
        "in\nholds",
        "arrears",
        "exact",
    )
    for totals in trial.issuers:
        row = (f"{getattr(totals, name):,}" for name in names)
        table.add_row(totals.issuer, *row, "yes" if totals.balances else "NO")
    table.add_section()
    sums = (f"{sum(getattr(totals, name) for totals in trial.issuers):,}" for name in names)
    table.add_row("all", *sums, "yes" if trial.balances else "NO")
    return table


def kinds_table(kinds: Iterable[tuple[str, int, int]]) -> Table:
    """Entries of the journal by kind."""
    table = _table("Journal: entries by kind", "kind", "accepted", "rejected")
    rows = list(kinds)
    for kind, accepted, rejected in rows:
        table.add_row(kind.replace("_", " "), f"{accepted:,}", f"{rejected:,}")
    table.add_section()
    table.add_row("all", f"{sum(row[1] for row in rows):,}", f"{sum(row[2] for row in rows):,}")
    return table


def notes(journey: Journey, plan: Plan, tally: Tally) -> str:
    """What did not become a transaction, and why."""
    left_out = ", ".join(f"{_words(name)} {number:,}" for name, number in sorted(tally.left_out.items())) or "nothing"
    rejected = ", ".join(
        f"{kind.replace('_', ' ')} {number:,} ({reason})" for (kind, reason), number in sorted(tally.rejected.items())
    )
    return (
        f"Left out because the member or school had too few points: {left_out}.\n"
        f"Goods brought back to a business where the buyer had no points left: {plan.returns_without_points:,}.\n"
        f"Coupons of a day on which the household bought nothing: {journey.coupons_without_basket:,}.\n"
        f"Rejected by the ledger: {rejected or 'nothing'}."
    )


def _words(name: str) -> str:
    """`GiveBack` as `give back`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def check_table(checks: Iterable[Check]) -> Table:
    """What must hold, and whether it does."""
    table = _bare("Checks")
    for column in ("what must hold", "", "found"):
        table.add_column(column, overflow="fold")
    for check in checks:
        table.add_row(check.what, "yes" if check.holds else "[bold red]NO[/]", check.found)
    return table
