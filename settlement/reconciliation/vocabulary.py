"""The words of both sides as types in DuckDB, and when a row and an entry can be the same thing."""

from __future__ import annotations

from typing import Final

import duckdb

# What a row and an entry must have in common to be the same thing is their class. How much of it is known depends on
# the file. With kinds it is the kind, whereby a captured hold is a redemption. Without, it is whether something is
# reversed (`refunds`), or the direction in which points go (`balance`).
_TYPES: Final = """
CREATE TYPE kind AS ENUM (
    'issue', 'redeem', 'donate', 'transfer', 'hold', 'capture', 'release', 'reverse', 'expire', 'adjust', 'order_pack'
);
CREATE TYPE status AS ENUM ('ok', 'declined', 'pending');
CREATE TYPE class AS ENUM (
    'forward', 'in', 'out',
    'issue', 'redeem', 'donate', 'transfer', 'hold', 'release', 'reverse', 'expire', 'adjust', 'order_pack'
);
CREATE TEMP MACRO class_of(kind, original_kind) AS CASE
    WHEN kind IN ('hold', 'release', 'expire', 'adjust', 'order_pack') THEN kind
    WHEN getvariable('mode') = 'kinds' THEN CASE WHEN kind = 'capture' THEN 'redeem' ELSE kind END
    WHEN getvariable('mode') = 'refunds' THEN CASE WHEN kind = 'reverse' THEN 'reverse' ELSE 'forward' END
    WHEN kind <> 'reverse' THEN CASE WHEN kind = 'issue' THEN 'in' ELSE 'out' END
    WHEN original_kind = 'issue' THEN 'out'
    ELSE 'in'
END
"""


def define_vocabulary(connection: duckdb.DuckDBPyConnection, mode: str) -> None:
    """Make types and macros. `mode` is how much the file knows: `kinds`, `refunds` or `balance`."""
    connection.execute(_TYPES)
    connection.execute("SET VARIABLE mode = $mode", {"mode": mode})
