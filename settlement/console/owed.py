"""Who owes whom for one line. The console works it out by itself, so that lines can be added up beside the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from partner_sdk.settlement import Line, LineKind


class Owed(NamedTuple):
    """One party owes another so much, in micro-units, and what for."""

    debtor: str
    creditor: str
    purpose: str
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Search:
    """A question to the service that finds a part of the lines behind a figure."""

    party_id: str | None = None
    issuer: str | None = None
    counterparty: str | None = None
    kind: LineKind | None = None


def owed_by(line: Line, operator: str) -> Iterator[Owed]:
    """What one line makes parties owe each other. Nothing is owed to oneself."""
    counterparty = line.counterparty or ""
    if line.kind is LineKind.OBLIGATION:
        yield Owed(line.issuer, counterparty, "correction", line.direct_micros)
        return
    for debtor, creditor, purpose, amount in (
        (line.issuer, counterparty, "reimbursement", line.direct_micros),
        (operator, counterparty, "top-up", line.topup_micros),
        (line.issuer, operator, "margin", line.margin_micros),
        (line.issuer, operator, "issue fee", line.fee_micros),
    ):
        if amount:
            yield Owed(*((creditor, debtor) if line.kind.turned else (debtor, creditor)), purpose, amount)
    if line.paid_in_micros:
        yield Owed(line.issuer, operator, "paid in", line.paid_in_micros)
    if line.paid_back_micros:
        yield Owed(operator, line.issuer, "paid back", line.paid_back_micros)


def between(lines: Iterable[Line], debtor: str, creditor: str, operator: str) -> Iterator[tuple[Line, list[Owed]]]:
    """The lines for which one party owes another something, and what."""
    for line in lines:
        found = [item for item in owed_by(line, operator) if (item.debtor, item.creditor) == (debtor, creditor)]
        if found:
            yield line, found


def searches(debtor: str, creditor: str, operator: str) -> tuple[Search, ...]:
    """Questions that together find every line for which one party owes another something, and none of them twice."""
    if operator == creditor:
        return (Search(party_id=debtor),)
    if operator == debtor:
        return (Search(party_id=creditor),)
    return (
        Search(issuer=debtor, counterparty=creditor),
        # A reversed redemption is owed the other way round.
        Search(issuer=creditor, counterparty=debtor, kind=LineKind.REDEEM_REVERSED),
    )
