"""The hub's checkpoint over each window."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("window_number", name=op.f("pk_checkpoints")),
        sa.ForeignKeyConstraint(
            ["window_number"], ["windows.number"], name=op.f("fk_checkpoints_window_number_windows")
        ),
    )


def downgrade() -> None:
    op.drop_table("checkpoints")
