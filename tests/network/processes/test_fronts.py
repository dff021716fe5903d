"""A front that says nothing any more gives way to another, and none outlives those who started it."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

from network.opening import open_hub
from network.processes.desk import Desk
from network.processes.front_process import FrontProcess
from network.processes.hub_processes import HubProcesses
from network.processes.messages import Duty
from network.telemetry.tracing import NO_TRACING
from tests.network.conftest import PASSPHRASE, hub_folder
from tests.network.processes.one_loop import Hub, in_a_hub
from tests.network.town import key_of

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


def test_front_that_is_not_waited_for_is_not_left_behind(tmp_path: Path) -> None:
    """Whoever starts a front and is told to stop at that very moment, whichever it is, leaves no process."""
    config, _ = hub_folder(tmp_path / "hub")
    duty = Duty(config, key_of("hub").seed(), "localhost:0", None, tmp_path / "hub.clock", "json", False)

    async def test(hub: Hub) -> None:
        before = children()
        make_desk = partial(Desk, writer=hub.writer, store=hub.store, commits=hub.commits)
        begun = 0
        for rounds in range(10):
            starting = asyncio.create_task(FrontProcess.begin(duty, make_desk))
            for _ in range(rounds):
                await asyncio.sleep(0)
            starting.cancel()
            try:
                front = await starting
            except asyncio.CancelledError:
                begun += 1
            else:
                await front.stop(0)
            assert children() == before
        assert begun

    in_a_hub(tmp_path, test)
