"""Who asks for books gets them here: as figures by issuer, and as ledgers of double entry."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from coalition.errors import Refused
from coalition.v1 import error_pb2
from settlement.books.books import ClosedWindow, IssuerBooks, keep_books
from settlement.books.clearing import Cleared, WindowSums, clearing_ledger
from settlement.books.estimates import Estimator
from settlement.books.ledger import Ledger
from settlement.books.own import own_ledger
from settlement.books.settled import settled_by
from settlement.clearing.directory import Directory, Network
from settlement.intake import Intake
from settlement.store.books import read_flows, read_parties, read_sums
from settlement.store.database import Database
from settlement.store.late_payments import read_late
from settlement.store.runs import list_runs
from settlement.store.windows import list_windows


class BooksDesk:
    """Keeps books of what has been taken in. Everything follows from the journal, so nothing is stored."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database: Final = database
        self._intake: Final = intake
        self._estimator: Final = Estimator()

    @property
    def network(self) -> Network:
        """Raises Refused with NOT_FOUND before the first entry of the journal was taken in."""
        network = self._directory.network
        if network is None:
            raise Refused(error_pb2.REASON_NOT_FOUND, "Nothing of the journal has been read yet. Try again later.")
        return network

    def books(self, number: int, issuer: str | None) -> tuple[ClosedWindow, tuple[IssuerBooks, ...]]:
        """The books of one issuer or of all as of the end of a closed window; of the last one for 0.

        The first call loads a library, for a second or two. Raises Refused with NOT_FOUND.
        """
        with self._database.read() as connection:
            windows = self._windows(connection, number)
            return windows[-1], self._books(connection, windows, issuer)

    def parties(self, number: int) -> tuple[str, ...]:
        """Everybody who had any business up to the end of a closed window, the operator with them, by party id."""
        with self._database.read() as connection:
            found = read_parties(connection, self._windows(connection, number)[-1].number)
        return tuple(sorted({*found, self.network.operator})) if found else ()

    def clearing(self, number: int) -> tuple[ClosedWindow, Ledger]:
        """The clearing house's ledger. Raises Refused with NOT_FOUND."""
        with self._database.read() as connection:
            windows = self._windows(connection, number)
            ledger = clearing_ledger(self._cleared(connection, windows, None), self._books(connection, windows, None))
            return windows[-1], ledger

    def own(self, number: int, party_id: str) -> tuple[ClosedWindow, Ledger]:
        """A party's own ledger. Raises Refused with NOT_FOUND."""
        if party_id not in self._directory.parties:
            raise Refused(error_pb2.REASON_NOT_FOUND, f"There is no party {party_id}.", {"party_id": party_id})
        with self._database.read() as connection:
            windows = self._windows(connection, number)
            books = self._books(connection, windows, party_id)
            ledger = own_ledger(party_id, self._cleared(connection, windows, party_id), books[0] if books else None)
            return windows[-1], ledger

    @property
    def _directory(self) -> Directory:
        return self._intake.directory

    def _windows(self, connection: Connection, number: int) -> tuple[ClosedWindow, ...]:
        """The closed windows up to one; up to the last for 0."""
        calendar = self.network.calendar
        windows = tuple(
            ClosedWindow(window.number, calendar.day(window.closed_us), window.last_sequence)
            for window in list_windows(connection)
            if not window.is_open and (number == 0 or window.number <= number)
        )
        if not windows or number not in (0, windows[-1].number):
            which = f"Window {number} is not closed" if number else "No window is closed"
            raise Refused(
                error_pb2.REASON_NOT_FOUND,
                f"{which}, as of entry {self._intake.progress.state.sequence}; books are of closed windows.",
                {"window": str(number)},
            )
        return windows

    def _books(
        self, connection: Connection, windows: tuple[ClosedWindow, ...], issuer: str | None
    ) -> tuple[IssuerBooks, ...]:
        flows = read_flows(connection, windows[-1].number, issuer)
        return keep_books(flows, windows, self._value, self.network.micros_per_minor, self._estimator)

    def _cleared(self, connection: Connection, windows: tuple[ClosedWindow, ...], party_id: str | None) -> Cleared:
        operator = self.network.operator
        sums = read_sums(connection, windows[-1].number, None if party_id == operator else party_id)
        payments, settled = settled_by(list_runs(connection), read_late(connection), self.network.calendar, windows[-1])
        return Cleared(
            operator=operator,
            currency=self.network.currency,
            windows=tuple(WindowSums(window, sums.get(window.number, {})) for window in windows),
            payments=tuple(
                payment for payment in payments if party_id is None or party_id in (payment.payer, payment.payee)
            ),
            settled=settled,
        )

    def _value(self, issuer: str, day: str, sequence: int) -> int:
        return self._directory.price_of(issuer, day, sequence).price
