"""One run: where it stands, what comes next, its payments, and the forms for every decision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from coalition.keys import fingerprint
from partner_sdk.settlement import BankEntry, Run, RunState, SettlementMethod
from settlement.console.amounts import day_text
from settlement.console.frame import first_of, page
from settlement.console.pages.deciding import seen_of
from settlement.console.pages.runs import may_decide
from settlement.console.sums import Sum, added_up
from settlement.console.visit import Console, Visit
from settlement.report.payments import entry_text

_ORDER: Final = (RunState.PROPOSED, RunState.APPROVED, RunState.INSTRUCTED, RunState.SETTLING, RunState.SETTLED)
_PAYING: Final = (RunState.INSTRUCTED, RunState.SETTLING)
#: Until the page looks again whether the service has replayed its journal.
_RENEW_S: Final = 3
#: Entries of banks that are shown; all of them are with the payments.
_BOOKED_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Step:
    """A state on the way, and whether the run has come there."""

    name: str
    #: `done`, `now` or `later`.
    stage: str
    note: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The form for what comes next."""

    action: str
    heading: str
    text: str
    button: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A party with payments that have not come or gone."""

    party_id: str
    payments: int
    #: What comes in less what goes out, of what is still to be paid.
    rest_minor: int


def routes(console: Console) -> list[Route]:
    """The page of a run."""
    return [page(console, "/runs/{run_id}", show)]


def show(visit: Visit) -> Response:
    """A run with everything that its next decision needs."""
    run = visit.client.run(visit.text("run_id"))
    decides, own = may_decide(visit), visit.console.person.party_id
    # What must hold before an approval is looked at once, before it.
    looked_at = visit.sees_all and run.state is RunState.PROPOSED
    checklist = visit.client.checklist(run.run_id) if looked_at else None
    pending = checklist is not None and checklist.pending
    form = next_decision(run, visit.console.person.fingerprint) if decides and not pending else None
    entries, cut = first_of(booked(visit, run), _BOOKED_MAX)
    return visit.page(
        "run.html",
        title=f"Run {run.run_id[:8]}",
        run=run,
        steps=steps(run),
        checklist=checklist,
        sums=sums(visit, run) if visit.sees_all else (),
        form=form,
        seen=seen_of(run),
        renew_s=_RENEW_S if pending else 0,
        waiting=waiting(run, visit.operator) if form else (),
        unpaid=[item for item in run.instructions if not item.done],
        may_carry=decides and run.state in _PAYING,
        # While the page renews itself, it would take away what is being typed.
        may_abort=decides
        and not pending
        and run.state in (RunState.PROPOSED, RunState.APPROVED, RunState.INSTRUCTED)
        and not any(item.paid_minor for item in run.instructions),
        released=run.state in (*_PAYING, RunState.SETTLED),
        payers=sorted({item.payer for item in run.instructions if visit.sees_all or item.payer == own}),
        booked=[(entry, entry_text(entry)) for entry in entries],
        booked_cut=cut,
        paid_minor=sum(item.paid_minor for item in run.instructions),
        all_minor=sum(item.amount_minor for item in run.instructions),
        sees_all=visit.sees_all,
        currency=run.currency,
        exponent=run.currency_exponent,
    )


def booked(visit: Visit, run: Run) -> Iterable[BankEntry]:
    """What banks have booked about a run's payments, as far as the person may see it."""
    if run.state not in (*_PAYING, RunState.SETTLED):
        return ()
    return visit.client.bank_entries(run_id=run.run_id, page_size=_BOOKED_MAX + 1)


def sums(visit: Visit, run: Run) -> tuple[Sum, ...]:
    """The run's figures, added up again here."""
    nets = [dict(visit.console.reports.sums_of_number(number).nets) for number in run.windows]
    return added_up(run, visit.client.windows(), nets)


def steps(run: Run) -> list[Step]:
    """The way of a run, from proposed to settled, or to where it was given up."""
    came = {event.state: event for event in run.events}
    order = list(_ORDER)
    if run.state is RunState.ABORTED:
        order = [state for state in _ORDER if state in came] + [RunState.ABORTED]
    # A run whose last payment is its first is settled without having been settling.
    passed = order.index(run.state)
    return [
        Step(
            name=state.name.capitalize(),
            stage="now" if place == passed else "done" if place < passed else "later",
            note=day_text(came[state].decided_at) if state in came else "",
        )
        for place, state in enumerate(order)
    ]


def waiting(run: Run, operator: str) -> list[Waiting]:
    """Whom a confirmation can be about. Through the operator every payment has one other party, which stands for it."""
    found: dict[str, Waiting] = {}
    through = run.method is SettlementMethod.MULTILATERAL
    for item in run.instructions:
        if item.done:
            continue
        for party_id, sign in ((item.payer, -1), (item.payee, 1)):
            if through and party_id == operator:
                continue
            before = found.get(party_id, Waiting(party_id, 0, 0))
            found[party_id] = Waiting(party_id, before.payments + 1, before.rest_minor + sign * item.rest_minor)
    return sorted(found.values(), key=lambda item: item.party_id)


def next_decision(run: Run, own_key: str) -> Decision | None:
    """What comes next for somebody of the operator; None when the run is over."""
    if run.state is RunState.PROPOSED:
        own = fingerprint(run.events[0].public_key) == own_key
        return Decision(
            "approve",
            "Approve these positions and payments",
            "Look at checklist, positions and payments above first: your signature is over exactly these, and over the "
            "bank accounts that are on file for them.",
            "Sign and approve",
            "this run was proposed with the very key of this console. Another person has to approve it." if own else "",
        )
    if run.state is RunState.APPROVED:
        return Decision(
            "instruct",
            "Release the payments",
            "From then on the banks can be told to make them, and what they book is held against them.",
            "Sign and release",
        )
    if run.state in _PAYING:
        return Decision(
            "confirm",
            "Confirm payments by hand",
            "Choose the parties whose payments have come or gone in full. The last one settles the run and its "
            "windows. Payments that a bank statement shows need no confirmation.",
            "Sign and confirm",
        )
    return None
