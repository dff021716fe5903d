"""What the pages show, as plain data for the template: texts, and figures as people read them."""

from __future__ import annotations

from typing import Any, Final

from partner_sdk.statement import Section, Statement, StatementPeriod, StatementSettlement
from settlement.statements.layout import Layout, breakable, day_text, in_fours
from settlement.statements.page_lines import shown_lines
from settlement.statements.page_tables import shown
from settlement.statements.table import Table, sum_of
from settlement.statements.tables import tables_of
from settlement.statements.words import words_of

#: Tables that are shown even where they have no rows.
_ALWAYS: Final = ("charges", "settlement")
_REFERENCES_MAX: Final = 3


def page_of(statement: Statement) -> dict[str, Any]:
    """Everything that the template shows."""
    figures = statement.figures
    period, settlement = figures.period, figures.settlement
    layout = Layout(period)
    tables = {table.key: table for table in tables_of(statement)}
    charges = tables["charges"]
    return {
        "title": f"Statement of {period.party_name}, window {period.window}",
        "heading": "Statement" if period.closed_at else "Provisional statement",
        "description": f"Who owed what to {period.party_id} in window {period.window} of {period.network_id}.",
        "keywords": [period.network_id, period.party_id, f"window {period.window}"],
        "author": period.operator_name,
        "operator": breakable(period.operator_name),
        "operator_note": f"Operator of the network {period.network_id}",
        "party": breakable(period.party_name),
        "party_note": f"{period.party_id} · {period.party_kind.value}",
        "running": f"Statement of {period.party_id}, window {period.window}",
        "statement_id": figures.statement_id,
        "digest": in_fours(figures.digest.hex()),
        "facts": _facts(statement, layout),
        "banner": _banner(period, layout),
        "summary": [[words_of(section), layout.micros(_of_section(charges, section))] for section in Section],
        "net": [f"Net position, {period.currency}", layout.micros(figures.net_micros)],
        "headline": _headline(period, settlement, layout),
        "tables": [
            shown(table, layout, figures.tax_note if table.key == "tax" else "")
            for table in tables.values()
            if table.key != "lines" and (table.rows or table.key in _ALWAYS)
        ],
        "lines": None if statement.lines is None else shown_lines(statement.lines, layout),
        "checks": _checks(statement),
        "attachment": {
            "name": f"{figures.statement_id}.json",
            "description": "The statement as a signed JSON file",
        },
    }


def _facts(statement: Statement, layout: Layout) -> list[list[str]]:
    period = statement.figures.period
    until = layout.day(period.closed_at) if period.closed_at else "open"
    return [
        ["Statement", statement.figures.statement_id],
        ["Window", f"{period.window} ({words_of(period.window_state).lower()})"],
        ["Period", f"{layout.day(period.opened_at)} – {until}"],
        ["Entries", f"{period.first_sequence:,} – {period.last_sequence:,} of the journal"],
        ["Currency", period.currency],
        ["Prepared", f"{layout.moment(statement.made_at)} ({period.time_zone})"],
    ]


def _banner(period: StatementPeriod, layout: Layout) -> str:
    if period.closed_at is not None:
        return ""
    return (
        f"This window is still open. The figures are those up to entry {period.last_sequence:,} of the journal and "
        "will change until it is closed. Do not pay on this statement."
    )


def _headline(period: StatementPeriod, settlement: StatementSettlement, layout: Layout) -> dict[str, Any]:
    payable = settlement.payable_minor
    planned = settlement.run_id is None
    if payable == 0:
        label = "Nothing to pay or to receive"
    elif payable < 0:
        label = "You would pay, were the window settled alone now" if planned else "You pay"
    else:
        label = "You would receive, were the window settled alone now" if planned else "You receive"
    amount = f"{period.currency} {layout.minor(abs(payable))}"
    facts: list[list[str]] = []
    if settlement.carried_in:
        carried = sum(item.amount_micros for item in settlement.carried_in)
        facts.append([words_of("carried_in"), f"{period.currency} {''.join(layout.micros(carried))}"])
    if settlement.run_id is not None and settlement.run_state is not None:
        windows = ", ".join(map(str, settlement.windows))
        facts.append(["Settled with", f"window {windows}" if len(settlement.windows) == 1 else f"windows {windows}"])
        facts.append(["Run", f"{settlement.run_id[:8]}, {words_of(settlement.run_state).lower()}"])
    if settlement.instructed_at is not None:
        facts.append(["Instructed", layout.day(settlement.instructed_at)])
    if settlement.due_on is not None and payable:
        facts.append(["Due", day_text(settlement.due_on)])
    for payment in settlement.payments[:_REFERENCES_MAX]:
        whom = f"{'from' if payment.amount_minor > 0 else 'to'} {payment.counterparty}"
        facts.append(["Reference", f"{in_fours(payment.reference)} {whom} ({words_of(payment.state).lower()})"])
    if len(settlement.payments) > _REFERENCES_MAX:
        facts.append(["", f"and {len(settlement.payments) - _REFERENCES_MAX} more, see Payments"])
    # A large amount stays on one line.
    return {"label": label, "amount": amount, "size": 20 if len(amount) <= 18 else 13, "facts": facts}


def _of_section(charges: Table, section: Section) -> int:
    place = [column.key for column in charges.columns].index("section")
    return sum_of(charges, "amount", [row for row in charges.rows if row[place] == section])


def _checks(statement: Statement) -> list[str]:
    figures, signer = statement.figures, statement.signer.party_id
    attached = (
        f"The file {figures.statement_id}.json is attached to this document, signed with the key of {signer}, which "
        "the network's journal names as its auditor. Save it and run “coalition settlement verify-statement FILE”: "
        "this checks the signature, that everything adds up, and that the hub has signed the log that it was read "
        "from, and prints the SHA-256 that stands at the foot of each page."
    )
    log = (
        f"The figures follow from the journal's entries up to {figures.log_size:,}, whose Merkle root is "
        f"{in_fours(figures.log_root.hex())}."
    )
    exact = (
        "Amounts are exact to a millionth of the currency; digits beyond its minor unit are grey. Only what is payable "
        "is rounded. Positive amounts are owed to you, negative ones by you."
    )
    return [attached, log, exact]
