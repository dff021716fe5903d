"""A run's figures added up again, from the windows' obligations and payment by payment, beside the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from partner_sdk.settlement import Run, Window, WindowState
from settlement.console.amounts import count_text, minor_text
from settlement.report.money import MICRO_DIGITS

_NAMES_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Sum:
    """Something that must come out, and whether it does."""

    name: str
    right: bool
    detail: str


def added_up(run: Run, windows: Sequence[Window], nets: Iterable[Mapping[str, int]]) -> tuple[Sum, ...]:
    """Every sum of a run that the caller sees all of.

    `nets` are what each party receives, in micro-units, of each of the run's windows.
    """
    own = [window for window in windows if window.number in run.windows]
    return _closed(run, own), _amounts(run, nets), _zero(run), _payments(run)


def _closed(run: Run, own: Sequence[Window]) -> Sum:
    opened = [window.number for window in own if window.state is WindowState.OPEN or window.closed_at is None]
    if len(own) != len(run.windows) or opened:
        return Sum("Every window is closed", False, f"not windows {_names(opened)}")
    entries = sum((window.last_sequence or 0) - window.first_sequence + 1 for window in own)
    return Sum("Every window is closed", True, f"{count_text(entries, 'entry', 'entries')} of the journal")


def _amounts(run: Run, nets: Iterable[Mapping[str, int]]) -> Sum:
    name = "Amounts are what the windows' obligations come to"
    expected: Counter[str] = Counter()
    for net in nets:
        for party_id, amount in net.items():
            expected[party_id] += amount
    stated = {item.party_id: item.amount_micros for item in run.positions}
    wrong = sorted(name for name in expected.keys() | stated.keys() if expected[name] != stated.get(name, 0))
    if wrong:
        return Sum(name, False, f"not for {_names(wrong)}")
    return Sum(name, True, f"added up again for {count_text(len(stated), 'party', 'parties')}")


def _zero(run: Run) -> Sum:
    name = "Positions sum to zero, and rounding loses nothing"
    unit = 10 ** (MICRO_DIGITS - run.currency_exponent)
    sums = [
        sum(item.amount_micros for item in run.positions),
        sum(item.carried_in_micros for item in run.positions),
        sum(item.payable_minor for item in run.positions),
        sum(item.carried_out_micros for item in run.positions),
    ]
    torn = [
        item.party_id
        for item in run.positions
        if item.amount_micros + item.carried_in_micros != item.payable_minor * unit + item.carried_out_micros
    ]
    if any(sums) or torn:
        return Sum(name, False, f"not for {_names(torn)}" if torn else "a sum is not zero")
    return Sum(name, True, "amount, carried in, payable and carried out")


def _payments(run: Run) -> Sum:
    name = "Payments lead to the positions"
    paid: Counter[str] = Counter()
    for item in run.instructions:
        paid[item.payer] -= item.amount_minor
        paid[item.payee] += item.amount_minor
    stated = {item.party_id: item.payable_minor for item in run.positions}
    wrong = sorted(name for name in paid.keys() | stated.keys() if paid[name] != stated.get(name, 0))
    if wrong:
        return Sum(name, False, f"not for {_names(wrong)}")
    total = sum(item.amount_minor for item in run.instructions)
    many = count_text(len(run.instructions), "payment", "payments")
    return Sum(name, True, f"{many}, {minor_text(total, run.currency_exponent)} {run.currency}")


def _names(values: Sequence[object]) -> str:
    """The first few, and how many more."""
    shown = ", ".join(map(str, values[:_NAMES_MAX]))
    return shown if len(values) <= _NAMES_MAX else f"{shown} and {len(values) - _NAMES_MAX} more"
