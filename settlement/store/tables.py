"""The tables. What they hold follows from the journal and from signed decisions; no figure here is anybody's word."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from settlement.clearing.movements import Movement
from settlement.clearing.pools import Pool
from settlement.clearing.totals import SUM_MAX, Sum

_PARTY_ID: Final = String(32)
#: The row's own number on SQLite, which needs no index besides.
_SEQUENCE: Final = BigInteger().with_variant(Integer, "sqlite")

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: One row: how far the journal has been taken in. Written with everything that was derived from it.
progress: Final = Table(
    "progress",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("network_id", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("committed_us", BigInteger, nullable=False),
    Column("log_root", LargeBinary(32), nullable=False),
    #: The saved state of the SDK's JournalVerifier.
    Column("verifier", LargeBinary, nullable=False),
)

#: The service's own copy of the journal it has verified: the exact bytes of every JournalEntry.
entries: Final = Table(
    "entries",
    metadata,
    Column("sequence", _SEQUENCE, primary_key=True, autoincrement=False),
    Column("window_number", BigInteger, nullable=False),
    #: Whether the entry says what the network is: parties, keys, terms, policy, funds. The directory is learned from
    #: these anew at every start.
    Column("lesson", Boolean, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("ix_entries_lesson", "sequence", sqlite_where=text("lesson"), postgresql_where=text("lesson")),
)

#: The log's Merkle tree over these entries, in tiles of 256 hashes; see settlement/store/tree.py.
tiles: Final = Table(
    "tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: What authors may know their transactions by; the fields of settlement.clearing.record.Record.
records: Final = Table(
    "records",
    metadata,
    Column("sequence", _SEQUENCE, primary_key=True, autoincrement=False),
    Column("window_number", BigInteger, nullable=False),
    Column("committed_us", BigInteger, nullable=False),
    Column("author", _PARTY_ID, nullable=False),
    Column("transaction_id", LargeBinary(16), nullable=False),
    Column("kind", Integer, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("reference", String(64), nullable=False),
    Column("holder_id", String(64), nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("reason", Integer, nullable=False),
    Column("original_sequence", BigInteger, nullable=False),
    Column("about_id", LargeBinary(16), nullable=False),
    Column("purchase_minor", BigInteger, nullable=False),
)

windows: Final = Table(
    "windows",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("first_sequence", BigInteger, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    #: 0 while the window is open, as is `closed_us`.
    Column("last_sequence", BigInteger, nullable=False),
    Column("closed_us", BigInteger, nullable=False),
)

#: What entries move, line by line; the fields of settlement.clearing.movements.Movement.
movements: Final = Table(
    "movements",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    #: From 0: one for each issuer.
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("window_number", BigInteger, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("issuer", _PARTY_ID, nullable=False),
    Column("counterparty", _PARTY_ID, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in Movement._fields[3:]),
    sqlite_with_rowid=False,
)

#: What a window adds up to: its movements, summed. Who owes whom and what happened to points follows from these.
sums: Final = Table(
    "sums",
    metadata,
    Column("window_number", ForeignKey(windows.c.number), primary_key=True),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("issuer", _PARTY_ID, primary_key=True),
    Column("counterparty", _PARTY_ID, primary_key=True),
    *(
        Column(
            name,
            BigInteger,
            CheckConstraint(f"{name} BETWEEN 0 AND {SUM_MAX}", name=f"{name}_in_bounds"),
            nullable=False,
        )
        for name in Sum._fields
    ),
)

#: Points by the day on which they expire, summed by calendar month; see settlement.clearing.flows.
flows: Final = Table(
    "flows",
    metadata,
    Column("window_number", ForeignKey(windows.c.number), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("issuer", _PARTY_ID, primary_key=True),
    Column("expires_on", String(10), primary_key=True),
    Column("points", BigInteger, nullable=False),
    Column("purchase_minor", BigInteger, nullable=False),
    Column("sold_points", BigInteger, nullable=False),
)

#: What the operator holds of each issuer's money; see settlement.clearing.pools.
pools: Final = Table(
    "pools",
    metadata,
    Column("issuer", _PARTY_ID, primary_key=True),
    *(
        Column(name, BigInteger, CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative"), nullable=False)
        for name in Pool._fields
    ),
)

#: The hub's first checkpoint that covers all of a window; for the open one the newest.
checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("window_number", ForeignKey(windows.c.number), primary_key=True),
    #: Entries in the log that it signs.
    Column("size", BigInteger, nullable=False),
    #: A C2SP tlog-checkpoint in a signed note.
    Column("note", Text, nullable=False),
)

runs: Final = Table(
    "runs",
    metadata,
    Column("run_id", LargeBinary(16), primary_key=True),
    #: Order in which they were proposed, from 1.
    Column("number", BigInteger, nullable=False),
    #: A serialised RunPositions.
    Column("positions", LargeBinary, nullable=False),
    UniqueConstraint("number"),
)

run_windows: Final = Table(
    "run_windows",
    metadata,
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True),
    Column("window_number", ForeignKey(windows.c.number), primary_key=True),
)

#: Which run a window belongs to, unless that was aborted. The primary key makes it impossible to settle a window twice.
claims: Final = Table(
    "claims",
    metadata,
    Column("window_number", ForeignKey(windows.c.number), primary_key=True),
    Column("run_id", ForeignKey(runs.c.run_id), nullable=False),
)

#: Every instruction's reference: the primary key makes it impossible to give one a second time.
instructions: Final = Table(
    "instructions",
    metadata,
    Column("reference", String(25), primary_key=True),
    Column("run_id", ForeignKey(runs.c.run_id), nullable=False),
    #: Within the run, from 1.
    Column("number", Integer, nullable=False),
    UniqueConstraint("run_id", "number"),
)

#: Every change of a run with the signed document behind it, which says who, when and why. The state of a run, and of
#: its windows, is that of its last event and is kept nowhere else.
run_events: Final = Table(
    "run_events",
    metadata,
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True),
    #: From 1.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    #: RunAction.
    Column("action", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    #: The party that was confirmed; else empty.
    Column("party_id", _PARTY_ID, nullable=False),
    #: As in the document, as is `decided_us`.
    Column("note", String(200), nullable=False),
    Column("decided_us", BigInteger, nullable=False),
    #: The exact bytes of the decision, and the operator's signature over them.
    Column("document", LargeBinary, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    #: When the service took it in, by its clock.
    Column("recorded_us", BigInteger, nullable=False),
)

#: What an event meant for instructions. How each of them stands follows from all of these, in order.
run_payments: Final = Table(
    "run_payments",
    metadata,
    Column("run_id", LargeBinary(16), primary_key=True),
    Column("event_number", BigInteger, primary_key=True, autoincrement=False),
    #: From 0.
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("instruction", Integer, nullable=False),
    #: Numbered as settlement.runs.instructions.Happening.
    Column("happening", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    #: The bank's entry; empty where a person's word is all there is.
    Column("entry_id", LargeBinary, nullable=False),
    ForeignKeyConstraint(["run_id", "event_number"], [run_events.c.run_id, run_events.c.number]),
    ForeignKeyConstraint(["run_id", "instruction"], [instructions.c.run_id, instructions.c.number]),
)
