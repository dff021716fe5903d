"""Settlement runs: the list, proposing, one with what to do next, and every decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from coalition.ids import id_text, new_transaction_id
from coalition.keys import fingerprint
from partner_sdk import PartyKind
from partner_sdk.settlement import Run, RunAction, RunState, WindowState
from settlement.console.amounts import day_text
from settlement.console.frame import NUMBER_MAX, Console, Form, Problem, Visit, action, page, rows_of

#: Windows that a run may take.
SETTLEABLE: Final = (WindowState.CLOSED, WindowState.ABORTED)
_OVER: Final = (RunState.SETTLED, RunState.ABORTED)
_ORDER: Final = (RunState.PROPOSED, RunState.APPROVED, RunState.INSTRUCTED, RunState.SETTLING, RunState.SETTLED)
_PAGE_SIZE: Final = 25


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


def routes(console: Console) -> list[Route]:
    """Everything below /runs."""
    return [
        page(console, "/runs", show_list),
        page(console, "/runs/propose", show_proposal),
        action(console, "/runs/propose", propose, back="/runs/propose"),
        page(console, "/runs/{run_id}", show_one),
        *(action(console, f"/runs/{{run_id}}/{name}", act, back="/runs/{run_id}") for name, act in _ACTIONS.items()),
    ]


def under_way(runs: Sequence[Run]) -> Run | None:
    """The run that is not over; there is one at most."""
    return next((run for run in runs if run.state not in _OVER), None)


def may_decide(visit: Visit) -> bool:
    """Whether the person is one of the operator. The service decides; this only spares others a form in vain."""
    return visit.kind is PartyKind.OPERATOR


def show_list(visit: Visit) -> Response:
    """Every run, newest first."""
    runs = tuple(visit.client.runs())
    rows, place = rows_of(runs, visit.asked_number("page", 1, max(1, len(runs))), _PAGE_SIZE)
    return visit.page("runs.html", title="Runs", rows=rows, place=place, may_decide=may_decide(visit))


def show_proposal(visit: Visit) -> Response:
    """The form with which a run begins."""
    windows, runs = visit.client.windows(), tuple(visit.client.runs())
    choices = [window for window in windows if window.state in SETTLEABLE]
    sums = visit.console.reports.sums(choices)
    asked = visit.asked_number("window", 0, NUMBER_MAX)
    return visit.page(
        "propose.html",
        title="Propose a run",
        under_way=under_way(runs),
        choices=[(window, sums[window.number]) for window in choices],
        chosen={asked} if asked else {window.number for window in choices},
        run_id=id_text(new_transaction_id(visit.client.connection.clock() // 1_000)),
    )


def propose(visit: Visit, form: Form) -> str:
    """Sign a proposal. The form brought the run's id, so that sending it twice makes one run."""
    numbers = [int(text) for text in form.texts("window") if text.isascii() and text.isdecimal()]
    run_id = form.text("run_id")
    if not numbers:
        raise Problem("No window is chosen.", "Choose at least one.")
    if any(run.run_id == run_id for run in visit.client.runs()):
        return f"/runs/{run_id}"
    run = visit.client.propose(numbers, run_id=run_id, note=form.text("note"))
    visit.tell(f"/runs/{run.run_id}", "the run is proposed.", "Another person approves it now, in a console of theirs.")
    return f"/runs/{run.run_id}"


def show_one(visit: Visit) -> Response:
    """A run: where it stands, what comes next, its positions and decisions."""
    run = visit.client.run(visit.text("run_id"))
    sums = visit.console.reports.sums_of_number(run.windows[0])
    waiting = [item for item in run.positions if item.payable_minor and item.party_id not in run.confirmed]
    decides = may_decide(visit)
    return visit.page(
        "run.html",
        title=f"Run {run.run_id[:8]}",
        run=run,
        steps=steps(run),
        form=next_decision(run, visit.console.person.fingerprint) if decides else None,
        waiting=waiting,
        may_abort=decides and run.state in (RunState.PROPOSED, RunState.APPROVED, RunState.INSTRUCTED),
        sees_all=visit.sees_all,
        currency=sums.currency,
        exponent=sums.exponent,
    )


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


def next_decision(run: Run, own_key: str) -> Decision | None:
    """What comes next for somebody of the operator; None when the run is over."""
    if run.state is RunState.PROPOSED:
        own = fingerprint(run.events[0].public_key) == own_key
        return Decision(
            "approve",
            "Approve these positions",
            "Look at the positions above first: your signature is over exactly these.",
            "Sign and approve",
            "this run was proposed with the very key of this console. Another person has to approve it." if own else "",
        )
    if run.state is RunState.APPROVED:
        return Decision(
            "instruct",
            "Record that payments are instructed",
            "The bank has been told to make the payments.",
            "Sign and record",
        )
    if run.state in (RunState.INSTRUCTED, RunState.SETTLING):
        return Decision(
            "confirm",
            "Confirm payments",
            "Choose the parties whose payment has come or gone. The last one settles the run and its windows.",
            "Sign and confirm",
        )
    return None


def approve(visit: Visit, form: Form) -> str:
    """Sign the positions that the person saw, which the form names: not those that the service would state now."""
    run = _run(visit)
    digest = form.text("digest")
    if digest != run.positions_digest.hex():
        raise Problem("The positions are not those that you saw.", "Look at them again, then decide.", 409)
    visit.client.approve(replace(run, positions_digest=bytes.fromhex(digest)), note=form.text("note"))
    return _done(visit, run, "the run is approved.", "Its payments can be instructed now.")


def instruct(visit: Visit, form: Form) -> str:
    """Record that the bank was told."""
    run = _run(visit)
    visit.client.instruct(run, note=form.text("note"))
    return _done(visit, run, "its payments are recorded as instructed.", "Confirm them as they come.")


def confirm(visit: Visit, form: Form) -> str:
    """Record payments, each with a signature of its own."""
    run, parties = _run(visit), form.texts("party")
    if not parties:
        raise Problem("No party is chosen.", "Choose those whose payment has come or gone.")
    for party_id in parties:
        # The payments of one party are the last of another's.
        if party_id not in run.confirmed:
            run = visit.client.confirm(run, party_id, note=form.text("note"))
    settled = run.state is RunState.SETTLED
    names = ", ".join(parties)
    return _done(visit, run, f"confirmed {names}.", "The run and its windows are settled." if settled else "")


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
    RunAction.ABORT.value: abort,
}
