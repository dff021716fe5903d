"""What rows that are left could be in other windows."""

from __future__ import annotations

from typing import Final

import duckdb

from settlement.reconciliation.pairing import counted

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


def look_elsewhere(connection: duckdb.DuckDBPyConnection, party_id: str) -> bool:
    """Put entries of other windows in the place of loose ones. Whether there are any that rows could be."""
    who = {"party": party_id}
    connection.execute(_SOUGHT)
    found = 0
    if counted(connection, "SELECT count(*) FROM sought"):
        connection.execute(_SOUGHT_ORIGINALS, who)
        connection.execute(_ELSEWHERE, who)
        connection.execute(_FOUND_ABOUT)
        found = counted(connection, _ELSEWHERE_ORIGINALS, who)
    connection.execute(_LOOK_ELSEWHERE)
    return found > 0
