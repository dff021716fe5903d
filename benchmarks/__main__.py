"""Measures a real hub process over TLS on this machine: `python -m benchmarks [--out FILE]`.

Every commit is durable, every signature and receipt verified, the client runs beside the hub.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.ceilings import raw_insertion, signature_checks
from benchmarks.rows import Row, show
from partner_sdk import Client, drafts
from partner_sdk.testing import LocalNetwork

_HOLDERS = 2_000
_ENVELOPE = 500
_ENVELOPES = 40
_CALLS = 400
_AT_ONCE = 64


def _enrol(client: Client) -> list[str]:
    holders = [f"member-{number}" for number in range(_HOLDERS)]
    client.submit([drafts.enrol(holder) for holder in holders])
    return holders


def _envelopes(client: Client, holders: list[str], ceiling: float) -> Row:
    pending = [
        [drafts.issue(holders[(first + row) % _HOLDERS], 1 + row % 90) for row in range(_ENVELOPE)]
        for first in range(0, _ENVELOPES * _ENVELOPE, _ENVELOPE)
    ]
    began = time.perf_counter()
    for envelope in pending:
        client.submit(envelope)
    rate = _ENVELOPES * _ENVELOPE / (time.perf_counter() - began)
    return Row(f"issues in envelopes of {_ENVELOPE}, one after the other", rate, "tx/s", ceiling, "raw insertion")


def _one_caller(client: Client, holders: list[str]) -> list[Row]:
    times_ms = []
    for call in range(_CALLS):
        began = time.perf_counter()
        client.issue(holders[call % _HOLDERS], 5)
        times_ms.append((time.perf_counter() - began) * 1_000)
    times_ms.sort()
    return [
        Row("one caller, one at a time: median", statistics.median(times_ms), "ms"),
        Row("one caller, one at a time: 99th percentile", times_ms[int(len(times_ms) * 0.99)], "ms"),
    ]


def _many_callers(network: LocalNetwork, holders: list[str], ceiling: float) -> Row:
    async def call_all() -> float:
        async with network.async_client("grocer") as client:

            async def call(first: int) -> None:
                for number in range(_CALLS // 8):
                    await client.issue(holders[(first + number) % _HOLDERS], 3)

            began = time.perf_counter()
            await asyncio.gather(*(call(first) for first in range(_AT_ONCE)))
            return _AT_ONCE * (_CALLS // 8) / (time.perf_counter() - began)

    name = f"{_AT_ONCE} callers at once, a transaction an envelope"
    return Row(name, asyncio.run(call_all()), "calls/s", ceiling, "signature checks")


def _verify(network: LocalNetwork) -> Row:
    command = [sys.executable, "-m", "partner_sdk.cli", "hub", "verify", "--dir", str(network.folder / "hub"), "--json"]
    began = time.perf_counter()
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout
    entries = int(json.loads(output)["entries"])
    return Row("coalition hub verify, start included", entries / (time.perf_counter() - began), "entries/s")


def _import_time() -> Row:
    def once() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import partner_sdk"], check=True, timeout=60)
        return time.perf_counter() - began

    def bare() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True, timeout=60)
        return time.perf_counter() - began

    def median(measure: Callable[[], float]) -> float:
        return statistics.median(measure() for _ in range(5))

    return Row("import partner_sdk", (median(once) - median(bare)) * 1_000, "ms")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/bench.json"), show_default=True)
def main(out: Path) -> None:
    """Measure, print a table and write OUT."""
    with tempfile.TemporaryDirectory() as folder:
        insertion = raw_insertion(Path(folder), _ENVELOPE)
    signatures = signature_checks()
    with LocalNetwork() as network:
        client = network.client("grocer")
        holders = _enrol(client)
        rows = [
            _envelopes(client, holders, insertion),
            *_one_caller(client, holders),
            _many_callers(network, holders, signatures),
            _verify(network),
            _import_time(),
        ]
    show(rows, out)


if __name__ == "__main__":
    main()
