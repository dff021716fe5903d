"""How Alembic reaches the database: by the connection that `Store.upgrade` hands it, or by a URL on its command line:

alembic -c network/store/migrations/alembic.ini -x url=sqlite:////var/lib/coalition/hub.db current
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection

from network.store.engine import parse_url
from network.store.tables import metadata


def run(**options: Any) -> None:
    """Run the steps in one transaction, with what they are compared to."""
    context.configure(target_metadata=metadata, render_as_batch=True, compare_type=True, **options)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Change a database."""
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is not None:
        run(connection=connection)
        return
    engine = parse_url(context.get_x_argument(as_dictionary=True)["url"]).writing()
    with engine.begin() as opened:
        run(connection=opened)
    engine.dispose()


def run_offline() -> None:
    """Print the statements for a database of the kind that `-x dialect=` names."""
    arguments = context.get_x_argument(as_dictionary=True)
    run(
        dialect_name=arguments.get("dialect", "sqlite"),
        output_buffer=context.config.output_buffer,
        literal_binds=True,
    )


if context.is_offline_mode():
    run_offline()
else:
    run_online()
