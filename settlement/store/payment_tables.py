"""The tables of bank accounts, bank statements, and what their entries are about."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from settlement.store.tables import metadata, runs

_TEXT: Final = String(140)

#: Every version of every party's bank account, as the party signed it.
bank_accounts: Final = Table(
    "bank_accounts",
    metadata,
    Column("party_id", String(32), primary_key=True),
    #: From 1.
    Column("number", Integer, primary_key=True, autoincrement=False),
    #: SHA-256 over the document, by which instructions name it.
    Column("digest", LargeBinary(32), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Column("recorded_us", BigInteger, nullable=False),
    UniqueConstraint("digest"),
)

#: Every bank file that was taken in, as it is, with the signed decision to take it in.
bank_statements: Final = Table(
    "bank_statements",
    metadata,
    #: SHA-256 over the file. The primary key makes it impossible to take one in twice.
    Column("digest", LargeBinary(32), primary_key=True),
    Column("file_name", String(100), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("note", String(200), nullable=False),
    Column("decided_us", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Column("recorded_us", BigInteger, nullable=False),
)

#: Every entry that a bank has booked, once, in whichever file it came first.
bank_entries: Final = Table(
    "bank_entries",
    metadata,
    Column("entry_id", LargeBinary(32), primary_key=True),
    #: Order in which they were taken in, from 1.
    Column("number", BigInteger, nullable=False),
    Column("statement_digest", ForeignKey(bank_statements.c.digest), nullable=False),
    Column("bank_reference", _TEXT, nullable=False),
    Column("amount_minor", BigInteger, CheckConstraint("amount_minor >= 0", name="amount_moved"), nullable=False),
    Column("credit", Boolean, nullable=False),
    Column("returned", Boolean, nullable=False),
    Column("rejected", Boolean, nullable=False),
    Column("return_reason", _TEXT, nullable=False),
    Column("booked_on", String(10), nullable=False),
    Column("end_to_end_id", _TEXT, nullable=False),
    Column("creditor_reference", _TEXT, nullable=False),
    Column("text", String(500), nullable=False),
    Column("counterparty", _TEXT, nullable=False),
    UniqueConstraint("number"),
)

#: What each entry is about: what the service found, and what people have said since. The last one holds.
entry_matches: Final = Table(
    "entry_matches",
    metadata,
    Column("entry_id", ForeignKey(bank_entries.c.entry_id), primary_key=True),
    #: From 1, which is what the service found.
    Column("number", Integer, primary_key=True, autoincrement=False),
    #: Whether a later one has taken its place.
    Column("replaced", Boolean, nullable=False),
    #: EntryState, and for an unmatched entry UnmatchedReason, else 0.
    Column("state", Integer, nullable=False),
    Column("reason", Integer, nullable=False),
    #: The instruction, its reference, and what the entry does to it; null, empty and 0 where it is about none.
    Column("run_id", ForeignKey(runs.c.run_id), nullable=True),
    Column("instruction", Integer, nullable=False),
    Column("reference", String(25), nullable=False),
    Column("effect", Integer, nullable=False),
    #: The number of the newest run at that time: what came late is carried into a run after it.
    Column("after_run", BigInteger, nullable=False),
    Column("note", String(200), nullable=False),
    #: The signed assignment; of what the service found, null: the statement's decision stands behind that.
    Column("decided_us", BigInteger, nullable=True),
    Column("document", LargeBinary, nullable=True),
    Column("public_key", LargeBinary(32), nullable=True),
    Column("signature", LargeBinary(64), nullable=True),
    Column("recorded_us", BigInteger, nullable=False),
    Index("ix_entry_matches_state", "state", "replaced"),
    Index("ix_entry_matches_run_id", "run_id", "replaced"),
)
