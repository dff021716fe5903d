"""What the hub says to PostgreSQL while it runs is what distributed engines that speak its protocol understand as well.

CockroachDB, YugabyteDB and their like take PostgreSQL's plain statements: what is listed here. They have no or other
advisory locks, notifications, SKIP LOCKED, temporary tables, procedures; so every statement is read by a parser, and
nothing in it may be of any other kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import sqlglot
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlglot import exp

from network.journal.log import Log
from network.journal.stream import JournalReader
from network.store import tables
from network.store.codes import CodeRow, add_code, add_failure, codes_of, forget_codes, spend_code
from network.store.head import lock_head
from network.store.reads import StoreReads
from network.store.store import Store
from network.views import DueHold, Listing
from tests.network.town import NETWORK_ID, key_of
from tests.network.verify.books import write_books

pytestmark = pytest.mark.engines("postgresql")

STATEMENTS = (exp.Select, exp.Insert, exp.Update, exp.Delete)
#: Clauses and operators that may stand in a statement.
KNOWN: frozenset[type[exp.Expr]] = frozenset(
    {
        *(exp.Select, exp.Insert, exp.Update, exp.Delete, exp.From, exp.Join, exp.Where, exp.Order, exp.Ordered),
        *(exp.Limit, exp.OnConflict, exp.Lock, exp.Schema, exp.Table, exp.TableAlias, exp.Unnest, exp.Star, exp.Var),
        *(exp.Column, exp.Identifier, exp.Alias, exp.Literal, exp.Null, exp.Cast, exp.DataType, exp.Tuple, exp.Paren),
        *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.In, exp.Add, exp.Collate, exp.Values),
    }
)
PARAMETER = re.compile(r"%[bs]|%\(\w+\)s")


def strange(statement: str) -> list[str]:
    """What is in a statement that is not known everywhere."""
    parsed = sqlglot.parse_one(PARAMETER.sub("NULL", statement), read="postgres")
    found = sorted({type(part).__name__ for part in parsed.walk() if type(part) not in KNOWN})
    if type(parsed) not in STATEMENTS:
        found.append(type(parsed).__name__)
    found += [lock for lock in (item.sql("postgres") for item in parsed.find_all(exp.Lock)) if lock != "FOR UPDATE"]
    found += [item.sql() for item in parsed.find_all(exp.Collate) if item.expression.name != "C"]
    names = {table.name for table in parsed.find_all(exp.Table) if table.name}
    return found + sorted(names - tables.metadata.tables.keys() - {"alembic_version"})


@contextmanager
def collected() -> Iterator[set[str]]:
    """The statements that are sent meanwhile."""
    statements: set[str] = set()

    def collect(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        # How the tool for migrations looks whether it has been there before is its own affair.
        if connection.dialect.name == "postgresql" and "pg_catalog" not in statement:
            statements.add(statement)

    event.listen(Engine, "before_cursor_execute", collect)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", collect)


def read_everything(store: Store) -> None:
    """Ask every question that a hub is asked."""
    reads = StoreReads(store)
    tip = reads.tip()
    [record] = reads.transactions(Listing(author="grocer", size=1)).records
    for listing in (
        Listing(holder_id="member-1", descending=True, after=tip.sequence),
        Listing(author="grocer", holder_id="member-1", kinds=(2, 3), after=1),
    ):
        reads.transactions(listing)
    reads.outcomes("grocer", [b"0" * 16, b"1" * 16])
    reads.transaction(record.author, b"0" * 16)
    reads.account("member-1")
    reads.account_by_alias("card-member-1")
    reads.holders(["member-1", "member-2"])
    reads.totals()
    reads.due_holds(tip.committed_us, None, 10)
    reads.due_holds(tip.committed_us, DueHold(1, "grocer", b"0" * 16), 10)
    reads.due_holders("2024-12-31", 10)
    reads.due_pledges("2024-12-31", ("", b""), 10)
    log = Log(store, network_id=NETWORK_ID, key=key_of("hub"))
    log.checkpoint()
    log.inclusion(3)
    log.consistency(200)
    JournalReader(store, log).read(1, author="grocer")
    JournalReader(store, log).read(1, entries_max=5)
    store.refresh()


def use_codes(store: Store) -> None:
    """Make a code, miss it, exchange it, forget it."""
    row = CodeRow("member-1", b"n", b"s", b"h", 10, 1, 0, "", b"")
    with store.write() as connection:
        lock_head(connection)
        add_code(connection, row)
        assert codes_of(connection, "member-1") == (row,)
        add_failure(connection, row)
        assert spend_code(connection, row, "grocer", b"consent")
        forget_codes(connection, 10, 1)


def test_statements_stay_on_common_ground(url: str) -> None:
    """A hub that writes every kind of transaction and answers every question says nothing that is not known widely."""
    with collected() as statements, closing(Store(url)) as store:
        write_books(url)
        read_everything(store)
        use_codes(store)
    assert {statement: strange(statement) for statement in statements if strange(statement)} == {}
    assert len(statements) > 40


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT sequence FROM head FOR UPDATE SKIP LOCKED",
        "SELECT sequence FROM head FOR UPDATE NOWAIT",
        "SELECT sequence FROM head FOR NO KEY UPDATE",
        "LISTEN entries",
        "NOTIFY entries",
        "LOCK TABLE head",
        "DO $$ BEGIN END $$",
        "CREATE TEMP TABLE lots (points int)",
        "MERGE INTO lots USING arrears ON true WHEN MATCHED THEN DELETE",
        "COPY entries FROM STDIN",
        "SET synchronous_commit = off",
        "CALL sweep()",
        "TRUNCATE lots",
        "SELECT generate_series(1, 10)",
        "SELECT ctid FROM lots TABLESAMPLE SYSTEM (1)",
        "SELECT relname FROM pg_class",
        "DELETE FROM lots RETURNING points",
        "WITH gone AS (DELETE FROM lots RETURNING *) SELECT * FROM gone",
    ],
)
def test_what_is_not_known_everywhere_is_told(statement: str) -> None:
    """The check above would see it."""
    assert strange(statement)
