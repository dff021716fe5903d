"""Matching by id, and by the id of what was reversed or captured."""

from __future__ import annotations

from typing import Final

import duckdb

from settlement.reconciliation.pairing import counted, pair, settle

# Ids are an author's only once in the journal, so who appears twice in `joined` is twice in the file.
_JOINED: Final = """
CREATE TEMP TABLE joined AS
SELECT p.row, j.sequence,
       coalesce(p.points = j.points AND p.status = 'ok' AND j.accepted AND j.class <> 'hold', false) AS equal
FROM partner p FULL JOIN journal j ON p.id = j.id AND p.class = j.class;
CREATE TEMP TABLE repeated AS
SELECT sequence FROM joined WHERE row IS NOT NULL AND sequence IS NOT NULL GROUP BY sequence HAVING count(*) > 1
"""
# What is equal by id is done with. A hold is not, for it may be open, whatever the file says of it.
_UNEQUAL: Final = """
CREATE TEMP TABLE unequal AS
SELECT row, sequence FROM joined WHERE NOT equal
UNION
SELECT row, sequence FROM joined SEMI JOIN repeated USING (sequence);
DROP TABLE joined
"""
# Of several rows with one id, one that was done counts before one that is pending or was declined: a till that tries
# again keeps the id.
_PAIR_BY_ID: Final = """
CREATE TEMP TABLE ranked AS
SELECT p.row, j.sequence, row_number() OVER best AS place, first_value(p.row) OVER best AS best_row
FROM unequal u JOIN partner p USING (row) JOIN journal j USING (sequence)
WINDOW best AS (
    PARTITION BY j.sequence
    ORDER BY p.status <> 'ok', p.status <> 'pending', p.points <> j.points, p.time_us, p.reference, p.row
);
INSERT INTO pairs SELECT row, sequence, 'id' FROM ranked WHERE place = 1;
INSERT INTO spare_rows SELECT row, best_row FROM ranked WHERE place > 1;
CREATE TEMP TABLE loose_rows AS
SELECT * FROM partner SEMI JOIN (SELECT row FROM unequal WHERE row IS NOT NULL AND sequence IS NULL) USING (row);
CREATE TEMP TABLE loose_entries AS
SELECT j.*, a.sequence AS about_sequence, a.kind AS about_kind, a.reference AS about_reference
FROM (
    SELECT * FROM journal
    SEMI JOIN (SELECT sequence FROM unequal WHERE sequence IS NOT NULL AND row IS NULL) USING (sequence)
) j LEFT JOIN about a ON j.about_id = a.id
"""

# As above: what is repeated under one id is one thing, whichever class it has.
_BEST: Final = """
CREATE OR REPLACE TEMP TABLE best AS
SELECT r.row, e.sequence, row_number() OVER best AS place, first_value(r.row) OVER best AS best_row
FROM loose_rows r JOIN loose_entries e ON r.id = e.id
WHERE {condition}
WINDOW best AS (
    PARTITION BY e.sequence
    ORDER BY r.status <> 'ok', r.status <> 'pending', r.points <> e.points, r.time_us, r.reference, r.row
)
"""
_SAME_ID: Final = _BEST.format(condition="r.class = e.class")

# A refund may go by the id of what it refunds, a capture by that of its hold. Equal ones are taken in order: which of
# them is which changes nothing. Then come those that are left alone on both sides, whose points differ.
_SAME_ORIGINAL: Final = """
INSERT INTO pairs
WITH r AS (
    SELECT row, id, class, points,
           row_number() OVER (
               PARTITION BY id, class, points ORDER BY status <> 'ok', status <> 'pending', time_us, reference, row
           ) AS place
    FROM loose_rows WHERE id IS NOT NULL
), e AS (
    SELECT sequence, about_id, class, points,
           row_number() OVER (PARTITION BY about_id, class, points ORDER BY NOT accepted, sequence) AS place
    FROM loose_entries WHERE about_id IS NOT NULL
)
SELECT r.row, e.sequence, 'id' FROM r JOIN e
ON r.id = e.about_id AND r.class = e.class AND r.points = e.points AND r.place = e.place
"""
_SAME_ORIGINAL_ALONE: Final = """
INSERT INTO pairs
WITH r AS (
    SELECT id, class, min(row) AS row FROM loose_rows WHERE id IS NOT NULL AND status <> 'declined'
    GROUP BY id, class HAVING count(*) = 1
), e AS (
    SELECT about_id, class, min(sequence) AS sequence FROM loose_entries
    WHERE about_id IS NOT NULL AND accepted GROUP BY about_id, class HAVING count(*) = 1
)
SELECT r.row, e.sequence, 'id' FROM r JOIN e ON r.id = e.about_id AND r.class = e.class
"""

# The same id in another class: something that is booked as another kind. A row that reverses is another thing than what
# it reverses.
_SAME_ID_ONLY: Final = _BEST.format(condition="r.class <> 'reverse' AND e.class NOT IN ('reverse', 'hold')")
_SAME_HOLD: Final = _BEST.format(condition="r.class <> 'reverse'")
_TAKE_BEST: Final = """
INSERT INTO pairs SELECT row, sequence, 'id' FROM best WHERE place = 1
"""
_SPARE_OTHERS: Final = """
INSERT INTO spare_rows SELECT row, best_row FROM best WHERE place > 1
"""

# An id that is in the file more than once, other than for an entry of its own. Refunds in parts go by one id.
_SPARE_BY_ID: Final = """
INSERT INTO spare_rows
SELECT row, best_row FROM (
    SELECT p.row, l.row IS NOT NULL AS loose,
           row_number() OVER best AS place, first_value(p.row) OVER best AS best_row
    FROM (SELECT * FROM partner SEMI JOIN (SELECT DISTINCT id FROM loose_rows) USING (id)) p
    LEFT JOIN loose_rows l USING (row)
    WHERE p.row NOT IN (SELECT row FROM spare_rows)
    WINDOW best AS (
        PARTITION BY p.id, p.class, p.points, CASE WHEN p.class IN ('reverse', 'in', 'out') THEN p.time_us END
        ORDER BY l.row IS NOT NULL, p.status <> 'ok', p.status <> 'pending', p.time_us, p.reference, p.row
    )
) WHERE place > 1 AND loose
"""


def pair_own_ids(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair rows with entries of the windows asked about, and make `loose_rows` and `loose_entries` of what is left."""
    for statement in (_JOINED, _UNEQUAL, _PAIR_BY_ID):
        connection.execute(statement)
    if counted(connection, "SELECT count(*) FROM loose_rows WHERE id IS NOT NULL"):
        pair_ids(connection)
        if counted(connection, _SPARE_BY_ID):
            settle(connection)


def pair_ids(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair loose rows with loose entries by ids."""
    _pair_best(connection, _SAME_ID)
    pair(connection, _SAME_ORIGINAL)
    pair(connection, _SAME_ORIGINAL_ALONE)
    _pair_best(connection, _SAME_ID_ONLY)


def pair_holds(connection: duckdb.DuckDBPyConnection) -> None:
    """Pair rows with holds that they count as done."""
    _pair_best(connection, _SAME_HOLD)


def _pair_best(connection: duckdb.DuckDBPyConnection, candidates: str) -> None:
    connection.execute(candidates)
    if counted(connection, _TAKE_BEST):
        connection.execute(_SPARE_OTHERS)
        settle(connection)
