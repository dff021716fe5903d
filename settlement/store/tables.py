"""The tables. What they hold follows from the journal and from signed decisions; no figure here is anybody's word."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from settlement.clearing.totals import OWED_MICROS_MAX, Activity

_PARTY_ID: Final = String(32)

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

#: Entries that say what the network is: parties, keys, terms, policy, funds. The directory is learned from them anew
#: at every start.
lessons: Final = Table(
    "lessons",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("window_number", BigInteger, nullable=False),
    Column("author", _PARTY_ID, nullable=False),
    Column("transaction_bytes", LargeBinary, nullable=False),
    Column("outcome_bytes", LargeBinary, nullable=False),
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

#: Gross: in this window, the debtor owes the creditor.
obligations: Final = Table(
    "obligations",
    metadata,
    Column("window_number", ForeignKey(windows.c.number), primary_key=True),
    Column("debtor", _PARTY_ID, primary_key=True),
    Column("creditor", _PARTY_ID, primary_key=True),
    Column("points", BigInteger, CheckConstraint("points >= 0", name="points_owed"), nullable=False),
    Column(
        "amount_micros",
        BigInteger,
        CheckConstraint(f"amount_micros BETWEEN 0 AND {OWED_MICROS_MAX}", name="amount_owed"),
        nullable=False,
    ),
    CheckConstraint("debtor <> creditor", name="two_parties"),
)

activity: Final = Table(
    "activity",
    metadata,
    Column("window_number", ForeignKey(windows.c.number), primary_key=True),
    Column("party_id", _PARTY_ID, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in Activity._fields),
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

#: Every change of a run's state with the signed decision behind it, which says who, when and why. The state of a run,
#: and of its windows, is that of its last event and is kept nowhere else.
run_events: Final = Table(
    "run_events",
    metadata,
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True),
    #: From 1.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Integer, nullable=False),
    #: The exact bytes of the RunDecision, and the operator's signature over them.
    Column("document", LargeBinary, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    #: When the service took it in, by its clock.
    Column("recorded_us", BigInteger, nullable=False),
)
