"""Envelopes of one transaction, 64 under way: clients that do not gather, each call an envelope of its own."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Final

from benchmarks import load
from benchmarks.life import Life
from benchmarks.processes import Server, hub, verify_only
from benchmarks.progress import say
from benchmarks.rows import Row, at_least
from benchmarks.run import Run, draw, percentile
from benchmarks.sealing import Envelope, seal_all
from benchmarks.town import Town
from coalition.v1.ledger_service_pb2 import SubmitResponse

NAME: Final = "singles"
_AT_ONCE: Final = 64


def canned_answer(town: Town, server: Server, life: Life, path: Path) -> load.Check:
    """Keep a hub's answer for the ceiling's server to give, and check it there as if it were the right one: the load
    generator does the same work for both."""
    (envelope,) = seal_all(town, draw(life, 1, 1))
    answers: list[SubmitResponse] = []

    def keep(sent: Envelope, response: SubmitResponse) -> int:
        answers.append(response)
        return load.check_receipt(sent, response)

    load.send(town, server.address, [envelope], 1, keep)
    path.write_bytes(answers[0].SerializeToString())
    return lambda _, response: load.check_receipt(envelope, response)


def measure(run: Run) -> list[Row]:
    """The hub and a handler that only verifies, in turn."""
    town = run.town(NAME)
    life = Life(town.size, NAME, lag=512)
    answer = run.work / "answer"
    by_hub: list[load.Sent] = []
    by_ceiling: list[load.Sent] = []
    with hub(town) as served:
        check = canned_answer(town, served, life, answer)
        with verify_only(town, answer) as ceiling:
            for _ in range(run.scale.rounds):
                envelopes = seal_all(town, draw(life, run.scale.calls, 1))
                by_hub.append(load.send(town, served.address, envelopes, _AT_ONCE))
                by_ceiling.append(load.send(town, ceiling.address, envelopes, _AT_ONCE, check))
                rates = f"{by_hub[-1].transactions_per_s:,.0f}, ceiling {by_ceiling[-1].transactions_per_s:,.0f}"
                say(f"{NAME}: {rates}")
    rate = statistics.median(sent.transactions_per_s for sent in by_hub)
    most = statistics.median(sent.transactions_per_s for sent in by_ceiling)
    tail_ms = statistics.median(percentile(sent.latencies_ms, 0.99) for sent in by_hub)
    return [
        Row(
            NAME,
            f"envelopes of 1, {_AT_ONCE} under way, sealed before",
            rate,
            "tx/s",
            most,
            "the same load, a handler that only verifies",
            (at_least(rate / most, 0.7, "of the ceiling"),),
            f"p99 {tail_ms:.1f} ms; {sum(sent.rejected for sent in by_hub)} rejected",
        )
    ]
