"""Settlement runs: the list, and proposing one."""

from __future__ import annotations

from itertools import islice
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from coalition.ids import id_text, new_transaction_id
from partner_sdk import PartyKind
from partner_sdk.settlement import Run, RunState, SettlementMethod, WindowState
from settlement.agreed_method import agreed_method
from settlement.console.frame import action, page
from settlement.console.visit import NUMBER_MAX, Console, Form, Problem, Visit

#: Windows that a run may take.
SETTLEABLE: Final = (WindowState.CLOSED, WindowState.ABORTED)
_OVER: Final = (RunState.SETTLED, RunState.ABORTED)
_PAGE_SIZE: Final = 25
_PAGES_MAX: Final = 10_000
#: Runs that are looked through for those of a window.
_RECENT_MAX: Final = 200
_METHODS: Final = (
    (SettlementMethod.MULTILATERAL, "every party against all others: debtors pay the operator, the operator pays"),
    (SettlementMethod.BILATERAL, "each two parties against each other: the one that owes more pays the rest"),
    (SettlementMethod.GROSS, "nothing is netted: every party pays every other what it owes it"),
)


def routes(console: Console) -> list[Route]:
    """The list of runs, and the form with which one begins."""
    return [
        page(console, "/runs", show_list),
        page(console, "/runs/propose", show_proposal),
        action(console, "/runs/propose", propose, back="/runs/propose"),
    ]


def under_way(visit: Visit) -> Run | None:
    """The run that is not over. There is one at most, and none is proposed after it."""
    return next((run for run in visit.client.runs(page_size=1) if run.state not in _OVER), None)


def runs_of(visit: Visit, window: int) -> list[Run]:
    """The runs that a window belongs or belonged to, oldest first."""
    recent = islice(visit.client.runs(page_size=_RECENT_MAX), _RECENT_MAX)
    return [run for run in recent if window in run.windows][::-1]


def may_decide(visit: Visit) -> bool:
    """Whether the person is one of the operator. The service decides; this only spares others a form in vain."""
    return visit.kind is PartyKind.OPERATOR


def show_list(visit: Visit) -> Response:
    """Runs, newest first."""
    number = visit.asked_number("page", 1, _PAGES_MAX)
    first = (number - 1) * _PAGE_SIZE
    # One more than is shown says whether there is another page.
    runs = list(islice(visit.client.runs(page_size=_PAGE_SIZE + 1), first, first + _PAGE_SIZE + 1))
    return visit.page(
        "runs.html",
        title="Runs",
        rows=runs[:_PAGE_SIZE],
        number=number,
        more=len(runs) > _PAGE_SIZE,
        may_decide=may_decide(visit),
    )


def show_proposal(visit: Visit) -> Response:
    """The form with which a run begins."""
    choices = [window for window in visit.client.windows() if window.state in SETTLEABLE]
    sums = visit.console.reports.sums(choices)
    asked = visit.asked_number("window", 0, NUMBER_MAX)
    return visit.page(
        "propose.html",
        title="Propose a run",
        under_way=under_way(visit),
        choices=[(window, sums[window.number]) for window in choices],
        chosen={asked} if asked else {window.number for window in choices},
        methods=_METHODS,
        agreed=agreed_method(visit.client),
        run_id=id_text(new_transaction_id(visit.client.connection.clock() // 1_000)),
    )


def propose(visit: Visit, form: Form) -> str:
    """Sign a proposal. The form brought the run's id, so that sending it twice makes one run."""
    numbers = [int(text) for text in form.texts("window") if text.isascii() and text.isdecimal()]
    run_id, method = form.text("run_id"), form.text("method")
    if not numbers:
        raise Problem("No window is chosen.", "Choose at least one.")
    if method not in [item.value for item, _ in _METHODS]:
        raise Problem("No method is chosen.", "Choose how obligations become payments.")
    newest = next(visit.client.runs(page_size=1), None)
    if newest is not None and newest.run_id == run_id:
        return f"/runs/{run_id}"
    run = visit.client.propose(numbers, method=method, run_id=run_id, note=form.text("note"))
    visit.tell(f"/runs/{run.run_id}", "the run is proposed.", "Another person approves it now, in a console of theirs.")
    return f"/runs/{run.run_id}"
