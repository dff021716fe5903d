"""What reconciliations came to: recorded ones, and the one that was just made, with every difference."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.settlement import Difference, DifferenceKind, Reconciliation
from settlement.console.frame import first_of, page, rows_of
from settlement.console.jobs import Job
from settlement.console.pages.runs import may_decide
from settlement.console.pages.windows import attachment
from settlement.console.visit import Console, Problem, Visit
from settlement.report.reconciliation_files import write_corrections, write_differences

_LISTED_MAX: Final = 200
_PAGE_SIZE: Final = 50
_PAGES_MAX: Final = 10_000
_WORDS: Final = {
    DifferenceKind.MISSING_AT_HUB: "the records have it, the journal does not",
    DifferenceKind.MISSING_AT_PARTNER: "the journal has it, the records do not",
    DifferenceKind.AMOUNT_DIFFERS: "both have it, with other points or as another kind",
    DifferenceKind.DUPLICATE: "one of them has it twice",
    DifferenceKind.IN_ANOTHER_WINDOW: "it is in a window that was not asked about",
    DifferenceKind.REVERSED: "the records count as final what was reversed",
    DifferenceKind.DECLINED: "the records count as done what was rejected",
    DifferenceKind.IN_DOUBT: "a hold is open, or a record is pending",
}
_MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
#: For a file, whose browser waits anyway.
_WAIT_S: Final = 120.0
_FILES: Final = {"differences": ("csv", "xlsx", "parquet"), "corrections": ("json", "csv")}


def routes(console: Console) -> list[Route]:
    """The list, results that were recorded or not, and their files."""
    return [
        page(console, "/reconciliations", show_list),
        page(console, "/reconciliations/result/{token}", show_result),
        page(console, "/reconciliations/result/{token}/{name}.{kind}", send_result),
        page(console, "/reconciliations/{reconciliation_id}", show_recorded),
        page(console, "/reconciliations/{reconciliation_id}/{name}.{kind}", send_recorded),
    ]


def show_list(visit: Visit) -> Response:
    """Recorded reconciliations, the newest first, and the form that begins another."""
    found, cut = first_of(visit.client.reconciliations(), _LISTED_MAX)
    rows, place = rows_of(found, visit.asked_number("page", 1, _PAGES_MAX), _PAGE_SIZE)
    return visit.page(
        "reconciliations.html", title="Reconciliations", rows=rows, place=place, cut=cut, may_name=may_decide(visit)
    )


def show_result(visit: Visit) -> Response:
    """What a comparison came to that was begun here; a page to wait on before."""
    return _show(visit, _begun(visit))


def show_recorded(visit: Visit) -> Response:
    """A recorded one."""
    return _show(visit, _recorded(visit))


def _show(visit: Visit, job: Job) -> Response:
    if not job.done:
        return visit.wait_for(job, "Reconciliation")
    found = _as_of_now(visit, job.result())
    kind = visit.asked("kind")
    differences = [item for item in found.differences if not kind or item.kind.value == kind]
    rows: Sequence[Difference]
    rows, place = rows_of(differences, visit.asked_number("page", 1, _PAGES_MAX), _PAGE_SIZE)
    return visit.page(
        "reconciliation.html",
        title=f"Reconciliation of {found.party_id}",
        found=found,
        counts=[(kind, found.counts.get(kind, 0), _WORDS[kind]) for kind in DifferenceKind if found.counts.get(kind)],
        kind=kind,
        rows=rows,
        place=place,
        files=_FILES,
        own=visit.console.person.party_id,
    )


def send_result(visit: Visit) -> Response:
    """Differences or corrections of a comparison that was begun here, as a file."""
    return _send(visit, _begun(visit))


def send_recorded(visit: Visit) -> Response:
    """The same of a recorded one."""
    return _send(visit, _recorded(visit))


def _send(visit: Visit, job: Job) -> Response:
    name, kind = visit.text("name"), visit.text("kind")
    if kind not in _FILES.get(name, ()):
        raise Problem("There is no such file.", "Choose one on the page of the reconciliation.", 404)
    wait([job.future], _WAIT_S)
    if not job.done:
        raise Problem(
            "The reconciliation is not here yet.", "Look at its page, which renews itself; then ask again.", 504
        )
    found: Reconciliation = job.result()
    windows = "-".join(map(str, found.windows[:3]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}-{found.party_id}-{windows}.{kind}"
        write: Any = write_differences if name == "differences" else write_corrections
        return attachment(write(found, path).read_bytes(), path.name, _MEDIA_TYPES[kind])


def _as_of_now(visit: Visit, found: Reconciliation) -> Reconciliation:
    """All of a result stays as it is but one thing: whether another has taken its place since."""
    if found.reconciliation_id is None or found.superseded:
        return found
    recent = islice(visit.client.reconciliations(party_id=found.party_id), _LISTED_MAX)
    now = next((item for item in recent if item.reconciliation_id == found.reconciliation_id), found)
    return replace(found, superseded=now.superseded)


def _begun(visit: Visit) -> Job:
    job = visit.console.jobs.find(f"result-{visit.text('token')}")
    if job is None:
        raise Problem(
            "The result is not here any more.",
            "A comparison that was not recorded is kept for a short while only. Compare again, and record it.",
            404,
        )
    return job


def _recorded(visit: Visit) -> Job:
    """A recorded one may have 100,000 differences, so it is fetched once for all its pages."""
    reconciliation_id = visit.text("reconciliation_id")
    client = visit.client
    key = f"recorded-{reconciliation_id}"
    job = visit.job(key, "The service sends the reconciliation.", lambda _: client.reconciliation(reconciliation_id))
    if job.done and job.future.exception() is not None:
        visit.console.jobs.forget(key)
    return job
