"""Bank accounts of parties: documents that each party has signed for itself, checked before anybody pays to them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from stdnum import bic, iban

from coalition import dsse
from coalition.documents import open_document
from coalition.errors import Refused
from coalition.form.checks import Form
from coalition.keys import fingerprint
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.settlement_payments_pb2 import BankAccount
from settlement.runs.decision import require_network

HOLDER_NAME_MAX: Final = 70
_ACCOUNT_ID: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9/-]{0,32}[A-Za-z0-9])?", re.ASCII)
_CLEARING_SYSTEM: Final = re.compile(r"[A-Z]{5}", re.ASCII)
_MEMBER_ID: Final = re.compile(r"[A-Za-z0-9]{1,35}", re.ASCII)
#: Characters of no meaning that no XML file may have; other such ones no text of the protocol may have.
_NOT_XML: Final = frozenset("\ufffe\uffff")
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """Where a party is paid, and pays from. Of `iban` and `account_id` one is empty."""

    party_id: str
    holder_name: str
    iban: str
    account_id: str
    bic: str
    clearing_system: str
    member_id: str
    country: str
    currency: str
    decided_us: int

    @property
    def identification(self) -> str:
        """What the bank calls the account: its IBAN, or else its own id."""
        return self.iban or self.account_id


@dataclass(frozen=True, slots=True)
class AccountVersion:
    """An account with the exact bytes that its party signed."""

    account: Account
    #: Of the party's versions, from 1.
    number: int
    public_key: bytes
    document: bytes
    signature: bytes
    recorded_us: int

    @property
    def digest(self) -> bytes:
        """What an instruction names it by."""
        return account_digest(self.document)


def account_digest(document: bytes) -> bytes:
    """SHA-256 over the signed bytes."""
    return hashlib.sha256(document).digest()


def open_account(signed: SignedDocument, network_id: str, currency: str, keys: Collection[bytes]) -> Account:
    """The account in a document that a party signed with one of its `keys`.

    Raises Refused: SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD, KEY_UNKNOWN, WRONG_NETWORK or FIELD_INVALID.
    """
    message = open_document(BankAccount, dsse.BANK_ACCOUNT, signed, "account")
    key = signed.signature.public_key
    if key not in keys:
        raise Refused(
            error_pb2.REASON_KEY_UNKNOWN,
            f"The key {fingerprint(key)} is not an active key of the party. A party signs its bank account itself.",
            {"key": fingerprint(key)},
        )
    require_network(message.network_id, network_id)
    _check_form(message, currency)
    return account_of(signed.document)


def account_of(document: bytes) -> Account:
    """The account in bytes that `open_account` has checked before."""
    message = BankAccount.FromString(document)
    return Account(
        party_id=message.party_id,
        holder_name=message.holder_name,
        iban=message.iban,
        account_id=message.account_id,
        bic=message.bic,
        clearing_system=message.clearing_system,
        member_id=message.member_id,
        country=message.country,
        currency=message.currency,
        decided_us=message.decided_us,
    )


def _check_form(message: BankAccount, currency: str) -> None:
    form = Form("account")
    form.party(message.party_id, "party_id")
    form.text(message.holder_name, "holder_name", HOLDER_NAME_MAX, shortest=1)
    plain = message.holder_name == message.holder_name.strip() and not set(message.holder_name) & _NOT_XML
    form.require(plain, "holder_name", "must not begin or end with a space, nor have what XML cannot carry")
    form.require(bool(message.iban) != bool(message.account_id), "iban", "or account_id must be given, and one only")
    if message.iban:
        # The country's own rules for what is inside are the bank's matter: they change, and the check digits do not.
        valid = iban.is_valid(message.iban, check_country=False) and iban.compact(message.iban) == message.iban
        form.require(valid, "iban", "must be an IBAN with right check digits, in capitals, without spaces")
        form.require(message.iban[:2] == message.country, "country", "must be that of the IBAN")
    if message.account_id:
        form.require(
            _ACCOUNT_ID.fullmatch(message.account_id) is not None, "account_id", "must be up to 34 letters and digits"
        )
        known = bool(message.bic) or bool(message.clearing_system)
        form.require(known, "bic", "or clearing_system and member_id must say which bank has the account")
    if message.bic:
        valid = bic.is_valid(message.bic) and bic.compact(message.bic) == message.bic
        form.require(valid, "bic", "must be a BIC of 8 or 11 capitals and digits")
    form.require(bool(message.clearing_system) == bool(message.member_id), "member_id", "goes with clearing_system")
    if message.clearing_system:
        system = _CLEARING_SYSTEM.fullmatch(message.clearing_system) is not None
        form.require(system, "clearing_system", "must be a code of five capitals, such as USABA")
        form.require(_MEMBER_ID.fullmatch(message.member_id) is not None, "member_id", "must be letters and digits")
    form.require(_COUNTRY.fullmatch(message.country) is not None, "country", "must be two capitals, such as DE")
    form.require(message.currency == currency, "currency", f"must be {currency}, the settlement currency")
    form.moment(message.decided_us, "decided_us")
    form.finish()
