"""A bank's entry as it is kept, and what it is about: what the service found in it, or what people have said since."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique

from settlement.payments.matching import Unmatched
from settlement.payments.statements import StatementEntry
from settlement.runs.decision import Deed
from settlement.runs.instructions import Happening


@unique
class EntryState(IntEnum):
    """What became of an entry; numbered as on the wire."""

    #: The service found the instruction that its reference names.
    MATCHED = 1
    #: A person said which instruction it is about.
    ASSIGNED = 2
    #: It is about an instruction that takes no payments any more, and is carried into the next run.
    LATE = 3
    #: A person said that it has nothing to do with settlement.
    SET_ASIDE = 4
    UNMATCHED = 5


@dataclass(frozen=True, slots=True)
class About:
    """The instruction that an entry is about, and what it does to it."""

    run_id: bytes
    instruction: int
    reference: str
    effect: Happening


@dataclass(frozen=True, slots=True)
class EntryMatch:
    """What an entry was found, or said, to be about."""

    #: Of those of the entry, from 1.
    number: int
    state: EntryState
    #: Why it is about nothing yet; None in other states.
    why: Unmatched | None
    about: About | None
    #: The number of the newest run at that time; what came late is carried into one after it.
    after_run: int
    deed: Deed


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """A bank's entry, and what it is about now."""

    entry_id: bytes
    #: In the order in which entries were taken in, from 1.
    number: int
    statement_digest: bytes
    entry: StatementEntry
    match: EntryMatch
