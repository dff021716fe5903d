"""What somebody should look at before approving a run, worked out again from the windows beside the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from partner_sdk.settlement import CarriedAmount, Dispute, Run, RunState, Window, WindowState
from settlement.console.amounts import count_text, exact_text, minor_text
from settlement.report.money import MICRO_DIGITS

_NAMES_MAX: Final = 5


@unique
class Verdict(StrEnum):
    """How a check came out."""

    RIGHT = "right"
    #: Somebody should know, and may approve all the same.
    MIND = "mind"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    detail: str


def checks_of(
    run: Run,
    windows: Sequence[Window],
    nets: Iterable[Mapping[str, int]],
    settled_before: Run | None,
    disputes: Sequence[Dispute],
) -> tuple[Check, ...]:
    """Every check of a run that the caller sees all of.

    `nets` are what each party receives, in micro-units, of each of the run's windows; `settled_before` is the run whose
    remainders this one takes in.
    """
    own = [window for window in windows if window.number in run.windows]
    return (
        _closed(run, own),
        _left_out(run, windows),
        _amounts(run, nets),
        _zero(run),
        _carried(run, settled_before),
        _payments(run),
        _accounts(run),
        _disputes(disputes),
    )


def _closed(run: Run, own: Sequence[Window]) -> Check:
    opened = [window.number for window in own if window.state is WindowState.OPEN or window.closed_at is None]
    if len(own) != len(run.windows) or opened:
        return Check("Every window is closed", Verdict.WRONG, f"not windows {_names(opened)}")
    entries = sum((window.last_sequence or 0) - window.first_sequence + 1 for window in own)
    return Check("Every window is closed", Verdict.RIGHT, f"{count_text(entries, 'entry', 'entries')} of the journal")


def _left_out(run: Run, windows: Sequence[Window]) -> Check:
    name = "No earlier window is left out"
    waiting = (WindowState.CLOSED, WindowState.ABORTED)
    missed = [item.number for item in windows if item.state in waiting and item.number < max(run.windows)]
    if missed and run.state not in (RunState.SETTLED, RunState.ABORTED):
        return Check(name, Verdict.MIND, f"windows {_names(missed)} wait for another run")
    return Check(name, Verdict.RIGHT, "none waits")


def _amounts(run: Run, nets: Iterable[Mapping[str, int]]) -> Check:
    name = "Amounts are what the windows' obligations come to"
    expected: Counter[str] = Counter()
    for net in nets:
        for party_id, amount in net.items():
            expected[party_id] += amount
    stated = {item.party_id: item.amount_micros for item in run.positions}
    wrong = sorted(name for name in expected.keys() | stated.keys() if expected[name] != stated.get(name, 0))
    if wrong:
        return Check(name, Verdict.WRONG, f"not for {_names(wrong)}")
    return Check(name, Verdict.RIGHT, f"added up again for {count_text(len(stated), 'party', 'parties')}")


def _zero(run: Run) -> Check:
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
        return Check(name, Verdict.WRONG, f"not for {_names(torn)}" if torn else "a sum is not zero")
    return Check(name, Verdict.RIGHT, "amount, carried in, payable and carried out")


def _carried(run: Run, before: Run | None) -> Check:
    name = "What is carried in is what was left before"
    left = _sums(before.carried_out) if before else {}
    if _sums(run.carried_in) != left:
        return Check(name, Verdict.WRONG, "the last settled run left something else")
    if not left:
        return Check(name, Verdict.RIGHT, "nothing")
    total = sum(item.amount_micros for item in run.carried_in)
    many = count_text(len(run.carried_in), "amount", "amounts")
    return Check(name, Verdict.RIGHT, f"{many}, {exact_text(total)} {run.currency}")


def _payments(run: Run) -> Check:
    name = "Payments lead to the positions"
    paid: Counter[str] = Counter()
    for item in run.instructions:
        paid[item.payer] -= item.amount_minor
        paid[item.payee] += item.amount_minor
    stated = {item.party_id: item.payable_minor for item in run.positions}
    wrong = sorted(name for name in paid.keys() | stated.keys() if paid[name] != stated.get(name, 0))
    if wrong:
        return Check(name, Verdict.WRONG, f"not for {_names(wrong)}")
    total = sum(item.amount_minor for item in run.instructions)
    many = count_text(len(run.instructions), "payment", "payments")
    return Check(name, Verdict.RIGHT, f"{many}, {minor_text(total, run.currency_exponent)} {run.currency}")


def _accounts(run: Run) -> Check:
    name = "Every party has a bank account on file"
    missing = {item.payer for item in run.instructions if not item.payer_account}
    missing |= {item.payee for item in run.instructions if not item.payee_account}
    if missing:
        return Check(name, Verdict.MIND, f"missing for {_names(sorted(missing))}: pay these by hand")
    return Check(name, Verdict.RIGHT, "the approval covers the accounts")


def _disputes(disputes: Sequence[Dispute]) -> Check:
    name = "Nothing in these windows is disputed"
    if disputes:
        claimed = sum(item.claimed_micros for item in disputes)
        many = count_text(len(disputes), "dispute is", "disputes are")
        return Check(name, Verdict.MIND, f"{many} open, {exact_text(claimed)} claimed; settled with a later window")
    return Check(name, Verdict.RIGHT, "no dispute is open")


def _sums(items: Iterable[CarriedAmount]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for item in items:
        pair = item.debtor, item.creditor
        sums[pair] = sums.get(pair, 0) + item.amount_micros
    return {pair: amount for pair, amount in sums.items() if amount}


def _names(values: Sequence[object]) -> str:
    """The first few, and how many more."""
    shown = ", ".join(map(str, values[:_NAMES_MAX]))
    return shown if len(values) <= _NAMES_MAX else f"{shown} and {len(values) - _NAMES_MAX} more"
