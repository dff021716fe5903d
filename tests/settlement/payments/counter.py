"""An office that pays and is paid: parties give accounts, and a bank books what happens."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from coalition import dsse
from coalition.documents import sign_document
from coalition.keys import SigningKey
from coalition.v1 import settlement_payments_pb2 as pb
from coalition.v1.envelope_pb2 import SignedDocument
from partner_sdk.testing import BankMovement, bank_statement, refusal_report
from settlement.payments.booking import Imported
from settlement.payments.desk import PaymentDesk
from settlement.payments.records import EntryRecord
from settlement.payments.statement_desk import StatementDesk
from settlement.payments.uploads import PART_BYTES_MAX
from settlement.runs.run import Run
from settlement.store.bank_entries import EntryQuery
from tests.settlement.decisions import NETWORK
from tests.settlement.journals import key_of
from tests.settlement.office import CHECKER, MAKER, Office, run_id

ACCOUNTS = {
    "operator": {"account_id": "12345-67", "clearing_system": "USABA", "member_id": "021000021", "country": "US"},
    "grocer": {"iban": "DE89370400440532013000", "country": "DE"},
    "florist": {"account_id": "0099887766", "bic": "CHASUS33", "country": "US"},
}
KEYS: dict[str, SigningKey] = {"operator": MAKER.key, **{name: key_of(name) for name in ("grocer", "florist")}}


def account(party_id: str, *, key: SigningKey | None = None, **fields: Any) -> SignedDocument:
    """A party's signed account."""
    values = {
        "network_id": NETWORK,
        "party_id": party_id,
        "holder_name": f"{party_id.capitalize()} Ltd",
        "currency": "USD",
        **ACCOUNTS.get(party_id, {}),
        **fields,
    }
    return sign_document(dsse.BANK_ACCOUNT, pb.BankAccount(**values), key or KEYS[party_id])


class Counter(Office):
    """An office with a counter for payments."""

    def __init__(self, folder: Path, *, accounts: Sequence[str] = tuple(ACCOUNTS)) -> None:
        super().__init__(folder)
        self.payments = PaymentDesk(self.database, self.intake, lambda: self.now_us)
        self.statements = StatementDesk(self.database, self.intake, lambda: self.now_us)
        self.business(1_000_000)
        for party_id in accounts:
            self.set_account(party_id)

    def set_account(self, party_id: str, **fields: Any) -> Any:
        """A party gives its account."""
        self.now_us += 1
        return self.payments.set_account(account(party_id, **{"decided_us": self.now_us, **fields}), party_id)

    def run(self, number: int = 1) -> Run:
        """A run as it is now."""
        return self.run_desk.run(run_id(number))

    def reference(self, payer: str, number: int = 1) -> str:
        """The reference of what somebody pays in a run."""
        return next(item.reference for item in self.run(number).positions.instructions if item.payer == payer)

    def take_in(self, *movements: BankMovement, note: str = "", **options: Any) -> Imported:
        """A statement of the operator's account comes."""
        options = {"account": "12345-67", "currency": "USD", **options}
        return self.take_in_file(bank_statement(movements, **options), note=note)

    def refuse(self, *refused: tuple[str, str]) -> Imported:
        """The bank reports that it does not make payments."""
        return self.take_in_file(refusal_report(refused))

    def take_in_file(self, data: bytes, *, note: str = "", file_name: str = "statement.xml") -> Imported:
        """A file comes, in parts."""
        digest = sha256(data).digest()
        for offset in range(0, len(data), PART_BYTES_MAX):
            part = data[offset : offset + PART_BYTES_MAX]
            self.statements.uploads.add(digest, len(data), offset, part)
        self.now_us += 1
        decision = pb.StatementImport(
            network_id=NETWORK, digest=digest, file_name=file_name, note=note, decided_us=self.now_us
        )
        return self.statements.take_in(sign_document(dsse.STATEMENT_IMPORT, decision, CHECKER.key))

    def assign(self, record: EntryRecord, reference: str, note: str = "looked at it", **fields: Any) -> EntryRecord:
        """A person says which payment an entry is about."""
        self.now_us += 1
        values = {
            "network_id": NETWORK,
            "entry_id": record.entry_id,
            "reference": reference,
            "note": note,
            "decided_us": self.now_us,
            "after": record.match.number,
            **fields,
        }
        decision = sign_document(dsse.ENTRY_ASSIGNMENT, pb.EntryAssignment(**values), CHECKER.key)
        return self.statements.assign(decision)

    def unmatched(self) -> tuple[EntryRecord, ...]:
        """What nobody knows yet."""
        return self.statements.entries(EntryQuery(unmatched=True))

    def standings(self, number: int = 1) -> dict[str, tuple[str, int]]:
        """By payer: how its payment stands, and what was paid of it."""
        return {item.instruction.payer: (item.state.name, item.paid_minor) for item in self.run(number).standings}
