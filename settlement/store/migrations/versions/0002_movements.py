"""Entries, records, movements and their sums in place of obligations and activity.

What was derived before is derived anew: the journal is followed from its first entry again. A database with runs of the
version before is refused.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SUM_MAX = 10**18
_MICROS = tuple(f"{name}_micros" for name in ("direct", "topup", "margin", "fee", "paid_in", "paid_back", "drawn"))


def upgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM runs LIMIT 1")).first() is not None:
        raise RuntimeError("The database has runs of another version. Begin with a new one; it fills from the journal.")
    op.execute("DELETE FROM progress")
    for table in ("obligations", "activity", "lessons"):
        op.drop_table(table)
    op.execute("DELETE FROM windows")
    _create_journal()
    _create_sums()


def _create_journal() -> None:
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "entries",
        sa.Column("sequence", sequence, nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("lesson", sa.Boolean(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_entries")),
    )
    lesson = sa.text("lesson")
    op.create_index("ix_entries_lesson", "entries", ["sequence"], sqlite_where=lesson, postgresql_where=lesson)
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_tiles")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "records",
        sa.Column("sequence", sequence, nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("committed_us", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(32), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("original_sequence", sa.BigInteger(), nullable=False),
        sa.Column("about_id", sa.LargeBinary(16), nullable=False),
        sa.Column("purchase_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_records")),
    )
    op.create_table(
        "movements",
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(32), nullable=False),
        sa.Column("counterparty", sa.String(32), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("points", "arrears_points", *_MICROS)),
        sa.PrimaryKeyConstraint("sequence", "part", name=op.f("pk_movements")),
        sqlite_with_rowid=False,
    )


def _create_sums() -> None:
    op.create_table(
        "sums",
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(32), nullable=False),
        sa.Column("counterparty", sa.String(32), nullable=False),
        *(
            sa.Column(
                name,
                sa.BigInteger(),
                sa.CheckConstraint(f"{name} BETWEEN 0 AND {_SUM_MAX}", name=op.f(f"ck_sums_{name}_in_bounds")),
                nullable=False,
            )
            for name in ("entries", "points", "arrears_points", *_MICROS)
        ),
        sa.PrimaryKeyConstraint("window_number", "kind", "issuer", "counterparty", name=op.f("pk_sums")),
        sa.ForeignKeyConstraint(["window_number"], ["windows.number"], name=op.f("fk_sums_window_number_windows")),
    )
    op.create_table(
        "flows",
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(32), nullable=False),
        sa.Column("expires_on", sa.String(10), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("purchase_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("window_number", "month", "kind", "issuer", "expires_on", name=op.f("pk_flows")),
        sa.ForeignKeyConstraint(["window_number"], ["windows.number"], name=op.f("fk_flows_window_number_windows")),
    )
    op.create_table(
        "pools",
        sa.Column("issuer", sa.String(32), nullable=False),
        *(
            sa.Column(
                name,
                sa.BigInteger(),
                sa.CheckConstraint(f"{name} >= 0", name=op.f(f"ck_pools_{name}_not_negative")),
                nullable=False,
            )
            for name in ("outstanding_points", "prepaid_points", "held_micros")
        ),
        sa.PrimaryKeyConstraint("issuer", name=op.f("pk_pools")),
    )


def downgrade() -> None:
    for table in ("pools", "flows", "sums", "movements", "records", "tiles", "entries"):
        op.drop_table(table)
    op.execute("DELETE FROM progress")
    # As they were made in 0001: empty, to be filled from the first entry on.
    op.create_table(
        "lessons",
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(32), nullable=False),
        sa.Column("transaction_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("outcome_bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_lessons")),
    )
    for name, keys, figures in (
        ("obligations", ("debtor", "creditor"), ("points", "amount_micros")),
        (
            "activity",
            ("party_id",),
            ("issued", "accepted", "redeemed", "redeemed_own", "expired", "donated", "adjusted"),
        ),
    ):
        suffix = "_points" if name == "activity" else ""
        op.create_table(
            name,
            sa.Column("window_number", sa.BigInteger(), nullable=False),
            *(sa.Column(key, sa.String(32), nullable=False) for key in keys),
            *(sa.Column(f"{figure}{suffix}", sa.BigInteger(), nullable=False) for figure in figures),
            sa.PrimaryKeyConstraint("window_number", *keys, name=op.f(f"pk_{name}")),
            sa.ForeignKeyConstraint(
                ["window_number"], ["windows.number"], name=op.f(f"fk_{name}_window_number_windows")
            ),
        )
