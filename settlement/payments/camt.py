"""ISO 20022 camt.053, versions 02 to 13: bank statements. What cannot be right in one place refuses all of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from coalition.calendar import is_day
from settlement.payments.statements import Statement, StatementEntry, unreadable, wrong
from settlement.payments.xml import Node

#: Entries of one file, at most; the payments of a batch count by themselves.
ENTRIES_MAX: Final = 50_000
#: What is kept of a text.
_TEXT_MAX: Final = 2_000
_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(0[2-9]|1[0-3])")
_AMOUNT: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,5})?", re.ASCII)
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)
#: Where a page of a longer statement begins or ends.
_INTERIM: Final = "ITBD"
#: Sub-families of bank transaction codes that undo a credit transfer.
_RETURNS: Final = ("RRTN", "RPCR")
_NOT_PROVIDED: Final = "NOTPROVIDED"


def is_statement(namespace: str) -> bool:
    """Whether a file with this namespace is read here."""
    return _NAMESPACE.fullmatch(namespace) is not None


def read_statements(root: Node, exponent: int) -> tuple[Statement, ...]:
    """The statements in a file, at least one; `exponent` is the number of digits of the currency's minor unit.

    Raises Refused: MALFORMED for a file without one, FIELD_INVALID for one whose figures cannot be right.
    """
    found = tuple(_statement(node, exponent) for node in root.children("BkToCstmrStmt/Stmt"))
    if not found:
        raise unreadable("there is no statement in it")
    if sum(len(statement.entries) for statement in found) > ENTRIES_MAX:
        raise unreadable(f"it has more than {ENTRIES_MAX} entries")
    return found


def _statement(node: Node, exponent: int) -> Statement:
    opening, closing = _balances(node, exponent)
    statement_id = node.text("Id")
    currency = node.text("Acct/Ccy") or opening[1]
    entries: list[StatementEntry] = []
    moved = pending = 0
    for number, entry in enumerate(node.children("Ntry"), 1):
        amount = _amount(entry, exponent, currency)
        if entry.text("Sts/Cd", "Sts") != "BOOK":
            pending += 1
            continue
        moved += amount if _credit(entry) else -amount
        fallback = f"{statement_id}/{entry.text('NtryRef') or number}"
        entries += _entries(entry, amount, exponent, currency, fallback)
    if opening[1] != currency or closing[1] != currency:
        raise wrong(f"{node.where}.Bal", f"is in another currency than the account, which is in {currency}")
    if opening[0] + moved != closing[0]:
        raise wrong(
            f"{node.where}.Bal",
            f"does not add up: it opens with {opening[0]} minor units, its entries come to {moved}, "
            f"and it closes with {closing[0]}",
        )
    account = node.text("Acct/Id/IBAN", "Acct/Id/Othr/Id").replace(" ", "")
    if not account:
        raise wrong(f"{node.where}.Acct", "does not say which account it is")
    return Statement(statement_id, account, currency, opening[0], closing[0], tuple(entries), pending)


def _balances(node: Node, exponent: int) -> tuple[tuple[int, str], tuple[int, str]]:
    """What was on the account before and after, and in which currency."""
    found: list[tuple[str, tuple[int, str]]] = []
    for balance in node.children("Bal"):
        amount, currency = balance.child("Amt"), ""
        if amount is not None:
            currency = amount.attribute("Ccy")
        value = _amount(balance, exponent, currency)
        found.append((balance.text("Tp/CdOrPrtry/Cd"), (value if _credit(balance) else -value, currency)))
    opening = next((value for code, value in found if code in _OPENING), None)
    closing = next((value for code, value in found if code in _CLOSING), None)
    interim = [value for code, value in found if code == _INTERIM]
    if opening is None and interim:
        opening = interim.pop(0)
    if closing is None and interim:
        closing = interim.pop()
    if opening is None or closing is None:
        raise wrong(
            f"{node.where}.Bal", "has no opening or no closing balance, so that nothing tells whether all is there"
        )
    return opening, closing


def _entries(entry: Node, amount: int, exponent: int, currency: str, fallback: str) -> Iterator[StatementEntry]:
    """One, or where the bank has booked several payments as a sum, each of them."""
    details = list(entry.children("NtryDtls/TxDtls"))
    given = entry.text("AcctSvcrRef") or (details[0].text("Refs/AcctSvcrRef") if len(details) == 1 else "")
    reference = given or fallback
    if len(details) <= 1:
        detail = details[0] if details else None
        yield _entry(entry, detail, amount, _credit(entry), reference, numbered=not given)
        return
    parts = [_part(detail, exponent, currency, _credit(entry)) for detail in details]
    total = sum(part if credit else -part for part, credit in parts)
    if any(part < 1 for part, _ in parts) or total != (amount if _credit(entry) else -amount):
        yield _entry(entry, None, amount, _credit(entry), reference, numbered=not given, details_differ=True)
        return
    for number, (detail, (part, credit)) in enumerate(zip(details, parts, strict=True), 1):
        own = detail.text("Refs/AcctSvcrRef")
        apart = bool(own) and own != reference
        name = own if apart else f"{reference}/{number}"
        yield _entry(entry, detail, part, credit, name, numbered=not given and not apart)


def _part(detail: Node, exponent: int, currency: str, credit: bool) -> tuple[int, bool]:
    """The amount of one payment in a sum, 0 where the bank does not say it in the account's currency."""
    indicator = detail.text("CdtDbtInd")
    for node in (detail, detail.child("AmtDtls/TxAmt")):
        amount = None if node is None else node.child("Amt")
        if node is not None and amount is not None and amount.attribute("Ccy") == currency:
            return _amount(node, exponent, currency), indicator == "CRDT" if indicator else credit
    return 0, credit


def _entry(
    entry: Node,
    detail: Node | None,
    amount: int,
    credit: bool,
    reference: str,
    *,
    numbered: bool,
    details_differ: bool = False,
) -> StatementEntry:
    if amount < 1:
        raise wrong(f"{entry.where}.Amt", "is nothing")
    about = entry if detail is None else detail
    end_to_end_id = about.text("Refs/EndToEndId")
    families = (about.text("BkTxCd/Domn/Fmly/SubFmlyCd"), entry.text("BkTxCd/Domn/Fmly/SubFmlyCd"))
    reversal = entry.text("RvslInd") in ("true", "1")
    other = "Dbtr" if credit else "Cdtr"
    texts = [
        *(about.texts("RmtInf/Ustrd") + about.texts("RmtInf/Strd/AddtlRmtInf")),
        *(about.texts("AddtlTxInf") + entry.texts("AddtlNtryInf")),
    ]
    return StatementEntry(
        bank_reference=reference,
        amount_minor=amount,
        credit=credit,
        returned=reversal or about.child("RtrInf") is not None or any(family in _RETURNS for family in families),
        return_reason=about.text("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
        booked_on=_day(entry),
        end_to_end_id="" if end_to_end_id == _NOT_PROVIDED else end_to_end_id,
        creditor_reference=about.text("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/CdtrRefInf/CdtrRef"),
        text=" ".join(texts)[:_TEXT_MAX],
        counterparty=about.text(f"RltdPties/{other}/Pty/Nm", f"RltdPties/{other}/Nm"),
        details_differ=details_differ,
        numbered=numbered,
    )


def _amount(node: Node, exponent: int, currency: str) -> int:
    """The amount of an entry or balance, in minor units."""
    amount = node.child("Amt")
    if amount is None:
        raise wrong(node.where, "has no amount")
    if amount.attribute("Ccy") != currency:
        raise wrong(amount.where, f"is in {amount.attribute('Ccy')[:10] or 'no currency'}, not in {currency}")
    if not _AMOUNT.fullmatch(amount.own_text):
        raise wrong(amount.where, "is no amount such as 12.34")
    minor = Decimal(amount.own_text).scaleb(exponent)
    if minor != int(minor):
        raise wrong(amount.where, f"has more digits than {currency} has")
    return int(minor)


def _credit(node: Node) -> bool:
    indicator = node.text("CdtDbtInd")
    if indicator not in ("CRDT", "DBIT"):
        raise wrong(f"{node.where}.CdtDbtInd", "must be CRDT or DBIT")
    return indicator == "CRDT"


def _day(entry: Node) -> str:
    text = entry.text("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")[:10]
    if not is_day(text):
        raise wrong(f"{entry.where}.BookgDt", "is no day such as 2017-12-31")
    return text
