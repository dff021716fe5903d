"""A statement as tables: the one place that says what stands in them, for every form that shows them."""

from __future__ import annotations

from typing import Final

from partner_sdk.statement import (
    TAXED,
    Donated,
    PointsAccount,
    Statement,
    StatementFigures,
    StatementSettlement,
)
from settlement.statements.table import Column, Kind, Row, Table, sum_of

_PARTY: Final = (Column("party", Kind.TEXT), Column("party_name", Kind.TEXT))
_POINTS: Final = Column("points", Kind.POINTS, total=True)
_AMOUNT: Final = Column("amount", Kind.MICROS, total=True)


def tables_of(statement: Statement) -> tuple[Table, ...]:
    """Every table, in the order in which a person reads them; some may have no rows."""
    figures = statement.figures
    return (
        points_table(figures.points),
        charges_table(figures),
        elsewhere_table(figures),
        accepted_table(figures),
        _gifts("donated", figures.donated),
        _gifts("donations", figures.donations),
        pools_table(figures),
        settlement_table(figures.settlement, figures.period.currency_exponent),
        payments_table(figures.settlement),
        tax_table(figures),
        disputes_table(figures),
        lines_table(statement),
    )


def points_table(account: PointsAccount | None) -> Table:
    """The account of the party's own points: what it began with, what came and went. The sum is what is outstanding."""
    rows: tuple[Row, ...] = ()
    if account is not None:
        rows = (
            ("opening", account.opening),
            ("issued", account.issued),
            ("arrears_repaid", -account.arrears_repaid),
            ("issues_reversed", -account.issues_reversed),
            ("arrears_made", account.arrears_made),
            ("redeemed_elsewhere", -account.redeemed_elsewhere),
            ("redemptions_reversed_elsewhere", account.redemptions_reversed_elsewhere),
            ("redeemed_here", -account.redeemed_here),
            ("redemptions_reversed_here", account.redemptions_reversed_here),
            ("expired", -account.expired),
            ("given", account.given),
            ("taken", -account.taken),
        )
    return Table("points", (Column("item", Kind.CODE), _POINTS), rows)


def charges_table(figures: StatementFigures) -> Table:
    """Every amount. The sum is the net position."""
    return Table(
        "charges",
        (
            Column("section", Kind.CODE),
            Column("purpose", Kind.CODE),
            Column("reversal", Kind.TRUTH),
            Column("side", Kind.CODE),
            *_PARTY,
            Column("points", Kind.POINTS),
            _AMOUNT,
        ),
        tuple(
            (
                charge.section,
                charge.purpose,
                charge.reversal,
                charge.side if charge.section in TAXED else None,
                charge.counterparty,
                charge.counterparty_name,
                charge.points or None,
                charge.amount_micros,
            )
            for charge in figures.charges
        ),
        group="section",
    )


def elsewhere_table(figures: StatementFigures) -> Table:
    """The party's points at others."""
    return Table(
        "elsewhere",
        (
            *_PARTY,
            _POINTS,
            Column("reversed_points", Kind.POINTS, total=True),
            Column("reimbursement", Kind.MICROS, total=True),
            Column("top_up", Kind.MICROS, total=True),
            Column("margin", Kind.MICROS, total=True),
        ),
        tuple(
            (
                item.acceptor,
                item.acceptor_name,
                item.points,
                item.reversed_points,
                item.reimbursement_micros,
                item.top_up_micros,
                item.margin_micros,
            )
            for item in figures.elsewhere
        ),
    )


def accepted_table(figures: StatementFigures) -> Table:
    """Others' points with the party."""
    return Table(
        "accepted",
        (
            *_PARTY,
            _POINTS,
            Column("reversed_points", Kind.POINTS, total=True),
            Column("reimbursement", Kind.MICROS, total=True),
            Column("top_up", Kind.MICROS, total=True),
            _AMOUNT,
        ),
        tuple(
            (
                item.issuer,
                item.issuer_name,
                item.points,
                item.reversed_points,
                item.reimbursement_micros,
                item.top_up_micros,
                item.reimbursement_micros + item.top_up_micros,
            )
            for item in figures.accepted
        ),
    )


def pools_table(figures: StatementFigures) -> Table:
    """Money paid in advance. What is drawn is negative, so that a row's closing is the sum of what comes before it."""
    return Table(
        "pools",
        (
            *_PARTY,
            *(Column(key, Kind.MICROS, total=True) for key in ("opening", "paid_in", "put_back", "drawn", "closing")),
        ),
        tuple(
            (
                pool.issuer,
                pool.issuer_name,
                pool.opening_micros,
                pool.paid_in_micros,
                pool.put_back_micros,
                -pool.drawn_micros,
                pool.closing_micros,
            )
            for pool in figures.pools
        ),
    )


def settlement_table(settlement: StatementSettlement, minor_digits: int) -> Table:
    """From the net position to what is paid. The sum is what is payable."""
    rows: list[Row] = [("net", "", "", settlement.amount_micros)]
    rows += (("carried_in", item.counterparty, item.reason, item.amount_micros) for item in settlement.carried_in)
    rows += (("carried_out", item.counterparty, item.reason, -item.amount_micros) for item in settlement.rounding)
    columns = (Column("item", Kind.CODE), Column("party", Kind.TEXT), Column("why", Kind.CODE), _AMOUNT)
    assert sum_of(Table("", columns, tuple(rows)), "amount") == settlement.payable_minor * 10 ** (6 - minor_digits)
    return Table("settlement", columns, tuple(rows))


def payments_table(settlement: StatementSettlement) -> Table:
    """What the party pays or receives for it."""
    return Table(
        "payments",
        (
            Column("number", Kind.NUMBER),
            *_PARTY,
            Column("reference", Kind.TEXT),
            Column("state", Kind.CODE),
            Column("amount", Kind.MINOR, total=True),
            Column("paid", Kind.MINOR, total=True),
            Column("carried", Kind.MINOR, total=True),
        ),
        tuple(
            (
                payment.number,
                payment.counterparty,
                payment.counterparty_name,
                payment.reference,
                payment.state,
                payment.amount_minor,
                payment.paid_minor,
                payment.carried_minor,
            )
            for payment in settlement.payments
        ),
    )


def tax_table(figures: StatementFigures) -> Table:
    """Bases for taxes on supplies; each stands for itself."""
    return Table(
        "tax",
        (
            Column("section", Kind.CODE),
            Column("side", Kind.CODE),
            Column("base", Kind.MICROS),
            Column("rate", Kind.RATE),
            Column("tax", Kind.MINOR),
        ),
        tuple((line.section, line.side, line.base_micros, line.rate_bps, line.tax_minor) for line in figures.tax),
    )


def disputes_table(figures: StatementFigures) -> Table:
    """What is contested."""
    return Table(
        "disputes",
        (
            Column("dispute_id", Kind.TEXT),
            Column("sequence", Kind.NUMBER),
            Column("raiser", Kind.TEXT),
            Column("respondent", Kind.TEXT),
            Column("raised_at", Kind.MOMENT),
            Column("state", Kind.CODE),
            Column("reason", Kind.CODE),
            Column("due_at", Kind.MOMENT),
            Column("claimed", Kind.MICROS, total=True),
        ),
        tuple(
            (
                dispute.dispute_id,
                dispute.sequence,
                dispute.raiser,
                dispute.respondent,
                dispute.raised_at,
                dispute.state,
                dispute.reason,
                dispute.due_at,
                dispute.claimed_micros,
            )
            for dispute in figures.disputes
        ),
    )


def lines_table(statement: Statement) -> Table:
    """Single entries. The sum is the net position."""
    return Table(
        "lines",
        (
            Column("sequence", Kind.NUMBER),
            Column("part", Kind.NUMBER),
            Column("committed_at", Kind.MOMENT),
            Column("kind", Kind.CODE),
            Column("issuer", Kind.TEXT),
            Column("party", Kind.TEXT),
            Column("points", Kind.POINTS),
            Column("arrears_points", Kind.POINTS),
            _AMOUNT,
            Column("transaction_id", Kind.TEXT),
            Column("reference", Kind.TEXT),
        ),
        tuple(
            (
                line.sequence,
                line.part,
                line.committed_at,
                line.kind,
                line.issuer,
                line.counterparty,
                line.points,
                line.arrears_points,
                line.amount_micros,
                line.transaction_id,
                line.reference,
            )
            for line in statement.lines or ()
        ),
    )


def _gifts(key: str, gifts: tuple[Donated, ...]) -> Table:
    return Table(key, (*_PARTY, _POINTS), tuple((gift.party_id, gift.party_name, gift.points) for gift in gifts))
