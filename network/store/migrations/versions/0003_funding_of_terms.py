"""Keep how terms are funded, and when their issuer is warned."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: What terms gain; those that were published said none of it.
GAINED: Final[dict[str, Any]] = {
    "funding": sa.Integer(),
    "pack_points": COUNT,
    "reorder_points": COUNT,
    "alarm_bps": sa.Integer(),
}


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        _remake()
        return
    for name, kind in GAINED.items():
        op.add_column("terms", sa.Column(name, kind, nullable=False, server_default="0"))
        op.alter_column("terms", name, server_default=None)


def _remake() -> None:
    """SQLite takes no default from a column again, so the table is made anew; a network has few terms."""
    op.rename_table("terms", "terms_before")
    op.create_table(
        "terms",
        sa.Column("party_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("sequence", COUNT, autoincrement=False, nullable=False),
        sa.Column("effective_on", sa.Text(), nullable=False),
        sa.Column("price_micros", COUNT, nullable=False),
        sa.Column("reimbursement_micros", COUNT, nullable=False),
        sa.Column("issue_fee_micros", COUNT, nullable=False),
        sa.Column("prefunded_bps", sa.Integer(), nullable=False),
        sa.Column("outstanding_points_max", COUNT, nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in GAINED.items()),
        sa.PrimaryKeyConstraint("party_id", "sequence", name=op.f("pk_terms")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    # The columns of before stand first, and in the same order.
    op.execute("INSERT INTO terms SELECT *, 0, 0, 0, 0 FROM terms_before")
    op.drop_table("terms_before")
