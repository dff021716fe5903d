"""Files for banks: right by the standard's schema, to the accounts that were approved, and safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from coalition.errors import Refused, reason_name
from coalition.v1 import settlement_payments_pb2 as pb
from partner_sdk.testing import BankMovement
from settlement.payments.accounts import Account
from settlement.payments.desk import InstructionFile
from settlement.payments.instruction_csv import instruction_csv
from settlement.payments.transfers import Batch, Transfer, transfer_file
from settlement.runs.instructions import Instruction
from settlement.runs.references import creditor_reference
from tests.settlement.decisions import BILATERAL, CARRY, CONFIRM, GROSS, INSTRUCT, PROPOSE
from tests.settlement.office import MAKER, run_id
from tests.settlement.payments.counter import Counter

PAIN = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=70)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """The florist owes the grocer 1.00, and everybody has an account."""
    counter = Counter(tmp_path)
    yield counter
    counter.database.close()


def file(
    counter: Counter, payer: str, kind: Any = pb.FILE_FORMAT_PAIN001, day: str = "", number: int = 1
) -> InstructionFile:
    """A payer's file."""
    return counter.payments.instruction_file(run_id(number), payer, kind, day)


def texts(data: bytes, *names: str) -> list[str]:
    """The texts of elements of these names, in the order of the file."""
    root = etree.fromstring(data)
    return [element.text for element in root.iter() if etree.QName(element).localname in names]


def test_file_pays_what_was_approved(counter: Counter) -> None:
    """Amounts, references, and the accounts that were on file when the run was proposed."""
    counter.instruct(1, 1)
    counter.set_account("grocer", iban="GB82WEST12345698765432", country="GB")
    found = file(counter, "operator")
    assert (found.name, found.left_out) == ("run-1-operator.xml", ())
    reference = counter.reference("operator")
    assert texts(found.data, "EndToEndId", "Ref", "InstdAmt") == [reference, "1.00", reference]
    assert texts(found.data, "IBAN") == ["DE89370400440532013000"]
    assert texts(found.data, "Nm") == ["Operator Ltd", "Operator Ltd", "Grocer Ltd"]
    assert texts(found.data, "MmbId", "NbOfTxs", "CtrlSum") == ["1", "1.00", "1", "1.00", "021000021"]
    assert texts(file(counter, "florist").data, "BICFI", "MmbId") == ["CHASUS33", "021000021"]


def test_file_is_the_same_whenever_it_is_fetched(counter: Counter) -> None:
    """Its message id too, so that a bank refuses it the second time; another day makes another file."""
    counter.instruct(1, 1)
    first = file(counter, "operator")
    counter.now_us += 10**12
    assert file(counter, "operator") == first
    assert texts(first.data, "Dt") == ["2017-07-13"]
    later = file(counter, "operator", day="2017-08-01")
    assert texts(later.data, "Dt") == ["2017-08-01"]
    assert texts(later.data, "MsgId") != texts(first.data, "MsgId")


def test_payments_are_released_before_files_are_given(counter: Counter) -> None:
    """Nothing goes to a bank that two people have not agreed on."""
    counter.decide(MAKER, PROPOSE, windows=(1,))
    for _ in range(2):
        with pytest.raises(Refused, match="its payments are not released"):
            file(counter, "operator")
        counter.approve() if counter.run().state == 1 else counter.decide(MAKER, INSTRUCT)
    assert file(counter, "operator").data
    for arguments, reason in (
        (("grocer",), "NOT_FOUND"),
        (("operator", 9), "FIELD_INVALID"),
        (("operator", pb.FILE_FORMAT_PAIN001, "31.1.2017"), "FIELD_INVALID"),
        (("operator", pb.FILE_FORMAT_PAIN001, "", 7), "NOT_FOUND"),
    ):
        with pytest.raises(Refused) as error:
            file(counter, *arguments)
        assert reason_name(error.value.reason) == reason


def test_no_payment_is_made_twice(tmp_path: Path) -> None:
    """A later file has only what nobody has paid; of a run that is done with there is none."""
    counter = Counter(tmp_path)
    counter.journal.owe("operator", "florist", 5_000_000)
    counter.business(10_000)
    counter.instruct(1, 1, 2, method=BILATERAL)
    counter.now_us += 1
    first = file(counter, "operator")
    reference = counter.reference("operator")
    assert (texts(first.data, "NbOfTxs"), file(counter, "operator", day="2017-08-01").left_out) == (["1", "1"], ())
    counter.refuse((reference, "AC04"))
    assert file(counter, "operator") == first
    paid = BankMovement(amount_minor=-200, bank_reference="B1", end_to_end_id=reference)
    counter.take_in(paid)
    for kind in (pb.FILE_FORMAT_PAIN001, pb.FILE_FORMAT_CSV):
        for day in ("", "2017-08-01"):
            with pytest.raises(Refused, match="operator has paid something of all that it has to pay"):
                file(counter, "operator", kind, day)
    counter.decide(MAKER, CONFIRM, party_id="operator")
    counter.decide(MAKER, CONFIRM, party_id="grocer")
    with pytest.raises(Refused, match="nothing of it is to be paid any more"):
        file(counter, "operator")
    counter.database.close()


def test_later_file_names_what_it_leaves_out(tmp_path: Path) -> None:
    """What was paid, in part too, and what was carried, each with why."""
    counter = Counter(tmp_path)
    for party_id, micros in (("florist", 5_000_000), ("grocer", 3_000_000)):
        counter.journal.owe("operator", party_id, micros)
    counter.business(10_000)
    counter.instruct(1, 1, 2, method=GROSS)
    instructions = counter.run().positions.instructions
    own = sorted((item for item in instructions if item.payer == "operator"), key=lambda item: item.payee)
    assert [item.payee for item in own] == ["florist", "grocer"]
    counter.take_in(BankMovement(amount_minor=-1, bank_reference="B1", end_to_end_id=own[0].reference))
    found = file(counter, "operator", day="2017-08-01")
    assert found.left_out == ((own[0], pb.LEFT_OUT_REASON_PAID),)
    assert texts(found.data, "EndToEndId") == [own[1].reference]
    counter.decide(MAKER, CARRY, carry={own[0].number: 1}, note="another account")
    assert file(counter, "operator").left_out == ((own[0], pb.LEFT_OUT_REASON_CARRIED),)
    counter.database.close()


def test_missing_accounts_are_said(tmp_path: Path) -> None:
    """A payee without an account is left out of the bank's file and named; a payer without one gets no such file."""
    counter = Counter(tmp_path, accounts=("operator", "florist"))
    counter.journal.owe("florist", "school", 70_000)
    counter.business(10_000)
    counter.instruct(1, 1, 2, method=GROSS)
    with pytest.raises(Refused, match="none of those whom florist pays had a bank account"):
        file(counter, "florist")
    counter.database.close()


def test_file_leaves_out_whom_it_cannot_pay(tmp_path: Path) -> None:
    """The others are paid."""
    counter = Counter(tmp_path, accounts=("operator", "grocer", "florist"))
    counter.journal.owe("florist", "school", 70_000)
    counter.business(10_000)
    counter.instruct(1, 1, 2, method=GROSS)
    found = file(counter, "florist")
    assert [(item.payee, item.amount_minor, why) for item, why in found.left_out] == [
        ("school", 7, pb.LEFT_OUT_REASON_NO_ACCOUNT)
    ]
    assert texts(found.data, "NbOfTxs", "CtrlSum", "InstdAmt") == ["1", "1.01", "1", "1.01", "1.01"]
    rows = list(csv.DictReader(io.StringIO(file(counter, "florist", pb.FILE_FORMAT_CSV).data.decode())))
    assert [(row["payee"], row["amount"], row["payee_iban"]) for row in rows] == [
        ("grocer", "1.01", "DE89370400440532013000"),
        ("school", "0.07", ""),
    ]
    counter.database.close()


def test_payer_without_an_account_gets_no_file(tmp_path: Path) -> None:
    """The error says how to put that right."""
    counter = Counter(tmp_path, accounts=("grocer",))
    counter.instruct(1, 1)
    with pytest.raises(Refused, match="coalition settlement account set"):
        file(counter, "operator")
    assert file(counter, "operator", pb.FILE_FORMAT_CSV).data
    counter.database.close()


ACCOUNT = Account("florist", "Florist", "DE89370400440532013000", "", "", "", "", "DE", "EUR", 1)
BANKS = st.sampled_from(
    [
        ACCOUNT,
        replace(ACCOUNT, bic="DEUTDEFF"),
        replace(ACCOUNT, iban="", account_id="12345", clearing_system="USABA", member_id="021000021"),
        replace(ACCOUNT, iban="", account_id="1/2-3", bic="CHASUS33XXX"),
    ]
)


@given(
    st.lists(st.tuples(NAMES, st.integers(1, 10**15), BANKS), min_size=1, max_size=5),
    NAMES,
    st.sampled_from([("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)]),
)
def test_every_file_is_right_by_the_schema(
    payees: list[tuple[str, int, Account]], payer: str, money: tuple[str, int]
) -> None:
    """Whatever names parties have, however much they are paid, in any currency; and sums are those of the payments."""
    currency, exponent = money
    transfers = [
        Transfer(
            Instruction(number, "operator", "florist", amount, creditor_reference(b"1" * 16, number), b"", b""),
            replace(account, holder_name=name, currency=currency),
        )
        for number, (name, amount, account) in enumerate(payees, 1)
    ]
    own = replace(ACCOUNT, holder_name=payer, currency=currency)
    data = transfer_file(Batch(b"1" * 16, own, transfers, currency, exponent, "2017-02-01", 1_500_000_000_000_000))
    (total,) = set(texts(data, "CtrlSum"))
    assert int(total.replace(".", "")) == sum(amount for _, amount, _ in payees)
    sepa = currency == "EUR" and all(account.iban for _, _, account in payees)
    assert texts(data, "ChrgBr") == ["SLEV" if sepa else "SHAR"]
    assert [element.text for element in etree.fromstring(data).iter(f"{PAIN}Ref")] == [
        transfer.instruction.reference for transfer in transfers
    ]


@given(st.sampled_from(["=", "+", "-", "@", "\t", "\r"]), NAMES)
def test_cells_are_never_formulas(beginning: str, name: str) -> None:
    """Whatever a party calls itself, a spreadsheet shows it and does not compute it."""
    instruction = Instruction(1, "operator", "florist", 5, "RF", b"", b"")
    data = instruction_csv([(instruction, replace(ACCOUNT, holder_name=beginning + name))], "EUR", 2)
    row = list(csv.reader(io.StringIO(data.decode(), newline="")))[1]
    assert row[6] == f"'{beginning}{name}"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
