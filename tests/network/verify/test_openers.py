"""With processes that check signatures, `verify` finds what it finds without them, and believes none that ended."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coalition import dsse
from coalition.envelope import envelope_digest
from coalition.keys import SigningKey
from coalition.merkle import root_over
from coalition.v1.envelope_pb2 import EnvelopeHeader
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import encode
from network.reopening.openers import OpenerLostError
from tests.network.town import key_of
from tests.network.verify.books import change_body, rebuild_tree, tampering, verified

Tamper = Callable[[sqlite3.Connection], None]
LATE = 60


def forge_signature(connection: sqlite3.Connection) -> None:
    """Of a late envelope."""
    [first, raw] = connection.execute(
        "SELECT first_sequence, signatures FROM envelopes WHERE first_sequence > ? LIMIT 1", (LATE,)
    ).fetchone()
    envelope = JournalEnvelope.FromString(raw)
    envelope.signatures[0].signature = SigningKey.generate().sign_raw(b"anything")
    connection.execute("UPDATE envelopes SET signatures = ? WHERE first_sequence = ?", (encode(envelope), first))


def forge_consent(connection: sqlite3.Connection) -> None:
    """With the author's help, who signs the envelope anew, and in a log that fits."""
    for first, header in connection.execute("SELECT first_sequence, header FROM envelopes").fetchall():
        rows = connection.execute(
            "SELECT sequence, body FROM entries WHERE first_sequence = ? ORDER BY sequence", (first,)
        ).fetchall()
        entries = {sequence: JournalEntry.FromString(body) for sequence, body in rows}
        transactions = {n: Transaction.FromString(entry.transaction) for n, entry in entries.items()}
        redeemed = [n for n, transaction in transactions.items() if transaction.redeem.HasField("consent")]
        if len(entries) == EnvelopeHeader.FromString(header).transaction_count and redeemed:
            break
    transactions[redeemed[0]].redeem.consent.signature.signature = SigningKey.generate().sign_raw(b"anything")
    signed = EnvelopeHeader.FromString(header)
    signed.transactions_root = root_over([encode(transaction) for transaction in transactions.values()])
    data = encode(signed)
    signature = key_of(signed.author).sign(dsse.ENVELOPE_HEADER, data)
    connection.execute(
        "UPDATE envelopes SET header = ?, signatures = ? WHERE first_sequence = ?",
        (data, encode(JournalEnvelope(signatures=[signature])), first),
    )
    for sequence, entry in entries.items():
        entry.envelope_digest = envelope_digest(data)
        entry.transaction = encode(transactions[sequence])
        connection.execute("UPDATE entries SET body = ? WHERE sequence = ?", (encode(entry), sequence))
    rebuild_tree(connection)


def flip_body(connection: sqlite3.Connection) -> None:
    [body] = connection.execute("SELECT body FROM entries WHERE sequence = ?", (LATE,)).fetchone()
    changed = body[:-1] + bytes([body[-1] ^ 1])
    connection.execute("UPDATE entries SET body = ? WHERE sequence = ?", (changed, LATE))


def raise_balance(connection: sqlite3.Connection) -> None:
    def change(entry: JournalEntry) -> None:
        outcome = Outcome.FromString(entry.outcome)
        outcome.balance.available_points += 1
        entry.outcome = encode(outcome)

    change_body(connection, LATE, change)
    rebuild_tree(connection)


def lose_entry(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM entries WHERE sequence = ?", (LATE,))


def lose_envelope(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM envelopes WHERE first_sequence = 6")


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (forge_signature, "what its author signed"),
        (forge_consent, "what its author signed"),
        (flip_body, None),
        (raise_balance, None),
        (lose_entry, None),
        (lose_envelope, None),
    ],
)
def test_the_same_is_found(copy: Path, tamper: Tamper, expected: str | None) -> None:
    """Whatever is wrong, every word of the report is that of a single process."""
    with tampering(copy) as connection:
        tamper(connection)
    alone, together = verified(copy, openers=0), verified(copy, openers=2)
    assert together == alone
    assert not together.ok
    assert together.first_wrong_sequence is not None
    if expected is not None:
        assert together.failures[0].expected == expected
        assert "ignature" in together.failures[0].found


def test_unreadable_page_is_found_where_it_is(copy: Path) -> None:
    """What was read ahead of it is checked first."""
    pages = range(20, copy.stat().st_size // 4_096, 40)
    content = copy.read_bytes()
    found = 0
    for page in pages:
        copy.write_bytes(content[: page * 4_096] + bytes(4_096) + content[(page + 1) * 4_096 :])
        alone = verified(copy, openers=0)
        assert verified(copy, openers=1) == alone
        found += not alone.ok
    assert found


def test_books_are_in_order(books: Path) -> None:
    """The same root after the same number of entries, and progress in the same steps."""
    alone: list[int] = []
    together: list[int] = []
    expected = verified(books, openers=0, progress=lambda done, _: alone.append(done))
    assert expected.ok
    assert verified(books, openers=2, progress=lambda done, _: together.append(done)) == expected
    assert together == alone


def test_small_file_is_checked_alone(books: Path) -> None:
    """Unless somebody says otherwise: no process could be there in time."""
    others = children(os.getpid())
    seen: set[int] = set()
    assert verified(books, progress=lambda _done, _all: seen.update(children(os.getpid()))).ok
    assert seen <= others


def test_opener_that_dies_is_no_report(books: Path) -> None:
    """Nothing is said about a database that was not checked to its end."""

    # A database server, for example.
    others = children(os.getpid())

    def kill_the_first() -> None:
        while not (started := children(os.getpid()) - others):
            time.sleep(0.002)
        os.kill(min(started), signal.SIGKILL)

    with ThreadPoolExecutor(1) as killers:
        killed = killers.submit(kill_the_first)
        with pytest.raises(OpenerLostError, match="ended with code -9"):
            verified(books, openers=2)
        killed.result()
    assert children(os.getpid()) == others


def children(process_id: int) -> set[int]:
    """Processes that a process has started and not yet seen end."""
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}
