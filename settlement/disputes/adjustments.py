"""What the journal says about a dispute: the obligations that the operator added in its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Owing(NamedTuple):
    """One party owes another an amount, in micro-units."""

    debtor: str
    creditor: str
    amount_micros: int


class Adjustment(NamedTuple):
    """An accepted `adjust` of an obligation whose reference is the dispute's id."""

    sequence: int
    window: int
    committed_us: int
    owing: Owing


def problem_with(adjustments: Sequence[Adjustment], wanted: Owing) -> str:
    """What is wrong with them, for people; empty where together they are what was wanted.

    Added up, so that a wrong one is put right by another with the same reference.
    """
    owed: dict[tuple[str, str], int] = {}
    for adjustment in adjustments:
        debtor, creditor, amount = adjustment.owing
        # One pair for both directions: what goes back cancels what went forth.
        if debtor < creditor:
            owed[debtor, creditor] = owed.get((debtor, creditor), 0) + amount
        else:
            owed[creditor, debtor] = owed.get((creditor, debtor), 0) - amount
    found = {_forward(pair, amount) for pair, amount in owed.items() if amount}
    if found == ({wanted} if wanted.amount_micros else set()):
        return ""
    entries = ", ".join(str(adjustment.sequence) for adjustment in adjustments)
    says = "; ".join(f"{owing.debtor} owes {owing.creditor} {owing.amount_micros}" for owing in sorted(found))
    agreed = (
        f"{wanted.debtor} owes {wanted.creditor} {wanted.amount_micros} micro-units"
        if wanted.amount_micros
        else "nothing was agreed on"
    )
    return (
        f"By its adjustments (entries {entries}) {says or 'nothing is owed'}, but {agreed}. "
        "Put it right with another adjustment of the same reference."
    )


def reached_us(adjustments: Sequence[Adjustment]) -> int:
    """When the last of them was committed."""
    return max(adjustment.committed_us for adjustment in adjustments)


def _forward(pair: tuple[str, str], amount: int) -> Owing:
    return Owing(*pair, amount) if amount > 0 else Owing(pair[1], pair[0], -amount)
