"""What PostgreSQL's catalogue says about the hub's tables, and what it must say.

Only read: an auditor without any other right than reading can check a standby.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import CheckConstraint, Connection, ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import Constraint

from network.store.tables import JOURNAL, head, metadata

#: A kind of thing and its name, and all that makes it what it is.
Catalogue = dict[tuple[str, str], str | None]

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]

# Each a kind, a name and a definition, of whatever is in the schema in which the hub's tables are. Which names stand in
# quotes depends on the server's version.
_FOUND: Final = (
    """
    SELECT 'column', c.relname || '.' || a.attname, upper(format_type(a.atttypid, a.atttypmod))
        || coalesce(' COLLATE "' || l.collname || '"', '') || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = current_schema()
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation AND l.collname <> 'default'
    WHERE c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
    """,
    """
    SELECT 'constraint', k.conname, replace(pg_get_constraintdef(k.oid, true), '"', '')
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = current_schema()
    WHERE k.contype IN ('p', 'u', 'f', 'c') AND c.relname <> 'alembic_version'
    """,
    """
    SELECT 'index', i.relname, c.relname || ' ('
        || (SELECT replace(string_agg(pg_get_indexdef(x.indexrelid, k, true), ', ' ORDER BY k), '"', '')
            FROM generate_series(1, x.indnkeyatts) AS k)
        || ')' || coalesce(' WHERE ' || pg_get_expr(x.indpred, x.indrelid, true), '')
        || CASE WHEN x.indisunique THEN ' UNIQUE' ELSE '' END || CASE WHEN x.indisvalid THEN '' ELSE ' INVALID' END
    FROM pg_catalog.pg_index AS x
    JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = current_schema()
    WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u'))
    """,
    """
    SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid, true)
        || CASE WHEN t.tgenabled IN ('O', 'A') THEN '' ELSE ' DISABLED' END
    FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = current_schema()
    WHERE NOT t.tgisinternal
    """,
    """
    SELECT 'function', p.proname, p.prosrc
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = current_schema()
    """,
)

_GUARD: Final = (
    " BEGIN RAISE EXCEPTION USING MESSAGE = 'the journal is append-only, ' || TG_TABLE_NAME || ': ' || TG_OP; END "
)
_BACKWARDS: Final = "new.id <> old.id OR new.sequence < old.sequence OR new.committed_us < old.committed_us"


def found(connection: Connection) -> Catalogue:
    """What is there."""
    return {(kind, name): text for query in _FOUND for kind, name, text in connection.exec_driver_sql(query)}


def expected(connection: Connection) -> Catalogue:
    """What the migrations make on a server like this."""
    genuine = str(connection.exec_driver_sql("SELECT version()").scalar_one()).startswith("PostgreSQL")
    return dict([*_tables(collated=genuine), *_guards(truncate=genuine)])


def _tables(*, collated: bool) -> Iterator[tuple[tuple[str, str], str]]:
    for table in metadata.tables.values():
        for column in table.columns:
            kind = column.type.compile(_DIALECT)
            name = kind if collated else kind.removesuffix(' COLLATE "C"')
            yield ("column", f"{table.name}.{column.name}"), f"{name} NOT NULL"
        for constraint in table.constraints:
            yield ("constraint", str(constraint.name)), _constraint(constraint)
        yield from _indexes(table)


def _constraint(constraint: Constraint) -> str:
    match constraint:
        case CheckConstraint():
            return f"CHECK ({constraint.sqltext})"
        case PrimaryKeyConstraint():
            return f"PRIMARY KEY ({', '.join(constraint.columns.keys())})"
        case UniqueConstraint():
            return f"UNIQUE ({', '.join(constraint.columns.keys())})"
        case ForeignKeyConstraint():
            there = ", ".join(element.column.name for element in constraint.elements)
            here = ", ".join(constraint.column_keys)
            return f"FOREIGN KEY ({here}) REFERENCES {constraint.referred_table.name}({there})"
    raise AssertionError(f"tables have no such constraints: {constraint!r}")


def _indexes(table: Table) -> Iterator[tuple[tuple[str, str], str]]:
    for index in table.indexes:
        text = f"{table.name} ({', '.join(column.name for column in index.columns)})"
        condition = index.dialect_options["postgresql"]["where"]
        if condition is not None:
            # As the catalogue spells it.
            text += " WHERE " + str(condition).replace("!= ''", "<> ''::text")
        yield ("index", str(index.name)), text


def _guards(*, truncate: bool) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("function", "guard_journal"), _GUARD
    for table in JOURNAL:
        yield _guard(table.name, table.name, "DELETE OR UPDATE", "ROW")
    yield _guard("head_update", head.name, "UPDATE", "ROW", f"WHEN ({_BACKWARDS}) ")
    yield _guard("head_delete", head.name, "DELETE", "ROW")
    if truncate:
        for table in (*JOURNAL, head):
            yield _guard(f"{table.name}_truncate", table.name, "TRUNCATE", "STATEMENT")


def _guard(name: str, table: str, events: str, each: str, condition: str = "") -> tuple[tuple[str, str], str]:
    return ("trigger", f"guard_{name}"), (
        f"CREATE TRIGGER guard_{name} BEFORE {events} ON {table} FOR EACH {each} {condition}"
        "EXECUTE FUNCTION guard_journal()"
    )
