"""Answers of ReconciliationService are long: few are sent at once, and each in time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from coalition.errors import Refused, reason_name
from coalition.status import from_rpc_error
from coalition.v1 import settlement_reconciliation_pb2 as pb
from coalition.v1.settlement_reconciliation_pb2_grpc import ReconciliationServiceStub
from partner_sdk.settlement import RecordsMapping
from settlement.reconciliation import desk
from settlement.reconciliation.job import ANSWER_FILE, DIFFERENCES_FILE, Job, write_differences
from settlement.rpc import reconciliation
from settlement.store.reconciliations import add_reconciliation
from tests.settlement.rpc.conftest import NOW_US, Running, metadata_of

FILE = b"points,id\n"
MAPPING = RecordsMapping(points="points", id="id").message()
RECORDED = bytes(15) + b"1"


@pytest.fixture(autouse=True)
def large_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a process that compares: more differences than a connection holds that nobody reads from."""

    def run(job: Job) -> Iterator[pb.ReconcileProgress]:
        yield pb.ReconcileProgress(stage=pb.RECONCILE_STAGE_MATCHING)
        (job.folder / ANSWER_FILE).write_bytes(pb.ReconciliationSummary(party_id="grocer").SerializeToString())
        write_differences(job.folder / DIFFERENCES_FILE, [[pb.Difference(explanation="x" * (1 << 20))]] * 16)

    monkeypatch.setattr(desk, "run", run)


def upload(running: Running) -> bytes:
    """The digest of a file that the service has."""
    digest = hashlib.sha256(FILE).digest()
    request = pb.UploadRecordsRequest(digest=digest, size=len(FILE), data=FILE)
    running.call("UploadRecords", request, "grocer", stub=ReconciliationServiceStub)
    return digest


def refusal(stream: Any) -> Refused:
    """What a stream ends with."""
    with pytest.raises(grpc.RpcError) as error:
        list(stream)
    refused = from_rpc_error(error.value)
    assert refused is not None, error.value
    return refused


def test_answer_holds_its_place_until_it_is_read(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not read the differences is not given another thread; and is not waited for, for ever."""
    request = pb.ReconcileRequest(digest=upload(running), mapping=MAPPING, windows=[1])
    with running.channel() as channel:
        stub = ReconciliationServiceStub(channel)
        first = stub.Reconcile(request, timeout=20, metadata=metadata_of("grocer"))
        while not next(first).HasField("summary"):
            pass
        second = refusal(stub.Reconcile(request, timeout=20, metadata=metadata_of("grocer")))
        assert (reason_name(second.reason), second.facts) == ("OVERLOADED", {"limit": "1"})
        assert len(list(first)) == 16
        monkeypatch.setattr(reconciliation, "_JOB_SENT_S", -1.0)
        assert "was not read within" in refusal(stub.Reconcile(request, metadata=metadata_of("grocer"))).message


def test_nothing_is_compared_with_a_wrong_journal(running: Running) -> None:
    """Once something was found wrong with the journal, nothing is recorded about it."""
    request = pb.ReconcileRequest(digest=upload(running), mapping=MAPPING, windows=[1])
    running.intake.stop("Entry 9: something is wrong.")
    with running.channel() as channel:
        refused = refusal(ReconciliationServiceStub(channel).Reconcile(request, metadata=metadata_of("grocer")))
    assert "has stopped following the journal" in refused.message


def test_recorded_ones_are_sent_in_places_and_in_time(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As all that is fetched is."""
    write_differences(tmp_path / "differences", [[pb.Difference(number=1)]])
    summary = pb.ReconciliationSummary(reconciliation_id=RECORDED, party_id="grocer", recorded_us=NOW_US)
    with running.database.write() as connection:
        add_reconciliation(connection, summary, (tmp_path / "differences").read_bytes())
    request = pb.GetReconciliationRequest(reconciliation_id=RECORDED)
    with running.channel() as channel:
        get = ReconciliationServiceStub(channel).GetReconciliation
        assert len(list(get(request, metadata=metadata_of("grocer")))) == 2
        with running.downloads.place("grocer"), running.downloads.place("grocer"):
            assert "grocer is fetching" in refusal(get(request, metadata=metadata_of("grocer"))).message
        monkeypatch.setattr("settlement.rpc.downloads.SEND_S", -1.0)
        assert "was not read within" in refusal(get(request, metadata=metadata_of("grocer"))).message
