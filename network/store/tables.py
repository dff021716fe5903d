"""Every table of the hub's database, with the names of its constraints.

The journal's tables (envelopes, entries, tiles) are the truth and the head says where it ends; all others but the codes
are projections that can be rebuilt from it. The columns of a projection are the fields of its record in
network.ledger.records. Counts, sequences and microseconds are 64-bit integers, days are ISO 8601 text, transaction ids
16 raw bytes.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: Final = MetaData(naming_convention=NAMING)

# SQLite makes a column its row's own number, and drops a whole index, only where the type is called INTEGER.
_Count: Final = BigInteger().with_variant(Integer(), "sqlite")


def _table(name: str, *parts: Any, clustered: bool = True) -> Table:
    """A table of small rows, in SQLite stored in the order of the primary key; or not `clustered`, where rows are large
    or the key is the row's number."""
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=not clustered)


def _key(name: str, kind: Any = Text) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _blob(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, _Count, nullable=False)


def _number(name: str) -> Column[int]:
    """A small number: an enum's value, hundredths of a percent."""
    return Column(name, Integer, nullable=False)


def _holds(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


# The journal ---------------------------------------------------------------------------------------------------------

#: The end of the journal, one row. Its lock is the writer's lock.
head: Final = _table(
    "head",
    _key("id", Integer),
    _count("sequence"),
    _count("committed_us"),
    _count("window"),
    #: The last entry that changed a reference table.
    _count("reference_sequence"),
    #: Roots of the complete subtrees, largest first, 32 bytes each.
    _blob("frontier"),
    _blob("root"),
    _holds("one_row", "id = 1"),
    clustered=False,
)

#: What proves the authorship of the entries from `first_sequence` on.
envelopes: Final = _table(
    "envelopes",
    _key("first_sequence", _Count),
    _text("author"),
    #: The exact bytes that were signed.
    _blob("header"),
    #: A JournalEnvelope with nothing but its signatures.
    _blob("signatures"),
    #: A JournalEnvelope with nothing but its replayed transactions; empty where there are none.
    _blob("replayed"),
    Index(None, "author", "first_sequence"),
    clustered=False,
)

#: One leaf of the log a row; the other columns repeat what is in `body`, to be found by.
entries: Final = _table(
    "entries",
    _key("sequence", _Count),
    Column("first_sequence", _Count, ForeignKey("envelopes.first_sequence"), nullable=False),
    _text("author"),
    _blob("transaction_id"),
    #: A TransactionKind.
    _number("kind"),
    #: The holder whose history it belongs to, empty for none; and the other one: fund of a donation, recipient of a
    #: transfer.
    _text("holder_id"),
    _text("counterparty_id"),
    #: RFC 6962 leaf hash of `body`.
    _blob("leaf_hash"),
    #: The exact bytes of the JournalEntry.
    _blob("body"),
    UniqueConstraint("author", "transaction_id"),
    Index(None, "author", "sequence"),
    Index(
        None,
        "holder_id",
        "sequence",
        sqlite_where=text("holder_id != ''"),
        postgresql_where=text("holder_id != ''"),
    ),
    Index(
        None,
        "counterparty_id",
        "sequence",
        sqlite_where=text("counterparty_id != ''"),
        postgresql_where=text("counterparty_id != ''"),
    ),
    clustered=False,
)

#: Full tiles of the Merkle tree, as C2SP tlog-tiles numbers them: 256 hashes each.
tiles: Final = _table(
    "tiles",
    _key("level", Integer),
    _key("position", _Count),
    _blob("hashes"),
    #: The hash over all of the tile: one of the hashes of the tile above.
    _blob("root"),
    clustered=False,
)

# The network ---------------------------------------------------------------------------------------------------------

network: Final = _table(
    "network",
    _key("network_id"),
    _text("time_zone"),
    _text("currency"),
    _number("currency_exponent"),
    _text("operator"),
    _text("hub"),
)

policies: Final = _table(
    "policies",
    _key("sequence", _Count),
    _text("effective_on"),
    #: The exact bytes of the Policy.
    _blob("policy"),
    clustered=False,
)

#: `keys` and `revoked_keys` hold raw public keys of 32 bytes, one after the other.
parties: Final = _table(
    "parties",
    _key("party_id"),
    _number("kind"),
    _text("display_name"),
    _number("status"),
    _blob("keys"),
    _blob("revoked_keys"),
)

terms: Final = _table(
    "terms",
    _key("party_id"),
    _key("sequence", _Count),
    _text("effective_on"),
    _count("price_micros"),
    _count("reimbursement_micros"),
    _count("issue_fee_micros"),
    _number("prefunded_bps"),
    _count("outstanding_points_max"),
)

campaigns: Final = _table(
    "campaigns",
    _key("fund_id"),
    _text("campaign_id"),
    _text("charity"),
    _text("title"),
    _count("goal_points"),
    _text("starts_on"),
    _text("ends_on"),
)

# Holders and their points --------------------------------------------------------------------------------------------

holders: Final = _table(
    "holders",
    _key("holder_id"),
    _number("kind"),
    _number("status"),
    _text("enrolled_by"),
    #: Raw public keys of 32 bytes, one after the other.
    _blob("keys"),
    _count("points"),
    _count("held_points"),
    _count("raised_points"),
    _holds("points", "points >= 0"),
    _holds("held_points", "held_points >= 0"),
)

aliases: Final = _table("aliases", _key("alias"), _text("holder_id"), Index(None, "holder_id"))

lots: Final = _table(
    "lots",
    _key("holder_id"),
    _key("issuer"),
    _key("expires_on"),
    _key("available_on"),
    _count("opened"),
    _count("points"),
    _holds("points", "points > 0"),
    Index(None, "expires_on"),
)

arrears: Final = _table(
    "arrears",
    _key("holder_id"),
    _key("issuer"),
    _count("points"),
    _holds("points", "points > 0"),
)

holds: Final = _table(
    "holds",
    _key("acceptor"),
    _key("hold_id", LargeBinary),
    _text("holder_id"),
    _count("points"),
    _count("expires_us"),
    _number("status"),
    #: An Outcome with nothing but allocations.
    _blob("parts"),
    _holds("points", "points >= 0"),
    # Those that a sweep releases; 1 is HoldStatus.OPEN.
    Index(None, "expires_us", sqlite_where=text("status = 1"), postgresql_where=text("status = 1")),
)

#: Documents that were used, by whoever signed them.
nonces: Final = _table("nonces", _key("who"), _key("nonce", LargeBinary), _count("sequence"))

#: How much of an issue, redemption or capture was taken back; no row where nothing was.
reversals: Final = _table(
    "reversals",
    _key("author"),
    _key("transaction_id", LargeBinary),
    _count("reversed_points"),
    _holds("reversed_points", "reversed_points > 0"),
)

totals: Final = _table(
    "totals",
    _key("issuer"),
    _count("issued"),
    _count("issue_reversed"),
    _count("redeemed"),
    _count("redeem_reversed"),
    _count("expired"),
    _count("adjusted"),
    _count("in_lots"),
    _count("in_holds"),
    _count("arrears"),
    _holds("in_lots", "in_lots >= 0"),
    _holds("in_holds", "in_holds >= 0"),
    _holds("arrears", "arrears >= 0"),
)

usage: Final = _table(
    "usage",
    #: A Usage: what the daily limit counts.
    _key("what", Integer),
    _key("who"),
    _key("day"),
    _count("points"),
)

pledges: Final = _table(
    "pledges",
    _key("holder_id"),
    _key("pledge_id", LargeBinary),
    _text("fund_id"),
    _number("share_bps"),
    _count("points_max"),
    _text("ends_on"),
    _number("status"),
    _count("granted_us"),
    _count("accrued_bps"),
    _count("donated_points"),
    _count("due_points"),
    # Those that a sweep has to give.
    Index(None, "holder_id", sqlite_where=text("due_points > 0"), postgresql_where=text("due_points > 0")),
)

# Not of the ledger ---------------------------------------------------------------------------------------------------

#: One-time codes, by the request that each was made for. Not part of the journal: what a code was exchanged for is.
codes: Final = _table(
    "codes",
    _key("holder_id"),
    _key("nonce", LargeBinary),
    _blob("salt"),
    _blob("code_hash"),
    _count("points_max"),
    _count("expires_us"),
    #: Wrong tries.
    _number("failures"),
    #: Who exchanged it, empty for nobody yet; and the SignedDocument it was given, empty likewise.
    _text("acceptor"),
    _blob("consent"),
    Index(None, "expires_us"),
)

#: What is never changed or deleted.
JOURNAL: Final = (envelopes, entries, tiles)
#: Small, seldom changed, held in memory as a whole.
REFERENCE: Final = (network, policies, parties, terms, campaigns)
#: What the rest of the ledger's state is kept in.
WORKING: Final = (holders, aliases, lots, arrears, holds, nonces, reversals, totals, usage, pledges)
