"""Matching by points and time, where nothing else could be meant."""

from __future__ import annotations

from typing import Final

import duckdb

from settlement.reconciliation.pairing import counted, pair

# What could be several things stays unclear, whatever is in other windows or was rejected.
# A row that names an id or a reference means that one, so it is never an entry that has another.
_NEAR: Final = """
CREATE OR REPLACE TEMP TABLE near AS
WITH events AS (
    SELECT row, NULL::BIGINT AS sequence, class, points, reference, time_us AS at_us FROM loose_rows
    WHERE id IS NULL AND status <> 'declined' AND points > 0 AND row NOT IN (SELECT row FROM unclear)
    UNION ALL
    SELECT NULL, sequence, class, points, reference, committed_us FROM loose_entries
    WHERE accepted = $accepted AND class NOT IN ('hold', 'release')
)
SELECT row, sequence,
       CASE WHEN row IS NOT NULL AND reference IS NULL THEN count(sequence) OVER around
            WHEN row IS NOT NULL THEN count(sequence) FILTER (WHERE reference IS NULL) OVER around
            WHEN reference IS NULL THEN count(row) OVER around
            ELSE count(row) FILTER (WHERE reference IS NULL) OVER around END AS others,
       CASE WHEN reference IS NULL THEN max(sequence) OVER around
            ELSE max(sequence) FILTER (WHERE reference IS NULL) OVER around END AS candidate
FROM events
WINDOW around AS (
    PARTITION BY points, class ORDER BY at_us
    RANGE BETWEEN getvariable('tolerance_us') PRECEDING AND getvariable('tolerance_us') FOLLOWING
)
"""
# The same where no row names a reference: each look around costs, and there are fewer of them.
_NEAR_BARE: Final = """
CREATE OR REPLACE TEMP TABLE near AS
WITH events AS (
    SELECT row, NULL::BIGINT AS sequence, class, points, time_us AS at_us FROM loose_rows
    WHERE id IS NULL AND status <> 'declined' AND points > 0 AND row NOT IN (SELECT row FROM unclear)
    UNION ALL
    SELECT NULL, sequence, class, points, committed_us FROM loose_entries
    WHERE accepted = $accepted AND class NOT IN ('hold', 'release')
)
SELECT row, sequence,
       CASE WHEN row IS NOT NULL THEN count(sequence) OVER around ELSE count(row) OVER around END AS others,
       max(sequence) OVER around AS candidate
FROM events
WINDOW around AS (
    PARTITION BY points, class ORDER BY at_us
    RANGE BETWEEN getvariable('tolerance_us') PRECEDING AND getvariable('tolerance_us') FOLLOWING
)
"""
_SAME_TIME: Final = """
INSERT INTO pairs
SELECT r.row, e.sequence, 'time' FROM near r JOIN near e ON r.candidate = e.sequence
WHERE r.row IS NOT NULL AND e.row IS NULL AND r.others = 1 AND e.others = 1
"""
_UNCLEAR: Final = """
INSERT INTO unclear
SELECT r.row, greatest(r.others, 2) FROM near r
WHERE r.row IS NOT NULL AND r.others >= 1 AND r.row NOT IN (SELECT row FROM pairs)
"""


def pair_times(connection: duckdb.DuckDBPyConnection, *, accepted: bool) -> None:
    """Pair rows with accepted entries, or with rejected ones, and note in `unclear` what could be several."""
    if not counted(connection, "SELECT count(*) FROM loose_rows WHERE id IS NULL AND time_us IS NOT NULL"):
        return
    named = counted(connection, "SELECT count(*) FROM loose_rows WHERE id IS NULL AND reference IS NOT NULL")
    connection.execute(_NEAR if named else _NEAR_BARE, {"accepted": accepted})
    pair(connection, _SAME_TIME)
    connection.execute(_UNCLEAR)
