"""The hub's signatures over the log, by which what is told about a window can be proved."""

from __future__ import annotations

from sqlalchemy import Connection, select

from settlement.clearing.state import Changes, State
from settlement.store import tables
from settlement.store.upsert import replace_in


def keep_checkpoint(connection: Connection, changes: Changes, state: State, note: str) -> None:
    """Keep the checkpoint over a batch for the window that is open after it, and for those that were closed in it."""
    assert state.window is not None, "one window is open, always"
    numbers = {window.number for window in changes.windows} | {state.window.number}
    replace_in(
        connection,
        tables.checkpoints,
        [{"window_number": number, "size": state.sequence, "note": note} for number in sorted(numbers)],
    )


def signed_over(connection: Connection, number: int, least: int = 0) -> tuple[int, str] | None:
    """As `checkpoint_over`, with how many entries it signs, which are `least` or more."""
    kept = tables.checkpoints.c
    first = select(kept.size, kept.note).where(kept.window_number >= number, kept.size >= least)
    first = first.order_by(kept.window_number).limit(1)
    row = connection.execute(first).one_or_none()
    return None if row is None else (row.size, row.note)


def checkpoint_over(connection: Connection, number: int) -> str | None:
    """The hub's first checkpoint over all of a closed window, the newest for the open one, as a signed note.

    None before the first was kept.
    """
    signed = signed_over(connection, number)
    return signed[1] if signed else None
