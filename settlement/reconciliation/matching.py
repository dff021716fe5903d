"""Which row of the file is which entry of the journal. Never a guess: where two could be it, none is taken.

Looked for in this order: by id; by the id of what was reversed or captured; by reference, points and time; by the
reference of what was reversed or captured; by points and time, where nothing else could be meant. Accepted entries come
before rejected ones, the windows asked about before others.

Only what does not agree at once is looked at more closely: of a million rows mostly a few thousand. From `partner` and
`journal`, this makes

    pairs(row, sequence, how)               what is matched and not simply equal by id; `how`: id, reference, time
    spare_rows(row, of_row)                 rows that repeat another row of the file
    spare_entries(sequence, of_sequence)    entries that repeat another one for the same row
    unclear(row, entries)                   how many entries could be it, where that is more than one
    loose_rows                              rows that are left, as in `partner`
    left_entries                            entries of the windows asked about that are left, as in `journal`
    elsewhere                               entries of other windows, as in `journal`
"""

from __future__ import annotations

from typing import Final

import duckdb

from settlement.reconciliation.by_id import pair_holds, pair_ids, pair_own_ids
from settlement.reconciliation.by_reference import (
    pair_hold_references,
    pair_original_references,
    pair_own_references,
    pair_references,
    pair_references_only,
    pair_rejected_references,
)
from settlement.reconciliation.by_time import pair_times
from settlement.reconciliation.elsewhere import look_elsewhere
from settlement.reconciliation.pairing import counted

_TABLES: Final = """
CREATE TYPE how AS ENUM ('id', 'reference', 'time');
CREATE TEMP TABLE pairs (row BIGINT, sequence BIGINT, how how);
CREATE TEMP TABLE spare_rows (row BIGINT, of_row BIGINT);
CREATE TEMP TABLE spare_entries (sequence BIGINT, of_sequence BIGINT);
CREATE TEMP TABLE unclear (row BIGINT, entries BIGINT)
"""
# Holds that the file counts as redeemed, once no capture was found for them.
_LOOK_AT_HOLDS: Final = """
CREATE OR REPLACE TEMP TABLE loose_entries AS SELECT * FROM left_entries WHERE class = 'hold'
"""
_KEEP_LEFT: Final = """
DELETE FROM left_entries WHERE sequence IN (SELECT sequence FROM pairs)
"""


def match(connection: duckdb.DuckDBPyConnection, party_id: str, tolerance_us: int) -> None:
    """Match `partner` with `journal`, then what is left with `other_records`.

    The times of a row and its entry may be `tolerance_us` apart.
    """
    connection.execute("SET VARIABLE tolerance_us = $tolerance", {"tolerance": tolerance_us})
    connection.execute(_TABLES)
    pair_own_ids(connection)
    pair_own_references(connection)
    _pair_further(connection)
    if look_elsewhere(connection, party_id):
        pair_ids(connection)
        pair_references(connection)
        _pair_further(connection)
    if counted(connection, "SELECT count(*) FROM left_entries WHERE class = 'hold'"):
        connection.execute(_LOOK_AT_HOLDS)
        pair_holds(connection)
        pair_hold_references(connection)
        connection.execute(_KEEP_LEFT)


def _pair_further(connection: duckdb.DuckDBPyConnection) -> None:
    pair_original_references(connection)
    pair_times(connection, accepted=True)
    pair_rejected_references(connection)
    pair_times(connection, accepted=False)
    pair_references_only(connection)
