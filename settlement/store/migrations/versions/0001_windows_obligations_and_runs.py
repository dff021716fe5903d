"""Windows, obligations, activity, runs, and how far the journal was taken in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "progress",
        sa.Column("id", sa.Integer(), sa.CheckConstraint("id = 1", name=op.f("ck_progress_one_row")), nullable=False),
        sa.Column("network_id", sa.String(64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("committed_us", sa.BigInteger(), nullable=False),
        sa.Column("log_root", sa.LargeBinary(32), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress")),
    )
    op.create_table(
        "lessons",
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(32), nullable=False),
        sa.Column("transaction_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("outcome_bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_lessons")),
    )
    op.create_table(
        "windows",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("first_sequence", sa.BigInteger(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_windows")),
    )
    _create_totals()
    _create_runs()


def _create_totals() -> None:
    op.create_table(
        "obligations",
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("debtor", sa.String(32), nullable=False),
        sa.Column("creditor", sa.String(32), nullable=False),
        sa.Column(
            "points",
            sa.BigInteger(),
            sa.CheckConstraint("points >= 0", name=op.f("ck_obligations_points_owed")),
            nullable=False,
        ),
        sa.Column(
            "amount_micros",
            sa.BigInteger(),
            sa.CheckConstraint(
                "amount_micros BETWEEN 0 AND 1000000000000000000", name=op.f("ck_obligations_amount_owed")
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("window_number", "debtor", "creditor", name=op.f("pk_obligations")),
        sa.CheckConstraint("debtor <> creditor", name=op.f("ck_obligations_two_parties")),
        sa.ForeignKeyConstraint(
            ["window_number"], ["windows.number"], name=op.f("fk_obligations_window_number_windows")
        ),
    )
    op.create_table(
        "activity",
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("issued_points", sa.BigInteger(), nullable=False),
        sa.Column("accepted_points", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_points", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_own_points", sa.BigInteger(), nullable=False),
        sa.Column("expired_points", sa.BigInteger(), nullable=False),
        sa.Column("donated_points", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_points", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("window_number", "party_id", name=op.f("pk_activity")),
        sa.ForeignKeyConstraint(["window_number"], ["windows.number"], name=op.f("fk_activity_window_number_windows")),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("positions", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
        sa.UniqueConstraint("number", name=op.f("uq_runs_number")),
    )
    op.create_table(
        "run_windows",
        sa.Column("run_id", sa.LargeBinary(16), nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "window_number", name=op.f("pk_run_windows")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_windows_run_id_runs")),
        sa.ForeignKeyConstraint(
            ["window_number"], ["windows.number"], name=op.f("fk_run_windows_window_number_windows")
        ),
    )
    op.create_table(
        "claims",
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("window_number", name=op.f("pk_claims")),
        sa.ForeignKeyConstraint(["window_number"], ["windows.number"], name=op.f("fk_claims_window_number_windows")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_claims_run_id_runs")),
    )
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_run_events")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_events_run_id_runs")),
    )


def downgrade() -> None:
    for table in (
        "run_events",
        "claims",
        "run_windows",
        "runs",
        "activity",
        "obligations",
        "windows",
        "lessons",
        "progress",
    ):
        op.drop_table(table)
