"""A front that says nothing any more is ended, and another takes its place."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from network.opening import open_hub
from network.processes.hub_processes import HubProcesses
from network.telemetry.tracing import NO_TRACING
from tests.network.conftest import PASSPHRASE, hub_folder

WAIT_S = 30.0


def children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def test_front_that_is_silent_is_replaced(tmp_path: Path) -> None:
    """A front that stands still, and whose callers would wait with it, is found out and gives way to another."""
    config, _ = hub_folder(tmp_path / "hub")

    async def run() -> None:
        before = children()
        hub = HubProcesses(
            open_hub(config, PASSPHRASE),
            listen="localhost:0",
            workers=1,
            metrics=None,
            clock_file=tmp_path / "hub.clock",
            log_format="json",
            steward=False,
            tracing=NO_TRACING,
            silence_s=1.0,
        )
        await hub.start()
        [silent] = children() - before
        os.kill(silent, signal.SIGSTOP)
        async with asyncio.timeout(WAIT_S):
            while not children() - before - {silent}:
                await asyncio.sleep(0.02)
        await hub.stop()
        assert children() == before

    asyncio.run(run())
