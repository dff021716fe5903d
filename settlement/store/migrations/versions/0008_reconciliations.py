"""Mappings of parties' records, and recorded reconciliations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "records_mappings",
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("mapping", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_by", sa.String(32), nullable=False),
        sa.Column("confirmed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("party_id", name=op.f("pk_records_mappings")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("reconciliation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.Column("difference_count", sa.BigInteger(), nullable=False),
        sa.Column("differences", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("reconciliation_id", name=op.f("pk_reconciliations")),
        sa.UniqueConstraint("number", name=op.f("uq_reconciliations_number")),
    )
    op.create_index("ix_reconciliations_party_id", "reconciliations", ["party_id", "number"])
    op.create_table(
        "reconciled_windows",
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("reconciliation_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("party_id", "window_number", name=op.f("pk_reconciled_windows")),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"],
            ["reconciliations.reconciliation_id"],
            name=op.f("fk_reconciled_windows_reconciliation_id_reconciliations"),
        ),
    )
    op.create_index("ix_reconciled_windows_reconciliation_id", "reconciled_windows", ["reconciliation_id"])


def downgrade() -> None:
    for table in ("reconciled_windows", "reconciliations", "records_mappings"):
        op.drop_table(table)
