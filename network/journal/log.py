"""The hub's word on its log: checkpoints, and proofs that an entry is in it and that it only ever grew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.merkle import consistency_path, inclusion_path
from coalition.note import Checkpoint, checkpoint_origin, sign_checkpoint
from coalition.v1 import error_pb2
from network.journal.tree import node_reader, root_at
from network.ledger.state import Head
from network.store import tables
from network.store.head import read_head
from network.store.store import Store


class Inclusion(NamedTuple):
    """Proves that an entry is in the log of a size and root."""

    #: RFC 6962 audit path, from the leaf upwards.
    path: tuple[bytes, ...]
    log_size: int
    log_root: bytes
    #: The leaf: the exact bytes of the JournalEntry.
    entry: bytes


class Consistency(NamedTuple):
    """Proves that the log of a size and root begins with the log of an earlier size."""

    path: tuple[bytes, ...]
    new_size: int
    new_root: bytes


class Log:
    """Safe to use from many threads."""

    def __init__(self, store: Store, *, network_id: str, key: SigningKey) -> None:
        self._store: Final = store
        self._origin: Final = checkpoint_origin(network_id)
        self._key: Final = key
        #: Size and note of the one signed last: all who follow the journal want the same one at the same time.
        self._last: tuple[int, str] = (-1, "")

    def checkpoint(self) -> str:
        """The newest head as a signed note."""
        with self._store.read() as connection:
            head = read_head(connection)
        return self._note(head.sequence, head.frontier.root)

    def checkpoint_at(self, connection: Connection, head: Head, size: int) -> str:
        """The log's first `size` entries as a signed note; `head` is its end as `connection` sees it."""
        if size == head.sequence:
            # The end's own root costs nothing, and those who follow the journal are there nearly always.
            return self._note(size, head.frontier.root)
        return self._note(size, lambda: root_at(node_reader(connection, size), size))

    def inclusion(self, sequence: int, log_size: int = 0) -> Inclusion:
        """That entry `sequence` is in the log of `log_size` entries, 0 for the newest.

        Raises Refused with NOT_FOUND.
        """
        with self._store.read() as connection:
            size = _size(connection, log_size)
            if not 1 <= sequence <= size:
                raise Refused(
                    error_pb2.REASON_NOT_FOUND,
                    f"A log of {size} entries has no entry {sequence}.",
                    {"sequence": str(sequence), "log_size": str(size)},
                )
            read = node_reader(connection, size)
            path = inclusion_path(read, sequence - 1, size)
            body = connection.execute(
                select(tables.entries.c.body).where(tables.entries.c.sequence == sequence)
            ).scalar_one()
            return Inclusion(tuple(path), size, root_at(read, size), body)

    def consistency(self, old_size: int, new_size: int = 0) -> Consistency:
        """That the log of `new_size` entries, 0 for the newest, begins with that of `old_size`.

        Raises Refused with NOT_FOUND.
        """
        with self._store.read() as connection:
            size = _size(connection, new_size)
            if old_size > size:
                raise Refused(
                    error_pb2.REASON_NOT_FOUND,
                    f"A log of {size} entries does not begin with {old_size} entries.",
                    {"old_size": str(old_size), "new_size": str(size)},
                )
            read = node_reader(connection, size)
            return Consistency(tuple(consistency_path(read, old_size, size)), size, root_at(read, size))

    def _note(self, size: int, root: Callable[[], bytes]) -> str:
        known, note = self._last
        if known != size:
            note = sign_checkpoint(Checkpoint(self._origin, size, root()), self._key)
            self._last = (size, note)
        return note


def _size(connection: Connection, wanted: int) -> int:
    """The size that is asked for, or the newest. Raises Refused with NOT_FOUND beyond that."""
    newest = read_head(connection).sequence
    if wanted > newest:
        raise Refused(
            error_pb2.REASON_NOT_FOUND,
            f"The log has {newest} entries, not {wanted} yet.",
            {"log_size": str(newest)},
        )
    return wanted or newest
