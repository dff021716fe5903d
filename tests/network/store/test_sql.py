"""Statements over many keys or rows at once."""

from __future__ import annotations

import pytest
from sqlalchemy import Table

from network.store import tables
from network.store.sql import delete_rows, insert_rows, rows_by_key, upsert_rows
from network.store.sql.sqlite import lookup_text
from network.store.store import Store


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


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (tables.entries, ("author", "transaction_id")),
        (tables.lots, ("holder_id",)),
        (tables.usage, ("what", "who", "day")),
    ],
)
def test_lookup_goes_by_an_index(store: Store, table: Table, key: tuple[str, ...]) -> None:
    """However many rows a table has, a key costs one search in it."""
    statement = lookup_text(table, key, key, 8)
    with store.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("x",) * len(key) * 8).all()
    steps = [row[3] for row in plan if row[3].split()[1] == table.name]
    assert [step.split()[0] for step in steps] == ["SEARCH"]
    assert "USING" in steps[0]
