"""What does not agree, by kind, once rows and entries are matched."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import duckdb

# Kinds and reasons for them; what is not in the enumeration cannot be stored.
_TABLES: Final = """
CREATE TYPE difference AS ENUM (
    'missing_at_hub', 'missing_at_partner', 'amount_differs', 'duplicate',
    'in_another_window', 'reversed', 'declined', 'in_doubt'
);
CREATE TYPE because AS ENUM (
    'unknown', 'unclear', 'at_another_time', 'reversal', 'declined', 'points', 'kind', 'row', 'entry', 'window',
    'released', 'captured', 'rejected', 'open_hold', 'pending_accepted', 'pending_rejected', 'pending_unknown'
);
CREATE TEMP TABLE findings (
    kind difference, because because, row BIGINT, other_row BIGINT, sequence BIGINT, other_sequence BIGINT
);
CREATE TEMP TABLE agreed (row BIGINT, how how);
CREATE TEMP TABLE final_rows (sequence BIGINT, row BIGINT);
CREATE TEMP TABLE spared_for (sequence BIGINT, row BIGINT);
CREATE TEMP TABLE entries AS
SELECT * EXCLUDE (about_id), false AS elsewhere FROM journal SEMI JOIN (
    SELECT sequence FROM pairs UNION SELECT sequence FROM left_entries UNION SELECT about_sequence FROM left_entries
    UNION SELECT sequence FROM repeated
) USING (sequence)
UNION ALL
SELECT * EXCLUDE (about_id, about_sequence, about_kind, about_reference), true FROM elsewhere
"""

_HOLDS: Final = """
CREATE TEMP TABLE holds AS
SELECT sequence, id FROM left_entries WHERE class = 'hold' AND accepted
UNION
SELECT j.sequence, j.id FROM pairs p JOIN entries j USING (sequence) WHERE j.class = 'hold' AND j.accepted
"""
# How holds ended; releases are the hub's when a hold ran out, and any of it may be in a later window.
_ENDINGS: Final = """
CREATE TEMP TABLE endings AS
SELECT h.sequence, s.captures, s.sequence AS by_sequence
FROM (
    SELECT sequence, about_id, true AS captures FROM journal WHERE accepted AND kind = 'capture'
    UNION ALL
    SELECT sequence, about_id, true FROM other_records WHERE author = $party AND accepted AND kind = 'capture'
    UNION ALL
    SELECT sequence, about_id, false FROM asked_records WHERE accepted AND kind = 'release'
    UNION ALL
    SELECT sequence, about_id, false FROM other_records WHERE accepted AND kind = 'release'
) s JOIN holds h ON s.about_id = h.id
"""
_ENDED: Final = """
CREATE TEMP TABLE ended AS
SELECT sequence, max(by_sequence) AS by_sequence FROM endings GROUP BY sequence
"""
# A capture may have a row of its own.
_CAPTURED: Final = """
CREATE TEMP TABLE captured AS
WITH captures AS (
    SELECT e.sequence, e.by_sequence, j.id FROM endings e LEFT JOIN journal j ON e.by_sequence = j.sequence
    WHERE e.captures
), own AS (
    SELECT row, id FROM partner SEMI JOIN captures USING (id)
    WHERE class = class_of('capture', NULL)::class AND status = 'ok' AND row NOT IN (SELECT row FROM spare_rows)
)
SELECT c.sequence, min(c.by_sequence) AS by_sequence, min(coalesce(p.row, o.row)) AS row
FROM captures c LEFT JOIN pairs p ON c.by_sequence = p.sequence LEFT JOIN own o ON c.id = o.id
GROUP BY c.sequence
"""

# Who books net has no row of its own for a refund: the row is what the entry and its reversals come to. Of a sale that
# was declined at the till, and reversed for that, there may be a row that says so.
_NET: Final = """
CREATE TEMP TABLE reversals AS
SELECT about_sequence AS sequence, sum(points) AS points
FROM left_entries WHERE kind = 'reverse' AND accepted AND about_sequence IS NOT NULL GROUP BY about_sequence;
CREATE TEMP TABLE net AS
SELECT p.row, p.sequence
FROM pairs p JOIN partner r USING (row) JOIN journal j USING (sequence) JOIN reversals s USING (sequence)
WHERE j.accepted AND r.class = j.class
  AND CASE r.status WHEN 'ok' THEN r.points = j.points - s.points WHEN 'declined' THEN j.points = s.points
      ELSE false END;
DELETE FROM left_entries
WHERE kind = 'reverse' AND accepted AND about_sequence IN (SELECT sequence FROM net)
"""

_PAIRS: Final = """
CREATE TEMP TABLE judged AS
SELECT p.row, p.sequence, p.how, coalesce(c.by_sequence, h.by_sequence) AS by_sequence, c.row AS captured_row, CASE
    WHEN p.row IN (SELECT row FROM net) THEN 'agreed'
    WHEN NOT j.accepted THEN CASE r.status
        WHEN 'ok' THEN 'declined' WHEN 'pending' THEN 'pending_rejected' ELSE 'both_declined' END
    WHEN j.class = 'hold' AND h.sequence IS NULL THEN CASE r.status WHEN 'declined' THEN 'declined_there'
        ELSE 'open_hold' END
    WHEN r.status = 'pending' THEN 'pending_accepted'
    WHEN j.class = 'hold' AND r.class <> 'hold' THEN CASE WHEN r.status = 'declined' THEN 'both_declined'
        WHEN c.row IS NOT NULL THEN 'captured' WHEN c.sequence IS NOT NULL THEN 'kind' ELSE 'released' END
    WHEN r.status = 'declined' THEN 'declined_there'
    WHEN r.class <> j.class THEN 'kind'
    WHEN r.points <> j.points THEN 'points'
    WHEN j.elsewhere THEN 'window'
    ELSE 'agreed' END AS verdict
FROM pairs p JOIN partner r USING (row) JOIN entries j USING (sequence) LEFT JOIN ended h USING (sequence)
LEFT JOIN captured c USING (sequence)
"""
_JUDGED: Final = """
INSERT INTO agreed SELECT row, how FROM judged WHERE verdict = 'agreed';
INSERT INTO findings
SELECT CASE verdict
           WHEN 'declined' THEN 'declined' WHEN 'declined_there' THEN 'missing_at_partner'
           WHEN 'released' THEN 'reversed' WHEN 'captured' THEN 'duplicate' WHEN 'window' THEN 'in_another_window'
           WHEN 'kind' THEN 'amount_differs' WHEN 'points' THEN 'amount_differs' ELSE 'in_doubt' END,
       CASE verdict WHEN 'declined' THEN 'rejected' WHEN 'declined_there' THEN 'declined' ELSE verdict END,
       row, CASE WHEN verdict = 'captured' THEN captured_row END,
       sequence, CASE WHEN verdict IN ('released', 'captured') THEN by_sequence END
FROM judged WHERE verdict NOT IN ('agreed', 'both_declined')
"""

_SPARE_ROWS: Final = """
CREATE TEMP TABLE firsts AS
SELECT o.row, o.id, o.class FROM partner o SEMI JOIN (SELECT of_row AS row FROM spare_rows) USING (row);
CREATE TEMP TABLE first_entries AS
SELECT row, sequence FROM pairs SEMI JOIN firsts USING (row)
UNION
SELECT f.row, j.sequence FROM journal j JOIN firsts f USING (id, class);
INSERT INTO findings
SELECT 'duplicate', 'row', s.row, s.of_row, min(f.sequence), NULL
FROM spare_rows s JOIN partner r USING (row) LEFT JOIN first_entries f ON s.of_row = f.row
WHERE r.status = 'ok' AND r.points > 0
GROUP BY s.row, s.of_row
"""
_LOOSE_ROWS: Final = """
INSERT INTO findings
SELECT CASE status WHEN 'ok' THEN 'missing_at_hub' ELSE 'in_doubt' END,
       CASE WHEN status = 'pending' THEN 'pending_unknown'
            WHEN row IN (SELECT row FROM unclear) THEN 'unclear'
            WHEN h.sequence IS NOT NULL THEN 'at_another_time'
            WHEN class = 'reverse' THEN 'reversal' ELSE 'unknown' END,
       row, NULL, NULL, h.sequence
FROM loose_rows LEFT JOIN (
    SELECT reference, class, points, min(sequence) AS sequence FROM left_entries
    WHERE accepted AND reference IS NOT NULL GROUP BY reference, class, points
) h USING (reference, class, points)
WHERE status <> 'declined' AND points > 0
"""

# What was reversed, and which row counts it as final.
_FINAL_ROWS: Final = """
INSERT INTO final_rows
SELECT e.about_sequence, min(r.row)
FROM left_entries e JOIN partner r ON e.about_id = r.id AND class_of(e.about_kind::VARCHAR, NULL)::class = r.class
WHERE e.kind = 'reverse' AND r.status = 'ok' AND r.row NOT IN (SELECT row FROM spare_rows)
GROUP BY e.about_sequence
UNION
SELECT e.about_sequence, min(p.row)
FROM left_entries e JOIN pairs p ON e.about_sequence = p.sequence JOIN partner r ON p.row = r.row
WHERE e.kind = 'reverse' AND r.status = 'ok'
GROUP BY e.about_sequence
"""
_SPARED_FOR: Final = """
INSERT INTO spared_for
SELECT e.sequence, min(r.row)
FROM spare_entries s JOIN left_entries e USING (sequence)
JOIN partner r ON e.reference = r.reference AND e.points = r.points AND e.class = r.class AND r.status = 'ok'
GROUP BY e.sequence
"""
_EXPECTED: Final = """
CREATE TEMP TABLE expected AS
SELECT unnest(['issue', 'redeem', 'capture', 'donate', 'transfer', 'reverse']) AS kind
UNION SELECT unnest(getvariable('mapped_kinds'))
"""
_ENTRIES: Final = """
INSERT INTO findings
SELECT CASE WHEN h.sequence IS NOT NULL THEN 'in_doubt' WHEN s.sequence IS NOT NULL THEN 'duplicate'
            WHEN f.sequence IS NOT NULL THEN 'reversed' ELSE 'missing_at_partner' END,
       CASE WHEN h.sequence IS NOT NULL THEN 'open_hold' WHEN s.sequence IS NOT NULL THEN 'entry'
            WHEN e.kind = 'reverse' THEN 'reversal' ELSE 'unknown' END,
       CASE WHEN h.sequence IS NOT NULL THEN NULL WHEN s.sequence IS NOT NULL THEN d.row ELSE f.row END,
       NULL, e.sequence,
       CASE WHEN h.sequence IS NOT NULL THEN NULL WHEN s.sequence IS NOT NULL THEN s.of_sequence
            WHEN e.kind = 'reverse' THEN e.about_sequence END
FROM left_entries e
LEFT JOIN spare_entries s USING (sequence)
LEFT JOIN spared_for d ON s.sequence = d.sequence
LEFT JOIN (SELECT sequence FROM holds WHERE sequence NOT IN (SELECT sequence FROM ended)) h
       ON e.sequence = h.sequence
LEFT JOIN (SELECT sequence, min(row) AS row FROM final_rows GROUP BY sequence) f
       ON e.kind = 'reverse' AND e.about_sequence = f.sequence
WHERE e.accepted AND (h.sequence IS NOT NULL OR e.kind IN (SELECT kind FROM expected))
"""

_COUNTS: Final = """
SELECT 'partner', count(*) FROM partner
UNION ALL SELECT 'unequal', count(row) FROM unequal
UNION ALL SELECT 'by_' || how, count(*) FROM agreed GROUP BY how
UNION ALL SELECT 'declined', count(*) FROM judged WHERE verdict = 'both_declined'
UNION ALL SELECT 'loose', count(*) FROM loose_rows WHERE status = 'declined'
UNION ALL SELECT 'empty', count(*) FROM loose_rows WHERE status <> 'declined' AND points = 0
UNION ALL SELECT 'spare', count(*) FROM spare_rows s JOIN partner r USING (row) WHERE r.status <> 'ok' OR r.points = 0
UNION ALL SELECT 'entries', count(*) FROM journal SEMI JOIN expected USING (kind) WHERE accepted
"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much agrees."""

    by_id: int
    by_reference: int
    by_time: int
    #: Rows that say that nothing happened, and are right.
    declined: int
    #: Rows that move no points, and rows that another one with the same id takes the place of.
    left_out: int
    #: Entries that the file should have.
    entries: int


def judge(connection: duckdb.DuckDBPyConnection, party_id: str) -> Agreement:
    """Make `findings` of what `match` has left: kind, reason, and the rows and entries that it is about."""
    for statement in (_TABLES, _HOLDS):
        connection.execute(statement)
    connection.execute(_ENDINGS, {"party": party_id})
    for statement in (_ENDED, _CAPTURED, _NET, _PAIRS, _JUDGED):
        connection.execute(statement)
    if _any(connection, "SELECT count(*) FROM spare_rows"):
        connection.execute(_SPARE_ROWS)
    connection.execute(_LOOSE_ROWS)
    if _any(connection, "SELECT count(*) FROM left_entries WHERE kind = 'reverse'"):
        connection.execute(_FINAL_ROWS)
    if _any(connection, "SELECT count(*) FROM spare_entries"):
        connection.execute(_SPARED_FOR)
    connection.execute(_EXPECTED)
    connection.execute(_ENTRIES)
    counts = Counter(dict(connection.execute(_COUNTS).fetchall()))
    return Agreement(
        by_id=counts["partner"] - counts["unequal"] + counts["by_id"],
        by_reference=counts["by_reference"],
        by_time=counts["by_time"],
        declined=counts["declined"] + counts["loose"],
        left_out=counts["empty"] + counts["spare"],
        entries=counts["entries"],
    )


def _any(connection: duckdb.DuckDBPyConnection, count: str) -> bool:
    return bool(connection.execute(count).fetchall()[0][0])
