"""Every decision about a run, on what the person saw of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from starlette.routing import Route

from partner_sdk.errors import CoalitionError
from partner_sdk.settlement import Run, RunAction, RunState
from settlement.console.advice import trouble_of
from settlement.console.frame import action
from settlement.console.visit import Console, Form, Problem, Visit


def routes(console: Console) -> list[Route]:
    """What the forms on a run's page are sent to."""
    return [action(console, f"/runs/{{run_id}}/{name}", act, back="/runs/{run_id}") for name, act in _ACTIONS.items()]


def seen_of(run: Run) -> str:
    """What a form about a run was made of: where it stands, what it comes to, and how its payments stand."""
    return f"{run.state.name}-{run.positions_digest.hex()}-{run.standings_digest().hex()}"


def approve(visit: Visit, form: Form) -> str:
    """Sign what the person saw: not what the service would state now."""
    run = _seen(visit, form)
    visit.client.approve(run, note=form.text("note"))
    return _done(visit, run, "the run is approved.", "Its payments can be released now.")


def instruct(visit: Visit, form: Form) -> str:
    """Release the payments."""
    run = _seen(visit, form)
    visit.client.instruct(run, note=form.text("note"))
    return _done(visit, run, "its payments are released.", "Confirm them as they come.")


def confirm(visit: Visit, form: Form) -> str:
    """Record payments, each party's with a signature of its own."""
    parties = form.texts("party")
    if not parties:
        raise Problem("No party is chosen.", "Choose those whose payments have come or gone.")
    run, done = _confirmed(visit, _seen(visit, form), parties, form.text("note"))
    settled = run.state is RunState.SETTLED
    names = ", ".join(done) or "nobody, as all of them were confirmed already"
    return _done(visit, run, f"confirmed {names}.", "The run and its windows are settled." if settled else "")


def _confirmed(visit: Visit, seen: Run, parties: Collection[str], note: str) -> tuple[Run, list[str]]:
    """The run after a signature for each party, and for whom one was given.

    Raises Problem, which says whose are given when the others are not.
    """
    run, done = seen, list[str]()
    for party_id in parties:
        # The payments of one party are the last of another's.
        if party_id in run.confirmed:
            continue
        try:
            if _changed(seen, run, done):
                raise Problem("More has happened to the payments than you saw.", "Look again, then decide.", 409)
            run = visit.client.confirm(run, party_id, note=note)
        except CoalitionError as error:
            trouble = trouble_of(error)
            raise Problem(_so_far(trouble.text, party_id, done), trouble.advice, trouble.status) from error
        except Problem as problem:
            raise Problem(_so_far(problem.text, party_id, done), problem.advice, problem.status) from None
        done.append(party_id)
    return run, done


def _changed(seen: Run, now: Run, confirmed: Collection[str]) -> bool:
    """Whether a payment stands otherwise than it did, but for those that are paid by what was just confirmed."""
    before = {item.number: (item.state, item.paid_minor) for item in seen.instructions}
    return any(
        (item.state, item.paid_minor) != before.get(item.number)
        for item in now.instructions
        if item.payer not in confirmed and item.payee not in confirmed
    )


def _so_far(text: str, party_id: str, done: Collection[str]) -> str:
    return f"{party_id} is not confirmed: {text} Confirmed before that: {', '.join(done)}." if done else text


def carry(visit: Visit, form: Form) -> str:
    """Leave payments that are not made right to the next run, as far as the person saw them paid."""
    run = _run(visit)
    # Number and what was paid of it: `12:450`. One field for each payment that is chosen.
    chosen = [text.partition(":") for text in form.texts("instruction")]
    seen = {int(number): paid for number, _, paid in chosen if number.isascii() and number.isdecimal()}
    if not seen:
        raise Problem("No payment is chosen.", "Choose those that the next run shall take over.")
    if not form.text("note"):
        raise Problem("It is not said why.", "Write a note: payer and payee can read it.")
    for item in run.instructions:
        if item.number in seen and seen[item.number] != str(item.paid_minor):
            text = f"More or less has been paid of payment {item.number} than you saw."
            raise Problem(text, "Look again, then decide.", 409)
    after = visit.client.carry(run, form.text("note"), instructions=set(seen))
    settled = after.state is RunState.SETTLED
    return _done(
        visit,
        run,
        "the next run takes over what is left of these payments.",
        "The run and its windows are settled." if settled else "",
    )


def abort(visit: Visit, form: Form) -> str:
    """Give a run up."""
    run = _seen(visit, form)
    if not form.text("note"):
        raise Problem("It is not said why.", "Write a note: every party can read it.")
    visit.client.abort(run, form.text("note"))
    return _done(visit, run, "the run is given up.", "Its windows can be settled with a later one.")


def _run(visit: Visit) -> Run:
    return visit.client.run(visit.text("run_id"))


def _seen(visit: Visit, form: Form) -> Run:
    """The run, if it is as the person saw it, which the form names. Raises Problem."""
    run = _run(visit)
    if form.text("seen") != seen_of(run):
        raise Problem("More has happened to the run than you saw.", "Look at it again, then decide.", 409)
    return run


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
