"""Envelopes of 500 transactions over PostgreSQL, beside what the same server does by itself."""

from __future__ import annotations

import re
import secrets
import statistics
import subprocess
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from benchmarks import insertion, load, written
from benchmarks.building import build
from benchmarks.life import Life
from benchmarks.processes import hub
from benchmarks.progress import say
from benchmarks.rows import Row, at_least
from benchmarks.run import ENVELOPE, SMALL, Run, draw
from benchmarks.sealing import seal_all
from partner_sdk.testing._postgresql import LocalPostgres, installed, psql

NAME: Final = "postgresql"
_AT_ONCE: Final = (2, 4, 8)
_WARMING_UP: Final = 5
#: What anybody would set on a machine of this size; durability is as PostgreSQL has it by default.
_SETTINGS: Final = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
_BENCH_CLIENTS: Final = 8
_BENCH_SCALE: Final = 10
_BENCH_S: Final = 5
_RATE: Final = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Measured:
    """Transactions a second, round after round."""

    #: By the number of calls at once.
    by_hub: dict[int, list[float]] = field(default_factory=lambda: {at_once: [] for at_once in _AT_ONCE})
    copied: list[float] = field(default_factory=list)
    unnested: list[float] = field(default_factory=list)
    tpc_b: list[float] = field(default_factory=list)
    rejected: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        rates = (*self.by_hub.values(), self.copied, self.unnested, self.tpc_b)
        hub, copied, unnested, tpc_b = [f"{values[-1]:,.0f}" for values in rates[-4:]]
        return f"hub {hub}, COPY {copied}, unnest {unnested}, pgbench {tpc_b}"


def measure(run: Run) -> list[Row]:
    """The hub, bare insertion in two ways, and pgbench, in turn on one server."""
    with LocalPostgres(durable=True, settings=_SETTINGS) as server:
        return _rows(_measure(run, server))


def _measure(run: Run, server: LocalPostgres) -> _Measured:
    measured = _Measured()
    pristine = server.create_database()
    town = build(run.work / NAME, SMALL, pristine)
    life = Life(town.size, NAME)
    recorded = seal_all(town, draw(life, run.scale.envelopes))
    batches = written.record(run.town("recording"), recorded)
    _pgbench(server, "--initialize", f"--scale={_BENCH_SCALE}", "--quiet")
    with hub(town, _copy(server, pristine)) as served:
        warming_up, recorded = recorded[:_WARMING_UP], recorded[_WARMING_UP:]
        load.send(town, served.address, warming_up, 2)
        for _ in range(run.scale.rounds):
            for at_once, rates in measured.by_hub.items():
                # The recorded ones first: later ones build on them.
                envelopes = recorded or seal_all(town, draw(life, run.scale.envelopes))
                recorded = []
                sent = load.send(town, served.address, envelopes, at_once)
                rates.append(sent.transactions_per_s)
                measured.rejected.append(sent.rejected)
            measured.copied.append(insertion.insert_by_copy(_copy(server, pristine), batches))
            measured.unnested.append(insertion.insert_by_arrays(_copy(server, pristine), batches))
            measured.tpc_b.append(_tpc_b(server))
            say(f"{NAME}: {measured}")
    return measured


def _rows(measured: _Measured) -> list[Row]:
    medians = {at_once: statistics.median(rates) for at_once, rates in measured.by_hub.items()}
    rate = max(medians.values())
    copied, unnested = statistics.median(measured.copied), statistics.median(measured.unnested)
    what = f"envelopes of {ENVELOPE} over PostgreSQL, sealed before"
    note = "; ".join(f"{at_once} calls at once: {found:,.0f}" for at_once, found in medians.items())
    return [
        Row(
            NAME,
            what,
            rate,
            "tx/s",
            max(copied, unnested),
            f"insertion of the same rows (COPY {copied:,.0f}, unnest {unnested:,.0f})",
            (at_least(rate, 20_000, "tx/s"),),
            f"{note}; {sum(measured.rejected)} rejected",
        ),
        Row(
            f"{NAME}-pgbench",
            what,
            rate,
            "tx/s",
            statistics.median(measured.tpc_b),
            f"pgbench TPC-B on the same server, {_BENCH_CLIENTS} clients",
        ),
    ]


def _copy(server: LocalPostgres, pristine: str) -> str:
    """The URL of another database with the same in it. Nobody may be connected to the first."""
    original = unquote(urlsplit(pristine).path.lstrip("/"))
    name = f"copy_{secrets.token_hex(4)}"
    psql(server.url(), f"CREATE DATABASE {name} TEMPLATE {original} STRATEGY file_copy")
    return server.url(name)


def _tpc_b(server: LocalPostgres) -> float:
    output = _pgbench(server, f"--client={_BENCH_CLIENTS}", "--jobs=2", f"--time={_BENCH_S}")
    found = _RATE.search(output)
    assert found is not None, output
    return float(found[1])


def _pgbench(server: LocalPostgres, *options: str) -> str:
    command = [str(installed() / "bin" / "pgbench"), *options, server.url()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
