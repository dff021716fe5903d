"""Bank accounts: one's own, and for operator and auditors everybody's."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.settlement import BankAccount
from settlement.console.frame import action, first_of, page
from settlement.console.visit import Console, Form, Problem, Visit

#: Asked for one by one.
_PARTIES_MAX: Final = 200
_FIELDS: Final = ("holder_name", "iban", "account_id", "bic", "clearing_system", "member_id", "country")


def routes(console: Console) -> list[Route]:
    """Everything below /accounts."""
    return [page(console, "/accounts", show), action(console, "/accounts", give, back="/accounts")]


def show(visit: Visit) -> Response:
    """One's own account with its earlier ones; for operator and auditors, which account every party has."""
    own = visit.client.bank_accounts()
    others: list[tuple[str, BankAccount | None]] = []
    names, cut = first_of(_parties(visit) if visit.sees_all else (), _PARTIES_MAX)
    for party_id in names:
        found = visit.client.bank_accounts(party_id)
        others.append((party_id, found[0] if found else None))
    return visit.page("accounts.html", title="Bank accounts", own=own, others=others, cut=cut)


def _parties(visit: Visit) -> list[str]:
    """Everybody who had any business."""
    sums = visit.console.reports.sums(visit.client.windows())
    return sorted({name for found in sums.values() for name in (*found.parties, *dict(found.nets))})


def give(visit: Visit, form: Form) -> str:
    """Sign where the person's party is paid, and pays from."""
    given = {name: form.text(name) for name in _FIELDS}
    if not given["holder_name"] or not (given["iban"] or given["account_id"]):
        raise Problem("Name and account are missing.", "Give the name that the bank has, and an IBAN or a number.")
    country = given["country"] or given["iban"][:2] or given["bic"][4:6] or given["clearing_system"][:2]
    account = visit.client.set_bank_account(**{**given, "country": country.upper()}, currency=visit.currency.code)
    visit.tell(
        "/accounts", f"version {account.number} of your account is on file.", "Runs proposed from now on use it."
    )
    return "/accounts"
