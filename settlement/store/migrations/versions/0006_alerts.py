"""Alerts that began and ended, and notes on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_events",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("raised_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alert_events")),
    )
    op.create_index("ix_alert_events_change", "alert_events", ["change"], unique=True)
    lasts = sa.text("ended_us = 0")
    op.create_index(
        "ix_alert_events_lasting",
        "alert_events",
        ["kind", "party_id", "window_number", "subject_id"],
        unique=True,
        sqlite_where=lasts,
        postgresql_where=lasts,
    )
    op.create_table(
        "alert_notes",
        sa.Column("alert_number", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alert_number", "number", name=op.f("pk_alert_notes")),
        sa.ForeignKeyConstraint(
            ["alert_number"], ["alert_events.number"], name=op.f("fk_alert_notes_alert_number_alert_events")
        ),
    )


def downgrade() -> None:
    op.drop_table("alert_notes")
    op.drop_table("alert_events")
