"""Make every table."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from network.store.migrations import built_from_postgresql

revision: Final = "0001"
down_revision: Final = None

# The types that SQLite's STRICT tables know; elsewhere 64 bits are asked for by name.
COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# How SQLite stores the rows: in the order of the primary key, or by their number.
CLUSTERED: Final[dict[str, Any]] = {"sqlite_strict": True, "sqlite_with_rowid": False}
NUMBERED: Final[dict[str, Any]] = {"sqlite_strict": True, "sqlite_with_rowid": True}

# RFC 6962: the hash of a tree without leaves.
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def upgrade() -> None:
    # Text is compared byte by byte. Engines that have only learnt PostgreSQL's protocol do so anyway, without a word.
    words = sa.Text(collation="C") if built_from_postgresql() else sa.Text()
    _create_journal(words)
    _create_network(words)
    _create_holders(words)
    _create_use(words)
    _create_codes(words)


def _create_journal(words: sa.Text) -> None:
    """The truth: the log, what proves its authorship, where it ends."""
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", COUNT, nullable=False),
        sa.Column("committed_us", COUNT, nullable=False),
        sa.Column("window", COUNT, nullable=False),
        sa.Column("reference_sequence", COUNT, nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head")),
        **NUMBERED,
    )
    op.create_table(
        "envelopes",
        sa.Column("first_sequence", COUNT, autoincrement=False, nullable=False),
        sa.Column("author", words, nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("signatures", sa.LargeBinary(), nullable=False),
        sa.Column("replayed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("first_sequence", name=op.f("pk_envelopes")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_envelopes_author_first_sequence"), "envelopes", ["author", "first_sequence"], unique=False)
    op.create_table(
        "entries",
        sa.Column("sequence", COUNT, autoincrement=False, nullable=False),
        sa.Column("first_sequence", COUNT, nullable=False),
        sa.Column("author", words, nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("holder_id", words, nullable=False),
        sa.Column("counterparty_id", words, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_sequence"], ["envelopes.first_sequence"], name=op.f("fk_entries_first_sequence_envelopes")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_entries")),
        sa.UniqueConstraint("author", "transaction_id", name=op.f("uq_entries_author_transaction_id")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_entries_author_sequence"), "entries", ["author", "sequence"], unique=False)
    op.create_index(
        op.f("ix_entries_counterparty_id_sequence"),
        "entries",
        ["counterparty_id", "sequence"],
        unique=False,
        sqlite_where=sa.text("counterparty_id != ''"),
        postgresql_where=sa.text("counterparty_id != ''"),
    )
    op.create_index(
        op.f("ix_entries_holder_id_sequence"),
        "entries",
        ["holder_id", "sequence"],
        unique=False,
        sqlite_where=sa.text("holder_id != ''"),
        postgresql_where=sa.text("holder_id != ''"),
    )
    # ### end Alembic commands ###
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", COUNT, autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_tiles")),
        **NUMBERED,
    )
    empty, root = _blob(b""), _blob(EMPTY_ROOT)
    op.execute(
        'INSERT INTO head (id, sequence, committed_us, "window", reference_sequence, frontier, root) '  # noqa: S608
        f"VALUES (1, 0, 0, 1, 0, {empty}, {root})"
    )


def _blob(data: bytes) -> str:
    """Bytes as the dialect writes them."""
    if op.get_context().dialect.name == "sqlite":
        return f"x'{data.hex()}'"
    return f"decode('{data.hex()}', 'hex')"


def _create_network(words: sa.Text) -> None:
    """Small tables, held in memory as a whole."""
    op.create_table(
        "network",
        sa.Column("network_id", words, autoincrement=False, nullable=False),
        sa.Column("time_zone", words, nullable=False),
        sa.Column("currency", words, nullable=False),
        sa.Column("currency_exponent", sa.Integer(), nullable=False),
        sa.Column("operator", words, nullable=False),
        sa.Column("hub", words, nullable=False),
        sa.PrimaryKeyConstraint("network_id", name=op.f("pk_network")),
        **CLUSTERED,
    )
    op.create_table(
        "policies",
        sa.Column("sequence", COUNT, autoincrement=False, nullable=False),
        sa.Column("effective_on", words, nullable=False),
        sa.Column("policy", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_policies")),
        **NUMBERED,
    )
    op.create_table(
        "parties",
        sa.Column("party_id", words, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("display_name", words, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("revoked_keys", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("party_id", name=op.f("pk_parties")),
        **CLUSTERED,
    )
    op.create_table(
        "terms",
        sa.Column("party_id", words, autoincrement=False, nullable=False),
        sa.Column("sequence", COUNT, autoincrement=False, nullable=False),
        sa.Column("effective_on", words, nullable=False),
        sa.Column("price_micros", COUNT, nullable=False),
        sa.Column("reimbursement_micros", COUNT, nullable=False),
        sa.Column("issue_fee_micros", COUNT, nullable=False),
        sa.Column("prefunded_bps", sa.Integer(), nullable=False),
        sa.Column("outstanding_points_max", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("party_id", "sequence", name=op.f("pk_terms")),
        **CLUSTERED,
    )
    op.create_table(
        "campaigns",
        sa.Column("fund_id", words, autoincrement=False, nullable=False),
        sa.Column("campaign_id", words, nullable=False),
        sa.Column("charity", words, nullable=False),
        sa.Column("title", words, nullable=False),
        sa.Column("goal_points", COUNT, nullable=False),
        sa.Column("starts_on", words, nullable=False),
        sa.Column("ends_on", words, nullable=False),
        sa.PrimaryKeyConstraint("fund_id", name=op.f("pk_campaigns")),
        **CLUSTERED,
    )


def _create_holders(words: sa.Text) -> None:
    """Holders and what they have."""
    op.create_table(
        "holders",
        sa.Column("holder_id", words, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("enrolled_by", words, nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("points", COUNT, nullable=False),
        sa.Column("held_points", COUNT, nullable=False),
        sa.Column("raised_points", COUNT, nullable=False),
        sa.CheckConstraint("held_points >= 0", name=op.f("ck_holders_held_points")),
        sa.CheckConstraint("points >= 0", name=op.f("ck_holders_points")),
        sa.PrimaryKeyConstraint("holder_id", name=op.f("pk_holders")),
        **CLUSTERED,
    )
    op.create_table(
        "aliases",
        sa.Column("alias", words, autoincrement=False, nullable=False),
        sa.Column("holder_id", words, nullable=False),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_aliases")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_aliases_holder_id"), "aliases", ["holder_id"], unique=False)
    op.create_table(
        "lots",
        sa.Column("holder_id", words, autoincrement=False, nullable=False),
        sa.Column("issuer", words, autoincrement=False, nullable=False),
        sa.Column("expires_on", words, autoincrement=False, nullable=False),
        sa.Column("available_on", words, autoincrement=False, nullable=False),
        sa.Column("opened", COUNT, nullable=False),
        sa.Column("points", COUNT, nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_lots_points")),
        sa.PrimaryKeyConstraint("holder_id", "issuer", "expires_on", "available_on", name=op.f("pk_lots")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_lots_expires_on"), "lots", ["expires_on"], unique=False)
    op.create_table(
        "arrears",
        sa.Column("holder_id", words, autoincrement=False, nullable=False),
        sa.Column("issuer", words, autoincrement=False, nullable=False),
        sa.Column("points", COUNT, nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_arrears_points")),
        sa.PrimaryKeyConstraint("holder_id", "issuer", name=op.f("pk_arrears")),
        **CLUSTERED,
    )
    op.create_table(
        "pledges",
        sa.Column("holder_id", words, autoincrement=False, nullable=False),
        sa.Column("pledge_id", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("fund_id", words, nullable=False),
        sa.Column("share_bps", sa.Integer(), nullable=False),
        sa.Column("points_max", COUNT, nullable=False),
        sa.Column("ends_on", words, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("granted_us", COUNT, nullable=False),
        sa.Column("accrued_bps", COUNT, nullable=False),
        sa.Column("donated_points", COUNT, nullable=False),
        sa.Column("due_points", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("holder_id", "pledge_id", name=op.f("pk_pledges")),
        **CLUSTERED,
    )
    op.create_index(
        op.f("ix_pledges_holder_id"),
        "pledges",
        ["holder_id"],
        unique=False,
        sqlite_where=sa.text("due_points > 0"),
        postgresql_where=sa.text("due_points > 0"),
    )


def _create_use(words: sa.Text) -> None:
    """What was set aside, used up, taken back, counted."""
    op.create_table(
        "holds",
        sa.Column("acceptor", words, autoincrement=False, nullable=False),
        sa.Column("hold_id", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("holder_id", words, nullable=False),
        sa.Column("points", COUNT, nullable=False),
        sa.Column("expires_us", COUNT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_holds_points")),
        sa.PrimaryKeyConstraint("acceptor", "hold_id", name=op.f("pk_holds")),
        **CLUSTERED,
    )
    op.create_index(
        op.f("ix_holds_expires_us"),
        "holds",
        ["expires_us"],
        unique=False,
        sqlite_where=sa.text("status = 1"),
        postgresql_where=sa.text("status = 1"),
    )
    op.create_table(
        "nonces",
        sa.Column("who", words, autoincrement=False, nullable=False),
        sa.Column("nonce", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("sequence", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("who", "nonce", name=op.f("pk_nonces")),
        **CLUSTERED,
    )
    op.create_table(
        "reversals",
        sa.Column("author", words, autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("reversed_points", COUNT, nullable=False),
        sa.CheckConstraint("reversed_points > 0", name=op.f("ck_reversals_reversed_points")),
        sa.PrimaryKeyConstraint("author", "transaction_id", name=op.f("pk_reversals")),
        **CLUSTERED,
    )
    op.create_table(
        "totals",
        sa.Column("issuer", words, autoincrement=False, nullable=False),
        sa.Column("issued", COUNT, nullable=False),
        sa.Column("issue_reversed", COUNT, nullable=False),
        sa.Column("redeemed", COUNT, nullable=False),
        sa.Column("redeem_reversed", COUNT, nullable=False),
        sa.Column("expired", COUNT, nullable=False),
        sa.Column("adjusted", COUNT, nullable=False),
        sa.Column("in_lots", COUNT, nullable=False),
        sa.Column("in_holds", COUNT, nullable=False),
        sa.Column("arrears", COUNT, nullable=False),
        sa.CheckConstraint("arrears >= 0", name=op.f("ck_totals_arrears")),
        sa.CheckConstraint("in_holds >= 0", name=op.f("ck_totals_in_holds")),
        sa.CheckConstraint("in_lots >= 0", name=op.f("ck_totals_in_lots")),
        sa.PrimaryKeyConstraint("issuer", name=op.f("pk_totals")),
        **CLUSTERED,
    )
    op.create_table(
        "usage",
        sa.Column("what", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("who", words, autoincrement=False, nullable=False),
        sa.Column("day", words, autoincrement=False, nullable=False),
        sa.Column("points", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("what", "who", "day", name=op.f("pk_usage")),
        **CLUSTERED,
    )


def _create_codes(words: sa.Text) -> None:
    """One-time codes; not of the ledger."""
    op.create_table(
        "codes",
        sa.Column("holder_id", words, autoincrement=False, nullable=False),
        sa.Column("nonce", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("points_max", COUNT, nullable=False),
        sa.Column("expires_us", COUNT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("acceptor", words, nullable=False),
        sa.Column("consent", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("holder_id", "nonce", name=op.f("pk_codes")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_codes_expires_us"), "codes", ["expires_us"], unique=False)
