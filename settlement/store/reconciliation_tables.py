"""The tables of reconciliations: how parties' records are read, and what was recorded of comparing them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table, UniqueConstraint

from settlement.store.tables import metadata

_PARTY_ID: Final = String(32)

records_mappings: Final = Table(
    "records_mappings",
    metadata,
    Column("party_id", _PARTY_ID, primary_key=True),
    #: A serialised RecordsMapping.
    Column("mapping", LargeBinary, nullable=False),
    #: The party that confirmed it, and when, by the service's clock.
    Column("confirmed_by", _PARTY_ID, nullable=False),
    Column("confirmed_us", BigInteger, nullable=False),
)

reconciliations: Final = Table(
    "reconciliations",
    metadata,
    Column("reconciliation_id", LargeBinary(16), primary_key=True),
    #: Order in which they were recorded, from 1.
    Column("number", BigInteger, nullable=False),
    Column("party_id", _PARTY_ID, nullable=False),
    Column("recorded_us", BigInteger, nullable=False),
    #: A serialised ReconciliationSummary.
    Column("summary", LargeBinary, nullable=False),
    #: How many there are, listed or not.
    Column("difference_count", BigInteger, nullable=False),
    #: Messages of Differences, each behind its length, compressed with zlib: at most 100,000 differences.
    Column("differences", LargeBinary, nullable=False),
    UniqueConstraint("number"),
    Index("ix_reconciliations_party_id", "party_id", "number"),
)

#: Which reconciliation of a party is the last about a window. Differences of others are history.
reconciled_windows: Final = Table(
    "reconciled_windows",
    metadata,
    Column("party_id", _PARTY_ID, primary_key=True),
    #: No foreign key: the books may be made anew, what was recorded may not.
    Column("window_number", BigInteger, primary_key=True, autoincrement=False),
    Column("reconciliation_id", ForeignKey(reconciliations.c.reconciliation_id), nullable=False),
    Index("ix_reconciled_windows_reconciliation_id", "reconciliation_id"),
)
