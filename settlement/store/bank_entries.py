"""Bank statements that were taken in, their entries, and what each entry is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Integer, Row, Select, bindparam, func, insert, select, update

from settlement.payments.matching import Unmatched
from settlement.payments.records import About, EntryMatch, EntryRecord, EntryState
from settlement.payments.statements import StatementEntry
from settlement.runs.decision import Deed
from settlement.runs.instructions import Happening
from settlement.store import tables
from settlement.store.payment_tables import bank_entries, bank_statements, entry_matches

#: What is kept of an entry's text.
TEXT_MAX: Final = 500
#: Values that one statement names: no engine takes any number of parameters.
_TOGETHER_MAX: Final = 500
_NUMBER_MAX: Final = 2**63 - 1
_FIELDS: Final = (
    *("bank_reference", "amount_minor", "credit", "returned", "rejected", "return_reason"),
    *("booked_on", "end_to_end_id", "creditor_reference", "counterparty"),
)


@dataclass(frozen=True, slots=True)
class EntryQuery:
    """Which entries: those that match all of it, newest first."""

    #: Of one run; None: of any, or none.
    run_id: bytes | None = None
    #: Of that run, only those about these instructions; None: about any.
    instructions: Collection[int] | None = None
    #: Only those that are about nothing yet.
    unmatched: bool = False
    #: Only lower numbers.
    before: int = _NUMBER_MAX
    limit: int | None = None


class Alike(NamedTuple):
    """What is the same of an entry in every file, but for its reference and its account."""

    booked_on: str
    amount_minor: int
    credit: bool
    end_to_end_id: str


def statement_entries(connection: Connection, digest: bytes) -> int | None:
    """How many entries came first with a file; None for a file that was not taken in."""
    if connection.execute(select(bank_statements.c.digest).where(bank_statements.c.digest == digest)).first() is None:
        return None
    return connection.scalar(
        select(func.count()).select_from(bank_entries).where(bank_entries.c.statement_digest == digest)
    )


def add_statement(
    connection: Connection, digest: bytes, file_name: str, raw: bytes, deed: Deed, recorded_us: int
) -> None:
    """Keep a file. The database refuses one that it has."""
    connection.execute(
        insert(bank_statements).values(
            digest=digest, file_name=file_name, raw=raw, recorded_us=recorded_us, **_deed(deed)
        )
    )


def known_entries(connection: Connection, entry_ids: Collection[bytes]) -> frozenset[bytes]:
    """Which of these entries were taken in before."""
    wanted, found = list(entry_ids), set[bytes]()
    for start in range(0, len(wanted), _TOGETHER_MAX):
        part = wanted[start : start + _TOGETHER_MAX]
        found.update(connection.scalars(select(bank_entries.c.entry_id).where(bank_entries.c.entry_id.in_(part))))
    return frozenset(found)


def alike(entry: StatementEntry) -> Alike:
    """What two entries without a bank's reference have in common when they may be one."""
    return Alike(entry.booked_on, entry.amount_minor, entry.credit, entry.end_to_end_id)


def alike_entries(connection: Connection, days: Collection[str]) -> frozenset[Alike]:
    """What the entries of these days that were taken in are like."""
    known, wanted, found = bank_entries.c, sorted(days), set[Alike]()
    for start in range(0, len(wanted), _TOGETHER_MAX):
        part = wanted[start : start + _TOGETHER_MAX]
        rows = select(known.booked_on, known.amount_minor, known.credit, known.end_to_end_id)
        moved = rows.where(known.booked_on.in_(part), ~known.rejected)
        found.update(Alike(*row) for row in connection.execute(moved))
    return frozenset(found)


def next_entry_number(connection: Connection) -> int:
    """The number of the entry that is taken in next."""
    return (connection.scalar(select(func.max(bank_entries.c.number))) or 0) + 1


def add_entries(connection: Connection, records: Sequence[EntryRecord], recorded_us: int) -> None:
    """Keep new entries and what the service found them to be about."""
    if not records:
        return
    connection.execute(
        insert(bank_entries),
        [
            {
                "entry_id": record.entry_id,
                "number": record.number,
                "statement_digest": record.statement_digest,
                "text": record.entry.text[:TEXT_MAX],
                **{name: getattr(record.entry, name) for name in _FIELDS},
            }
            for record in records
        ],
    )
    nobody = {"decided_us": None, "document": None, "public_key": None, "signature": None}
    rows = [{**_match(record.entry_id, record.match, recorded_us), **nobody} for record in records]
    connection.execute(insert(entry_matches), rows)


def assign_entry(connection: Connection, entry_id: bytes, match: EntryMatch, recorded_us: int) -> None:
    """Keep what a person said an entry to be about, in place of what was said before."""
    known = entry_matches.c
    connection.execute(update(entry_matches).where(known.entry_id == entry_id, ~known.replaced).values(replaced=True))
    connection.execute(insert(entry_matches).values(**{**_match(entry_id, match, recorded_us), **_deed(match.deed)}))


def find_entry(connection: Connection, entry_id: bytes) -> EntryRecord | None:
    """One entry, or None."""
    row = connection.execute(_entries().where(bank_entries.c.entry_id == entry_id)).one_or_none()
    return None if row is None else _record(row)


def list_entries(connection: Connection, query: EntryQuery) -> tuple[EntryRecord, ...]:
    """Entries as they are now, newest first."""
    wanted = _entries().where(bank_entries.c.number < query.before)
    if query.run_id is not None:
        wanted = wanted.where(entry_matches.c.run_id == query.run_id)
    if query.instructions is not None:
        # Numbers, and as many as a run has: written into the statement, since no engine takes any number of parameters.
        numbers = bindparam("numbers", list(query.instructions), Integer, expanding=True, literal_execute=True)
        wanted = wanted.where(entry_matches.c.instruction.in_(numbers))
    if query.unmatched:
        wanted = wanted.where(entry_matches.c.state == EntryState.UNMATCHED)
    rows = connection.execute(wanted.order_by(bank_entries.c.number.desc()).limit(query.limit))
    return tuple(map(_record, rows))


def late_entries(connection: Connection) -> Iterator[EntryRecord]:
    """Entries that came too late for their instruction: by the newest run at that time, then as they came."""
    wanted = _entries().where(entry_matches.c.state == EntryState.LATE)
    order = (entry_matches.c.after_run, bank_entries.c.number)
    yield from map(_record, connection.execute(wanted.order_by(*order)))


def find_instruction(connection: Connection, reference: str) -> tuple[bytes, int] | None:
    """The run and the number of the instruction with a reference."""
    known = tables.instructions.c
    row = connection.execute(select(known.run_id, known.number).where(known.reference == reference)).one_or_none()
    return None if row is None else (row.run_id, row.number)


def was_assigned(connection: Connection, entry_id: bytes, document: bytes) -> bool:
    """Whether exactly this was taken in before."""
    known = entry_matches.c
    found = select(known.number).where(known.entry_id == entry_id, known.document == document)
    return connection.execute(found.limit(1)).first() is not None


def _entries() -> Select[Any]:
    said = entry_matches.c
    return (
        select(
            bank_entries,
            *(said.state, said.reason, said.run_id, said.instruction, said.reference, said.effect, said.after_run),
            said.number.label("match_number"),
            # A person's word where there is one; else that of who had the statement taken in.
            *(
                func.coalesce(said[name], bank_statements.c[name]).label(name)
                for name in ("decided_us", "document", "public_key", "signature")
            ),
            said.note,
        )
        .join(entry_matches, (said.entry_id == bank_entries.c.entry_id) & ~said.replaced)
        .join(bank_statements, bank_statements.c.digest == bank_entries.c.statement_digest)
    )


def _record(row: Row[Any]) -> EntryRecord:
    about = None
    if row.run_id is not None:
        about = About(row.run_id, row.instruction, row.reference, Happening(row.effect))
    return EntryRecord(
        entry_id=row.entry_id,
        number=row.number,
        statement_digest=row.statement_digest,
        entry=StatementEntry(text=row.text, **{name: getattr(row, name) for name in _FIELDS}),
        match=EntryMatch(
            number=row.match_number,
            state=EntryState(row.state),
            why=Unmatched(row.reason) if row.reason else None,
            about=about,
            after_run=row.after_run,
            deed=Deed(row.note, row.decided_us, row.public_key, row.document, row.signature),
        ),
    )


def _match(entry_id: bytes, match: EntryMatch, recorded_us: int) -> dict[str, Any]:
    about = match.about
    return {
        "entry_id": entry_id,
        "number": match.number,
        "replaced": False,
        "state": match.state,
        "reason": match.why or 0,
        "run_id": about.run_id if about else None,
        "instruction": about.instruction if about else 0,
        "reference": about.reference if about else "",
        "effect": about.effect if about else 0,
        "after_run": match.after_run,
        "note": match.deed.note,
        "recorded_us": recorded_us,
    }


def _deed(deed: Deed) -> dict[str, Any]:
    return {
        "note": deed.note,
        "decided_us": deed.decided_us,
        "document": deed.document,
        "public_key": deed.public_key,
        "signature": deed.signature,
    }
