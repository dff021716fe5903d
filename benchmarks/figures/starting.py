"""How long it takes to begin: the SDK's import, and a hub with a database that exists."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from benchmarks.figures import scaling
from benchmarks.processes import hub
from benchmarks.rows import Row, at_most
from benchmarks.run import Run, in_turn

IMPORT: Final = "import"
START: Final = "start"
_TIMES: Final = 7


def importing(run: Run) -> list[Row]:
    """A process that imports the SDK, and one that does nothing."""
    figure_s, bare_s = in_turn(_TIMES, _process("import partner_sdk"), _process("pass"))
    row = Row(
        IMPORT, "import partner_sdk, whole process", figure_s, "s", bare_s, "an interpreter that does nothing",
        (at_most(figure_s, 0.3, "s"),),
    )  # fmt: skip
    return [row]


def serving(run: Run) -> list[Row]:
    """A hub from its start until it serves, over many holders; and a process that only imports what it needs."""
    town = run.earlier(scaling.HOLDERS, run.scale.crowd)

    def started_s() -> float:
        with hub(town) as server:
            return server.started_s

    figure_s, imports_s = in_turn(run.scale.rounds, started_s, _process("import network.cli.serve"))
    what = f"coalition hub serve until it serves, {town.size.holders:,} holders"
    targets = (at_most(figure_s, 2, "s"),)
    return [Row(START, what, figure_s, "s", imports_s, "a process that imports the hub", targets)]


def _process(statement: str) -> Callable[[], float]:
    def took_s() -> float:
        began_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True, timeout=60)
        return time.perf_counter() - began_s

    return took_s
