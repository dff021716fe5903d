"""The figures at the end of a run, put together from what hub and settlement service answer, and whether they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coalition_demo.network import NAMES
from partner_sdk.operator import IssuerTotals, TrialBalance
from partner_sdk.settlement import Obligation, Run, WindowReport, WindowState


@dataclass(frozen=True, slots=True)
class PartyFigures:
    """A party over the whole run. Points are net of what was reversed."""

    party_id: str
    name: str
    issued: int
    redeemed_here: int
    #: Its own points, redeemed with others.
    redeemed_elsewhere: int
    #: Its own points, redeemed with itself, for which nobody owes anything.
    redeemed_own: int
    expired: int
    #: In lots and holds, less what members owe after refunds.
    outstanding: int
    #: Millionths of the currency; positive: the party receives.
    net_micros: int
    #: What it has been paid, or has paid (negative), in minor units.
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Stage:
    """Money that has to move at one stage of netting, and in how many payments."""

    amount_micros: int
    payments: int


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """One settlement window."""

    number: int
    title: str
    state: str
    first_sequence: int
    last_sequence: int
    gross: Stage
    bilateral: Stage
    multilateral: Stage
    #: Must be zero.
    sum_micros: int
    #: Must be zero.
    sum_minor: int


@dataclass(frozen=True, slots=True)
class SchoolFigures:
    """A school's campaign. Points."""

    party_id: str
    name: str
    title: str
    goal: int
    #: Pledges in force, and the most that they will ever give.
    pledges: int
    pledged_at_most: int
    given_by_pledge: int
    given_singly: int
    raised: int
    available: int
    #: Spent with partners.
    spent: int
    #: Redeemed with the school itself, which is paid in money when the window settles.
    claimed: int


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold."""

    what: str
    holds: bool
    #: What was found.
    found: str


def party_figures(
    windows: Sequence[WindowReport], runs: Iterable[Run], trial: TrialBalance
) -> tuple[PartyFigures, ...]:
    """One row a party: partners, schools, and the operator."""
    activity: dict[str, Counter[str]] = {party_id: Counter() for party_id in NAMES}
    net: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for report in windows:
        for item in report.activity:
            activity[item.party_id].update(
                issued=item.issued,
                accepted=item.accepted,
                elsewhere=item.redeemed - item.redeemed_own,
                own=item.redeemed_own,
                expired=item.expired,
            )
        for position in report.positions:
            net[position.party_id] += position.amount_micros
    for run in runs:
        for payment in run.instructions:
            paid[payment.payer] -= payment.paid_minor
            paid[payment.payee] += payment.paid_minor
    outstanding = {totals.issuer: totals.in_lots + totals.in_holds - totals.arrears for totals in trial.issuers}
    return tuple(
        PartyFigures(
            party_id=party_id,
            name=name,
            issued=activity[party_id]["issued"],
            redeemed_here=activity[party_id]["accepted"],
            redeemed_elsewhere=activity[party_id]["elsewhere"],
            redeemed_own=activity[party_id]["own"],
            expired=activity[party_id]["expired"],
            outstanding=outstanding.get(party_id, 0),
            net_micros=net[party_id],
            paid_minor=paid[party_id],
        )
        for party_id, name in NAMES.items()
    )


def window_figures(report: WindowReport, title: str) -> WindowFigures:
    """What one window adds up to."""
    window = report.window
    assert window.last_sequence is not None, "the window is closed"
    return WindowFigures(
        number=window.number,
        title=title,
        state=window.state.value,
        first_sequence=window.first_sequence,
        last_sequence=window.last_sequence,
        gross=_stage(report.obligations),
        bilateral=_stage(report.bilateral),
        multilateral=Stage(
            sum(position.amount_micros for position in report.positions if position.amount_micros > 0),
            sum(position.amount_micros != 0 for position in report.positions),
        ),
        sum_micros=sum(position.amount_micros for position in report.positions),
        sum_minor=sum(position.payable_minor for position in report.positions),
    )


def _stage(obligations: Sequence[Obligation]) -> Stage:
    return Stage(sum(item.amount_micros for item in obligations), sum(item.amount_micros != 0 for item in obligations))


def windows_check(windows: Sequence[WindowFigures], expected: int) -> Check:
    """Every window is settled, and its positions add up to exactly nothing."""
    wrong = [
        str(window.number)
        for window in windows
        if window.sum_micros or window.sum_minor or window.state != WindowState.SETTLED.value
    ]
    found = f"wrong: window {', '.join(wrong)}" if wrong else f"{len(windows)} windows settled, each with the sum 0"
    return Check("Every window is settled and its positions sum to zero", len(windows) == expected and not wrong, found)


def payments_check(parties: Sequence[PartyFigures], runs: Sequence[Run], micros_per_minor: int) -> Check:
    """What everybody came to receive was paid, or is carried into the next run: to the millionth."""
    carried: Counter[str] = Counter()
    for item in runs[-1].carried_out:
        carried[item.debtor] -= item.amount_micros
        carried[item.creditor] += item.amount_micros
    wrong = [
        party.party_id
        for party in parties
        if party.net_micros != party.paid_minor * micros_per_minor + carried[party.party_id]
    ]
    payments = sum(len(run.instructions) for run in runs)
    found = (
        f"wrong: {', '.join(wrong)}"
        if wrong
        else f"{payments} payments, {len(runs[-1].carried_out)} amounts carried on"
    )
    return Check("Every position was paid by the bank or carried on, to the millionth", not wrong, found)


def schools_check(schools: Sequence[SchoolFigures]) -> Check:
    """What a school was given is what it spent and what it has."""
    wrong = [
        school.party_id
        for school in schools
        if school.raised != school.given_by_pledge + school.given_singly
        or school.raised != school.spent + school.claimed + school.available
    ]
    raised = sum(school.raised for school in schools)
    found = f"wrong: {', '.join(wrong)}" if wrong else f"{raised:,} points raised"
    return Check("Schools: given = raised = spent + claimed + available", not wrong, found)


def trial_checks(trial: TrialBalance, parties: Sequence[PartyFigures]) -> tuple[Check, Check]:
    """No point was made or lost, and the settlement service counted the same points as the hub."""
    wrong = [totals.issuer for totals in trial.issuers if not totals.balances]
    in_all = sum(totals.in_lots + totals.in_holds - totals.arrears for totals in trial.issuers)
    found = f"wrong: {', '.join(wrong)}" if wrong else f"{len(trial.issuers)} issuers, {in_all:,} points outstanding"
    by_issuer = {totals.issuer: totals for totals in trial.issuers}
    differing = [
        party.party_id
        for party in parties
        if (party.issued, party.redeemed_own + party.redeemed_elsewhere, party.expired)
        != _counted_by_hub(by_issuer.get(party.party_id))
    ]
    return (
        Check("Trial balance is exact", not wrong, found),
        Check(
            "Hub and settlement service counted the same points",
            not differing,
            f"differing: {', '.join(differing)}" if differing else "issued, redeemed and expired, by issuer",
        ),
    )


def _counted_by_hub(totals: IssuerTotals | None) -> tuple[int, int, int]:
    """Issued, redeemed, expired, net of reversals."""
    if totals is None:
        return 0, 0, 0
    return totals.issued - totals.issue_reversed, totals.redeemed - totals.redeem_reversed, totals.expired
