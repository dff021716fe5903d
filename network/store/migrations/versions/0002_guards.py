"""Guard the journal in the database: no row of it is changed, deleted or put in twice, and the head never goes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alembic import op

from network.store.migrations import built_from_postgresql

revision: Final = "0002"
down_revision: Final = "0001"

# Each table of the journal, and when a new row would not come after all others.
JOURNAL: Final = {
    "envelopes": "NEW.first_sequence <= (SELECT coalesce(max(first_sequence), 0) FROM envelopes)",
    "entries": "NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM entries)",
    "tiles": "EXISTS (SELECT 1 FROM tiles WHERE level = NEW.level AND position = NEW.position)",
}
# Which update of the head is refused.
BACKWARDS: Final = "NEW.id <> OLD.id OR NEW.sequence < OLD.sequence OR NEW.committed_us < OLD.committed_us"


def upgrade() -> None:
    statements = sqlite() if op.get_context().dialect.name == "sqlite" else postgresql()
    for statement in statements:
        op.execute(statement)


def sqlite() -> Iterator[str]:
    """SQLite has triggers for single rows only; each raises its own error."""
    for table, out_of_order in JOURNAL.items():
        yield sqlite_trigger("insert", table, "rows come in order and once", f"WHEN {out_of_order}")
        yield sqlite_trigger("update", table, "rows cannot be changed")
        yield sqlite_trigger("delete", table, "rows cannot be deleted")
    yield sqlite_trigger("update", "head", "the head cannot move back", f"WHEN {BACKWARDS}")
    yield sqlite_trigger("delete", "head", "the head cannot be deleted")


def sqlite_trigger(event: str, table: str, rule: str, condition: str = "") -> str:
    return (
        f"CREATE TRIGGER guard_{table}_{event} BEFORE {event.upper()} ON {table} {condition} "
        f"BEGIN SELECT RAISE(ABORT, 'the journal is append-only, {table}: {rule}'); END"
    )


def postgresql() -> Iterator[str]:
    """PostgreSQL would also let somebody empty a table at one stroke. Its bulk inserts do not see the rows of their own
    statement, so their order is not checked here; the primary keys refuse a row that is put in twice."""
    yield (
        "CREATE FUNCTION guard_journal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION USING MESSAGE = 'the journal is append-only, ' || TG_TABLE_NAME || ': ' || TG_OP; END $$"
    )
    for table in JOURNAL:
        yield (
            f"CREATE TRIGGER guard_{table} BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION guard_journal()"
        )
    yield (
        f"CREATE TRIGGER guard_head_update BEFORE UPDATE ON head FOR EACH ROW WHEN ({BACKWARDS}) "
        "EXECUTE FUNCTION guard_journal()"
    )
    yield "CREATE TRIGGER guard_head_delete BEFORE DELETE ON head FOR EACH ROW EXECUTE FUNCTION guard_journal()"
    # Engines that only speak PostgreSQL's protocol may know triggers for rows only.
    if not built_from_postgresql():
        return
    for table in (*JOURNAL, "head"):
        yield (
            f"CREATE TRIGGER guard_{table}_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION guard_journal()"
        )
