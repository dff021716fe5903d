"""Instructions of runs, and what happened to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _require_no_runs()
    op.drop_table("run_events")
    op.create_table(
        "instructions",
        sa.Column("reference", sa.String(25), nullable=False),
        sa.Column("run_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_instructions")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_instructions_run_id_number")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_instructions_run_id_runs")),
    )
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=False),
        *_signed(),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_run_events")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_events_run_id_runs")),
    )
    op.create_table(
        "run_payments",
        sa.Column("run_id", sa.LargeBinary(16), nullable=False),
        sa.Column("event_number", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("instruction", sa.Integer(), nullable=False),
        sa.Column("happening", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "event_number", "part", name=op.f("pk_run_payments")),
        sa.ForeignKeyConstraint(
            ["run_id", "event_number"],
            ["run_events.run_id", "run_events.number"],
            name=op.f("fk_run_payments_run_id_event_number_run_events"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id", "instruction"],
            ["instructions.run_id", "instructions.number"],
            name=op.f("fk_run_payments_run_id_instruction_instructions"),
        ),
    )


def downgrade() -> None:
    _require_no_runs()
    for table in ("run_payments", "run_events", "instructions"):
        op.drop_table(table)
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        *_signed(),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_run_events")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_events_run_id_runs")),
    )


def _signed() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
    )


def _require_no_runs() -> None:
    """What an approver signed for before this step has no instructions, and cannot be given any."""
    if op.get_bind().execute(sa.text("SELECT 1 FROM runs LIMIT 1")).first() is not None:
        raise RuntimeError("The database has runs of another version. Begin with a new one; it fills from the journal.")
