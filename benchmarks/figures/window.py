"""Closing a settlement window, however much has happened in it."""

from __future__ import annotations

import statistics
import time
from typing import Final

from benchmarks import load
from benchmarks.life import Life
from benchmarks.processes import hub
from benchmarks.progress import say
from benchmarks.rows import Row, at_most
from benchmarks.run import SMALL, Run, draw
from benchmarks.sealing import seal_all
from benchmarks.town import OPERATOR, Town
from partner_sdk.operator import Operator

NAME: Final = "window"
_FEW: Final = 1_000
_MOST_MS: Final = 50
#: How much longer it may take after many: as long as noise lets one tell.
_SAME: Final = 1.5


def measure(run: Run) -> list[Row]:
    """After many transactions once for each fresh copy of a long journal; after few in the windows that follow."""
    long = run.scale.long
    after_many: list[float] = []
    after_few: list[float] = []
    for number in range(run.scale.rounds):
        town = run.town(f"a window of {long.entries:,}", long)
        after_many.append(_close_ms(town, f"{NAME} {number}", [])[0])
        after_few += _close_ms(run.town("windows of few", SMALL), f"{NAME} {number}", [_FEW, _FEW])[1:]
        say(f"{NAME}: after {long.entries:,} {after_many[-1]:.1f} ms, after {_FEW:,} {after_few[-1]:.1f} ms")
    many_ms, few_ms = statistics.median(after_many), statistics.median(after_few)
    return [
        Row(
            NAME,
            f"closing a window after {long.entries:,} transactions",
            many_ms,
            "ms",
            few_ms,
            f"after {_FEW:,}",
            (at_most(many_ms, _MOST_MS, "ms"), at_most(many_ms / few_ms, _SAME, "times the other")),
            "the operator's call through the SDK",
        )
    ]


def _close_ms(town: Town, seed: str, transactions: list[int]) -> list[float]:
    """Milliseconds that closing takes: the open window first, then after so many transactions each."""
    life = Life(town.size, seed)
    took_ms = []
    with hub(town) as server, Operator(town.connection(OPERATOR, server.address)) as operator:
        # A hub that has answered before, as it will have in life.
        load.send(town, server.address, seal_all(town, draw(life, 4, 50)), 1)
        operator.network()
        for window, count in enumerate([0, *transactions], start=1):
            if count:
                load.send(town, server.address, seal_all(town, draw(life, count // 500)), 4)
            began_s = time.perf_counter()
            operator.close_window(window)
            took_ms.append((time.perf_counter() - began_s) * 1_000)
    return took_ms
