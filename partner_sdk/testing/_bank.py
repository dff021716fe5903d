"""A bank's side of settlement: statements (camt.053) and reports of refused payments (pain.002)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.sax.saxutils import escape, quoteattr

_CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
_PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMovement:
    """Money that comes in (positive) or goes out, in minor units, with what the bank knows of it."""

    amount_minor: int
    #: What the bank calls it; empty: the bank leaves it out.
    bank_reference: str = ""
    #: The end-to-end id that the payer's bank passed on.
    end_to_end_id: str = ""
    #: The structured ISO 11649 reference.
    creditor_reference: str = ""
    #: What the payer wrote.
    text: str = ""
    #: The other side's name.
    counterparty: str = ""
    #: Why it was sent back, as an ISO code such as AC04; empty for what was not.
    return_reason: str = ""
    #: `BOOK`, or `PDNG` for what is only announced.
    status: str = "BOOK"
    #: Payments that the bank has booked as this one sum.
    parts: Sequence[BankMovement] = field(default=())


def bank_statement(
    movements: Sequence[BankMovement],
    *,
    account: str,
    currency: str,
    exponent: int = 2,
    opening_minor: int = 0,
    closing_minor: int | None = None,
    day: date = date(2017, 1, 31),
    statement_id: str = "1",
    version: str = "08",
) -> bytes:
    """A camt.053 of one account: an IBAN, or the bank's own number. `version` is `02` or `08`.

    The closing balance follows from the movements unless another one is given.
    """
    booked = sum(movement.amount_minor for movement in movements if movement.status == "BOOK")
    closing = opening_minor + booked if closing_minor is None else closing_minor
    money = _Money(currency, exponent)
    kind = "IBAN" if account[:2].isalpha() else "Othr"
    identification = f"<IBAN>{escape(account)}</IBAN>" if kind == "IBAN" else f"<Othr><Id>{escape(account)}</Id></Othr>"
    entries = "".join(_entry(movement, money, day, version) for movement in movements)
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><Document xmlns={quoteattr(_CAMT + version)}><BkToCstmrStmt>"
        f"<GrpHdr><MsgId>{escape(statement_id)}</MsgId><CreDtTm>{day}T20:00:00Z</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{escape(statement_id)}</Id><CreDtTm>{day}T20:00:00Z</CreDtTm>"
        f"<Acct><Id>{identification}</Id><Ccy>{currency}</Ccy></Acct>"
        f"{_balance('OPBD', opening_minor, money, day)}{_balance('CLBD', closing, money, day)}{entries}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def refusal_report(
    refused: Sequence[tuple[str, str]], *, day: date = date(2017, 1, 31), message_id: str = "1"
) -> bytes:
    """A pain.002 that refuses payments: their end-to-end ids, and an ISO code such as AC04 for why."""
    transactions = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{escape(end_to_end_id)}</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{escape(reason)}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for end_to_end_id, reason in refused
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><Document xmlns={quoteattr(_PAIN)}><CstmrPmtStsRpt>"
        f"<GrpHdr><MsgId>{escape(message_id)}</MsgId><CreDtTm>{day}T20:00:00Z</CreDtTm></GrpHdr>"
        "<OrgnlGrpInfAndSts><OrgnlMsgId>1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>1</OrgnlPmtInfId>{transactions}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


@dataclass(frozen=True, slots=True)
class _Money:
    currency: str
    exponent: int

    def element(self, minor: int) -> str:
        """Amounts have no sign in these files; an indicator says which way they go."""
        digits = str(abs(minor)).rjust(self.exponent + 1, "0")
        text = f"{digits[: -self.exponent]}.{digits[-self.exponent :]}" if self.exponent else digits
        return (
            f"<Amt Ccy={quoteattr(self.currency)}>{text}</Amt><CdtDbtInd>{'CRDT' if minor >= 0 else 'DBIT'}</CdtDbtInd>"
        )


def _balance(code: str, minor: int, money: _Money, day: date) -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f"<Bal>{kind}{money.element(minor)}<Dt><Dt>{day}</Dt></Dt></Bal>"


def _entry(movement: BankMovement, money: _Money, day: date, version: str) -> str:
    reversal = f"<RvslInd>{str(bool(movement.return_reason)).lower()}</RvslInd>"
    status = movement.status if version == "02" else f"<Cd>{movement.status}</Cd>"
    parts = movement.parts or (movement,)
    details = "".join(_details(part, money, version, single=not movement.parts) for part in parts)
    return (
        f"<Ntry>{money.element(movement.amount_minor)}{reversal}<Sts>{status}</Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"{_element('AcctSvcrRef', movement.bank_reference)}<BkTxCd/><NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _details(part: BankMovement, money: _Money, version: str, *, single: bool) -> str:
    reference = "" if single else part.bank_reference
    refs = f"{_element('AcctSvcrRef', reference)}<EndToEndId>{escape(part.end_to_end_id or 'NOTPROVIDED')}</EndToEndId>"
    name = _element("Nm", part.counterparty)
    side = "Dbtr" if part.amount_minor >= 0 else "Cdtr"
    party = f"<RltdPties><{side}>{name if version == '02' else f'<Pty>{name}</Pty>'}</{side}></RltdPties>"
    structured = f"<Strd><CdtrRefInf><Ref>{escape(part.creditor_reference)}</Ref></CdtrRefInf></Strd>"
    remittance = _element("Ustrd", part.text) + (structured if part.creditor_reference else "")
    returned = f"<RtrInf><Rsn><Cd>{escape(part.return_reason)}</Cd></Rsn></RtrInf>" if part.return_reason else ""
    return (
        f"<TxDtls><Refs>{refs}</Refs>{_amount(part, money, version)}{party if name else ''}"
        f"{f'<RmtInf>{remittance}</RmtInf>' if remittance else ''}{returned}</TxDtls>"
    )


def _amount(part: BankMovement, money: _Money, version: str) -> str:
    """Older versions have the amount of a part in a place of its own, and say there nothing of its direction."""
    element = money.element(part.amount_minor)
    if version == "02":
        return f"<AmtDtls><TxAmt>{element.partition('<CdtDbtInd>')[0]}</TxAmt></AmtDtls>"
    return element


def _element(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>" if text else ""
