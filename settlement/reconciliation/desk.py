"""What people ask about reconciliations: to compare a file, to remember how it is read, to record what was found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from coalition.clock import Clock
from coalition.errors import Refused
from coalition.ids import new_transaction_id
from coalition.v1 import error_pb2
from coalition.v1 import settlement_reconciliation_pb2 as pb
from partner_sdk.settlement import RecordsMapping
from settlement.clearing.directory import Network
from settlement.clearing.state import Window
from settlement.intake import Intake
from settlement.reconciliation.job import ANSWER_FILE, DIFFERENCES_FILE, Job, Question, split_differences
from settlement.reconciliation.jobs import Jobs, run, unusable
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.mapping_check import check_mapping, check_reading
from settlement.reconciliation.problems import RecordsError
from settlement.reconciliation.uploads import Uploads
from settlement.store.database import Database
from settlement.store.reconciliations import (
    add_reconciliation,
    keep_mapping,
    list_reconciliations,
    read_mapping,
    read_reconciliation,
)
from settlement.store.windows import list_windows

#: Windows in one reconciliation.
WINDOWS_MAX: Final = 100
LISTED_MAX: Final = 200
_FILE_NAME_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Order:
    """A file to compare."""

    party_id: str
    digest: bytes
    file_name: str
    #: None: the remembered one.
    mapping: RecordsMapping | None
    #: Empty: the last one that is closed.
    windows: tuple[int, ...]
    record: bool


class ReconciliationDesk:
    """Takes files, compares them, and keeps what is to be kept."""

    def __init__(self, database: Database, intake: Intake, clock: Clock, folder: Path, limits: Limits) -> None:
        """`folder` is for files that wait, for scratch, and for records as Parquet. Raises OSError."""
        self._database = database
        self._intake = intake
        self._clock = clock
        # Jobs have another working directory.
        self._folder = folder = folder.absolute()
        self._limits = limits
        self._jobs = Jobs(limits.jobs)
        self.uploads: Final = Uploads(folder / "uploads", limits)
        self._scratch = folder / "jobs"
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(mode=0o700)

    def inspect(self, party_id: str, digest: bytes, reading: RecordsMapping) -> Iterator[pb.InspectRecordsResponse]:
        """What is in a file, and how it might be mapped: progress, then the inspection. Raises Refused."""
        network = self._network()
        _require_usable(check_reading, reading)
        with self._jobs.place(party_id):
            with self._job_folder() as folder:
                question = self._question(party_id, digest, reading, (), network, folder)
                for progress in run(Job(question, self._limits)):
                    yield pb.InspectRecordsResponse(progress=progress)
                inspection = pb.RecordsInspection.FromString((folder / ANSWER_FILE).read_bytes())
            yield pb.InspectRecordsResponse(inspection=inspection)

    def reconcile(self, order: Order, by: str) -> Iterator[pb.ReconcileResponse]:
        """Compare a file; `by` is who asks for it. Gives progress, then the summary, then the differences.

        Raises Refused; nothing was recorded then.
        """
        network = self._network()
        mapping = order.mapping or self._remembered(order.party_id)
        _require_usable(check_mapping, mapping)
        windows = self._windows(order)
        # The place is held until all is read: an answer that waits for its reader holds a thread and the differences.
        with self._jobs.place(order.party_id):
            with self._job_folder() as folder:
                question = self._question(order.party_id, order.digest, mapping, windows, network, folder)
                for progress in run(Job(question, self._limits)):
                    yield pb.ReconcileResponse(progress=progress)
                summary = pb.ReconciliationSummary.FromString((folder / ANSWER_FILE).read_bytes())
                differences = (folder / DIFFERENCES_FILE).read_bytes()
            summary.file_name = _printable(order.file_name)
            summary.file_digest = order.digest
            if order.record:
                self._record(summary, differences, by)
            yield pb.ReconcileResponse(summary=summary)
            for part in split_differences(differences):
                yield pb.ReconcileResponse(differences=part)

    def mapping(self, party_id: str) -> pb.RecordsMapping | None:
        """How a party's records are read; None where nobody has said so."""
        with self._database.read() as connection:
            return read_mapping(connection, party_id)

    def remember(self, party_id: str, mapping: RecordsMapping, by: str) -> None:
        """Remember how a party's records are read. Raises Refused for a mapping that cannot be."""
        _require_usable(check_mapping, mapping)
        with self._database.write() as connection:
            keep_mapping(connection, party_id, mapping.message(), by, self._clock())

    def reconciliations(self, party_id: str | None, before: bytes) -> tuple[pb.ReconciliationSummary, ...]:
        """Recorded ones, the newest first; of one party, or of all for None."""
        with self._database.read() as connection:
            return list_reconciliations(connection, party_id, before, LISTED_MAX)

    def reconciliation(
        self, reconciliation_id: bytes
    ) -> tuple[pb.ReconciliationSummary, Iterator[pb.Differences]] | None:
        """A recorded one with its differences; None where there is no such one."""
        with self._database.read() as connection:
            found = read_reconciliation(connection, reconciliation_id)
        return None if found is None else (found[0], split_differences(found[1]))

    def _record(self, summary: pb.ReconciliationSummary, differences: bytes, by: str) -> None:
        now_us = self._clock()
        summary.reconciliation_id = new_transaction_id(now_us // 1_000)
        summary.recorded_by = by
        summary.recorded_us = now_us
        with self._database.write() as connection:
            add_reconciliation(connection, summary, differences)

    def _network(self) -> Network:
        self._intake.require_sound()
        network = self._intake.directory.network
        if network is None:
            raise Refused(error_pb2.REASON_NOT_FOUND, "Nothing of the journal has been read yet. Try again later.")
        return network

    def _remembered(self, party_id: str) -> RecordsMapping:
        found = self.mapping(party_id)
        if found is None:
            raise Refused(
                error_pb2.REASON_WRONG_STATE,
                f"Nobody has said yet how the records of {party_id} are to be read. Give a mapping.",
                {"party_id": party_id},
            )
        return RecordsMapping.of(found)

    def _windows(self, order: Order) -> tuple[int, ...]:
        with self._database.read() as connection:
            known = {window.number: window for window in list_windows(connection)}
        if not order.windows:
            return (_last_closed(list(known.values())),)
        if len(order.windows) > WINDOWS_MAX:
            raise unusable(f"{len(order.windows)} windows were named; {WINDOWS_MAX} are the most.")
        for number in order.windows:
            if number not in known:
                raise Refused(error_pb2.REASON_NOT_FOUND, f"There is no window {number}.", {"window": str(number)})
            if order.record and known[number].is_open:
                raise Refused(
                    error_pb2.REASON_WRONG_STATE,
                    f"Window {number} is open, so what it lacks cannot be recorded yet. Compare only, or close it.",
                    {"window": str(number)},
                )
        return tuple(sorted(set(order.windows)))

    @contextmanager
    def _job_folder(self) -> Iterator[Path]:
        folder = Path(mkdtemp(dir=self._scratch))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _question(
        self,
        party_id: str,
        digest: bytes,
        mapping: RecordsMapping,
        windows: tuple[int, ...],
        network: Network,
        folder: Path,
    ) -> Question:
        # A link, so that the file stays whatever the party sends meanwhile.
        records = folder / "records"
        os.link(self.uploads.find(party_id, digest), records)
        database = self._database.engine.url.database
        assert database is not None, "the books are in a file"
        return Question(
            party_id=party_id,
            windows=windows,
            mapping=mapping,
            zone=network.calendar.time_zone,
            records=records,
            database=Path(database).absolute(),
            parts=self._folder / "parts",
            scratch=folder,
        )


def _require_usable(check: Callable[[RecordsMapping], None], mapping: RecordsMapping) -> None:
    try:
        check(mapping)
    except RecordsError as error:
        raise unusable(str(error)) from error


def _last_closed(windows: Sequence[Window]) -> int:
    closed = [window.number for window in windows if not window.is_open]
    if not closed:
        raise Refused(error_pb2.REASON_NOT_FOUND, "No window has been closed yet. Name the open one.")
    return max(closed)


def _printable(name: str) -> str:
    return "".join(sign for sign in name if sign.isprintable())[:_FILE_NAME_MAX]
