"""Every table of the hub's database, with the names of its constraints.

The journal's tables (envelopes, entries, tiles) are the truth and the head says where it ends; all others but the codes
are projections that can be rebuilt from it. The columns of a projection are the fields of its record in
network.ledger.records. Counts, sequences and microseconds are 64-bit integers, days are ISO 8601 text, transaction ids
16 raw bytes.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, text

from network.store.columns import Count, blob, check, count, key, number, table, words
from network.store.columns import metadata as metadata

# The journal ---------------------------------------------------------------------------------------------------------

#: The end of the journal, one row. Its lock is the writer's lock.
head: Final = table(
    "head",
    key("id", Integer),
    count("sequence"),
    count("committed_us"),
    count("window"),
    #: The last entry that changed a reference table.
    count("reference_sequence"),
    #: Roots of the complete subtrees, largest first, 32 bytes each.
    blob("frontier"),
    blob("root"),
    check("one_row", "id = 1"),
    clustered=False,
)

#: What proves the authorship of the entries from `first_sequence` on.
envelopes: Final = table(
    "envelopes",
    key("first_sequence", Count),
    words("author"),
    #: The exact bytes that were signed.
    blob("header"),
    #: A JournalEnvelope with nothing but its signatures.
    blob("signatures"),
    #: A JournalEnvelope with nothing but its replayed transactions; empty where there are none.
    blob("replayed"),
    Index(None, "author", "first_sequence"),
    clustered=False,
)

#: One leaf of the log a row; the other columns repeat what is in `body`, to be found by.
entries: Final = table(
    "entries",
    key("sequence", Count),
    Column("first_sequence", Count, ForeignKey("envelopes.first_sequence"), nullable=False),
    words("author"),
    blob("transaction_id"),
    #: A TransactionKind.
    number("kind"),
    #: The holder whose history it belongs to, empty for none; and the other one: fund of a donation, recipient of a
    #: transfer.
    words("holder_id"),
    words("counterparty_id"),
    #: RFC 6962 leaf hash of `body`.
    blob("leaf_hash"),
    #: The exact bytes of the JournalEntry.
    blob("body"),
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
tiles: Final = table(
    "tiles",
    key("level", Integer),
    key("position", Count),
    blob("hashes"),
    #: The hash over all of the tile: one of the hashes of the tile above.
    blob("root"),
    clustered=False,
)

# The network ---------------------------------------------------------------------------------------------------------

network: Final = table(
    "network",
    key("network_id"),
    words("time_zone"),
    words("currency"),
    number("currency_exponent"),
    words("operator"),
    words("hub"),
)

policies: Final = table(
    "policies",
    key("sequence", Count),
    words("effective_on"),
    #: The exact bytes of the Policy.
    blob("policy"),
    clustered=False,
)

#: `keys` and `revoked_keys` hold raw public keys of 32 bytes, one after the other.
parties: Final = table(
    "parties",
    key("party_id"),
    number("kind"),
    words("display_name"),
    number("status"),
    blob("keys"),
    blob("revoked_keys"),
)

terms: Final = table(
    "terms",
    key("party_id"),
    key("sequence", Count),
    words("effective_on"),
    count("price_micros"),
    count("reimbursement_micros"),
    count("issue_fee_micros"),
    number("prefunded_bps"),
    count("outstanding_points_max"),
    number("funding"),
    count("pack_points"),
    count("reorder_points"),
    number("alarm_bps"),
)

campaigns: Final = table(
    "campaigns",
    key("fund_id"),
    words("campaign_id"),
    words("charity"),
    words("title"),
    count("goal_points"),
    words("starts_on"),
    words("ends_on"),
)

# Holders and their points --------------------------------------------------------------------------------------------

holders: Final = table(
    "holders",
    key("holder_id"),
    number("kind"),
    number("status"),
    words("enrolled_by"),
    #: Raw public keys of 32 bytes, one after the other.
    blob("keys"),
    count("points"),
    count("held_points"),
    count("raised_points"),
    check("points", "points >= 0"),
    check("held_points", "held_points >= 0"),
)

aliases: Final = table("aliases", key("alias"), words("holder_id"), Index(None, "holder_id"))

lots: Final = table(
    "lots",
    key("holder_id"),
    key("issuer"),
    key("expires_on"),
    key("available_on"),
    count("opened"),
    count("points"),
    check("points", "points > 0"),
    Index(None, "expires_on"),
)

arrears: Final = table(
    "arrears",
    key("holder_id"),
    key("issuer"),
    count("points"),
    check("points", "points > 0"),
)

holds: Final = table(
    "holds",
    key("acceptor"),
    key("hold_id", LargeBinary),
    words("holder_id"),
    count("points"),
    count("expires_us"),
    number("status"),
    #: An Outcome with nothing but allocations.
    blob("parts"),
    check("points", "points >= 0"),
    # Those that a sweep releases; 1 is HoldStatus.OPEN.
    Index(None, "expires_us", sqlite_where=text("status = 1"), postgresql_where=text("status = 1")),
)

#: Documents that were used, by whoever signed them.
nonces: Final = table("nonces", key("who"), key("nonce", LargeBinary), count("sequence"))

#: How much of an issue, redemption or capture was taken back; no row where nothing was.
reversals: Final = table(
    "reversals",
    key("author"),
    key("transaction_id", LargeBinary),
    count("reversed_points"),
    check("reversed_points", "reversed_points > 0"),
)

totals: Final = table(
    "totals",
    key("issuer"),
    count("issued"),
    count("issue_reversed"),
    count("redeemed"),
    count("redeem_reversed"),
    count("expired"),
    count("adjusted"),
    count("in_lots"),
    count("in_holds"),
    count("arrears"),
    check("in_lots", "in_lots >= 0"),
    check("in_holds", "in_holds >= 0"),
    check("arrears", "arrears >= 0"),
)

usage: Final = table(
    "usage",
    #: A Usage: what the daily limit counts.
    key("what", Integer),
    key("who"),
    key("day"),
    count("points"),
)

pledges: Final = table(
    "pledges",
    key("holder_id"),
    key("pledge_id", LargeBinary),
    words("fund_id"),
    number("share_bps"),
    count("points_max"),
    words("ends_on"),
    number("status"),
    count("granted_us"),
    count("accrued_bps"),
    count("donated_points"),
    count("due_points"),
    # Those that a sweep has to give.
    Index(None, "holder_id", sqlite_where=text("due_points > 0"), postgresql_where=text("due_points > 0")),
)

# Not of the ledger ---------------------------------------------------------------------------------------------------

#: One-time codes, by the request that each was made for. Not part of the journal: what a code was exchanged for is.
codes: Final = table(
    "codes",
    key("holder_id"),
    key("nonce", LargeBinary),
    blob("salt"),
    blob("code_hash"),
    count("points_max"),
    count("expires_us"),
    #: Wrong tries.
    number("failures"),
    #: Who exchanged it, empty for nobody yet; and the SignedDocument it was given, empty likewise.
    words("acceptor"),
    blob("consent"),
    Index(None, "expires_us"),
)

#: What is never changed or deleted.
JOURNAL: Final = (envelopes, entries, tiles)
#: Small, seldom changed, held in memory as a whole.
REFERENCE: Final = (network, policies, parties, terms, campaigns)
#: What the rest of the ledger's state is kept in.
WORKING: Final = (holders, aliases, lots, arrears, holds, nonces, reversals, totals, usage, pledges)
