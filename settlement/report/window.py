"""A window's figures as rows, and what netting saves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from partner_sdk.settlement import Obligation, Window, WindowReport
from settlement.report.money import decimal_text, micros_text

#: Rows of a table, each by column name: text for names and money, integers for points.
Rows = list[dict[str, str | int]]

#: The tables of a report, and the columns of each.
COLUMNS: Final = {
    "obligations": ("debtor", "creditor", "points", "amount"),
    "bilateral": ("debtor", "creditor", "points", "amount"),
    "positions": ("party", "amount", "carried_in", "payable", "carried_out"),
    "activity": ("party", "issued", "accepted", "redeemed", "redeemed_own", "expired", "donated", "adjusted"),
    "netting": ("stage", "amount", "payments"),
}


@dataclass(frozen=True, slots=True)
class Saving:
    """How much money has to move, and in how many payments, at one stage of netting."""

    amount_micros: int
    payments: int


def gross(report: WindowReport) -> Saving:
    """Every obligation paid by itself."""
    return _saving(report.obligations)


def bilateral(report: WindowReport) -> Saving:
    """Each two parties netted against each other."""
    return _saving(report.bilateral)


def multilateral(report: WindowReport) -> Saving:
    """Every party pays or receives once. What is paid in is what is paid out, so only one of them is counted.

    A party is shown its own position only, and may be one that pays.
    """
    amounts = [position.amount_micros for position in report.positions if position.amount_micros]
    received, paid = sum(amount for amount in amounts if amount > 0), -sum(amount for amount in amounts if amount < 0)
    return Saving(max(received, paid), len(amounts))


def tables_of(report: WindowReport) -> dict[str, Rows]:
    """The rows of every table, by the table's name."""
    return {
        "obligations": _obligations(report.obligations),
        "bilateral": _obligations(report.bilateral),
        "positions": [
            {
                "party": position.party_id,
                "amount": micros_text(position.amount_micros),
                "carried_in": micros_text(position.carried_in_micros),
                "payable": decimal_text(position.payable_minor, report.currency_exponent),
                "carried_out": micros_text(position.carried_out_micros),
            }
            for position in report.positions
        ],
        "activity": [
            {
                "party": activity.party_id,
                **{name: getattr(activity, name) for name in COLUMNS["activity"] if name != "party"},
            }
            for activity in report.activity
        ],
        "netting": [
            {"stage": stage, "amount": micros_text(saving.amount_micros), "payments": saving.payments}
            for stage, saving in (
                ("gross", gross(report)),
                ("bilateral", bilateral(report)),
                ("multilateral", multilateral(report)),
            )
        ],
    }


def report_json(report: WindowReport) -> dict[str, Any]:
    """Everything, for machines: money as decimal text in units of the currency, points as integers."""
    return {
        "window": window_json(report.window),
        "currency": report.currency,
        "currency_exponent": report.currency_exponent,
        **tables_of(report),
    }


def window_json(window: Window) -> dict[str, str | int | None]:
    """A window for machines: moments in ISO 8601; what has not come yet is null."""
    return {
        "number": window.number,
        "state": window.state.name,
        "first_sequence": window.first_sequence,
        "last_sequence": window.last_sequence,
        "opened_at": window.opened_at.isoformat(),
        "closed_at": window.closed_at.isoformat() if window.closed_at else None,
    }


def _saving(obligations: Iterable[Obligation]) -> Saving:
    owed = [obligation.amount_micros for obligation in obligations if obligation.amount_micros]
    return Saving(sum(owed), len(owed))


def _obligations(obligations: Iterable[Obligation]) -> Rows:
    return [
        {
            "debtor": obligation.debtor,
            "creditor": obligation.creditor,
            "points": obligation.points,
            "amount": micros_text(obligation.amount_micros),
        }
        for obligation in obligations
    ]
