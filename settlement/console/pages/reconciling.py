"""Comparing a party's own records with the journal: sending a file and confirming how it is read."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Final

from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.settlement import (
    ReconcileProgress,
    ReconcileStage,
    Reconciliation,
    RecordsFile,
    RecordsMapping,
    SettlementClient,
)
from settlement.console.frame import action, page
from settlement.console.jobs import Job
from settlement.console.mapping_form import (
    KINDS,
    LEFT_OUT,
    NEGATIVES,
    ROLES,
    THOUSANDS,
    fits,
    kind_words,
    mapping_in,
    reading_in,
    status_words,
)
from settlement.console.visit import Console, Form, Problem, Visit

#: As the service takes unless it is set otherwise, and some more for the form around it.
FILE_BYTES_MAX: Final = (256 << 20) + (64 << 10)
_NAME_MAX: Final = 100
_STAGES: Final = {
    ReconcileStage.UPLOADING: "Sending the file, {:,} bytes.",
    ReconcileStage.READING_RECORDS: "Reading the file, {:,} rows.",
    ReconcileStage.READING_JOURNAL: "Reading the journal, {:,} entries.",
    ReconcileStage.MATCHING: "Matching.",
    ReconcileStage.EXPLAINING: "Explaining.",
}


@dataclass(slots=True)
class Looked:
    """A file that the service has, whose it is, and how it would be read."""

    file: RecordsFile
    #: None: the person's own party.
    party_id: str | None
    #: As it was last confirmed, where the file has its columns.
    remembered: RecordsMapping | None
    #: How the file was read to look at it.
    reading: RecordsMapping
    #: What the person said last, so that they need not say it again where something else was wrong.
    said: RecordsMapping | None = None

    @property
    def mapping(self) -> RecordsMapping | None:
        """What the form begins with."""
        return self.said or self.remembered or self.file.guess


def routes(console: Console) -> list[Route]:
    """Sending a file, looking at it, and comparing it."""
    return [
        action(console, "/reconciliations/file", take, back="/reconciliations"),
        page(console, "/reconciliations/file/{token}", show),
        action(console, "/reconciliations/file/{token}/read", read_again, back="/reconciliations/file/{token}"),
        action(console, "/reconciliations/file/{token}", compare, back="/reconciliations/file/{token}"),
    ]


def take(visit: Visit, form: Form) -> str:
    """Send a file to the service, which looks at it; nothing is kept of it here afterwards."""
    files = form.files("records")
    if len(files) != 1:
        raise Problem("No file is chosen.", "Choose your records: CSV, XLSX or Parquet.")
    party_id = form.text("party") or None
    path = _on_disk(files[0])
    client = visit.client

    def look(job: Job) -> Looked:
        try:
            return _look(client, path, party_id, RecordsMapping(points="", header_row=0), job)
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)

    token = secrets.token_urlsafe(12)
    try:
        visit.job(f"file-{token}", "The service is looking at the file.", look)
    except Problem:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise
    return f"/reconciliations/file/{token}"


def _on_disk(upload: UploadFile) -> Path:
    """The file in a folder of its own, under its own name, for the service shows it."""
    folder = Path(tempfile.mkdtemp(prefix="coalition-records-"))
    name = PurePath((upload.filename or "records").replace("\\", "/")).name[-_NAME_MAX:]
    path = folder / (name if name not in ("", ".", "..") else "records")
    try:
        with path.open("xb") as file:
            shutil.copyfileobj(upload.file, file)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return path


def _look(
    client: SettlementClient, records: Path | RecordsFile, party_id: str | None, reading: RecordsMapping, job: Job
) -> Looked:
    tell = _teller(job)
    file = client.inspect_records(records, party_id=party_id, reading=reading, on_progress=tell)
    remembered = client.records_mapping(party_id=party_id)
    usable = remembered if remembered is not None and fits(remembered, file) else None
    return Looked(file, party_id, usable, reading)


def _teller(job: Job) -> Callable[[ReconcileProgress], None]:
    def tell(progress: ReconcileProgress) -> None:
        job.progress = _STAGES[progress.stage].format(progress.done)

    return tell


def show(visit: Visit) -> Response:
    """The file's first rows, and the form that says which column is what."""
    job = _job(visit)
    if not job.done:
        return visit.wait_for(job, "Records")
    looked: Looked = job.result()
    mapping = looked.mapping
    windows = [window for window in visit.client.windows() if window.closed_at][::-1]
    return visit.page(
        "mapping.html",
        title="How the records are read",
        token=visit.text("token"),
        looked=looked,
        file=looked.file,
        mapping=mapping or RecordsMapping(points=""),
        found=mapping is not None,
        roles=ROLES,
        kinds=KINDS,
        left_out=LEFT_OUT,
        kind_words=kind_words(mapping),
        status_words=status_words(mapping),
        negatives=NEGATIVES,
        thousands=THOUSANDS,
        windows=windows,
    )


def read_again(visit: Visit, form: Form) -> str:
    """Look at the same file once more, read in another way."""
    looked, reading, client = _looked(visit), reading_in(form), visit.client
    token = secrets.token_urlsafe(12)
    visit.job(
        f"file-{token}",
        "The service is looking at the file.",
        lambda job: _look(client, looked.file, looked.party_id, reading, job),
    )
    return f"/reconciliations/file/{token}"


def compare(visit: Visit, form: Form) -> str:
    """Have the file compared, as the person says that it is read."""
    looked, client = _looked(visit), visit.client
    base = looked.mapping or replace(looked.reading, points="", header_row=max(1, looked.reading.header_row))
    mapping = looked.said = mapping_in(form, base)
    windows = sorted({int(text) for text in form.texts("window") if text.isascii() and text.isdecimal()})
    if not windows:
        raise Problem("No window is chosen.", "Choose those that the records are about.")
    record, remember = bool(form.text("record")), bool(form.text("remember"))

    def work(job: Job) -> Reconciliation:
        tell = _teller(job)
        found = client.reconcile(
            looked.file,
            mapping=mapping,
            windows=windows,
            party_id=looked.party_id,
            record=record,
            on_progress=tell,
        )
        if remember:
            client.remember_records_mapping(mapping, party_id=looked.party_id)
        return found

    token = secrets.token_urlsafe(12)
    job = visit.job(f"result-{token}", "The service is comparing the records with the journal.", work)
    if job.done:
        # What is wrong with the form shows above the form.
        job.result()
    return f"/reconciliations/result/{token}"


def _job(visit: Visit) -> Job:
    job = visit.console.jobs.find(f"file-{visit.text('token')}")
    if job is None:
        raise Problem("The file is not here any more.", "Send it again: nothing is kept of it for long.", 404)
    return job


def _looked(visit: Visit) -> Looked:
    job = _job(visit)
    if not job.done:
        raise Problem("The service is still looking at the file.", "Wait until it is done.", 409)
    looked: Looked = job.result()
    return looked
