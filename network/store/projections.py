"""Which table keeps which records: the one description from which rows are flushed and by which `verify` compares them.

In every table here the columns of the primary key come first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sqlalchemy import Table

from network.ledger.records import Original
from network.ledger.state import State
from network.ledger.state import Table as Records
from network.store import tables
from network.store.rows import hold_row, holder_row, party_row, pledge_row, policy_row, terms_row
from network.store.sql import Row


class Projection(NamedTuple):
    """A table, the records that it keeps, what of a record makes a row of its own, and that row."""

    table: Table
    records: Callable[[State], Records[Any, Any]]
    #: Of a record, or of None, which has none.
    parts: Callable[[Any], tuple[Any, ...]]
    #: Of a record's key and one of its parts.
    row: Callable[[Any, Any], Row]

    def rows(self, key: Any, record: Any) -> list[Row]:
        """All rows of a record; None has none."""
        return [self.row(key, part) for part in self.parts(record)]

    @property
    def many(self) -> bool:
        """Whether a record may have several rows."""
        return self.parts is _many

    @property
    def key_columns(self) -> int:
        return len(self.table.primary_key.columns)


def _one(record: Any) -> tuple[Any, ...]:
    """The record itself is the part."""
    return () if record is None else (record,)


def _many(records: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """Each record of the tuple is one."""
    return records or ()


def _reversed(original: Original | None) -> tuple[Original, ...]:
    return () if original is None or original.reversed_points == 0 else (original,)


def _as_it_is(_key: Any, record: tuple[Any, ...]) -> Row:
    return tuple(record)


def _behind_holder(holder_id: str, record: tuple[Any, ...]) -> Row:
    return (holder_id, *record)


PROJECTIONS: Final = (
    Projection(tables.network, lambda state: state.reference.network, _one, _as_it_is),
    Projection(tables.policies, lambda state: state.reference.policies, _many, lambda _, version: policy_row(version)),
    Projection(tables.parties, lambda state: state.reference.parties, _one, lambda _, party: party_row(party)),
    Projection(tables.terms, lambda state: state.reference.terms, _many, lambda _, version: terms_row(version)),
    Projection(tables.campaigns, lambda state: state.reference.campaigns, _one, _as_it_is),
    Projection(tables.holders, lambda state: state.holders, _one, lambda _, holder: holder_row(holder)),
    Projection(tables.aliases, lambda state: state.aliases, _one, lambda alias, holder_id: (alias, holder_id)),
    Projection(tables.lots, lambda state: state.lots, _many, _behind_holder),
    Projection(tables.arrears, lambda state: state.arrears, _many, _behind_holder),
    Projection(tables.holds, lambda state: state.holds, _one, lambda _, hold: hold_row(hold)),
    Projection(tables.nonces, lambda state: state.nonces, _one, lambda key, sequence: (*key, sequence)),
    Projection(
        tables.reversals,
        lambda state: state.originals,
        _reversed,
        lambda key, original: (*key, original.reversed_points),
    ),
    Projection(tables.totals, lambda state: state.totals, _one, _as_it_is),
    Projection(tables.usage, lambda state: state.usage, _one, lambda key, points: (int(key[0]), *key[1:], points)),
    Projection(tables.pledges, lambda state: state.pledges, _many, pledge_row),
)
