"""ISO 20022 pain.001.001.09: one payer's payments of a run, as its bank takes them, held against the standard's schema.

A file is the same, byte for byte, whenever it is asked for, its message id included: a bank that has it refuses it the
second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Final

from lxml import etree
from lxml.builder import ElementMaker

from coalition.clock import US_PER_S
from settlement.payments.accounts import Account
from settlement.report.money import decimal_text
from settlement.runs.instructions import Instruction

_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_SCHEMA: Final = "pain.001.001.09.xsd"
_E: Final = ElementMaker(namespace=_NAMESPACE, nsmap={None: _NAMESPACE})


@dataclass(frozen=True, slots=True)
class Transfer:
    """One instruction, and the account that it goes to."""

    instruction: Instruction
    payee: Account


@dataclass(frozen=True, slots=True)
class Batch:
    """The payments of one payer, at least one."""

    run_id: bytes
    payer: Account
    transfers: Sequence[Transfer]
    currency: str
    #: Digits of the currency's minor unit.
    exponent: int
    #: The day on which the bank is to pay, YYYY-MM-DD.
    execution_on: str
    #: When the payments were released.
    released_us: int

    @property
    def message_id(self) -> str:
        """The same for the same payer, run and day."""
        about = b"\0".join((self.run_id, self.payer.party_id.encode(), self.execution_on.encode()))
        return f"SETTLEMENT-{hashlib.sha256(about).hexdigest()[:20].upper()}"

    @property
    def total_minor(self) -> int:
        """What all payments come to."""
        return sum(transfer.instruction.amount_minor for transfer in self.transfers)


def transfer_file(batch: Batch) -> bytes:
    """The file, in UTF-8."""
    count = str(len(batch.transfers))
    total = decimal_text(batch.total_minor, batch.exponent)
    released = datetime.fromtimestamp(batch.released_us // US_PER_S, UTC)
    document = _E.Document(
        _E.CstmrCdtTrfInitn(
            _E.GrpHdr(
                _E.MsgId(batch.message_id),
                _E.CreDtTm(released.strftime("%Y-%m-%dT%H:%M:%SZ")),
                _E.NbOfTxs(count),
                _E.CtrlSum(total),
                _E.InitgPty(_E.Nm(batch.payer.holder_name)),
            ),
            _E.PmtInf(
                _E.PmtInfId(batch.message_id),
                _E.PmtMtd("TRF"),
                _E.NbOfTxs(count),
                _E.CtrlSum(total),
                *_service_level(batch),
                _E.ReqdExctnDt(_E.Dt(batch.execution_on)),
                _E.Dbtr(_E.Nm(batch.payer.holder_name)),
                _account("DbtrAcct", batch.payer),
                _E.DbtrAgt(_bank(batch.payer)),
                _E.ChrgBr("SLEV" if _is_sepa(batch) else "SHAR"),
                *(_transaction(transfer, batch) for transfer in batch.transfers),
            ),
        )
    )
    # A file that a bank would not take must not leave the house; what can be in one was checked when accounts were set.
    _schema().assertValid(document)
    return bytes(etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _transaction(transfer: Transfer, batch: Batch) -> etree._Element:
    instruction, payee = transfer.instruction, transfer.payee
    amount = decimal_text(instruction.amount_minor, batch.exponent)
    agent = [_E.CdtrAgt(_bank(payee))] if payee.bic or payee.member_id else []
    return _E.CdtTrfTxInf(
        _E.PmtId(_E.InstrId(instruction.reference), _E.EndToEndId(instruction.reference)),
        _E.Amt(_E.InstdAmt(amount, Ccy=batch.currency)),
        *agent,
        _E.Cdtr(_E.Nm(payee.holder_name)),
        _account("CdtrAcct", payee),
        _E.RmtInf(
            _E.Strd(_E.CdtrRefInf(_E.Tp(_E.CdOrPrtry(_E.Cd("SCOR")), _E.Issr("ISO")), _E.Ref(instruction.reference)))
        ),
    )


def _service_level(batch: Batch) -> list[etree._Element]:
    return [_E.PmtTpInf(_E.SvcLvl(_E.Cd("SEPA")))] if _is_sepa(batch) else []


def _is_sepa(batch: Batch) -> bool:
    """Whether all of it is euros between IBANs, which banks take by the rules of the SEPA schemes."""
    accounts = (batch.payer, *(transfer.payee for transfer in batch.transfers))
    return batch.currency == "EUR" and all(account.iban for account in accounts)


def _account(tag: str, account: Account) -> etree._Element:
    identification = _E.IBAN(account.iban) if account.iban else _E.Othr(_E.Id(account.account_id))
    return _E(tag, _E.Id(identification), _E.Ccy(account.currency))


def _bank(account: Account) -> etree._Element:
    known: list[etree._Element] = []
    if account.bic:
        known.append(_E.BICFI(account.bic))
    if account.member_id:
        known.append(_E.ClrSysMmbId(_E.ClrSysId(_E.Cd(account.clearing_system)), _E.MmbId(account.member_id)))
    return _E.FinInstnId(*(known or [_E.Othr(_E.Id("NOTPROVIDED"))]))


@cache
def _schema() -> etree.XMLSchema:
    """The standard's schema, which the package of another writer carries with it."""
    data = (resources.files("sepaxml") / "schemas" / _SCHEMA).read_bytes()
    return etree.XMLSchema(etree.fromstring(data))
