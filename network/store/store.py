"""One database of a hub: reading transactions, writing transactions, and the reference tables in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from network.ledger.state import Reference
from network.store import migrate
from network.store.engine import UNREADABLE, is_busy, parse_url, reason_of
from network.store.errors import StoreError, out_of_reach
from network.store.head import read_head
from network.store.reference import load_reference

# Every attempt that met another one leaves less for the next.
_UPGRADES: Final = 5


class Store:
    """Safe to use from many threads. Several processes may each have one over the same database."""

    def __init__(self, url: str) -> None:
        """Nothing is opened yet. Raises StoreError for a URL that this version cannot use."""
        self._database = parse_url(url)
        self._writing = self._database.writing()
        self._reading = self._database.reading()
        # Among the threads of this process a lock is taken in turn, while SQLite would have them poll for its own, and
        # PostgreSQL open a connection for each.
        self._one_writer = threading.Lock()
        self._one_publisher = threading.Lock()
        self._reference: tuple[int, Reference] = (-1, Reference())
        self._told_of_errors: list[Callable[[str, str], object]] = []
        #: How often this process has got new reference tables, read or written.
        self.refreshes = 0

    def upgrade(self) -> None:
        """Bring the database to this program's version, making it when there is none. Raises StoreError."""
        try:
            self._upgrade()
            with self._snapshot() as connection:
                self._reload(connection)
        except UNREADABLE as error:
            raise StoreError(f"{self.name} cannot be opened: {reason_of(error)}") from error

    def _upgrade(self) -> None:
        for left in reversed(range(_UPGRADES)):
            try:
                with self.write() as connection:
                    migrate.upgrade(connection)
                return
            except DBAPIError as error:
                if not (left and migrate.met_another(error)):
                    raise

    def tables(self) -> frozenset[str]:
        """The names of all tables in the database, this program's or not. Raises StoreError."""
        try:
            with self._snapshot() as connection:
                return frozenset(inspect(connection).get_table_names())
        except UNREADABLE as error:
            raise StoreError(f"{self.name} cannot be opened: {reason_of(error)}") from error

    @property
    def name(self) -> str:
        """What people call the database."""
        return self._database.name

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._writing.dispose()
        self._reading.dispose()

    @property
    def engine_name(self) -> str:
        """What keeps the database, such as `sqlite`."""
        return self._writing.dialect.name

    @property
    def is_in_process(self) -> bool:
        """Whether the database works in this process, and not in a server's."""
        return self.engine_name == "sqlite"

    def on_error(self, call: Callable[[str, str], object]) -> None:
        """Have `call` called for each transaction that an error of the driver ends, on the thread that met it: whether
        that was `reading` or `writing`, and the name of SQLAlchemy's class for it."""
        self._told_of_errors.append(call)

    @contextmanager
    def _watched(self, connection: str) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            for call in self._told_of_errors:
                call(connection, type(error).__name__)
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one snapshot and can change nothing.

        Raises Refused with OVERLOADED when the database is busy or cannot be reached.
        """
        try:
            with self._snapshot() as connection:
                yield connection
        except DBAPIError as error:
            if is_busy(error, reading=True):
                raise out_of_reach() from error
            raise

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with self._watched("reading"), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection that can change things. Commits at the end, rolls back when an exception leaves.

        On SQLite it holds the database's lock from its beginning. On PostgreSQL whoever reads before it writes takes
        the head's lock first, with `lock_head`.
        """
        with self._one_writer, self._watched("writing"), self._writing.begin() as connection:
            yield connection

    def reference(self) -> Reference:
        """The reference tables as of the newest commit that this process knows of. Not to be changed."""
        return self._reference[1]

    @property
    def reference_sequence(self) -> int:
        """The entry as of which `reference` gives the reference tables."""
        return self._reference[0]

    def refresh(self) -> Reference:
        """The reference tables, read anew when another process has changed them."""
        with self.read() as connection:
            head = read_head(connection)
            if head.reference_sequence != self._reference[0]:
                # A log that does not reach the entry that was known is another one: a server that has lost commits
                # took over. Where it is only an older snapshot, the next look finds the newer one.
                self.publish(
                    head.reference_sequence, load_reference(connection), anew=head.sequence < self._reference[0]
                )
        return self.reference()

    def publish(self, reference_sequence: int, reference: Reference, *, anew: bool = False) -> None:
        """Let readers see the reference tables as of an entry, unless they see later ones already; or in any case, for
        whoever knows that those are gone."""
        with self._one_publisher:
            if anew or reference_sequence > self._reference[0]:
                self._reference = (reference_sequence, reference)
                self.refreshes += 1

    def _reload(self, connection: Connection) -> None:
        self.publish(read_head(connection).reference_sequence, load_reference(connection))
