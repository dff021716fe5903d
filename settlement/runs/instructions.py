"""Payments that a run instructs, and how each stands. States follow from what happened; nobody sets one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import partial
from typing import NamedTuple

from settlement.runs.methods import Payable
from settlement.runs.references import creditor_reference


@dataclass(frozen=True, slots=True)
class Instruction:
    """One payment that is to be made, from which account to which."""

    #: From 1.
    number: int
    payer: str
    payee: str
    amount_minor: int
    #: ISO 11649, unique; also the payment's end-to-end id.
    reference: str
    #: SHA-256 over the parties' BankAccount documents; empty where one has none on file.
    payer_account: bytes
    payee_account: bytes


@unique
class State(IntEnum):
    """How an instruction stands; numbered as InstructionState on the wire."""

    OPEN = 1
    PART_PAID = 2
    PAID = 3
    OVERPAID = 4
    #: Returned or rejected by a bank, and not paid since.
    REJECTED = 5
    CARRIED = 6


@unique
class Happening(IntEnum):
    """What can happen to an instruction. The numbers are stored."""

    #: A bank booked the money.
    BOOKED = 1
    #: A bank booked it back.
    RETURNED = 2
    #: A bank refused to move it.
    REJECTED = 3
    #: A person of the operator saw that all of it was paid.
    CONFIRMED = 4
    #: A person of the operator left the rest to the next run.
    CARRIED = 5
    #: A person of the operator saw that the bank's entry was about something else.
    UNASSIGNED = 6


class Payment(NamedTuple):
    """Something that happened to an instruction."""

    instruction: int
    happening: Happening
    #: The money concerned. Of what was carried, the rest that was unpaid or, negative, overpaid; of what was
    #: unassigned, what that takes from what was booked or, negative, from what was returned.
    amount_minor: int
    #: The bank's entry; empty where a person's word is all there is.
    entry_id: bytes = b""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an instruction stands."""

    instruction: Instruction
    state: State
    paid_minor: int
    #: What was left to the next run: what was unpaid or, negative, overpaid.
    carried_minor: int = 0

    @property
    def rest_minor(self) -> int:
        """What is still to be paid; negative: what was paid too much."""
        return self.instruction.amount_minor - self.paid_minor

    @property
    def done(self) -> bool:
        """Whether nothing is expected any more: it is paid to the minor unit, or what is wrong with it was carried."""
        return self.state in (State.PAID, State.CARRIED)


def instructions_of(
    run_id: bytes, payments: Iterable[Payable], accounts: Mapping[str, bytes]
) -> tuple[Instruction, ...]:
    """Numbered instructions with their references; `accounts` has the digest of each party's bank account.

    A party sees the numbers of its own. So their order says nothing: by name, it would say who else is in the run.
    """
    return tuple(
        Instruction(
            number,
            payment.payer,
            payment.payee,
            payment.amount_minor,
            creditor_reference(run_id, number),
            accounts.get(payment.payer, b""),
            accounts.get(payment.payee, b""),
        )
        for number, payment in enumerate(sorted(payments, key=partial(_place, run_id)), 1)
    )


def _place(run_id: bytes, payment: Payable) -> bytes:
    # Another order in every run, which whoever knows the run's id can make again.
    return hashlib.sha256(run_id + payment.payer.encode() + b"\0" + payment.payee.encode()).digest()


def standings(instructions: Sequence[Instruction], payments: Iterable[Payment]) -> tuple[Standing, ...]:
    """How each instruction stands after all that happened, in that order."""
    happened: dict[int, list[Payment]] = {}
    for payment in payments:
        happened.setdefault(payment.instruction, []).append(payment)
    return tuple(_standing(instruction, happened.get(instruction.number, ())) for instruction in instructions)


def _standing(instruction: Instruction, payments: Sequence[Payment]) -> Standing:
    """A confirmation says that all was paid; the bank's entry of the same money adds nothing, a return undoes it.

    Payments after the rest was carried are late ones: they change what is paid, and not what was carried.
    """
    booked, confirmed, rejected = 0, False, False
    carried: Payment | None = None
    for payment in _assigned(payments):
        match payment.happening:
            case Happening.BOOKED:
                booked += payment.amount_minor
            case Happening.RETURNED:
                booked -= payment.amount_minor
                confirmed, rejected = False, True
            case Happening.REJECTED:
                confirmed, rejected = False, True
            case Happening.CONFIRMED:
                confirmed = True
            case Happening.CARRIED:
                assert carried is None, "what was carried is settled with another run"
                carried = payment
            case Happening.UNASSIGNED:
                raise AssertionError("what was unassigned is left out with what it undoes")
    # A return may be booked in a statement that comes before the one with the payment.
    paid = max(booked, instruction.amount_minor if confirmed else 0, 0)
    if carried is not None:
        return Standing(instruction, State.CARRIED, paid, carried.amount_minor)
    return Standing(instruction, _state(instruction.amount_minor, paid, rejected), paid)


def _assigned(payments: Iterable[Payment]) -> list[Payment]:
    """What happened, without bank entries that turned out to be about something else: all that they did is undone."""
    kept: list[Payment] = []
    for payment in payments:
        if payment.happening is not Happening.UNASSIGNED:
            kept.append(payment)
            continue
        place = max(place for place, before in enumerate(kept) if before.entry_id == payment.entry_id)
        del kept[place]
    return kept


def _state(due: int, paid: int, rejected: bool) -> State:
    if paid > due:
        return State.OVERPAID
    if paid == due:
        return State.PAID
    if paid:
        return State.PART_PAID
    return State.REJECTED if rejected else State.OPEN
