"""Bank statements at the desk: taking them in, and hearing what people say of entries that nobody could match."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from coalition.clock import Clock
from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from settlement.clearing.directory import Network
from settlement.desk import require_network
from settlement.intake import Intake
from settlement.payments.assigning import assign
from settlement.payments.bank_files import BankFile, read_bank_file
from settlement.payments.booking import Imported, book
from settlement.payments.decisions import Import, open_assignment, open_import
from settlement.payments.records import EntryRecord
from settlement.payments.statements import wrong
from settlement.payments.uploads import Uploads
from settlement.run_desk import check_time
from settlement.store.accounts import list_accounts
from settlement.store.bank_entries import EntryQuery, find_entry, list_entries, statement_entries, was_assigned
from settlement.store.database import Database

_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z]")


class StatementDesk:
    """Takes in what banks say, each entry once."""

    def __init__(self, database: Database, intake: Intake, clock: Clock) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock
        self.uploads: Final = Uploads(clock)

    def take_in(self, signed: SignedDocument) -> Imported:
        """Take in an uploaded file: all of it or, where something is wrong, nothing. A second time nothing is new.

        Raises Refused.
        """
        self._intake.require_sound(detailed=True)
        network = require_network(self._intake)
        decision = open_import(signed, network.network_id, self._intake.directory.keys_of(network.operator))
        try:
            return self._take_in(decision, network)
        finally:
            # Whatever became of it: who tries again sends it again, and what is wrong takes nobody's place.
            self.uploads.forget(decision.digest)

    def _take_in(self, decision: Import, network: Network) -> Imported:
        with self._database.read() as connection:
            before = statement_entries(connection, decision.digest)
        if before is not None:
            return Imported((), before, 0, repeated=True)
        now_us = self._clock()
        check_time(decision.deed.decided_us, now_us)
        raw = self.uploads.take(decision.digest)
        # Before the database is locked: a large file takes a while.
        file = read_bank_file(raw, network.currency_exponent)
        with self._database.write() as connection:
            before = statement_entries(connection, decision.digest)
            if before is not None:
                return Imported((), before, 0, repeated=True)
            own = {_plain(version.account.identification) for version in list_accounts(connection, network.operator)}
            accounts = _accounts(file, own, network.currency)
            return book(connection, decision, raw, file, accounts, network.operator, now_us)

    def entries(self, query: EntryQuery) -> tuple[EntryRecord, ...]:
        """Entries as they are now, newest first."""
        with self._database.read() as connection:
            return list_entries(connection, query)

    def assign(self, signed: SignedDocument) -> EntryRecord:
        """Book an entry on the instruction that a person says it is about, or on none.

        A decision that was taken in before gets the entry as it is now. Raises Refused.
        """
        self._intake.require_sound(detailed=True)
        network = require_network(self._intake)
        decision = open_assignment(signed, network.network_id, self._intake.directory.keys_of(network.operator))
        with self._database.write() as connection:
            record = find_entry(connection, decision.entry_id)
            if record is None:
                entry_id = decision.entry_id.hex()
                raise Refused(error_pb2.REASON_NOT_FOUND, f"There is no bank entry {entry_id}.", {"entry_id": entry_id})
            if was_assigned(connection, decision.entry_id, decision.deed.document):
                return record
            now_us = self._clock()
            check_time(decision.deed.decided_us, now_us)
            assign(connection, record, decision, network.operator, now_us)
            found = find_entry(connection, decision.entry_id)
            assert found is not None, "entries stay"
            return found


def _accounts(file: BankFile, own: Collection[str], currency: str) -> list[str]:
    """The plain ids of the statements' accounts.

    Raises Refused for a statement of an account that the operator has not given as its own, or in another currency.
    """
    accounts = []
    for statement in file.statements:
        if statement.currency != currency:
            raise wrong("statement", f"is of an account in {statement.currency}; what is settled here is {currency}")
        if _plain(statement.account) not in own:
            raise wrong(
                "statement",
                f"is of the account {statement.account}, which is none of the operator's bank accounts on file; "
                "the operator gives them with: coalition settlement account set",
            )
        accounts.append(_plain(statement.account))
    return accounts


def _plain(identification: str) -> str:
    """An account's id without what people and banks put between its parts."""
    return _SEPARATORS.sub("", identification).upper()
