"""The database's versions, one step a file. `Store.upgrade` takes a database through them, from empty or from any."""

from __future__ import annotations

from alembic import op


def built_from_postgresql() -> bool:
    """Whether the step is taken on PostgreSQL itself, or on what was built from it and says so: not on an engine that
    has only learnt its protocol, and not on SQLite."""
    context = op.get_context()
    if context.dialect.name != "postgresql" or context.as_sql:
        return context.dialect.name == "postgresql"
    return str(op.get_bind().exec_driver_sql("SELECT version()").scalar_one()).startswith("PostgreSQL")
