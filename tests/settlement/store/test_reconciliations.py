"""Recorded reconciliations: the last about a window counts, older ones are history, and there is an end to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coalition.ids import transaction_id
from coalition.v1 import settlement_reconciliation_pb2 as pb
from settlement.store import reconciliations
from settlement.store.database import Database
from settlement.store.reconciliations import (
    add_reconciliation,
    keep_mapping,
    list_reconciliations,
    open_reconciliations,
    read_mapping,
    read_reconciliation,
)
from tests.settlement.books import new_database

MISSING = pb.DIFFERENCE_KIND_MISSING_AT_HUB


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one."""
    database = new_database(tmp_path)
    yield database
    database.close()


def identifier(number: int) -> bytes:
    """All of one moment: their order does not follow from their ids."""
    return transaction_id(1, bytes([255 - number]) * 10)


def record(
    database: Database, number: int, windows: tuple[int, ...], differences: int, party_id: str = "grocer"
) -> None:
    """Record one with so many differences."""
    summary = pb.ReconciliationSummary(
        reconciliation_id=identifier(number),
        party_id=party_id,
        windows=windows,
        counts=[pb.DifferenceCount(kind=MISSING, count=differences)] if differences else [],
        recorded_us=1_000 + number,
    )
    with database.write() as connection:
        add_reconciliation(connection, summary, b"differences %d" % number)


def still_open(database: Database) -> list[tuple[bytes, str, int]]:
    """What needs somebody's attention."""
    with database.read() as connection:
        return [(item.reconciliation_id, item.party_id, item.differences) for item in open_reconciliations(connection)]


def listed(
    database: Database, party_id: str | None = None, before: bytes = b"", limit: int = 10
) -> list[tuple[int, bool]]:
    """Which ones, by when they were recorded, and whether each is superseded."""
    with database.read() as connection:
        found = list_reconciliations(connection, party_id, before, limit)
    return [(item.recorded_us - 1_000, item.superseded) for item in found]


def test_the_last_about_a_window_counts(database: Database) -> None:
    """One is superseded when each of its windows has a later one of the same party, with differences or not."""
    record(database, 1, (1, 2), 5)
    record(database, 2, (1,), 0, "florist")
    assert still_open(database) == [(identifier(1), "grocer", 5)]
    record(database, 3, (1,), 2)
    assert [found[0] for found in still_open(database)] == [identifier(1), identifier(3)]
    record(database, 4, (2, 3), 0)
    assert still_open(database) == [(identifier(3), "grocer", 2)]
    assert listed(database) == [(4, False), (3, False), (2, False), (1, True)]
    assert listed(database, "florist") == [(2, False)]


def test_they_are_listed_in_pages(database: Database) -> None:
    """The newest first, going on before the last one of the page."""
    for number in range(1, 6):
        record(database, number, (number,), 1)
    assert listed(database, limit=2) == [(5, False), (4, False)]
    assert listed(database, before=identifier(4), limit=2) == [(3, False), (2, False)]
    assert listed(database, before=identifier(1)) == []
    assert listed(database, before=b"unknown") == []


def test_one_is_fetched_as_it_was(database: Database) -> None:
    """With all that was found; an unknown one is not there."""
    record(database, 1, (1,), 3)
    with database.read() as connection:
        found = read_reconciliation(connection, identifier(1))
        assert read_reconciliation(connection, identifier(9)) is None
    assert found is not None
    assert (found[0].counts[0].count, found[1]) == (3, b"differences 1")


def test_there_is_an_end_to_them(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the most of a party, superseded ones go first, then the oldest; others' stay."""
    monkeypatch.setattr(reconciliations, "KEPT_MAX", 3)
    record(database, 1, (1,), 1, "florist")
    record(database, 2, (2,), 1)
    record(database, 3, (3,), 1)
    record(database, 4, (3,), 1)
    record(database, 5, (5,), 1)
    assert listed(database) == [(5, False), (4, False), (2, False), (1, False)]
    record(database, 6, (6,), 1)
    assert listed(database, "grocer") == [(6, False), (5, False), (4, False)]
    assert [found[0] for found in still_open(database)] == [identifier(number) for number in (1, 4, 5, 6)]


def test_a_mapping_takes_the_place_of_the_one_before(database: Database) -> None:
    """Of each party there is one."""
    with database.write() as connection:
        assert read_mapping(connection, "grocer") is None
        for column in ("Points", "Punkte"):
            keep_mapping(connection, "grocer", pb.RecordsMapping(points_column=column), "operator", 1)
        assert read_mapping(connection, "grocer") == pb.RecordsMapping(points_column="Punkte")
        assert read_mapping(connection, "florist") is None
