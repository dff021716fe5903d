"""The tables keep exactly the records of the ledger."""

from __future__ import annotations

import pytest
from sqlalchemy import Table

from network.ledger import records
from network.store import tables
from network.store.projections import PROJECTIONS, Projection


def names(projection: Projection) -> str:
    return projection.table.name


@pytest.mark.parametrize("projection", PROJECTIONS, ids=names)
def test_primary_key_comes_first(projection: Projection) -> None:
    """Rows are told apart by their first columns, which is what flushing and verifying rely on."""
    columns = [*projection.table.columns]
    assert columns[: projection.key_columns] == [*projection.table.primary_key.columns]


@pytest.mark.parametrize(
    ("table", "record"),
    [
        (tables.network, records.Network),
        (tables.parties, records.Party),
        (tables.campaigns, records.Campaign),
        (tables.holders, records.Holder),
        (tables.holds, records.Hold),
        (tables.totals, records.Totals),
    ],
)
def test_columns_are_the_fields_of_the_record(table: Table, record: type[tuple[object, ...]]) -> None:
    """A field that the ledger gains cannot be forgotten by the store."""
    assert tuple(table.columns.keys()) == record._fields


@pytest.mark.parametrize(
    ("table", "record", "owner"),
    [
        (tables.lots, records.Lot, {"holder_id"}),
        (tables.arrears, records.Arrear, {"holder_id"}),
        (tables.pledges, records.Pledge, {"holder_id"}),
        (tables.terms, records.Terms, set()),
        (tables.policies, records.PolicyVersion, set()),
    ],
)
def test_columns_are_the_fields_of_the_record_and_its_owner(
    table: Table, record: type[tuple[object, ...]], owner: set[str]
) -> None:
    """Where one key has several records, a row says whose it is."""
    assert {*table.columns.keys()} == {*record._fields} | owner


def test_every_table_is_journal_head_projection_or_codes() -> None:
    """No table is left out of `verify` by oversight: all but the one-time codes follow from the journal."""
    compared = {projection.table for projection in PROJECTIONS}
    assert compared == {*tables.REFERENCE, *tables.WORKING}
    assert compared | {*tables.JOURNAL, tables.head, tables.codes} == {*tables.metadata.tables.values()}
