"""Statements over many keys or rows at once."""

from __future__ import annotations

import pytest
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError, IntegrityError

from network.store import tables
from network.store.sql import delete_rows, insert_rows, postgresql, rows_by_key, sqlite, upsert_rows
from network.store.sql.arrays import Blobs, Numbers, Texts
from network.store.store import Store
from tests.databases import BOTH

pytestmark = pytest.mark.engines(*BOTH)


@pytest.mark.parametrize("count", [0, 1, 2, 8, 9, 64, 511, 512, 513, 1_300])
def test_rows_are_found_by_any_number_of_keys(store: Store, count: int) -> None:
    """Every wanted row comes once, no other does, and keys without a row are passed over."""
    rows = [(f"who-{number}", number.to_bytes(2, "big"), number) for number in range(1_400)]
    keys = [(who, nonce) for who, nonce, _ in rows[:count]]
    strangers = [("nobody", b"x")] if count else []
    with store.write() as connection:
        insert_rows(connection, tables.nonces, rows)
        found = rows_by_key(connection, tables.nonces, ("who", "nonce"), ("who", "sequence"), keys + strangers)
        assert sorted((number, who) for who, number in found) == [(number, who) for who, _, number in rows[:count]]


def test_upsert_replaces_what_has_the_same_key(store: Store) -> None:
    """A row stands once under its key, with its newest values."""
    with store.write() as connection:
        upsert_rows(connection, tables.nonces, [("a", b"1", 1), ("b", b"1", 2)])
        upsert_rows(connection, tables.nonces, [("a", b"1", 3), ("a", b"2", 4)])
        found = rows_by_key(connection, tables.nonces, ("who",), ("who", "nonce", "sequence"), [("a",), ("b",)])
        assert sorted(map(tuple, found)) == [("a", b"1", 3), ("a", b"2", 4), ("b", b"1", 2)]


def test_delete_takes_only_the_named_rows(store: Store) -> None:
    """Keys are compared as a whole."""
    with store.write() as connection:
        insert_rows(connection, tables.nonces, [("a", b"1", 1), ("a", b"2", 2), ("b", b"1", 3)])
        delete_rows(connection, tables.nonces, [("a", b"1"), ("c", b"1")])
        found = rows_by_key(connection, tables.nonces, ("who",), ("who", "nonce"), [("a",), ("b",), ("c",)])
        assert sorted(map(tuple, found)) == [("a", b"2"), ("b", b"1")]


def test_refused_row_raises_what_sqlalchemy_would(store: Store) -> None:
    """Its class says what is wrong, its text quotes no value, the transaction is counted, and nothing of it stays."""
    told: list[tuple[str, str]] = []
    store.on_error(lambda connection, error: told.append((connection, error)))
    with pytest.raises(IntegrityError) as refused, store.write() as connection:
        insert_rows(connection, tables.nonces, [("whose-nonce", b"1", 1), ("whose-nonce", b"1", 2)])
    assert "whose-nonce" not in str(refused.value)
    assert told == [("writing", "IntegrityError")]
    with store.read() as connection:
        assert list(rows_by_key(connection, tables.nonces, ("who",), ("sequence",), [("whose-nonce",)])) == []


@pytest.mark.engines("sqlite")
def test_damage_that_a_lookup_meets_raises_what_sqlalchemy_would(store: Store) -> None:
    """Also behind the first row that it finds: SQLite reads on as rows are taken."""
    told: list[tuple[str, str]] = []
    store.on_error(lambda connection, error: told.append((connection, error)))
    with store.write() as connection:
        insert_rows(connection, tables.aliases, [("a-card", "anna"), ("b-card", "ben")])
        connection.exec_driver_sql("UPDATE aliases SET holder_id = CAST(x'ff' AS TEXT) WHERE alias = 'b-card'")
    keys = [("a-card",), ("b-card",)]
    with pytest.raises(DBAPIError), store.read() as connection:
        list(rows_by_key(connection, tables.aliases, ("alias",), ("holder_id",), keys))
    assert told == [("reading", "OperationalError")]


KEYS = pytest.mark.parametrize(
    ("table", "key"),
    [
        (tables.entries, ("author", "transaction_id")),
        (tables.lots, ("holder_id",)),
        (tables.usage, ("what", "who", "day")),
    ],
)


@KEYS
@pytest.mark.engines("sqlite")
def test_lookup_goes_by_an_index(store: Store, table: Table, key: tuple[str, ...]) -> None:
    """However many rows a table has, a key costs one search in it."""
    statement = sqlite.lookup_text(table, key, key, 8)
    with store.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("x",) * len(key) * 8).all()
    steps = [row[3] for row in plan if row[3].split()[1] == table.name]
    assert [step.split()[0] for step in steps] == ["SEARCH"]
    assert "USING" in steps[0]


@KEYS
@pytest.mark.engines("postgresql")
def test_lookup_goes_by_an_index_on_postgresql(store: Store, table: Table, key: tuple[str, ...]) -> None:
    """However many rows a table has, and whatever its statistics say, a key costs one search in it."""
    statement = postgresql.lookup_text(table, key, key)
    arrays = [
        Numbers([1]) if name == "what" else Blobs([b"x"]) if name == "transaction_id" else Texts(["x"]) for name in key
    ]
    with store.write() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", tuple(arrays)).scalars().all()
    assert plan[0].startswith("Nested Loop")
    assert [line.strip(" ->").split()[0] for line in plan if f" on {table.name} " in line] in (["Index"], ["Bitmap"])


@pytest.mark.engines("postgresql")
def test_statement_is_planned_once(store: Store) -> None:
    """The text of a statement and the types of its parameters do not depend on how many rows or how large the numbers
    are, so that the server has it ready."""
    with store.write() as connection:
        for count, number in ((1, 1), (3, 1 << 20), (40, 1 << 60)):
            upsert_rows(connection, tables.nonces, [(f"who-{row}", b"n", number) for row in range(count)])
            list(rows_by_key(connection, tables.nonces, ("who", "nonce"), ("sequence",), [("who-0", b"n")] * count))
        prepared = connection.exec_driver_sql("SELECT generic_plans FROM pg_prepared_statements ORDER BY 1").scalars()
        assert list(prepared)[-2:] == [3, 3]


@pytest.mark.engines("postgresql")
def test_values_come_through(store: Store) -> None:
    """Whatever a column may hold arrives as it was: the largest numbers, all bytes, all languages, nothing at all."""
    rows = [
        ("", b"", -(1 << 63)),
        ("Jürgen & Søn, 東京 🛒 {\"},NULL'%s", bytes(range(256)), (1 << 63) - 1),
        ("NULL", b"\\x00", 0),
    ]
    with store.write() as connection:
        insert_rows(connection, tables.nonces, rows)
        found = rows_by_key(
            connection, tables.nonces, ("who", "nonce"), ("who", "nonce", "sequence"), [row[:2] for row in rows]
        )
        assert sorted(map(tuple, found)) == sorted(rows)
