"""Matching by reference, points and time, own references and those of what was reversed or captured."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import duckdb
import pyarrow as pa

from settlement.reconciliation.pairing import counted, pair, settle

# Mostly a reference is there once on each side: those need no closer look.
_REFERENCE_ALONE: Final = """
INSERT INTO pairs
WITH r AS (
    SELECT reference, points, class, min(row) AS row, min(time_us) AS at_us FROM loose_rows
    WHERE reference IS NOT NULL AND points > 0 GROUP BY reference, points, class HAVING count(*) = 1
), e AS (
    SELECT reference, points, class, min(sequence) AS sequence, min(committed_us) AS at_us FROM loose_entries
    WHERE reference IS NOT NULL AND accepted GROUP BY reference, points, class HAVING count(*) = 1
)
SELECT row, sequence, 'reference' FROM r JOIN e USING (reference, points, class)
WHERE coalesce(abs(r.at_us - e.at_us) <= getvariable('tolerance_us'), true)
"""

# What may be paired: entries under the reference by which they are looked for now. Those that are paired already count
# when it is told what there is twice.
_POOL: Final = """
CREATE OR REPLACE TEMP TABLE pool (
    sequence BIGINT, class class, points BIGINT, reference VARCHAR, committed_us BIGINT, loose BOOLEAN
);
CREATE OR REPLACE TEMP TABLE pool_rows (
    row BIGINT, id UUID, class class, points BIGINT, reference VARCHAR, time_us BIGINT, status status, loose BOOLEAN
)
"""
_POOL_OWN: Final = """
CREATE TEMP TABLE keys AS
SELECT DISTINCT reference, points, class FROM loose_rows WHERE reference IS NOT NULL
UNION
SELECT DISTINCT reference, points, class FROM loose_entries WHERE accepted AND reference IS NOT NULL;
INSERT INTO pool
SELECT j.sequence, j.class, j.points, j.reference, j.committed_us, e.sequence IS NOT NULL
FROM (SELECT * FROM journal SEMI JOIN keys USING (reference, points, class) WHERE accepted) j
LEFT JOIN loose_entries e USING (sequence);
INSERT INTO pool_rows
SELECT p.row, p.id, p.class, p.points, p.reference, p.time_us, p.status, l.row IS NOT NULL
FROM (SELECT * FROM partner SEMI JOIN keys USING (reference, points, class) WHERE points > 0) p
LEFT JOIN loose_rows l USING (row)
WHERE p.row NOT IN (SELECT row FROM spare_rows)
"""
_POOL_LOOSE: Final = """
INSERT INTO pool
SELECT sequence, class, points, reference, committed_us, true FROM loose_entries
WHERE accepted AND reference IS NOT NULL
"""
_POOL_ORIGINAL: Final = """
INSERT INTO pool
SELECT sequence, class, points, about_reference, committed_us, true FROM loose_entries
WHERE accepted AND about_reference IS NOT NULL
"""
_POOL_REJECTED: Final = """
INSERT INTO pool
SELECT sequence, class, points, reference, committed_us, true FROM loose_entries
WHERE NOT accepted AND reference IS NOT NULL
"""
_POOL_HOLDS: Final = """
INSERT INTO pool
SELECT sequence, class_of('redeem', NULL)::class, points, reference, committed_us, true FROM loose_entries
WHERE accepted AND class = 'hold' AND reference IS NOT NULL
"""
_POOL_ROWS: Final = """
INSERT INTO pool_rows
SELECT row, id, class, points, reference, time_us, status, true
FROM loose_rows SEMI JOIN pool USING (reference, points, class) WHERE points > 0
"""

# Rows and entries of one reference, points and class fall into parts wherever more time passes than the tolerance.
# Without times there is one part.
_GROUPED: Final = """
CREATE OR REPLACE TEMP TABLE grouped AS
WITH events AS (
    SELECT row, NULL::BIGINT AS sequence, id, class, points, reference, time_us AS at_us, status, loose FROM pool_rows
    UNION ALL
    SELECT NULL, sequence, NULL, class, points, reference, CASE WHEN getvariable('timed') THEN committed_us END, NULL,
           loose
    FROM pool
), spaced AS (
    SELECT *, coalesce(at_us - lag(at_us) OVER same > getvariable('tolerance_us'), false) AS apart
    FROM events WINDOW same AS (PARTITION BY reference, points, class ORDER BY at_us, sequence, row)
)
-- By rows: a range looks for equal ones each time, in a large group for ever.
SELECT *, sum(apart::BIGINT) OVER same AS part
FROM spaced WINDOW same AS (
    PARTITION BY reference, points, class ORDER BY at_us, sequence, row ROWS UNBOUNDED PRECEDING
)
"""
# What is loose on both sides, part by part in the order of time; rows of one status, for one that was done counts
# before one that is pending or was declined. Which of several equal rows is which entry changes nothing, but an id that
# is unknown may be another thing's.
_IN_ORDER: Final = """
WITH both_sides AS (
    SELECT reference, points, class, part, dense_rank() OVER (ORDER BY reference, points, class, part) AS number
    FROM grouped WHERE loose AND (status = $status OR sequence IS NOT NULL)
    GROUP BY reference, points, class, part HAVING count(row) > 0 AND count(sequence) > 0
)
SELECT number, coalesce(at_us, 0), row, sequence FROM grouped JOIN both_sides USING (reference, points, class, part)
WHERE loose AND CASE WHEN row IS NULL THEN sequence NOT IN (SELECT sequence FROM pairs) ELSE status = $status END
ORDER BY number, at_us, sequence, id NULLS FIRST, row
"""
_LOOSE_STATUSES: Final = """
SELECT status::VARCHAR FROM grouped WHERE row IS NOT NULL AND loose GROUP BY status
ORDER BY status <> 'ok', status <> 'pending'
"""
_TAKE_PAIRED: Final = """
INSERT INTO pairs SELECT row, sequence, 'reference' FROM paired
"""

# The file has something twice that the journal has once, or not at all. Another id is another thing.
_SPARE_BY_REFERENCE: Final = """
INSERT INTO spare_rows
SELECT row, first_row FROM (
    SELECT g.row, g.status, g.loose AND p.row IS NULL AS alone, g.id,
           count(g.sequence) OVER part AS entries,
           row_number() OVER best AS place,
           first_value(g.row) OVER best AS first_row, first_value(g.id) OVER best AS first_id
    FROM grouped g LEFT JOIN pairs p ON g.row = p.row
    WHERE coalesce(g.status <> 'declined', true)
    WINDOW part AS (PARTITION BY g.reference, g.points, g.class, g.part),
           best AS (PARTITION BY g.reference, g.points, g.class, g.part
                    ORDER BY g.row IS NULL, g.loose AND p.row IS NULL, g.status <> 'ok', g.id NULLS LAST,
                             g.at_us, g.row)
) WHERE alone AND status = 'ok' AND entries <= 1 AND place > 1 AND coalesce(id = first_id, id IS NULL)
"""
# The journal has something twice that the file has once, whenever that was.
_SPARE_ENTRIES: Final = """
INSERT INTO spare_entries
SELECT sequence, of_sequence FROM (
    SELECT g.sequence, g.loose AND p.sequence IS NULL AS alone,
           count(g.row) FILTER (WHERE g.status = 'ok') OVER same AS rows,
           min(g.sequence) FILTER (WHERE NOT g.loose OR p.sequence IS NOT NULL) OVER same AS of_sequence
    FROM grouped g LEFT JOIN pairs p ON g.sequence = p.sequence
    WINDOW same AS (PARTITION BY g.reference, g.points, g.class)
) WHERE sequence IS NOT NULL AND alone AND rows = 1 AND of_sequence IS NOT NULL
"""

# The same reference and class, once in the file and once in the journal, with other points.
_SAME_REFERENCE_ONLY: Final = """
INSERT INTO pairs
WITH keys AS (SELECT DISTINCT reference, class FROM loose_rows WHERE reference IS NOT NULL AND id IS NULL),
r AS (
    SELECT reference, class, min(row) AS row, min(time_us) AS at_us FROM partner SEMI JOIN keys USING (reference, class)
    WHERE points > 0 GROUP BY reference, class HAVING count(*) = 1
), e AS (
    SELECT reference, class, min(sequence) AS sequence, min(committed_us) AS at_us
    FROM journal SEMI JOIN keys USING (reference, class)
    WHERE accepted GROUP BY reference, class HAVING count(*) = 1
)
SELECT row, sequence, 'reference' FROM r JOIN e USING (reference, class)
WHERE row IN (SELECT row FROM loose_rows WHERE status <> 'declined')
  AND sequence IN (SELECT sequence FROM loose_entries)
  AND coalesce(abs(r.at_us - e.at_us) <= getvariable('tolerance_us'), true)
"""
_BATCH: Final = 10_000

#: Number of a group, microseconds, and a row or a sequence.
Event: TypeAlias = "tuple[int, int, int | None, int | None]"


def pair_own_references(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair loose rows with accepted entries, and note what is there twice on either side."""
    pair(connection, _REFERENCE_ALONE)
    connection.execute(_POOL)
    if counted(connection, _POOL_OWN):
        found = _pair_groups(connection)
        if found + counted(connection, _SPARE_BY_REFERENCE) + counted(connection, _SPARE_ENTRIES):
            settle(connection)


def pair_references(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair loose rows with accepted entries."""
    _pair_pool(connection, _POOL_LOOSE)


def pair_original_references(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair loose rows with accepted entries that reverse or capture what has their reference."""
    _pair_pool(connection, _POOL_ORIGINAL)


def pair_rejected_references(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair loose rows with rejected entries."""
    _pair_pool(connection, _POOL_REJECTED)


def pair_hold_references(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair rows with holds that they count as redeemed."""
    _pair_pool(connection, _POOL_HOLDS)


def pair_references_only(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair rows with entries of other points, where a reference is there once on each side."""
    if counted(connection, "SELECT count(*) FROM loose_rows WHERE reference IS NOT NULL AND id IS NULL"):
        pair(connection, _SAME_REFERENCE_ONLY)


def in_order(events: Iterable[Event], tolerance_us: int) -> Iterator[tuple[int, int]]:
    """The most pairs of a row and a sequence of one group that are `tolerance_us` or less apart.

    `events` come group by group, in the order of time. What waits is all rows or all sequences; each event is paired
    with the one that waits longest, and what has waited too long has no other.
    """
    waiting: deque[tuple[int, int]] = deque()
    rows_wait, group = True, 0
    for number, at_us, row, sequence in events:
        if number != group:
            waiting.clear()
            group = number
        while waiting and at_us - waiting[0][0] > tolerance_us:
            waiting.popleft()
        if row is None:
            assert sequence is not None, "an event is a row or an entry"
            if waiting and rows_wait:
                yield waiting.popleft()[1], sequence
            else:
                rows_wait = False
                waiting.append((at_us, sequence))
        elif waiting and not rows_wait:
            yield row, waiting.popleft()[1]
        else:
            rows_wait = True
            waiting.append((at_us, row))


def _pair_pool(connection: duckdb.DuckDBPyConnection, pool: str) -> None:
    connection.execute(_POOL)
    if counted(connection, pool) and counted(connection, _POOL_ROWS) and _pair_groups(connection):
        settle(connection)


def _pair_groups(connection: duckdb.DuckDBPyConnection) -> int:
    """Pair what is in `pool_rows` with what is in `pool`; gives how many pairs there are."""
    connection.execute(_GROUPED)
    tolerance_us = counted(connection, "SELECT getvariable('tolerance_us')")
    found = 0
    for (status,) in connection.execute(_LOOSE_STATUSES).fetchall():
        rows, sequences = array("q"), array("q")
        for row, sequence in in_order(_events(connection, status), tolerance_us):
            rows.append(row)
            sequences.append(sequence)
        if rows:
            connection.register("paired", pa.table({"row": pa.array(rows), "sequence": pa.array(sequences)}))
            found += counted(connection, _TAKE_PAIRED)
            connection.unregister("paired")
    return found


def _events(connection: duckdb.DuckDBPyConnection, status: str) -> Iterator[Event]:
    result = connection.execute(_IN_ORDER, {"status": status})
    while events := result.fetchmany(_BATCH):
        yield from events
