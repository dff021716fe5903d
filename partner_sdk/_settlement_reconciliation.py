"""Comparing a party's own records with the journal: sending a file, and reading what does not agree."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias

from google.protobuf.message import Message

from coalition.v1 import settlement_reconciliation_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._errors import TransportError
from partner_sdk._exchange import Unanswered
from partner_sdk._ledger_reads import identifier
from partner_sdk._reconciliation_models import (
    ReconcileProgress,
    ReconcileStage,
    Reconciliation,
    RecordsFile,
    file_of,
    progress_of,
    reconciliation_of,
)
from partner_sdk._records_mapping import RecordsMapping
from partner_sdk._session import Session
from partner_sdk._steps import Diagnosis, Emit, Ended, Failure, Flow, Method, OpenStream, Probe, Read, Response, Steps

#: A file by its path, as bytes, or one that the service has already.
Records: TypeAlias = "str | os.PathLike[str] | bytes | RecordsFile"
#: Told how far it is.
OnProgress: TypeAlias = "Callable[[ReconcileProgress], object] | None"

_PART: Final = 512 << 10
#: The service says something every second.
_SILENCE_S: Final = 30.0
_PROBE_S: Final = 2.0


def inspect_records(
    session: Session,
    records: Records,
    *,
    party_id: str | None = None,
    reading: RecordsMapping | None = None,
    on_progress: OnProgress = None,
) -> Steps[RecordsFile]:
    """Send a file, CSV, XLSX or Parquet, and get its columns, first rows, and a guess how it might be mapped.

    Nothing is remembered. Of `reading` counts how the file is to be read: encoding, delimiter, sheet, header_row, time
    zone. Only the operator names a party. Raises FieldInvalid for a file that cannot be used.
    """
    digest, name = yield from _sent(session, records, party_id, on_progress)
    # A header row of 0 is looked for.
    known = reading.message() if reading is not None else pb.RecordsMapping()
    request = pb.InspectRecordsRequest(party_id=party_id or "", digest=digest, mapping=known)
    found: list[pb.RecordsInspection] = []

    def take(response: pb.InspectRecordsResponse) -> None:
        if response.HasField("inspection"):
            found.append(response.inspection)
        else:
            _tell(on_progress, response.progress)

    yield from _listen(session, _rpc.INSPECT_RECORDS, request, take)
    if not found:
        raise TransportError(f"{session.address} said nothing about the file.")
    return file_of(digest, name, found[0])


def reconcile(
    session: Session,
    records: Records,
    *,
    mapping: RecordsMapping | None = None,
    windows: Sequence[int] = (),
    party_id: str | None = None,
    record: bool = False,
    on_progress: OnProgress = None,
) -> Steps[Reconciliation]:
    """Compare a party's own records with the journal, and get every difference explained.

    `records` is a file, CSV, XLSX or Parquet: its path, its bytes, or what `inspect_records` gave. Without a `mapping`
    the remembered one is used. Without `windows` it is about the last one that is closed. With `record` the result is
    kept at the service, so that open differences show; else nothing is. Only the operator names a party.

    Raises FieldInvalid for a file or mapping that cannot be used, saying where; WrongState where no mapping is
    remembered; Overloaded while another file of the party is being compared.
    """
    digest, name = yield from _sent(session, records, party_id, on_progress)
    request = pb.ReconcileRequest(
        party_id=party_id or "",
        digest=digest,
        file_name=name,
        mapping=None if mapping is None else mapping.message(),
        windows=windows,
        record=record,
    )
    summaries: list[pb.ReconciliationSummary] = []
    differences: list[pb.Difference] = []

    def take(response: pb.ReconcileResponse) -> None:
        if response.HasField("progress"):
            _tell(on_progress, response.progress)
        elif response.HasField("summary"):
            summaries.append(response.summary)
        else:
            differences.extend(response.differences.differences)

    yield from _listen(session, _rpc.RECONCILE, request, take)
    return _whole(session, summaries, differences)


def records_mapping(session: Session, *, party_id: str | None = None) -> Steps[RecordsMapping | None]:
    """How a party's records are read, as it was last confirmed; None where nobody has said so."""
    request = pb.GetRecordsMappingRequest(party_id=party_id or "")
    response = yield from session.read(_rpc.GET_RECORDS_MAPPING, request)
    return RecordsMapping.of(response.mapping) if response.HasField("mapping") else None


def remember_records_mapping(session: Session, mapping: RecordsMapping, *, party_id: str | None = None) -> Steps[None]:
    """Have the service remember how a party's records are read. Raises FieldInvalid."""
    request = pb.SetRecordsMappingRequest(party_id=party_id or "", mapping=mapping.message())
    yield from session.read(_rpc.SET_RECORDS_MAPPING, request)


def reconciliations(session: Session, *, party_id: str | None = None) -> Flow[Reconciliation]:
    """Recorded reconciliations, the newest first, without their differences. A party's own; operator, auditor: all."""
    request = pb.ListReconciliationsRequest(party_id=party_id or "")
    while True:
        page = (yield from session.read(_rpc.LIST_RECONCILIATIONS, request)).reconciliations
        for message in page:
            yield Emit(reconciliation_of(message))
        if not page:
            return
        request.before = page[-1].reconciliation_id


def reconciliation(session: Session, reconciliation_id: str) -> Steps[Reconciliation]:
    """A recorded reconciliation with its differences. Raises NotFound."""
    request = pb.GetReconciliationRequest(reconciliation_id=identifier(reconciliation_id))
    summaries: list[pb.ReconciliationSummary] = []
    differences: list[pb.Difference] = []

    def take(response: pb.GetReconciliationResponse) -> None:
        if response.HasField("summary"):
            summaries.append(response.summary)
        else:
            differences.extend(response.differences.differences)

    yield from _listen(session, _rpc.GET_RECONCILIATION, request, take)
    return _whole(session, summaries, differences)


def _sent(
    session: Session, records: Records, party_id: str | None, on_progress: OnProgress
) -> Steps[tuple[bytes, str]]:
    """The digest and name of a file that the service has, after sending what it lacks."""
    if isinstance(records, RecordsFile):
        return records.digest, records.name
    file, name = _opened(records)
    with closing(file):
        digest = hashlib.file_digest(file, "sha256").digest()
        size = file.seek(0, io.SEEK_END)
        received = 0
        while True:
            file.seek(received)
            part = file.read(_PART)
            request = pb.UploadRecordsRequest(
                party_id=party_id or "", digest=digest, size=size, offset=received, data=part
            )
            known, received = received, (yield from session.read(_rpc.UPLOAD_RECORDS, request)).received
            if received <= known:
                raise TransportError(
                    f"{session.address} has {received:,} bytes of the file, after {known:,} were sent: another file was"
                    " sent meanwhile for the same party, or the service began anew. Send one at a time, and this one"
                    " again."
                )
            if on_progress is not None:
                on_progress(ReconcileProgress(ReconcileStage.UPLOADING, received))
            if received >= size:
                return digest, name


def _opened(records: str | os.PathLike[str] | bytes) -> tuple[io.BufferedReader | io.BytesIO, str]:
    if isinstance(records, bytes):
        return io.BytesIO(records), ""
    path = Path(records)
    return path.open("rb"), path.name


def _listen(
    session: Session, method: Method[Response], request: Message, take: Callable[[Response], None]
) -> Steps[None]:
    """Take everything that a stream brings. It is not begun again when it breaks: the caller decides that."""
    stream = yield OpenStream(method, request, session.metadata())
    try:
        while True:
            answer = yield Read(stream, max(session.connection.timeout_s, _SILENCE_S))
            if isinstance(answer, Ended):
                return
            if isinstance(answer, Failure):
                diagnosis: Diagnosis | None = None
                if answer.never_sent:
                    diagnosis = yield Probe(_PROBE_S)
                raise Unanswered(answer, False, diagnosis, session.address).error()
            take(answer)
    finally:
        stream.cancel()


def _whole(
    session: Session, summaries: Sequence[pb.ReconciliationSummary], differences: Sequence[pb.Difference]
) -> Reconciliation:
    if not summaries or len(differences) != summaries[0].listed:
        raise TransportError(f"{session.address} ended the answer before it was complete. Ask again.")
    return reconciliation_of(summaries[0], differences)


def _tell(on_progress: OnProgress, message: pb.ReconcileProgress) -> None:
    if on_progress is not None:
        on_progress(progress_of(message))
