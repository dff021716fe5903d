"""ISO 20022 pain.002, versions 03 to 14: what a bank refused to pay of a file that it was sent."""

from __future__ import annotations

import re
from typing import Final

from coalition.calendar import is_day
from settlement.payments.statements import StatementEntry, unreadable, wrong
from settlement.payments.xml import Node

_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(0[3-9]|1[0-4])")
_REJECTED: Final = "RJCT"
#: Characters of an id; the standard has 35.
_ID_MAX: Final = 40


def is_report(namespace: str) -> bool:
    """Whether a file with this namespace is read here."""
    return _NAMESPACE.fullmatch(namespace) is not None


def read_refusals(root: Node) -> tuple[StatementEntry, ...]:
    """The payments that were refused, by their end-to-end ids; none where the bank took all of them.

    Raises Refused: MALFORMED, or FIELD_INVALID for a file that was refused as a whole without naming its payments.
    """
    report = root.child("CstmrPmtStsRpt")
    if report is None:
        raise unreadable("there is no report in it")
    message_id, day = report.text("GrpHdr/MsgId"), report.text("GrpHdr/CreDtTm")[:10]
    if not is_day(day):
        raise wrong(f"{report.where}.GrpHdr.CreDtTm", "is no moment such as 2017-12-31T12:00:00Z")
    refused = [
        _refusal(transaction, message_id, day)
        for payment in report.children("OrgnlPmtInfAndSts")
        for transaction in payment.children("TxInfAndSts")
        if transaction.text("TxSts") == _REJECTED
    ]
    as_a_whole = report.text("OrgnlGrpInfAndSts/GrpSts") == _REJECTED or any(
        payment.text("PmtInfSts") == _REJECTED for payment in report.children("OrgnlPmtInfAndSts")
    )
    if as_a_whole and not refused:
        raise wrong(
            report.where,
            "refuses a whole file without naming its payments; no money has moved: send the bank a file that it takes, "
            "or carry the payments into the next run",
        )
    return tuple(refused)


def _refusal(transaction: Node, message_id: str, day: str) -> StatementEntry:
    end_to_end_id = transaction.text("OrgnlEndToEndId")
    if not end_to_end_id:
        raise wrong(f"{transaction.where}.OrgnlEndToEndId", "is missing, so that nobody knows what was refused")
    # Banks number what they say within one report, so that alone tells refusals apart in no other.
    parts = (message_id, transaction.text("StsId"), end_to_end_id)
    return StatementEntry(
        bank_reference="/".join(part[:_ID_MAX] for part in parts if part),
        amount_minor=0,
        credit=False,
        returned=False,
        return_reason=transaction.text("StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry"),
        booked_on=day,
        end_to_end_id=end_to_end_id,
        creditor_reference="",
        text=" ".join(transaction.texts("StsRsnInf/AddtlInf"))[:500],
        counterparty="",
        rejected=True,
    )
