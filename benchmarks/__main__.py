"""Measures real hub processes over TLS on this machine: `python -m benchmarks [--quick | --large] [--only NAME]`.

Every commit is durable, every signature and receipt verified, the client runs beside the hub.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from benchmarks.figures import (
    callers,
    envelopes,
    following,
    memory,
    one_caller,
    postgresql,
    reconciliation,
    scaling,
    singles,
    starting,
    verifying,
    window,
)
from benchmarks.progress import say
from benchmarks.rows import Row, show
from benchmarks.run import LARGE, NORMAL, QUICK, Run

#: In this order: some look at what earlier ones have written.
FIGURES: Final[dict[str, Callable[[Run], list[Row]]]] = {
    envelopes.NAME: envelopes.measure,
    postgresql.NAME: postgresql.measure,
    callers.NAME: callers.measure,
    singles.NAME: singles.measure,
    one_caller.NAME: one_caller.measure,
    scaling.HOLDERS: scaling.holders,
    scaling.JOURNAL: scaling.journal,
    scaling.ONE_ISSUER: scaling.one_issuer,
    verifying.NAME: verifying.measure,
    following.NAME: following.measure,
    memory.NAME: memory.measure,
    starting.IMPORT: starting.importing,
    starting.START: starting.serving,
    window.NAME: window.measure,
    reconciliation.NAME: reconciliation.measure,
}


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, a couple of minutes.")
@click.option("--large", is_flag=True, help="Full sizes and ten minutes of load.")
@click.option("--only", multiple=True, type=click.Choice([*FIGURES]), help="Only these; may be given more than once.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/bench.json"), show_default=True)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path("out/bench"),
    show_default=True,
    help="Where built networks are kept for the next run.",
)
def main(quick: bool, large: bool, only: tuple[str, ...], out: Path, cache: Path) -> None:
    """Measure, print a table and write OUT."""
    if quick and large:
        raise click.UsageError("Give --quick or --large, not both.")
    scale = QUICK if quick else LARGE if large else NORMAL
    cache.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    # Beside what is kept, so that both are on the same disk, and copies cost little where the file system helps.
    with tempfile.TemporaryDirectory(dir=cache) as work:
        run = Run(scale, cache, Path(work).absolute())
        for name, measure in FIGURES.items():
            if not only or name in only:
                say(name)
                rows += measure(run)
    show(rows, out, scale.name)


if __name__ == "__main__":
    main()
