"""Whatever somebody changes, and however well it is hidden, `verify` says where it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coalition.v1.envelope_pb2 import EnvelopeHeader
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import encode
from network.store.engine import sqlite_url
from network.store.errors import StoreError
from network.store.store import Store
from tests.network.town import key_of
from tests.network.verify.books import (
    change_body,
    checkpoint,
    leaves,
    places,
    rebuild_tree,
    tampering,
    verified,
)


def test_rewritten_commit_time_is_told_by_a_checkpoint(books: Path, copy: Path) -> None:
    """When something was committed is the hub's word alone; who holds an earlier word of it sees the change."""

    def delay(entry: JournalEntry) -> None:
        outcome = Outcome.FromString(entry.outcome)
        outcome.committed_us += 1_000
        entry.outcome = encode(outcome)

    size = len(leaves(books))
    with tampering(copy) as connection:
        [first] = connection.execute("SELECT max(first_sequence) FROM envelopes").fetchone()
        for sequence in range(first, size + 1):
            change_body(connection, sequence, delay)
        connection.execute("UPDATE head SET committed_us = committed_us + 1000")
        rebuild_tree(connection)
    assert verified(copy).ok
    assert places(verified(copy, checkpoint=checkpoint(books, size))) == [f"entry {size}, root of the log up to it"]


def test_changed_transaction_is_told_by_its_author_s_signature(copy: Path) -> None:
    """Somebody who changes points and makes the whole tree fit still has no key of the author."""

    def change(entry: JournalEntry) -> None:
        transaction = Transaction.FromString(entry.transaction)
        transaction.enrol.alias = "card-of-a-thief"
        entry.transaction = encode(transaction)

    sequence = 12
    with tampering(copy) as connection:
        change_body(connection, sequence, change)
        rebuild_tree(connection)
    report = verified(copy)
    assert [failure.expected for failure in report.failures] == ["what its author signed"]
    assert report.first_wrong_sequence is not None
    assert report.first_wrong_sequence <= sequence
    assert not report.complete


def test_changed_outcome_is_told_by_the_ledger(copy: Path) -> None:
    """Somebody who changes an outcome and makes the whole tree fit meets the ledger, which decides as it did before."""

    def change(entry: JournalEntry) -> None:
        outcome = Outcome.FromString(entry.outcome)
        outcome.balance.available_points += 1
        entry.outcome = encode(outcome)

    with tampering(copy) as connection:
        change_body(connection, 20, change)
        rebuild_tree(connection)
    report = verified(copy)
    assert report.first_wrong_sequence == 20
    assert "entry 20, outcome" in places(report)
    assert report.complete


def test_changed_signature_is_told(copy: Path) -> None:
    """No signature is taken on trust."""
    with tampering(copy) as connection:
        [raw] = connection.execute("SELECT signatures FROM envelopes WHERE first_sequence = 2").fetchone()
        envelope = JournalEnvelope.FromString(raw)
        envelope.signatures[0].signature = key_of("stranger").sign_raw(b"anything")
        connection.execute("UPDATE envelopes SET signatures = ? WHERE first_sequence = 2", (encode(envelope),))
    report = verified(copy)
    assert report.first_wrong_sequence == 2
    assert "Signature 0 does not match" in report.failures[0].found


def test_signature_of_somebody_else_is_told(copy: Path) -> None:
    """A right signature by a wrong key is worth nothing."""
    with tampering(copy) as connection:
        [header] = connection.execute("SELECT header FROM envelopes WHERE first_sequence = 2").fetchone()
        signature = key_of("grocer").sign("application/vnd.coalition.envelope-header.v1+protobuf", header)
        raw = encode(JournalEnvelope(signatures=[signature]))
        connection.execute("UPDATE envelopes SET signatures = ? WHERE first_sequence = 2", (raw,))
    report = verified(copy)
    assert report.first_wrong_sequence == 2
    assert "is not a key of operator" in report.failures[0].found


def test_header_of_another_network_is_told(copy: Path) -> None:
    """An envelope that its author signed for another network does not count in this one."""
    with tampering(copy) as connection:
        [raw] = connection.execute("SELECT header FROM envelopes WHERE first_sequence = 2").fetchone()
        header = EnvelopeHeader.FromString(raw)
        header.network_id = "village"
        signed = encode(header)
        signature = key_of("operator").sign("application/vnd.coalition.envelope-header.v1+protobuf", signed)
        row = (signed, encode(JournalEnvelope(signatures=[signature])))
        connection.execute("UPDATE envelopes SET header = ?, signatures = ? WHERE first_sequence = 2", row)
    report = verified(copy)
    assert report.first_wrong_sequence == 2
    assert "village" in report.failures[0].found


@pytest.mark.parametrize("sequence", [1, 2, 30])
def test_missing_entry_is_told(copy: Path, sequence: int) -> None:
    """A gap in the sequences is where the replay ends."""
    with tampering(copy) as connection:
        connection.execute("DELETE FROM entries WHERE sequence = ?", (sequence,))
    report = verified(copy)
    assert report.first_wrong_sequence == sequence
    assert not report.complete


def test_missing_envelope_is_told(copy: Path) -> None:
    """Entries without proof of their authorship do not count."""
    with tampering(copy) as connection:
        connection.execute("DELETE FROM envelopes WHERE first_sequence = 6")
    report = verified(copy)
    assert not report.ok
    assert any(where.startswith("table entries, row") for where in places(report))


def test_swapped_entries_are_told(copy: Path) -> None:
    """Order is part of what the journal says."""
    with tampering(copy) as connection:
        connection.execute("UPDATE entries SET sequence = -1 WHERE sequence = 20")
        connection.execute("UPDATE entries SET sequence = 20 WHERE sequence = 21")
        connection.execute("UPDATE entries SET sequence = 21 WHERE sequence = -1")
        rebuild_tree(connection)
    report = verified(copy)
    assert report.first_wrong_sequence in range(2, 21)


def test_points_moved_between_holders_are_told(copy: Path) -> None:
    """A theft that keeps every sum right is found where it happened, at both ends."""
    with tampering(copy) as connection:
        rows = connection.execute("SELECT holder_id, points FROM holders WHERE points > 0 ORDER BY points").fetchall()
        (rich, _), (poor, _) = rows[-1], rows[0]
        for holder_id, change in ((rich, -1), (poor, 1)):
            connection.execute("UPDATE holders SET points = points + ? WHERE holder_id = ?", (change, holder_id))
            connection.execute(
                "UPDATE lots SET points = points + ? WHERE (holder_id, issuer, expires_on, available_on) IN ("
                "SELECT holder_id, issuer, expires_on, available_on FROM lots "
                "WHERE holder_id = ? ORDER BY points DESC LIMIT 1)",
                (change, holder_id),
            )
    report = verified(copy)
    wrong = {where for where in places(report) if where.endswith("column points")}
    assert len(wrong) == 4
    assert len([where for where in wrong if f"'{rich}'" in where]) == 2


def test_missing_and_surplus_rows_are_told(copy: Path) -> None:
    """Rows of a projection that the journal does not lead to are named, and so are those that it does."""
    with tampering(copy) as connection:
        connection.execute("DELETE FROM nonces WHERE nonce = (SELECT max(nonce) FROM nonces)")
        connection.execute("INSERT INTO aliases VALUES ('card-of-a-thief', 'member-1')")
    found = {failure.where: (failure.expected, failure.found) for failure in verified(copy).failures}
    assert found["table aliases, alias 'card-of-a-thief'"][0] == "no such row"
    assert [what[1] for where, what in found.items() if where.startswith("table nonces")] == ["no such row"]


def test_missing_guard_is_told(copy: Path) -> None:
    """A database whose journal can be changed is not in order, even while nobody has changed it."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("DROP TRIGGER guard_entries_update")
        connection.commit()
    assert places(verified(copy)) == ["trigger guard_entries_update"]


def test_database_of_another_version_is_told(copy: Path) -> None:
    """A database that some other version wrote is checked as far as it can be, and does not pass."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    assert places(verified(copy)) == ["the schema's version"]


def test_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """Whatever lies there, the answer is a report."""
    path = tmp_path / "hub.db"
    path.write_bytes(b"no database " * 1_000)
    report = verified(path)
    assert places(report) == ["the database"]
    assert not report.ok


def test_schema_that_is_not_text_is_told(copy: Path) -> None:
    """Even where the driver cannot read its own error, because it quotes what is broken."""
    content = copy.read_bytes()
    assert content.count(b"CREATE TRIGGER guard_head_update") == 1
    copy.write_bytes(content.replace(b"CREATE TRIGGER guard_head_update", b"CREATE TRIGGER guard_he\xd6d_update"))
    report = verified(copy)
    assert not report.ok
    assert report.failures
    store = Store(sqlite_url(copy))
    with pytest.raises(StoreError, match="cannot be opened"):
        store.upgrade()
    store.close()


def test_report_is_bounded(copy: Path) -> None:
    """Of very many failures the first are listed and the others counted."""
    with tampering(copy) as connection:
        connection.execute("UPDATE holders SET enrolled_by = 'nobody'")
    report = verified(copy)
    assert (len(report.failures), report.unlisted > 0) == (100, True)
