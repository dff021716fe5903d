"""Envelopes of 500 transactions, a few under way at once: what a large partner's nightly run or a busy till server
sends."""

from __future__ import annotations

import statistics
import time
from typing import Final, NamedTuple

from benchmarks import insertion, load, written
from benchmarks.life import Life
from benchmarks.processes import hub
from benchmarks.progress import say
from benchmarks.rows import Row, at_least
from benchmarks.run import ENVELOPE, Run, draw, of_one
from benchmarks.sealing import seal_all
from benchmarks.town import Town
from partner_sdk import Client

NAME: Final = "envelopes"
#: Envelopes that are not measured: what is read for the first time comes from the disk.
_WARMING_UP: Final = 5
_SDK_AUTHOR: Final = "greengrocer"


class Way(NamedTuple):
    """A way to have several envelopes under way."""

    name: str
    send: load.Sending
    at_once: int


WAYS: Final = (
    Way("2 calls at once", load.send, 2),
    Way("4 calls at once", load.send, 4),
    Way("8 calls at once", load.send, 8),
    Way("a stream, 4 under way", load.send_stream, 4),
)


def measure(run: Run) -> list[Row]:
    """The load generator in every way, the SDK's stream, and bare insertion, in turn."""
    scale, town = run.scale, run.town(NAME)
    life = Life(town.size, NAME)
    say("recording the rows that envelopes write")
    recorded = seal_all(town, draw(life, scale.envelopes))
    batches = written.record(run.town("recording"), recorded)
    rates: dict[str, list[float]] = {way.name: [] for way in WAYS}
    by_sdk: list[float] = []
    inserted: list[float] = []
    rejected = 0
    sdk_life = Life(town.size, f"{NAME} by the SDK", of_one(_SDK_AUTHOR))
    with hub(town) as server:
        warming_up, recorded = recorded[:_WARMING_UP], recorded[_WARMING_UP:]
        load.send(town, server.address, warming_up, 2)
        for number in range(scale.rounds):
            for way in WAYS:
                # The recorded ones first: later ones build on them.
                envelopes = recorded or seal_all(town, draw(life, scale.envelopes))
                recorded = []
                sent = way.send(town, server.address, envelopes, way.at_once)
                rates[way.name].append(sent.transactions_per_s)
                rejected += sent.rejected
            by_sdk.append(_through_the_sdk(town, server.address, sdk_life, scale.envelopes))
            inserted.append(insertion.insert(run.town("insertion"), batches))
            say(f"{NAME}, round {number + 1}: {_told(rates)}; SDK {by_sdk[-1]:,.0f}; insertion {inserted[-1]:,.0f}")
    medians = {name: statistics.median(values) for name, values in rates.items()}
    best = max(medians, key=lambda name: medians[name])
    ceiling = statistics.median(inserted)
    return [
        Row(
            NAME,
            f"envelopes of {ENVELOPE}, sealed before",
            medians[best],
            "tx/s",
            ceiling,
            "insertion of the same rows",
            (at_least(medians[best], 25_000, "tx/s"), at_least(medians[best] / ceiling, 0.5, "of insertion")),
            "; ".join(f"{name}: {rate:,.0f}" for name, rate in medians.items()) + f"; {rejected} rejected",
        ),
        Row(
            f"{NAME}-sdk",
            f"envelopes of {ENVELOPE}, sealed by the SDK while it sends",
            statistics.median(by_sdk),
            "tx/s",
            ceiling,
            "insertion of the same rows",
            note="Client.submit_stream; outcomes as typed values",
        ),
    ]


def _through_the_sdk(town: Town, address: str, life: Life, envelopes: int) -> float:

    actions = [action for envelope in draw(life, envelopes) for action in envelope]
    with Client(town.connection(_SDK_AUTHOR, address)) as client:
        client.network()
        began_s = time.perf_counter()
        outcomes = sum(1 for _ in client.submit_stream((action.draft() for action in actions), envelope_size=ENVELOPE))
        elapsed_s = time.perf_counter() - began_s
    assert outcomes == len(actions), "every transaction has its outcome"
    return len(actions) / elapsed_s


def _told(rates: dict[str, list[float]]) -> str:
    return ", ".join(f"{name} {values[-1]:,.0f}" for name, values in rates.items())
