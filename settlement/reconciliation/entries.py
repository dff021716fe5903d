"""The journal's side of a comparison, as tables in DuckDB.

Whoever reconciles makes two views first, in the form of RECORDS: `asked_records` has those of the windows that are
asked about, `other_records` those of other windows in which is looked for what is missing. They are of all authors.
"""

from __future__ import annotations

from typing import Final

import duckdb
import pyarrow as pa

#: A record of the settlement service's books (settlement.clearing.record), with words in place of numbers.
RECORDS: Final = pa.schema(
    [
        ("sequence", pa.int64()),
        ("window", pa.int64()),
        ("committed_us", pa.int64()),
        ("author", pa.string()),
        ("transaction_id", pa.uuid()),
        # `issue`, `redeem`, `capture` and so on.
        ("kind", pa.string()),
        ("points", pa.int64()),
        # Empty for none.
        ("reference", pa.string()),
        ("accepted", pa.bool_()),
        # `INSUFFICIENT_POINTS` and so on; empty where it was accepted.
        ("reason", pa.string()),
        # The transaction id of what it reverses, captures or releases; null for others.
        ("about_id", pa.uuid()),
    ]
)

_JOURNAL: Final = """
CREATE TEMP TABLE journal AS
SELECT sequence, "window", committed_us, transaction_id AS id, kind::kind AS kind, class_of(kind, NULL)::class AS class,
       abs(points) AS points, CASE WHEN reference <> '' THEN reference END AS reference, accepted, about_id
FROM asked_records WHERE author = $party
"""
# What entries are about: mostly in the same windows, else in others.
_ABOUT: Final = """
CREATE TEMP TABLE about AS
SELECT id, sequence, kind, reference FROM journal
SEMI JOIN (SELECT DISTINCT about_id AS id FROM journal WHERE about_id IS NOT NULL) USING (id);
CREATE TEMP TABLE older AS
SELECT DISTINCT about_id AS id FROM journal WHERE about_id IS NOT NULL AND about_id NOT IN (SELECT id FROM about)
"""
_ABOUT_OLDER: Final = """
INSERT INTO about
SELECT transaction_id, sequence, kind, CASE WHEN reference <> '' THEN reference END
FROM other_records WHERE author = $party AND transaction_id IN (SELECT id FROM older)
"""
# In which direction points go back depends on what is reversed.
_DIRECTED: Final = """
UPDATE journal SET class = class_of('reverse', about.kind::VARCHAR)::class
FROM about WHERE journal.about_id = about.id AND journal.kind = 'reverse'
"""


def take_entries(connection: duckdb.DuckDBPyConnection, party_id: str) -> None:
    """Make `journal` of the party's entries in the windows asked about, and `about` of what they reverse or capture."""
    who = {"party": party_id}
    connection.execute(_JOURNAL, who)
    connection.execute(_ABOUT)
    if connection.execute("SELECT count(*) FROM older").fetchall()[0][0]:
        connection.execute(_ABOUT_OLDER, who)
    if connection.execute("SELECT getvariable('mode')").fetchall()[0][0] == "balance":
        connection.execute(_DIRECTED)
