"""Rows of one-time codes. One with wrong tries outlives its code for a while, so that they are remembered.

Whoever reads them to change them holds the head's lock, so that no two hubs count the same try.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, or_, select, update

from network.store.tables import codes


class CodeRow(NamedTuple):
    """A code, known by its salted hash only. Times in microseconds since the Unix epoch."""

    holder_id: str
    #: Of the request that it was made for; no two rows of a holder share it.
    nonce: bytes
    salt: bytes
    code_hash: bytes
    points_max: int
    expires_us: int
    #: Wrong tries while this was the holder's newest code.
    failures: int
    #: Who exchanged it, empty for nobody yet; and the SignedDocument that it was given, empty likewise.
    acceptor: str
    consent: bytes


def codes_of(connection: Connection, holder_id: str) -> tuple[CodeRow, ...]:
    """A holder's codes, expired and exchanged ones among them, the one that expires last at the end."""
    rows = connection.execute(
        select(*(codes.c[name] for name in CodeRow._fields))
        .where(codes.c.holder_id == holder_id)
        .order_by(codes.c.expires_us, codes.c.nonce)
    )
    return tuple(CodeRow(*row) for row in rows)


def add_code(connection: Connection, row: CodeRow) -> None:
    connection.execute(insert(codes).values(row._asdict()))


def add_failure(connection: Connection, row: CodeRow) -> None:
    connection.execute(
        update(codes)
        .where(codes.c.holder_id == row.holder_id, codes.c.nonce == row.nonce)
        .values(failures=codes.c.failures + 1)
    )


def spend_code(connection: Connection, row: CodeRow, acceptor: str, consent: bytes) -> bool:
    """Note to whom a code was given; False when somebody was faster."""
    result = connection.execute(
        update(codes)
        .where(codes.c.holder_id == row.holder_id, codes.c.nonce == row.nonce, codes.c.acceptor == "")
        .values(acceptor=acceptor, consent=consent)
    )
    return result.rowcount == 1


def forget_codes(connection: Connection, now_us: int, remembered_us: int) -> None:
    """Delete the rows of codes that have expired; of those with wrong tries, `remembered_us` after that.

    A holder may sign as many requests as it likes, each for a code of a moment: what is past must not pile up.
    """
    connection.execute(
        delete(codes).where(
            codes.c.expires_us <= now_us,
            or_(codes.c.failures == 0, codes.c.expires_us < now_us - remembered_us),
        )
    )
