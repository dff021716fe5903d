"""`coalition hub verify`, which replays a whole journal."""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing
from typing import Final

from benchmarks import load
from benchmarks.figures import envelopes
from benchmarks.life import Life
from benchmarks.processes import hub
from benchmarks.progress import say
from benchmarks.rows import Row, at_least
from benchmarks.run import SMALL, Run, draw
from benchmarks.sealing import seal_all
from benchmarks.town import Town
from coalition import dsse
from coalition.keys import verify
from coalition.merkle import Frontier, leaf_hash
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Transaction
from network.config import load_config

NAME: Final = "verify"
_LONGEST_S: Final = 1_200


def measure(run: Run) -> list[Row]:
    """The command from start to end, and a single pass over the same journal, in turn."""
    town = lived_in(run)
    rates, passes, entries = [], [], 0
    for _ in range(min(run.scale.rounds, 2)):
        began_s = time.perf_counter()
        entries = _verify(town)
        rates.append(entries / (time.perf_counter() - began_s))
        passes.append(single_pass(town))
        say(f"{NAME}: {rates[-1]:,.0f} entries/s, single pass {passes[-1]:,.0f}")
    rate = statistics.median(rates)
    return [
        Row(
            NAME,
            f"coalition hub verify of {entries:,} entries, start included",
            rate,
            "entries/s",
            statistics.median(passes),
            "decoding and hashing each entry once, checking each signature",
            (at_least(rate, 15_000, "entries/s"),),
        )
    ]


def lived_in(run: Run) -> Town:
    """A town where something has happened: that of an earlier row, or else a new one."""
    if envelopes.NAME in run.towns:
        return run.towns[envelopes.NAME]
    town = run.town(envelopes.NAME, SMALL)
    life = Life(town.size, NAME)
    with hub(town) as server:
        load.send(town, server.address, seal_all(town, draw(life, 2 * run.scale.envelopes)), 4)
    return town


def _verify(town: Town) -> int:
    """How many entries it found to be right. Raises CalledProcessError when it did not."""
    command = [sys.executable, "-m", "partner_sdk.cli", "hub", "verify", "--dir", str(town.folder), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_LONGEST_S)
    return int(json.loads(done.stdout)["entries"])


def single_pass(town: Town) -> float:
    """Entries a second of the least that whoever believes nothing must do."""
    frontier, entries = Frontier(), 0
    began_s = time.perf_counter()
    path = load_config(town.folder).database_file
    assert path is not None, "towns are files"
    with closing(sqlite3.connect(path)) as connection:
        for (body,) in connection.execute("SELECT body FROM entries ORDER BY sequence"):
            frontier.append(leaf_hash(body))
            _check(JournalEntry.FromString(body))
            entries += 1
        for header, signatures in connection.execute("SELECT header, signatures FROM envelopes"):
            for signature in JournalEnvelope.FromString(signatures).signatures:
                assert verify(signature, dsse.ENVELOPE_HEADER, header), "the journal is right"
        (root,) = connection.execute("SELECT root FROM head").fetchone()
    assert root == frontier.root(), "the journal is right"
    return entries / (time.perf_counter() - began_s)


def _check(entry: JournalEntry) -> None:
    transaction = Transaction.FromString(entry.transaction)
    Outcome.FromString(entry.outcome)
    consent: SignedDocument | None = getattr(
        getattr(transaction, transaction.WhichOneof("kind") or ""), "consent", None
    )
    if consent is not None and consent.document:
        assert verify(consent.signature, dsse.CONSENT, consent.document), "the journal is right"
