"""What a stream of envelopes keeps in memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from coalition.v1.ledger_service_pb2 import SubmitStreamRequest
from network.config import Limits
from network.journal.admission import Admission
from network.journal.commits import Commits
from network.journal.writer import Writer
from network.rpc.callers import Callers
from network.rpc.calls import begin_call
from network.rpc.stopping import Stopping
from network.rpc.submissions import Submissions
from network.rpc.submit_stream import SubmitStream
from network.rpc.threads import Threads
from network.store.engine import sqlite_url
from network.store.store import Store
from network.telemetry.calls import CallMetrics
from network.telemetry.tracing import NO_TRACING
from tests.network.town import NETWORK_ID, Town, key_of


def test_stream_is_read_no_faster_than_it_is_admitted(tmp_path: Path) -> None:
    """While an envelope waits for admission the next ones stay with the client, however many a stream may have under
    way; afterwards all are answered in order."""
    store = Store(sqlite_url(tmp_path / "hub.db"))
    store.upgrade()
    try:
        asyncio.run(_stream_many(store))
    finally:
        store.close()


async def _stream_many(store: Store) -> None:
    begin_call("request-id", "SubmitStream", "")
    town, limits, stopping, metrics = Town(), Limits(), Stopping(), CallMetrics()
    writer = Writer(
        store,
        network_id=NETWORK_ID,
        key=key_of("hub"),
        clock=town.clock,
        commits=Commits(),
        deliver=asyncio.get_running_loop().call_soon_threadsafe,
    )
    writer.start()
    for envelope in (*town.founding(), town.envelope("grocer", town.enrol("anna"))):
        await asyncio.wrap_future(writer.submit(envelope))
    threads = Threads("admit", 1, 100, 30)
    submissions = Submissions(
        admission=Admission(store, network_id=NETWORK_ID, clock=town.clock),
        writer=writer,
        callers=Callers(
            network_id=NETWORK_ID,
            reference=store.reference,
            refresh=store.refresh,
            clock=town.clock,
            threads=threads,
            limits=limits,
        ),
        limits=limits,
        threads=threads,
        stopping=stopping,
        metrics=metrics,
        tracing=NO_TRACING,
    )
    # Large enough to be admitted in the thread, which has something else to do at first.
    large = [town.data("grocer", *(town.issue("anna", 1) for _ in range(300))) for _ in range(5)]
    read = 0

    async def requests() -> AsyncIterator[SubmitStreamRequest]:
        nonlocal read
        for data in large:
            read += 1
            yield SubmitStreamRequest(envelope=data)

    gate = threading.Event()
    busy = asyncio.create_task(threads.run(gate.wait))
    stream = SubmitStream(submissions, stopping, metrics, limits.stream_in_flight, "request-id")

    async def answers() -> list[int]:
        return [len(answer.response.outcomes) async for answer in stream.serve(requests())]

    serving = asyncio.create_task(answers())
    while read == 0:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert read == 1
    gate.set()
    assert await serving == [300] * 5
    await busy
    assert await asyncio.to_thread(writer.stop, 10)
    await asyncio.to_thread(threads.close)
