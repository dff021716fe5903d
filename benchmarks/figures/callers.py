"""Concurrent calls of one SDK client, a transaction each: the tills of a shop behind one server."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from benchmarks.life import Action, Life
from benchmarks.processes import Server, hub, verify_only
from benchmarks.progress import say
from benchmarks.rows import Row, at_least, at_most
from benchmarks.run import Run, of_one, percentile
from benchmarks.town import Town
from partner_sdk import AsyncClient
from partner_sdk.errors import Rejection

NAME: Final = "callers"
_AUTHOR: Final = "supermarket"
_CALLERS: Final = (16, 64, 256)
#: The callers that the targets are about.
_USUAL: Final = 64
#: No measurement lasts longer, however slow the hub is.
_LONGEST_S: Final = 6.0


@dataclass(slots=True)
class Called:
    """What became of calls."""

    elapsed_s: float = 0.0
    rejected: int = 0
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def calls_per_s(self) -> float:
        return len(self.latencies_ms) / self.elapsed_s


def call(town: Town, server: Server, callers: int, actions: deque[Action]) -> Called:
    """Have callers take one action after the other until there is none, or time is over."""
    return asyncio.run(_call(town, server, callers, actions))


async def _call(town: Town, server: Server, callers: int, actions: deque[Action]) -> Called:
    called = Called()
    async with AsyncClient(town.connection(_AUTHOR, server.address)) as client:
        # The connection is made by the first call.
        await actions.popleft().call(client)
        began_s = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(_keep_calling(client, actions, called, began_s + _LONGEST_S))
        called.elapsed_s = time.perf_counter() - began_s
    return called


async def _keep_calling(client: AsyncClient, actions: deque[Action], called: Called, until_s: float) -> None:
    while actions and (began_s := time.perf_counter()) < until_s:
        try:
            await actions.popleft().call(client)
        except Rejection:
            called.rejected += 1
        called.latencies_ms.append((time.perf_counter() - began_s) * 1_000)


def measure(run: Run) -> list[Row]:
    """The hub and a handler that only verifies, in turn, for each number of callers."""
    town = run.town(NAME)
    life = Life(town.size, NAME, of_one(_AUTHOR), lag=2_048)
    actions: deque[Action] = deque()
    by_hub: dict[int, list[Called]] = {callers: [] for callers in _CALLERS}
    by_ceiling: dict[int, list[Called]] = {callers: [] for callers in _CALLERS}
    with hub(town) as served, verify_only(town) as ceiling:
        for _ in range(run.scale.rounds):
            for callers in _CALLERS:
                # What was not called in time is called next, or later ones would build on what never was.
                actions.extend(life.singles(max(0, 2 * run.scale.calls - len(actions))))
                same = deque(actions)
                by_hub[callers].append(call(town, served, callers, actions))
                by_ceiling[callers].append(call(town, ceiling, callers, same))
                rates = f"{by_hub[callers][-1].calls_per_s:,.0f}, ceiling {by_ceiling[callers][-1].calls_per_s:,.0f}"
                say(f"{NAME}: {callers} at once: {rates}")
    return [_row(callers, by_hub[callers], by_ceiling[callers]) for callers in _CALLERS]


def _row(callers: int, measured: list[Called], ceiling: list[Called]) -> Row:
    rate = statistics.median(called.calls_per_s for called in measured)
    tail_ms = statistics.median(percentile(called.latencies_ms, 0.99) for called in measured)
    middle_ms = statistics.median(percentile(called.latencies_ms, 0.5) for called in measured)
    targets = (at_least(rate, 8_000, "calls/s"), at_most(tail_ms, 40, "ms p99")) if callers == _USUAL else ()
    return Row(
        f"{NAME}-{callers}",
        f"{callers} SDK calls at once, a transaction each",
        rate,
        "calls/s",
        statistics.median(called.calls_per_s for called in ceiling),
        "the same client, a handler that only verifies",
        targets,
        f"p50 {middle_ms:.1f} ms, p99 {tail_ms:.1f} ms; {sum(called.rejected for called in measured)} rejected",
    )
