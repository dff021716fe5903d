"""Booking a bank's file: each new entry once, on the instruction that it names. Within one database transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from coalition.v1 import settlement_service_pb2 as pb
from settlement.payments.bank_files import BankFile
from settlement.payments.decisions import Import
from settlement.payments.matching import IdentifiedEntry, Known, Match, Unmatched, identified, match_entry
from settlement.payments.records import About, EntryMatch, EntryRecord, EntryState
from settlement.runs.instructions import Payment
from settlement.runs.moves import pay
from settlement.runs.run import Run
from settlement.store.bank_entries import (
    add_entries,
    add_statement,
    alike,
    alike_entries,
    find_instruction,
    known_entries,
    next_entry_number,
)
from settlement.store.runs import extend_run, list_standings, read_run


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought."""

    #: What was new, in the order of the file.
    entries: tuple[EntryRecord, ...]
    #: Entries that were taken in before.
    known: int
    #: Entries that the bank has not booked yet.
    pending: int
    #: Whether the whole file was taken in before.
    repeated: bool


class Finder:
    """Finds instructions by their references, each run read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._runs: dict[bytes, Run] = {}

    def run(self, run_id: bytes) -> Run:
        """A run that the database has."""
        if run_id not in self._runs:
            run = read_run(self._connection, run_id)
            assert run is not None, "the database knows the runs that it names"
            self._runs[run_id] = run
        return self._runs[run_id]

    def find(self, reference: str) -> Known | None:
        """The instruction with a reference."""
        found = find_instruction(self._connection, reference)
        if found is None:
            return None
        run_id, number = found
        standing = self.run(run_id).standing(number)
        assert standing is not None, "references are those of instructions"
        return Known(run_id, standing.instruction, self.run(run_id).takes_payments(standing))


def book(
    connection: Connection,
    decision: Import,
    raw: bytes,
    file: BankFile,
    accounts: Sequence[str],
    operator: str,
    now_us: int,
) -> Imported:
    """Keep the file and its new entries; `accounts` are the plain ids of those that its statements are of."""
    entries = [
        item
        for account, statement in zip(accounts, file.statements, strict=True)
        for item in identified(account, statement.entries)
    ]
    entries += identified("", file.refusals)
    known = known_entries(connection, [item.entry_id for item in entries])
    # Statements of one file may overlap as those of two do.
    fresh = _told_apart(
        connection, list({item.entry_id: item for item in entries if item.entry_id not in known}.values())
    )
    finder = Finder(connection)
    found = [(item, match_entry(item, operator, finder.find)) for item in fresh]
    newest_run, number = newest_run_number(connection), next_entry_number(connection)
    records = tuple(
        EntryRecord(item.entry_id, number + place, decision.digest, item.entry, _match(decision, match, newest_run))
        for place, (item, match) in enumerate(found)
    )
    add_statement(connection, decision.digest, decision.file_name, raw, decision.deed, now_us)
    add_entries(connection, records, now_us)
    for run_id, payments in _payments(found).items():
        before = finder.run(run_id)
        extend_run(connection, before, pay(before, pb.RUN_ACTION_IMPORT, decision.deed, payments), now_us)
    return Imported(records, len(entries) - len(fresh), file.pending, repeated=False)


def _told_apart(connection: Connection, fresh: list[IdentifiedEntry]) -> list[IdentifiedEntry]:
    """The same entries, with those as repeated that a bank without references may have stated in another file.

    Such an entry is named by its statement and its place there, so a statement that is issued again has it anew. A
    person looks at it where an entry of that day is like it, whichever account that one is of.
    """
    days = {item.entry.booked_on for item in fresh if item.entry.numbered}
    before = alike_entries(connection, days)
    return [
        replace(item, repeated=True) if item.entry.numbered and alike(item.entry) in before else item for item in fresh
    ]


def newest_run_number(connection: Connection) -> int:
    """The number of the run that was proposed last; 0 before the first."""
    standings = list_standings(connection)
    return standings[-1].number if standings else 0


def _payments(found: Iterable[tuple[IdentifiedEntry, Match | Unmatched]]) -> dict[bytes, list[Payment]]:
    """By run: one at most is live, and only that one takes payments."""
    payments: defaultdict[bytes, list[Payment]] = defaultdict(list)
    for item, match in found:
        if isinstance(match, Match):
            number, amount = match.known.instruction.number, item.entry.amount_minor
            payments[match.known.run_id].append(Payment(number, match.happening, amount, item.entry_id))
    return payments


def _match(decision: Import, match: Match | Unmatched, newest_run: int) -> EntryMatch:
    if isinstance(match, Unmatched):
        return EntryMatch(1, EntryState.UNMATCHED, match, None, newest_run, decision.deed)
    instruction = match.known.instruction
    about = About(match.known.run_id, instruction.number, instruction.reference, match.happening)
    return EntryMatch(1, EntryState.MATCHED, None, about, newest_run, decision.deed)
