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

from collections.abc import Mapping
from typing import Final

import duckdb

_TABLES: Final = """
CREATE TYPE how AS ENUM ('id', 'reference', 'time');
CREATE TEMP TABLE pairs (row BIGINT, sequence BIGINT, how how);
CREATE TEMP TABLE spare_rows (row BIGINT, of_row BIGINT);
CREATE TEMP TABLE spare_entries (sequence BIGINT, of_sequence BIGINT);
CREATE TEMP TABLE unclear (row BIGINT, entries BIGINT)
"""

# ---- by id

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

_SETTLE: Final = """
DELETE FROM loose_rows WHERE row IN (SELECT row FROM pairs UNION ALL SELECT row FROM spare_rows);
DELETE FROM loose_entries WHERE sequence IN (SELECT sequence FROM pairs)
"""

_SAME_ID: Final = """
INSERT INTO pairs
SELECT row, sequence, 'id' FROM (
    SELECT r.row, e.sequence,
           row_number() OVER (
               PARTITION BY e.sequence ORDER BY r.status <> 'ok', r.time_us, r.reference, r.row
           ) AS place
    FROM loose_rows r JOIN loose_entries e ON r.id = e.id AND r.class = e.class
) WHERE place = 1
"""

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
_SAME_ID_ONLY: Final = """
INSERT INTO pairs
SELECT row, sequence, 'id' FROM (
    SELECT r.row, e.sequence,
           row_number() OVER (
               PARTITION BY e.sequence ORDER BY r.status <> 'ok', r.time_us, r.reference, r.row
           ) AS place
    FROM loose_rows r JOIN loose_entries e ON r.id = e.id
    WHERE r.class <> 'reverse' AND e.class NOT IN ('reverse', 'hold')
) WHERE place = 1
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

# ---- by reference, points and time

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
    row BIGINT, class class, points BIGINT, reference VARCHAR, time_us BIGINT, status status, loose BOOLEAN
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
SELECT p.row, p.class, p.points, p.reference, p.time_us, p.status, l.row IS NOT NULL
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

_POOL_ROWS: Final = """
INSERT INTO pool_rows
SELECT row, class, points, reference, time_us, status, true
FROM loose_rows SEMI JOIN pool USING (reference, points, class) WHERE points > 0
"""

# Rows and entries of one reference, points and class fall into parts wherever more time passes than the tolerance; in a
# part the first row is the first entry, and so on. Without times there is one part.
_GROUPED: Final = """
CREATE OR REPLACE TEMP TABLE grouped AS
WITH events AS (
    SELECT row, NULL::BIGINT AS sequence, class, points, reference, time_us AS at_us, status, loose FROM pool_rows
    UNION ALL
    SELECT NULL, sequence, class, points, reference, CASE WHEN getvariable('timed') THEN committed_us END, NULL, loose
    FROM pool
), spaced AS (
    SELECT *, coalesce(at_us - lag(at_us) OVER same > getvariable('tolerance_us'), false) AS apart
    FROM events WINDOW same AS (PARTITION BY reference, points, class ORDER BY at_us, sequence, row)
), parted AS (
    -- By rows: a range looks for equal ones each time, in a large group for ever.
    SELECT *, sum(apart::BIGINT) OVER same AS part
    FROM spaced WINDOW same AS (
        PARTITION BY reference, points, class ORDER BY at_us, sequence, row ROWS UNBOUNDED PRECEDING
    )
)
SELECT row, sequence, class, points, reference, at_us, status, loose, part,
       row_number() OVER (
           PARTITION BY reference, points, class, part, sequence IS NULL, loose
           ORDER BY status <> 'ok', status <> 'pending', at_us, sequence, row
       ) AS place
FROM parted
"""
_SAME_REFERENCE: Final = """
INSERT INTO pairs
SELECT r.row, e.sequence, 'reference'
FROM grouped r JOIN grouped e
ON r.reference = e.reference AND r.points = e.points AND r.class = e.class AND r.part = e.part AND r.place = e.place
WHERE r.sequence IS NULL AND e.sequence IS NOT NULL AND r.loose AND e.loose
  AND coalesce(abs(r.at_us - e.at_us) <= getvariable('tolerance_us'), true)
"""

# The file has something twice that the journal has once, or not at all.
_SPARE_BY_REFERENCE: Final = """
INSERT INTO spare_rows
SELECT row, first_row FROM (
    SELECT g.row, g.status, g.loose AND p.row IS NULL AS alone,
           count(g.sequence) OVER part AS entries,
           row_number() OVER best AS place, first_value(g.row) OVER best AS first_row
    FROM grouped g LEFT JOIN pairs p ON g.row = p.row
    WHERE coalesce(g.status <> 'declined', true)
    WINDOW part AS (PARTITION BY g.reference, g.points, g.class, g.part),
           best AS (PARTITION BY g.reference, g.points, g.class, g.part
                    ORDER BY g.row IS NULL, g.loose AND p.row IS NULL, g.status <> 'ok', g.at_us, g.row)
) WHERE alone AND status = 'ok' AND entries <= 1 AND place > 1
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

# ---- by points and time

# A row that names an id or a reference means that one, so it is never an entry that has another.
_NEAR: Final = """
CREATE OR REPLACE TEMP TABLE near AS
WITH events AS (
    SELECT row, NULL::BIGINT AS sequence, class, points, reference, time_us AS at_us FROM loose_rows
    WHERE id IS NULL AND status <> 'declined' AND points > 0 AND ($accepted OR row NOT IN (SELECT row FROM unclear))
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
    WHERE id IS NULL AND status <> 'declined' AND points > 0 AND ($accepted OR row NOT IN (SELECT row FROM unclear))
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

# ---- in other windows

_SOUGHT: Final = """
CREATE TEMP TABLE sought AS SELECT * FROM loose_rows WHERE status <> 'declined' AND points > 0;
CREATE TEMP TABLE sought_ids AS SELECT DISTINCT id FROM sought WHERE id IS NOT NULL;
CREATE TEMP TABLE sought_references AS SELECT DISTINCT reference FROM sought WHERE reference IS NOT NULL;
CREATE TEMP TABLE elsewhere AS SELECT * FROM loose_entries WHERE false
"""
# What rows may name instead of an entry: what that reverses or captures.
_SOUGHT_ORIGINALS: Final = """
INSERT INTO sought_ids
SELECT id FROM journal WHERE reference IN (SELECT reference FROM sought_references)
UNION
SELECT transaction_id FROM other_records
WHERE author = $party AND reference IN (SELECT reference FROM sought_references)
"""
_ELSEWHERE: Final = """
CREATE TEMP TABLE found AS
SELECT * FROM other_records
WHERE author = $party AND (
    transaction_id IN (SELECT id FROM sought_ids)
    OR about_id IN (SELECT id FROM sought_ids)
    OR reference IN (SELECT reference FROM sought_references)
    OR committed_us BETWEEN (SELECT min(time_us) - getvariable('tolerance_us') FROM sought WHERE id IS NULL)
                        AND (SELECT max(time_us) + getvariable('tolerance_us') FROM sought WHERE id IS NULL)
)
"""
_FOUND_ABOUT: Final = """
CREATE TEMP TABLE found_about AS SELECT DISTINCT about_id AS id FROM found WHERE about_id IS NOT NULL
"""
_ELSEWHERE_ORIGINALS: Final = """
INSERT INTO elsewhere
WITH t AS (
    SELECT sequence, id, kind, reference FROM journal WHERE id IN (SELECT id FROM found_about)
    UNION ALL
    SELECT sequence, transaction_id, kind::kind, CASE WHEN reference <> '' THEN reference END FROM other_records
    WHERE author = $party AND transaction_id IN (SELECT id FROM found_about)
)
SELECT f.sequence, f."window", f.committed_us, f.transaction_id, f.kind::kind, class_of(f.kind, t.kind::VARCHAR)::class,
       abs(f.points), CASE WHEN f.reference <> '' THEN f.reference END, f.accepted,
       f.about_id, t.sequence, t.kind, t.reference
FROM found f LEFT JOIN t ON f.about_id = t.id
"""
_LOOK_ELSEWHERE: Final = """
CREATE TEMP TABLE left_entries AS SELECT * FROM loose_entries;
CREATE OR REPLACE TEMP TABLE loose_entries AS SELECT * FROM elsewhere
"""
_KEEP_LEFT: Final = """
DELETE FROM left_entries WHERE sequence IN (SELECT sequence FROM pairs)
"""

# ---- holds that the file counts as redeemed, once no capture was found for them

_LOOK_AT_HOLDS: Final = """
CREATE OR REPLACE TEMP TABLE loose_entries AS SELECT * FROM left_entries WHERE class = 'hold'
"""
_SAME_HOLD: Final = """
INSERT INTO pairs
SELECT row, sequence, 'id' FROM (
    SELECT r.row, e.sequence,
           row_number() OVER (
               PARTITION BY e.sequence ORDER BY r.status <> 'ok', r.time_us, r.reference, r.row
           ) AS place
    FROM loose_rows r JOIN loose_entries e ON r.id = e.id WHERE r.class <> 'reverse'
) WHERE place = 1
"""
_POOL_HOLDS: Final = """
INSERT INTO pool
SELECT sequence, class_of('redeem', NULL)::class, points, reference, committed_us, true FROM loose_entries
WHERE accepted AND class = 'hold' AND reference IS NOT NULL
"""


def match(connection: duckdb.DuckDBPyConnection, party_id: str, tolerance_us: int) -> None:
    """Match `partner` with `journal`, then what is left with `other_records`.

    The times of a row and its entry may be `tolerance_us` apart.
    """
    connection.execute("SET VARIABLE tolerance_us = $tolerance", {"tolerance": tolerance_us})
    for statement in (_TABLES, _JOINED, _UNEQUAL, _PAIR_BY_ID):
        connection.execute(statement)
    if _counted(connection, "SELECT count(*) FROM loose_rows WHERE id IS NOT NULL"):
        _pair_by_id(connection)
        if _counted(connection, _SPARE_BY_ID):
            connection.execute(_SETTLE)
    _pair(connection, _REFERENCE_ALONE)
    _pair_by_reference(connection, _POOL_OWN, _SPARE_BY_REFERENCE, _SPARE_ENTRIES)
    _pair_further(connection)
    if _find_elsewhere(connection, party_id):
        _pair_by_id(connection)
        _pair_by_reference(connection, _POOL_LOOSE)
        _pair_further(connection)
    if _counted(connection, "SELECT count(*) FROM left_entries WHERE class = 'hold'"):
        connection.execute(_LOOK_AT_HOLDS)
        _pair(connection, _SAME_HOLD)
        _pair_by_reference(connection, _POOL_HOLDS)
        connection.execute(_KEEP_LEFT)


def _find_elsewhere(connection: duckdb.DuckDBPyConnection, party_id: str) -> bool:
    """Put entries of other windows in the place of loose ones. Whether there are any that rows could be."""
    who = {"party": party_id}
    connection.execute(_SOUGHT)
    found = 0
    if _counted(connection, "SELECT count(*) FROM sought"):
        connection.execute(_SOUGHT_ORIGINALS, who)
        connection.execute(_ELSEWHERE, who)
        connection.execute(_FOUND_ABOUT)
        found = _counted(connection, _ELSEWHERE_ORIGINALS, who)
    connection.execute(_LOOK_ELSEWHERE)
    return found > 0


def _pair_by_id(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in (_SAME_ID, _SAME_ORIGINAL, _SAME_ORIGINAL_ALONE, _SAME_ID_ONLY):
        _pair(connection, statement)


def _pair_by_reference(connection: duckdb.DuckDBPyConnection, pool: str, *then: str) -> None:
    connection.execute(_POOL)
    rows = _counted(connection, pool)
    if pool is not _POOL_OWN:
        rows = rows and _counted(connection, _POOL_ROWS)
    if rows:
        connection.execute(_GROUPED)
        pairs = _counted(connection, _SAME_REFERENCE)
        if pairs + sum(_counted(connection, statement) for statement in then):
            connection.execute(_SETTLE)


def _pair_further(connection: duckdb.DuckDBPyConnection) -> None:
    _pair_by_reference(connection, _POOL_ORIGINAL)
    _pair_by_time(connection, accepted=True)
    _pair_by_reference(connection, _POOL_REJECTED)
    _pair_by_time(connection, accepted=False)
    if _counted(connection, "SELECT count(*) FROM loose_rows WHERE reference IS NOT NULL AND id IS NULL"):
        _pair(connection, _SAME_REFERENCE_ONLY)


def _pair_by_time(connection: duckdb.DuckDBPyConnection, *, accepted: bool) -> None:
    if not _counted(connection, "SELECT count(*) FROM loose_rows WHERE id IS NULL AND time_us IS NOT NULL"):
        return
    named = _counted(connection, "SELECT count(*) FROM loose_rows WHERE id IS NULL AND reference IS NOT NULL")
    connection.execute(_NEAR if named else _NEAR_BARE, {"accepted": accepted})
    _pair(connection, _SAME_TIME)
    connection.execute(_UNCLEAR)


def _pair(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    if _counted(connection, statement):
        connection.execute(_SETTLE)


def _counted(connection: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, object] | None = None) -> int:
    """How many rows a statement put in, or the number that it gives."""
    (count,) = connection.execute(statement, values or {}).fetchall()[0]
    return int(count)
