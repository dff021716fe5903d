"""One run: where it stands, what comes next, its payments, and every decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from coalition.keys import fingerprint
from partner_sdk.settlement import BankEntry, Run, RunAction, RunState
from settlement.console.amounts import day_text
from settlement.console.frame import action, page
from settlement.console.pages.runs import may_decide
from settlement.console.sums import Sum, added_up
from settlement.console.visit import Console, Form, Problem, Visit
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
    """A run and what can be decided about it."""
    return [
        page(console, "/runs/{run_id}", show),
        *(action(console, f"/runs/{{run_id}}/{name}", act, back="/runs/{run_id}") for name, act in _ACTIONS.items()),
    ]


def show(visit: Visit) -> Response:
    """A run with everything that its next decision needs."""
    run = visit.client.run(visit.text("run_id"))
    decides, own = may_decide(visit), visit.console.person.party_id
    # What must hold before an approval is looked at once, before it.
    looked_at = visit.sees_all and run.state is RunState.PROPOSED
    checklist = visit.client.checklist(run.run_id) if looked_at else None
    pending = checklist is not None and checklist.pending
    return visit.page(
        "run.html",
        title=f"Run {run.run_id[:8]}",
        run=run,
        steps=steps(run),
        checklist=checklist,
        sums=sums(visit, run) if visit.sees_all else (),
        form=next_decision(run, visit.console.person.fingerprint) if decides and not pending else None,
        renew_s=_RENEW_S if pending else 0,
        waiting=waiting(run),
        unpaid=[item for item in run.instructions if not item.done],
        may_carry=decides and run.state in _PAYING,
        may_abort=decides
        and run.state in (RunState.PROPOSED, RunState.APPROVED, RunState.INSTRUCTED)
        and not any(item.paid_minor for item in run.instructions),
        released=run.state in (*_PAYING, RunState.SETTLED),
        payers=sorted({item.payer for item in run.instructions if visit.sees_all or item.payer == own}),
        booked=[(entry, entry_text(entry)) for entry in booked(visit, run)],
        paid_minor=sum(item.paid_minor for item in run.instructions),
        all_minor=sum(item.amount_minor for item in run.instructions),
        sees_all=visit.sees_all,
        currency=run.currency,
        exponent=run.currency_exponent,
    )


def booked(visit: Visit, run: Run) -> list[BankEntry]:
    """What banks have booked about a run's payments, as far as the person may see it."""
    if run.state not in (*_PAYING, RunState.SETTLED):
        return []
    return list(islice(visit.client.bank_entries(run_id=run.run_id, page_size=_BOOKED_MAX), _BOOKED_MAX))


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


def waiting(run: Run) -> list[Waiting]:
    """Whom a confirmation can be about. Through the operator every payment has one other party, which stands for it."""
    found: dict[str, Waiting] = {}
    through = run.method.value == "multilateral"
    operator = _hub_of_payments(run) if through else None
    for item in run.instructions:
        if item.done:
            continue
        for party_id, sign in ((item.payer, -1), (item.payee, 1)):
            if party_id == operator:
                continue
            before = found.get(party_id, Waiting(party_id, 0, 0))
            found[party_id] = Waiting(party_id, before.payments + 1, before.rest_minor + sign * item.rest_minor)
    return sorted(found.values(), key=lambda item: item.party_id)


def _hub_of_payments(run: Run) -> str | None:
    """The party that is a side of every payment; None for one payment or none, of which both sides are."""
    sides = [{item.payer, item.payee} for item in run.instructions]
    shared = set.intersection(*sides) if sides else set()
    return shared.pop() if len(shared) == 1 else None


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


def approve(visit: Visit, form: Form) -> str:
    """Sign what the person saw, which the form names: not what the service would state now."""
    run = _run(visit)
    digest = form.text("digest")
    if digest != run.positions_digest.hex():
        raise Problem("Positions or payments are not those that you saw.", "Look at them again, then decide.", 409)
    visit.client.approve(replace(run, positions_digest=bytes.fromhex(digest)), note=form.text("note"))
    return _done(visit, run, "the run is approved.", "Its payments can be released now.")


def instruct(visit: Visit, form: Form) -> str:
    """Release the payments."""
    run = _run(visit)
    visit.client.instruct(run, note=form.text("note"))
    return _done(visit, run, "its payments are released.", "Confirm them as they come.")


def confirm(visit: Visit, form: Form) -> str:
    """Record payments, each party's with a signature of its own."""
    run, parties = _run(visit), form.texts("party")
    if not parties:
        raise Problem("No party is chosen.", "Choose those whose payments have come or gone.")
    if form.text("seen") != run.standings_digest().hex():
        raise Problem("More has happened to the payments than you saw.", "Look at them again, then decide.", 409)
    for party_id in parties:
        # The payments of one party are the last of another's.
        if party_id not in run.confirmed:
            run = visit.client.confirm(run, party_id, note=form.text("note"))
    settled = run.state is RunState.SETTLED
    names = ", ".join(parties)
    return _done(visit, run, f"confirmed {names}.", "The run and its windows are settled." if settled else "")


def carry(visit: Visit, form: Form) -> str:
    """Leave payments that are not made right to the next run, as far as the person saw them paid."""
    run = _run(visit)
    numbers = {int(text) for text in form.texts("instruction") if text.isascii() and text.isdecimal()}
    if not numbers:
        raise Problem("No payment is chosen.", "Choose those that the next run shall take over.")
    if not form.text("note"):
        raise Problem("It is not said why.", "Write a note: payer and payee can read it.")
    seen = {number: form.text(f"paid-{number}") for number in numbers}
    for item in run.instructions:
        if item.number in seen and seen[item.number] != str(item.paid_minor):
            text = f"More or less has been paid of payment {item.number} than you saw."
            raise Problem(text, "Look again, then decide.", 409)
    after = visit.client.carry(run, form.text("note"), instructions=numbers)
    settled = after.state is RunState.SETTLED
    return _done(
        visit,
        run,
        "the next run takes over what is left of these payments.",
        "The run and its windows are settled." if settled else "",
    )


def abort(visit: Visit, form: Form) -> str:
    """Give a run up."""
    run = _run(visit)
    if not form.text("note"):
        raise Problem("It is not said why.", "Write a note: every party can read it.")
    visit.client.abort(run, form.text("note"))
    return _done(visit, run, "the run is given up.", "Its windows can be settled with a later one.")


def _run(visit: Visit) -> Run:
    return visit.client.run(visit.text("run_id"))


def _done(visit: Visit, run: Run, text: str, advice: str = "") -> str:
    path = f"/runs/{run.run_id}"
    visit.tell(path, text, advice)
    return path


_ACTIONS: Final[dict[str, Callable[[Visit, Form], str]]] = {
    RunAction.APPROVE.value: approve,
    RunAction.INSTRUCT.value: instruct,
    RunAction.CONFIRM.value: confirm,
    RunAction.CARRY.value: carry,
    RunAction.ABORT.value: abort,
}
