"""The hub's memory under load, over many holders."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from benchmarks import load
from benchmarks.figures import scaling
from benchmarks.life import Life
from benchmarks.processes import Server, hub
from benchmarks.progress import say
from benchmarks.rows import Row, Target, at_most
from benchmarks.run import SMALL, Run, draw
from benchmarks.sealing import seal_all
from benchmarks.town import Town

NAME: Final = "memory"
_EVERY_S: Final = 0.25
_ENVELOPES: Final = 20
_MIB: Final = 1 << 20
#: Growth below it cannot be told from noise.
_FLAT_MIB_A_MINUTE: Final = 1.0

#: Seconds and MiB.
Samples = list[tuple[float, float]]


def measure(run: Run) -> list[Row]:
    """A hub over many holders, then one over few, under the same load."""
    crowd = run.earlier(scaling.HOLDERS, run.scale.crowd)
    samples = _under_load(crowd, run.scale.load_s)
    few = _under_load(run.town("few holders in memory", SMALL), min(run.scale.load_s, 15))
    most, slope = max(size for _, size in samples), _slope(samples)
    return [
        Row(
            NAME,
            f"hub's memory over {crowd.size.holders:,} holders, {run.scale.load_s:g} s of load",
            most,
            "MiB",
            max(size for _, size in few),
            f"over {SMALL.holders:,} holders",
            (
                at_most(most, 400, "MiB"),
                Target(f"flat: ≤ {_FLAT_MIB_A_MINUTE:g} MiB a minute", slope <= _FLAT_MIB_A_MINUTE),
            ),
            f"{samples[0][1]:.0f} MiB at the start; {slope:+.2f} MiB a minute in the second half",
        )
    ]


def _under_load(town: Town, load_s: float) -> Samples:
    life = Life(town.size, NAME)
    with hub(town) as server, _watched(server) as samples:
        until_s = time.perf_counter() + load_s
        sent = 0
        while time.perf_counter() < until_s:
            envelopes = seal_all(town, draw(life, _ENVELOPES))
            sent += load.send(town, server.address, envelopes, 4).transactions
    say(f"{NAME}: {samples[-1][1]:.0f} MiB after {sent:,} transactions over {town.size.holders:,} holders")
    return samples


@contextmanager
def _watched(server: Server) -> Iterator[Samples]:
    """Looks again and again until the block ends."""
    samples: Samples = [(time.perf_counter(), server.memory_bytes() / _MIB)]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_EVERY_S):
            samples.append((time.perf_counter(), server.memory_bytes() / _MIB))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield samples
    finally:
        ended.set()
        watching.join()


def _slope(samples: Samples) -> float:
    """MiB a minute in the second half: in the first, caches fill."""
    later = samples[len(samples) // 2 :]
    slope, _ = statistics.linear_regression([at_s for at_s, _ in later], [size for _, size in later])
    return slope * 60
