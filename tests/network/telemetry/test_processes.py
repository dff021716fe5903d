"""The processes of a hub, each seen on a port of its own, and calls traced from one to the other."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from coalition.errors import Refused
from coalition.v1.ledger_service_pb2 import SubmitRequest
from network.journal.stages import STAGES
from tests.network.conftest import CALL_S, PASSPHRASE, RunningHub, hub_folder, register_parties
from tests.network.telemetry.collector import Collector, collecting
from tests.scraping import Process, seen

START_S = 30.0
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


@dataclass
class Served:
    """`coalition hub serve` as processes: one that writes, and one that serves calls."""

    hub: RunningHub
    writer: Process
    front: Process
    collector: Collector


def events(log: Path) -> dict[str, dict[str, str]]:
    """The last line of each event in a log."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return {line["event"]: line for line in lines}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub that runs as its operator starts it, with metrics and traces."""
    folder = tmp_path_factory.mktemp("served")
    config, clock = hub_folder(folder / "hub")
    log = folder / "log"
    arguments = ("serve", "--dir", str(config.folder), "--listen", "localhost:0", "--metrics", "localhost:0")
    arguments += ("--clock-file", str(folder / "hub.clock"))
    with collecting() as collector, log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-c", "from network.cli import hub; hub()", *arguments],
            env={
                **os.environ,
                "COALITION_PASSPHRASE": PASSPHRASE,
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{collector.address}",
                "OTEL_BSP_SCHEDULE_DELAY": "100",
            },
            stderr=written,
        )
        try:
            deadline = time.monotonic() + START_S
            while not {"serving", "writing"} <= events(log).keys():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            serving, writing = events(log)["serving"], events(log)["writing"]
            running = RunningHub(config, clock, serving["address"], serving["metrics"], lambda: None)
            register_parties(running)
            yield Served(running, Process(writing["metrics"]), Process(serving["metrics"]), collector)
            running.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(START_S) == 0, log.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def test_each_process_tells_what_it_does(served: Served) -> None:
    """The one that writes tells of batches and their queue, the one that serves tells of calls and followers; both of
    themselves, so that sums over all of them count everything once."""
    served.hub.commit("grocer", served.hub.town.enrol("anna"))
    writer, front = seen(served.writer), seen(served.front)
    assert writer.labels("coalition_hub_build_info", "process") == {"writer"}
    assert front.labels("coalition_hub_build_info", "process") == {"front"}
    assert writer.value("coalition_hub_transactions_total", kind="enrol", outcome="accepted") == 1.0
    assert {"coalition_hub_waiting_envelopes", "coalition_hub_wait_seconds_count"} <= writer.names - front.names
    assert front.value("coalition_hub_call_seconds_count", method="Submit", code="OK") == 4.0
    of_fronts = {"coalition_hub_calls_in_flight", "coalition_hub_refusals_total", "coalition_hub_journal_entries"}
    assert of_fronts <= front.names - writer.names
    assert {"process_resident_memory_bytes", "coalition_hub_limit"} <= writer.names & front.names


def test_call_is_traced_from_process_to_process(served: Served) -> None:
    """The spans of a call and of its batch reach the collector as one trace, and the envelope links to the batch,
    which another process wrote."""
    envelope = served.hub.town.data("grocer", served.hub.town.enrol("ben"))
    metadata = (("traceparent", f"00-{TRACE}-{CALLER}-01"),)
    served.hub.ledger.Submit(SubmitRequest(envelope=envelope), timeout=CALL_S, metadata=metadata)
    spans = {
        name: served.collector.wait_for(lambda span, name=name: span.name == name and span.trace_id.hex() == TRACE)
        for name in ("coalition.v1.LedgerService/Submit", "envelope", "admission", "batch", *STAGES)
    }
    assert spans["coalition.v1.LedgerService/Submit"].parent_span_id.hex() == CALLER
    assert spans["envelope"].parent_span_id == spans["coalition.v1.LedgerService/Submit"].span_id
    assert spans["batch"].parent_span_id == spans["envelope"].span_id
    assert [link.span_id for link in spans["envelope"].links] == [spans["batch"].span_id]
    assert served.collector.services == {"coalition-hub"}


def test_failing_database_is_seen(served: Served) -> None:
    """Where the database fails, the batch has failed, its envelopes with it, and the driver's error is counted."""
    town = served.hub.town
    before = seen(served.writer)
    other = sqlite3.connect(served.hub.config.database_file, isolation_level=None)
    other.execute("ALTER TABLE aliases RENAME TO elsewhere")
    with pytest.raises(Refused):
        served.hub.send(town.data("grocer", town.enrol("erik", "card-erik")))
    other.execute("ALTER TABLE elsewhere RENAME TO aliases")
    other.close()
    after = seen(served.writer)
    for name, labels in (
        ("coalition_hub_batches_total", {"outcome": "failed"}),
        ("coalition_hub_envelopes_total", {"outcome": "failed"}),
        ("coalition_hub_database_errors_total", {"connection": "writing", "error": "OperationalError"}),
    ):
        assert after.value(name, **labels) - before.value(name, **labels) == 1.0, name
    served.hub.commit("grocer", town.enrol("erik", "card-erik"))
