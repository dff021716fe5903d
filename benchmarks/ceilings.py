"""What the machine could do at most: the same durable rows without a ledger, the same signatures without a hub."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path

from coalition import dsse
from coalition.keys import SigningKey, verify

_ENTRY_BYTES = 320
_BATCHES = 20


def raw_insertion(folder: Path, batch: int) -> float:
    """Transactions a second when each is one row of a journal and one changed lot, in batches, every commit durable."""
    connection = sqlite3.connect(folder / "ceiling.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entries (sequence INTEGER PRIMARY KEY, id BLOB UNIQUE, body BLOB)")
    connection.execute("CREATE TABLE lots (holder TEXT PRIMARY KEY, points INTEGER) WITHOUT ROWID")
    bodies = [
        [
            (first * batch + row, hashlib.sha256(b"%d" % (first * batch + row)).digest()[:16], bytes(_ENTRY_BYTES))
            for row in range(batch)
        ]
        for first in range(_BATCHES)
    ]
    began = time.perf_counter()
    for rows in bodies:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)
        connection.executemany(
            "INSERT INTO lots VALUES (?, 1) ON CONFLICT DO UPDATE SET points = points + 1",
            [(f"member-{row[0] % 10_000}",) for row in rows],
        )
        connection.execute("COMMIT")
    elapsed_s = time.perf_counter() - began
    connection.close()
    return _BATCHES * batch / elapsed_s


def signature_checks(count: int = 2_000) -> float:
    """Ed25519 verifications a second on one core."""
    key = SigningKey.generate()
    signature = key.sign(dsse.ENVELOPE_HEADER, b"header")
    began = time.perf_counter()
    for _ in range(count):
        assert verify(signature, dsse.ENVELOPE_HEADER, b"header")
    return count / (time.perf_counter() - began)
