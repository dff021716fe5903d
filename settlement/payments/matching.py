"""Which instruction a bank's entry is about. Pure: what is known about references is given.

An entry says it in its end-to-end id, in its creditor reference, or in what somebody typed. It must name one
instruction and no other, and the money must have gone the way that the instruction says; all else is for a person to
decide.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique

from settlement.payments.statements import StatementEntry
from settlement.runs.instructions import Happening, Instruction
from settlement.runs.references import references_in


@unique
class Unmatched(IntEnum):
    """Why an entry is about no instruction yet; numbered as UnmatchedReason on the wire."""

    NO_REFERENCE = 1
    UNKNOWN_REFERENCE = 2
    SEVERAL_REFERENCES = 3
    WRONG_DIRECTION = 4
    NOT_WAITING = 5
    REPEATED = 6
    DETAILS_DIFFER = 7


@dataclass(frozen=True, slots=True)
class IdentifiedEntry:
    """An entry with an id that it has in every file in which the bank states it."""

    entry_id: bytes
    entry: StatementEntry
    #: Whether it may be another entry stated once more: one before it in the file is the same in all that tells entries
    #: apart, or it has no reference of the bank's and is like one that was taken in.
    repeated: bool


@dataclass(frozen=True, slots=True)
class Known:
    """An instruction that has a reference."""

    run_id: bytes
    instruction: Instruction
    #: Whether its run takes payments of it.
    waiting: bool


@dataclass(frozen=True, slots=True)
class Match:
    """What an entry does to an instruction."""

    known: Known
    happening: Happening


def identified(account: str, entries: Sequence[StatementEntry]) -> Iterator[IdentifiedEntry]:
    """The entries of an account with their ids.

    Banks reuse a reference now and then, for a payment and its charge or after years; so amount, direction and day
    belong to the id. What is the same in all of these within one file is told apart by its place, and looked at by a
    person: the balances say that it moved twice, the reference that it did not.
    """
    seen: Counter[bytes] = Counter()
    for entry in entries:
        parts = (
            account,
            entry.booked_on,
            entry.bank_reference,
            str(entry.amount_minor),
            "CR" if entry.credit else "DR",
            "R" if entry.returned else "",
        )
        about = b"".join(len(part).to_bytes(4) + part for part in (text.encode() for text in parts))
        before = seen[about]
        seen[about] += 1
        entry_id = hashlib.sha256(about + before.to_bytes(4)).digest()
        yield IdentifiedEntry(entry_id, entry, repeated=before > 0)


def references_of(entry: StatementEntry) -> tuple[str, ...]:
    """References that the entry may name, each once."""
    given = (entry.end_to_end_id, entry.creditor_reference)
    typed = (reference for text in (*given, entry.text) for reference in references_in(text))
    return tuple(dict.fromkeys((*(text for text in given if text), *typed)))


def match_entry(
    identified_entry: IdentifiedEntry, operator: str, find: Callable[[str], Known | None]
) -> Match | Unmatched:
    """The instruction that an entry of the operator's account is about, and what it does to it."""
    entry = identified_entry.entry
    if entry.details_differ:
        return Unmatched.DETAILS_DIFFER
    references = references_of(entry)
    if not references:
        return Unmatched.NO_REFERENCE
    found = {known.instruction.reference: known for known in map(find, references) if known is not None}
    if not found:
        return Unmatched.UNKNOWN_REFERENCE
    if len(found) > 1:
        return Unmatched.SEVERAL_REFERENCES
    (known,) = found.values()
    happening = effect_on(known.instruction, operator, credit=entry.credit)
    if entry.rejected:
        happening = Happening.REJECTED if known.instruction.payer == operator else None
    # Money that comes back is a return when the bank says so; else somebody has paid with the wrong reference.
    if happening is None or (happening is Happening.RETURNED) != entry.returned:
        return Unmatched.WRONG_DIRECTION
    if not known.waiting:
        return Unmatched.NOT_WAITING
    return Unmatched.REPEATED if identified_entry.repeated else Match(known, happening)


def effect_on(instruction: Instruction, operator: str, *, credit: bool) -> Happening | None:
    """What money into the operator's account, or out of it, is to an instruction; None for one between others."""
    if operator not in (instruction.payer, instruction.payee):
        return None
    return Happening.BOOKED if credit == (instruction.payee == operator) else Happening.RETURNED
