"""Which points were issued with a purchase: read from the kept entries of the sales."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from alembic import op

from coalition.v1.transaction_pb2 import TRANSACTION_KIND_ISSUE
from settlement.clearing.directory import Directory
from settlement.clearing.entry import StoredEntry
from settlement.clearing.flows import flows_of
from settlement.clearing.movements import MovementKind

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEYS = ("window_number", "month", "kind", "issuer", "expires_on")
_FLOWS = sa.table("flows", *map(sa.column, (*_KEYS, "points", "purchase_minor")))
_ENTRIES = sa.table("entries", sa.column("sequence"), sa.column("raw", sa.LargeBinary()))
_RECORDS = sa.table("records", *map(sa.column, ("sequence", "kind", "accepted", "purchase_minor")))


def upgrade() -> None:
    connection = op.get_bind()
    kept = connection.execute(sa.select(_FLOWS)).all()
    sold = _sold(connection)
    op.drop_table("flows")
    flows = _create_flows("points", "purchase_minor", "sold_points")
    op.bulk_insert(flows, [{**row._mapping, "sold_points": sold[tuple(row[: len(_KEYS)])]} for row in kept])


def downgrade() -> None:
    kept = op.get_bind().execute(sa.select(_FLOWS)).all()
    op.drop_table("flows")
    op.bulk_insert(_create_flows("points", "purchase_minor"), [dict(row._mapping) for row in kept])


def _sold(connection: sa.Connection) -> Counter[tuple[object, ...]]:
    """Points of sales, by the keys of their flows."""
    sold: Counter[tuple[object, ...]] = Counter()
    founding = connection.scalar(sa.select(_ENTRIES.c.raw).where(_ENTRIES.c.sequence == 1))
    if founding is None:
        return sold
    network = Directory().learn(StoredEntry.of(founding)).network
    assert network is not None, "the first entry founds the network"
    sales = (
        sa.select(_ENTRIES.c.raw)
        .join_from(_ENTRIES, _RECORDS, _RECORDS.c.sequence == _ENTRIES.c.sequence)
        .where(_RECORDS.c.kind == TRANSACTION_KIND_ISSUE, _RECORDS.c.accepted, _RECORDS.c.purchase_minor > 0)
    )
    # Of this statement alone: what follows on the connection is no query.
    for raw in connection.scalars(sales, execution_options={"yield_per": 2_000}):
        entry = StoredEntry.of(raw)
        for key, flow in flows_of(entry, MovementKind.ISSUE, network.calendar.day(entry.committed_us)):
            sold[entry.window, *key] += flow.sold_points
    return sold


def _create_flows(*figures: str) -> sa.Table:
    return op.create_table(
        "flows",
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(32), nullable=False),
        sa.Column("expires_on", sa.String(10), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in figures),
        sa.PrimaryKeyConstraint(*_KEYS, name=op.f("pk_flows")),
        sa.ForeignKeyConstraint(["window_number"], ["windows.number"], name=op.f("fk_flows_window_number_windows")),
    )
