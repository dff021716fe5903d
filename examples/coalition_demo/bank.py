"""The demo's bank, where every party has its account: it carries out files of payments, and tells what it has booked.

Not everything goes well every month: see `MISHAPS`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum, unique
from typing import Final

from partner_sdk.settlement import SettlementClient
from partner_sdk.testing import BankMovement, bank_statement

#: Numbers that no bank has: the routing number's check digit is right, and that is all.
ROUTING_NUMBER: Final = "123456780"
_FIRST_ACCOUNT: Final = 10_001_001
_CENTS: Final = 100


@unique
class Mishap(StrEnum):
    """What goes wrong with one payment of a month."""

    LATE = "The first payer does not pay at all"
    RETURNED = "The first payee's account takes nothing at first, and the payment is sent again"
    TOO_MUCH = "The first payer pays ten dollars too much"
    IN_PART = "The first payer pays half"


#: By the number of the window.
MISHAPS: Final = {2: Mishap.LATE, 3: Mishap.RETURNED, 5: Mishap.TOO_MUCH, 8: Mishap.IN_PART}


class Bank:
    """Accounts in US dollars, all of one bank. What is not the operator's account is of no interest here."""

    def __init__(self, operator: str) -> None:
        self._operator: Final = operator
        self._accounts: Final[dict[str, str]] = {}
        self._balance_minor = 0
        self._booked: list[BankMovement] = []
        self._statements = 0
        self._bookings = 0

    def open_account(self, client: SettlementClient, party_id: str, name: str) -> None:
        """Open a party's account, and have the party tell the settlement service. Raises a Refusal."""
        number = str(_FIRST_ACCOUNT + len(self._accounts))
        client.set_bank_account(
            holder_name=name,
            account_id=number,
            clearing_system="USABA",
            member_id=ROUTING_NUMBER,
            country="US",
            currency="USD",
        )
        self._accounts[number] = party_id

    def carry_out(self, file: bytes, payer: str, mishap: Mishap | None = None) -> None:
        """Book the payments of a pain.001 file, the first of them with a mishap."""
        for place, (reference, payee, amount_minor) in enumerate(_payments(file, self._accounts)):
            self._pay(payer, payee, reference, amount_minor, None if place else mishap)

    def pay_again(self, payee: str, reference: str, amount_minor: int) -> None:
        """The operator sends a payment once more that came back."""
        self._pay(self._operator, payee, reference, amount_minor, None)

    def statement(self, day: date) -> bytes:
        """A camt.053 of the operator's account: all that was booked since the last one."""
        self._statements += 1
        booked, self._booked = self._booked, []
        opening_minor = self._balance_minor
        self._balance_minor += sum(movement.amount_minor for movement in booked)
        (number,) = (number for number, party_id in self._accounts.items() if party_id == self._operator)
        return bank_statement(
            booked,
            account=number,
            currency="USD",
            opening_minor=opening_minor,
            day=day,
            statement_id=f"2017-{self._statements:03}",
        )

    def _pay(self, payer: str, payee: str, reference: str, amount_minor: int, mishap: Mishap | None) -> None:
        if mishap is Mishap.LATE:
            return
        if mishap is Mishap.TOO_MUCH:
            amount_minor += 10 * _CENTS
        elif mishap is Mishap.IN_PART:
            amount_minor //= 2
        sign, other = (1, payer) if payee == self._operator else (-1, payee)
        movement = BankMovement(
            amount_minor=sign * amount_minor, creditor_reference=reference, end_to_end_id=reference, counterparty=other
        )
        self._book(movement)
        if mishap is Mishap.RETURNED:
            self._book(replace(movement, amount_minor=-movement.amount_minor, return_reason="AC04"))

    def _book(self, movement: BankMovement) -> None:
        self._bookings += 1
        self._booked.append(replace(movement, bank_reference=f"B{self._bookings:06}"))


def _payments(file: bytes, accounts: dict[str, str]) -> Sequence[tuple[str, str, int]]:
    """Reference, payee and cents of every payment in a file that the demo's own settlement service has made."""
    root = ElementTree.fromstring(file)  # noqa: S314 - our own file
    found = []
    for transaction in root.iterfind(".//{*}CdtTrfTxInf"):
        reference = transaction.findtext("{*}PmtId/{*}EndToEndId", "")
        account = transaction.findtext("{*}CdtrAcct/{*}Id/{*}Othr/{*}Id", "")
        units, _, cents = transaction.findtext("{*}Amt/{*}InstdAmt", "").partition(".")
        found.append((reference, accounts[account], int(units) * _CENTS + int(cents)))
    return found
