"""Reading what banks send: every version alike, and nothing of a file that is wrong or hostile."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.errors import Refused, reason_name
from partner_sdk.testing import BankMovement, bank_statement, refusal_report
from settlement.payments.bank_files import BankFile, read_bank_file
from settlement.payments.camt import ENTRIES_MAX
from settlement.payments.xml import FILE_BYTES_MAX

IBAN = "DE89370400440532013000"
VERSIONS = pytest.mark.parametrize("version", ["02", "08"])
GOOD = bank_statement([BankMovement(amount_minor=1_234, bank_reference="B1")], account=IBAN, currency="EUR")


def read(movements: list[BankMovement], **options: Any) -> BankFile:
    """What is in a statement with these movements."""
    options = {"account": IBAN, "currency": "EUR", **options}
    return read_bank_file(bank_statement(movements, **options), options.get("exponent", 2))


def refusal(data: bytes, exponent: int = 2) -> tuple[str, str]:
    """Why a file is refused: the reason, and the text."""
    with pytest.raises(Refused) as error:
        read_bank_file(data, exponent)
    return reason_name(error.value.reason), error.value.message


@VERSIONS
def test_everything_that_tells_whose_a_payment_is_is_read(version: str) -> None:
    """References, what the payer wrote, who it was, and that something came back and why."""
    movements = [
        BankMovement(
            amount_minor=12_345,
            bank_reference="B1",
            end_to_end_id="E2E-1",
            creditor_reference="RF18539007547034",
            text="points of January & more",
            counterparty="Grocer <Ltd>",
        ),
        BankMovement(amount_minor=-100, bank_reference="B2", end_to_end_id="E2E-2", counterparty="School"),
        BankMovement(amount_minor=100, bank_reference="B3", end_to_end_id="E2E-2", return_reason="AC04"),
        BankMovement(amount_minor=5, bank_reference="B4", status="PDNG"),
    ]
    file = read(movements, version=version, opening_minor=-500, day=date(2017, 2, 1), statement_id="17/1")
    (statement,) = file.statements
    assert (statement.statement_id, statement.account, statement.currency) == ("17/1", IBAN, "EUR")
    assert (statement.opening_minor, statement.closing_minor, file.pending) == (-500, 11_845, 1)
    paid, sent, back = statement.entries
    assert (paid.amount_minor, paid.credit, paid.returned, paid.booked_on) == (12_345, True, False, "2017-02-01")
    assert (paid.bank_reference, paid.end_to_end_id, paid.creditor_reference) == ("B1", "E2E-1", "RF18539007547034")
    assert (paid.text, paid.counterparty) == ("points of January & more", "Grocer <Ltd>")
    assert (sent.amount_minor, sent.credit, sent.returned, sent.counterparty) == (100, False, False, "School")
    assert (back.amount_minor, back.credit, back.returned, back.return_reason) == (100, True, True, "AC04")
    assert [entry.end_to_end_id for entry in statement.entries] == ["E2E-1", "E2E-2", "E2E-2"]


@VERSIONS
def test_payments_that_were_booked_as_a_sum_are_told_apart(version: str) -> None:
    """Each has its own amount and reference; where they do not come to the sum, it stays one that is nobody's."""
    parts = [BankMovement(amount_minor=amount, end_to_end_id=f"E{amount}") for amount in (70, 30)]
    summed = BankMovement(amount_minor=100, bank_reference="B1", parts=parts)
    wrong = BankMovement(amount_minor=99, bank_reference="B2", parts=parts)
    entries = read([summed, wrong], version=version).statements[0].entries
    assert [(entry.bank_reference, entry.amount_minor, entry.end_to_end_id) for entry in entries] == [
        ("B1/1", 70, "E70"),
        ("B1/2", 30, "E30"),
        ("B2", 99, ""),
    ]
    assert [entry.details_differ for entry in entries] == [False, False, True]


@given(
    st.lists(st.integers(-(10**9), 10**9).filter(bool), max_size=8),
    st.integers(-(10**9), 10**9),
    st.sampled_from(["02", "08"]),
    st.sampled_from([("EUR", 2), ("JPY", 0), ("KWD", 3)]),
)
def test_what_a_bank_writes_is_what_is_read(
    amounts: list[int], opening: int, version: str, money: tuple[str, int]
) -> None:
    """Amounts of any size, sign and number of digits, between balances that they add up to."""
    currency, exponent = money
    movements = [BankMovement(amount_minor=amount, bank_reference=f"B{place}") for place, amount in enumerate(amounts)]
    options = {"currency": currency, "exponent": exponent, "opening_minor": opening, "version": version}
    (statement,) = read(movements, **options).statements
    assert [item.amount_minor if item.credit else -item.amount_minor for item in statement.entries] == amounts
    assert (statement.opening_minor, statement.closing_minor) == (opening, opening + sum(amounts))


def test_statement_that_does_not_add_up_is_refused() -> None:
    """A missing or changed entry shows in the balances."""
    data = bank_statement([BankMovement(amount_minor=5)], account=IBAN, currency="EUR", closing_minor=6)
    reason, text = refusal(data)
    assert reason == "FIELD_INVALID"
    assert text == (
        "Document.BkToCstmrStmt/Stmt[1].Bal does not add up: it opens with 0 minor units, its entries come to 5, "
        "and it closes with 6. Nothing of the file was taken in."
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("12.34", "12.345", "has more digits than EUR has"),
        ("12.34", "-12.34", "is no amount such as 12.34"),
        ("12.34", "1e3", "is no amount such as 12.34"),
        ("12.34", "\N{ARABIC-INDIC DIGIT ONE}", "is no amount such as 12.34"),
        ('<Ntry><Amt Ccy="EUR">12.34</Amt>', '<Ntry><Amt Ccy="USD">12.34</Amt>', "is in USD, not in EUR"),
        ("<Ntry><Amt Ccy=\"EUR\">12.34</Amt>", "<Ntry>", "has no amount"),
        ("<CdtDbtInd>CRDT</CdtDbtInd><RvslInd>", "<CdtDbtInd>BOTH</CdtDbtInd><RvslInd>", "must be CRDT or DBIT"),
        ("OPBD", "CLAV", "has no opening or no closing balance"),
        ("<Dt>2017-01-31</Dt></BookgDt>", "<Dt>31.01.2017</Dt></BookgDt>", "is no day such as 2017-12-31"),
        (f"<IBAN>{IBAN}</IBAN>", "", "does not say which account it is"),
        ("B1", "B" * 141, "is longer than 140 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_named(old: str, new: str, text: str) -> None:
    """The place, and what is wrong with it."""
    assert old.encode() in GOOD
    reason, message = refusal(GOOD.replace(old.encode(), new.encode()))
    assert reason == "FIELD_INVALID"
    assert text in message
    assert message.startswith("Document.BkToCstmrStmt/Stmt[1]")


#: Nine levels of ten: a thousand million laughs.
LAUGHS = b"<!ENTITY a0 'ha'>" + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"", "it is not XML", id="empty"),
        pytest.param(b"12;34;56", "it is not XML", id="something else"),
        pytest.param(GOOD[:-40], "not all of it is there", id="cut off"),
        pytest.param(GOOD + b"<x/>", "it is not XML", id="more after its end"),
        pytest.param(b"<a/>", "something without a namespace", id="another document"),
        pytest.param(GOOD.replace(b"camt.053.001.08", b"camt.054.001.08"), "but urn:iso", id="another message"),
        pytest.param(GOOD.replace(b"camt.053.001.08", b"camt.053.001.99"), "but urn:iso", id="another version"),
        pytest.param(GOOD.replace(b"Stmt>", b"Rpt>"), "there is no statement in it", id="no statement"),
        pytest.param(b"<!DOCTYPE a [" + LAUGHS + b"]><a>&a9;</a>", "can be read: it", id="billion laughs"),
        pytest.param(
            GOOD.replace(b"?><", b"?><!DOCTYPE Document [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><", 1).replace(
                b"B1", b"&x;"
            ),
            "declares types or entities",
            id="reads a file",
        ),
        pytest.param(
            GOOD.replace(b"?><", b"?><!DOCTYPE Document SYSTEM 'http://192.0.2.1/x.dtd'><", 1),
            "declares types or entities",
            id="calls elsewhere",
        ),
        pytest.param(b"<a>" * 100_000, "it is not XML", id="deep"),
        pytest.param(b" " * (FILE_BYTES_MAX + 1), f"of {FILE_BYTES_MAX} that a file may have", id="large"),
        pytest.param(GOOD.replace(b"UTF-8", b"UTF-16"), "it is not XML", id="another encoding than it says"),
        pytest.param("\N{GRINNING FACE}".encode("utf-16"), "it is not XML", id="no text"),
    ],
)
def test_what_is_no_statement_is_refused_at_once(data: bytes, text: str) -> None:
    """Cut off, hostile or something else: nothing is expanded, nothing is fetched, and it takes no time."""
    began_s = time.monotonic()
    reason, message = refusal(data)
    assert time.monotonic() - began_s < 2
    assert reason == "MALFORMED"
    assert text in message
    assert "root:" not in message


def test_a_file_has_so_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than any month has are not taken in."""
    monkeypatch.setattr("settlement.payments.camt.ENTRIES_MAX", 2)
    many = [BankMovement(amount_minor=1, bank_reference=f"B{number}") for number in range(3)]
    assert ENTRIES_MAX == 50_000
    assert "it has more than 2 entries" in refusal(bank_statement(many, account=IBAN, currency="EUR"))[1]


def test_pages_of_a_statement_begin_and_end_in_between() -> None:
    """A long statement comes in pages, whose balances are interim ones."""
    (page,) = read_bank_file(GOOD.replace(b"OPBD", b"ITBD").replace(b"CLBD", b"ITBD"), 2).statements
    assert (page.opening_minor, page.closing_minor) == (0, 1_234)


def test_unprintable_characters_do_not_get_through() -> None:
    """What a payer typed is shown to people and printed in terminals."""
    entry = read([BankMovement(amount_minor=1, text="a\N{RIGHT-TO-LEFT OVERRIDE}b\N{ZERO WIDTH SPACE}c\n\td")])
    assert entry.statements[0].entries[0].text == "a b c d"


def test_refused_payments_are_read() -> None:
    """Which the bank refused to make, and why; a file that it refused as a whole names none."""
    file = read_bank_file(refusal_report([("E1", "AC04"), ("E2", "AM04")], day=date(2017, 2, 3)), 2)
    assert [(item.end_to_end_id, item.return_reason, item.booked_on) for item in file.refusals] == [
        ("E1", "AC04", "2017-02-03"),
        ("E2", "AM04", "2017-02-03"),
    ]
    assert all(item.rejected and not item.credit for item in file.refusals)
    accepted = refusal_report([("E1", "AC04")]).replace(b"RJCT", b"ACSC")
    assert not read_bank_file(accepted, 2).refusals
    whole = refusal_report([]).replace(b"</OrgnlMsgNmId>", b"</OrgnlMsgNmId><GrpSts>RJCT</GrpSts>")
    assert "refuses a whole file without naming its payments" in refusal(whole)[1]
