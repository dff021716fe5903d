"""Bank accounts of parties, bank statements, and what their entries are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_accounts",
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("party_id", "number", name=op.f("pk_bank_accounts")),
        sa.UniqueConstraint("digest", name=op.f("uq_bank_accounts_digest")),
    )
    op.create_table(
        "bank_statements",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("file_name", sa.String(100), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bank_statements")),
    )
    _create_entries()


def _create_entries() -> None:
    text = sa.String(140)
    op.create_table(
        "bank_entries",
        sa.Column("entry_id", sa.LargeBinary(32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("statement_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("bank_reference", text, nullable=False),
        sa.Column(
            "amount_minor",
            sa.BigInteger(),
            sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_bank_entries_amount_moved")),
            nullable=False,
        ),
        sa.Column("credit", sa.Boolean(), nullable=False),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.Column("rejected", sa.Boolean(), nullable=False),
        sa.Column("return_reason", text, nullable=False),
        sa.Column("booked_on", sa.String(10), nullable=False),
        sa.Column("end_to_end_id", text, nullable=False),
        sa.Column("creditor_reference", text, nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("counterparty", text, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_bank_entries")),
        sa.UniqueConstraint("number", name=op.f("uq_bank_entries_number")),
        sa.ForeignKeyConstraint(
            ["statement_digest"],
            ["bank_statements.digest"],
            name=op.f("fk_bank_entries_statement_digest_bank_statements"),
        ),
    )
    op.create_table(
        "entry_matches",
        sa.Column("entry_id", sa.LargeBinary(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.LargeBinary(16), nullable=True),
        sa.Column("instruction", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(25), nullable=False),
        sa.Column("effect", sa.Integer(), nullable=False),
        sa.Column("after_run", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(32), nullable=True),
        sa.Column("signature", sa.LargeBinary(64), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "number", name=op.f("pk_entry_matches")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["bank_entries.entry_id"], name=op.f("fk_entry_matches_entry_id_bank_entries")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_entry_matches_run_id_runs")),
    )
    op.create_index("ix_entry_matches_state", "entry_matches", ["state", "replaced"])
    op.create_index("ix_entry_matches_run_id", "entry_matches", ["run_id", "replaced"])


def downgrade() -> None:
    for table in ("entry_matches", "bank_entries", "bank_statements", "bank_accounts"):
        op.drop_table(table)
