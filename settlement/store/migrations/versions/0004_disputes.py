"""Disputes with their signed steps, and a way from a dispute to the adjustments in its name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("raiser", sa.String(32), nullable=False),
        sa.Column("respondent", sa.String(32), nullable=False),
        sa.Column("operator", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("answer_days", "escalate_days", "decide_days")),
        sa.Column("over_us", sa.BigInteger(), nullable=False),
        sa.Column("accepted_micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("number", name=op.f("uq_disputes_number")),
    )
    for column in ("sequence", "raiser", "respondent", "window_number"):
        op.create_index(f"ix_disputes_{column}", "disputes", [column])
    op.create_table(
        "dispute_steps",
        sa.Column("dispute_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dispute_id", "number", name=op.f("pk_dispute_steps")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["disputes.dispute_id"], name=op.f("fk_dispute_steps_dispute_id_disputes")
        ),
    )
    adjustment = sa.text("kind = 26")
    op.create_index(
        "ix_records_adjustment", "records", ["reference"], sqlite_where=adjustment, postgresql_where=adjustment
    )


def downgrade() -> None:
    op.drop_index("ix_records_adjustment", "records")
    op.drop_table("dispute_steps")
    op.drop_table("disputes")
