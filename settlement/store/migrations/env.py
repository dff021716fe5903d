"""Run by Alembic: brings the tables up to date over the connection that it is given."""

from __future__ import annotations

from alembic import context

from settlement.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
