"""Bank statements: every entry once, on the payment that it names, and all or nothing of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coalition.errors import Refused, reason_name
from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk.testing import BankMovement, bank_statement, refusal_report
from settlement.payments.matching import Unmatched
from settlement.payments.records import EntryState
from settlement.runs.carried import Carried, Why
from settlement.store.bank_entries import EntryQuery
from tests.settlement.decisions import ABORT, BILATERAL, CARRY, CONFIRM, PROPOSE
from tests.settlement.office import CHECKER, MAKER
from tests.settlement.payments.counter import Counter


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """The florist owes the grocer 1.00 in window 1, through the operator, and the run is instructed."""
    counter = Counter(tmp_path)
    counter.instruct(1, 1)
    yield counter
    counter.database.close()


def comes(reference: str, amount: int = 100, bank_reference: str = "B1", **fields: Any) -> BankMovement:
    """Money comes in with a reference."""
    return BankMovement(amount_minor=amount, bank_reference=bank_reference, end_to_end_id=reference, **fields)


def goes(reference: str, amount: int = 100, bank_reference: str = "B2", **fields: Any) -> BankMovement:
    """Money goes out."""
    return comes(reference, -amount, bank_reference, **fields)


def refusal(call: Any, *arguments: Any, **options: Any) -> tuple[str, str]:
    """Why something is refused: the reason, and the text."""
    with pytest.raises(Refused) as error:
        call(*arguments, **options)
    return reason_name(error.value.reason), error.value.message


def test_statement_settles_a_run(counter: Counter) -> None:
    """What comes in and what goes out is matched by its references, and the last payment settles run and window."""
    imported = counter.take_in(comes(counter.reference("florist")), note="first half of February")
    assert [record.match.state for record in imported.entries] == [EntryState.MATCHED]
    assert counter.standings() == {"florist": ("PAID", 100), "operator": ("OPEN", 0)}
    event = counter.run().events[-1]
    assert (event.action, event.state) == (pb.RUN_ACTION_IMPORT, pb.RUN_STATE_SETTLING)
    assert (event.deed.note, event.deed.public_key) == ("first half of February", CHECKER.key.public)
    counter.take_in(goes(counter.reference("operator")))
    assert counter.run().state == pb.RUN_STATE_SETTLED
    assert counter.states() == ["SETTLED", "OPEN"]


@pytest.mark.parametrize("where", ["end_to_end_id", "creditor_reference", "text"])
def test_reference_may_stand_anywhere(counter: Counter, where: str) -> None:
    """In the end-to-end id, in the structured reference, or somewhere in what the payer typed."""
    reference = counter.reference("florist")
    text = f"for January {reference[:4]} {reference[4:8]} {reference[8:]} thanks" if where == "text" else reference
    counter.take_in(BankMovement(amount_minor=100, bank_reference="B1", **{where: text}))
    assert counter.standings()["florist"] == ("PAID", 100)


def test_entry_is_booked_once(counter: Counter) -> None:
    """The same file, another file with the same entry, and both at once bring nothing new."""
    paid = comes(counter.reference("florist"), 40)
    first = counter.take_in(paid)
    again = counter.take_in(paid)
    assert (len(first.entries), again.repeated, again.known) == (1, True, 1)
    overlapping = counter.take_in(paid, comes(counter.reference("florist"), 60, "B9"), statement_id="2")
    assert (len(overlapping.entries), overlapping.known, overlapping.repeated) == (1, 1, False)
    assert counter.standings()["florist"] == ("PAID", 100)
    assert len(counter.statements.entries(EntryQuery())) == 2


def test_entry_that_a_file_has_twice_is_looked_at_by_a_person(counter: Counter) -> None:
    """The balances say that the money moved twice, the bank's reference that it did not."""
    paid = comes(counter.reference("florist"), 50)
    imported = counter.take_in(paid, paid)
    assert [record.match.why for record in imported.entries] == [None, Unmatched.REPEATED]
    assert counter.standings()["florist"] == ("PART_PAID", 50)
    (waiting,) = counter.unmatched()
    counter.assign(waiting, counter.reference("florist"))
    assert counter.standings()["florist"] == ("PAID", 100)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([40], ("PART_PAID", 40)),
        ([40, 60], ("PAID", 100)),
        ([101], ("OVERPAID", 101)),
        ([100, 100], ("OVERPAID", 200)),
    ],
)
def test_states_follow_from_amounts(counter: Counter, amounts: list[int], expected: tuple[str, int]) -> None:
    """In part, in parts, too much, twice."""
    reference = counter.reference("florist")
    counter.take_in(*(comes(reference, amount, f"B{place}") for place, amount in enumerate(amounts)))
    assert counter.standings()["florist"] == expected
    assert counter.run().state == pb.RUN_STATE_SETTLING


def test_return_within_the_run_rejects_the_payment(counter: Counter) -> None:
    """Returned and not paid again, a payment is left to the next run; paid again, it is paid."""
    reference = counter.reference("operator")
    counter.take_in(goes(reference), comes(reference, 100, "B3", return_reason="AC04"))
    assert counter.standings()["operator"] == ("REJECTED", 0)
    counter.take_in(goes(reference, 100, "B4"), statement_id="2")
    assert counter.standings()["operator"] == ("PAID", 100)
    counter.take_in(comes(reference, 100, "B5", return_reason="AC04"), statement_id="3")
    counter.decide(CHECKER, CARRY, carry={1: 0, 2: 0}, note="closed account")
    assert counter.run().state == pb.RUN_STATE_SETTLED
    assert counter.run().carried_out == (
        Carried("florist", "operator", 1_000_000, Why.UNPAID),
        Carried("operator", "grocer", 1_000_000, Why.UNPAID),
    )


def test_refusal_by_the_bank_leaves_room_for_an_abort(counter: Counter) -> None:
    """No money has moved; the payment is rejected, and the run may be given up."""
    counter.refuse((counter.reference("operator"), "AC04"), ("SOMETHING-ELSE", "AC04"))
    assert counter.standings()["operator"] == ("REJECTED", 0)
    assert counter.run().state == pb.RUN_STATE_INSTRUCTED
    (other,) = counter.unmatched()
    assert other.match.why is Unmatched.UNKNOWN_REFERENCE
    assert refusal(counter.assign, other, counter.reference("operator"))[0] == "WRONG_STATE"
    assert counter.decide(MAKER, ABORT, note="wrong account").state == pb.RUN_STATE_ABORTED


def test_what_names_no_payment_is_kept_and_listed(counter: Counter) -> None:
    """Charges, strangers and mistakes wait for a person, with why they were not matched."""
    florist, operator = counter.reference("florist"), counter.reference("operator")
    counter.take_in(
        BankMovement(amount_minor=-5, bank_reference="B1", text="charges"),
        comes("RF18539007547034", 10, "B2"),
        comes(florist, 10, "B3", text=f"and {operator}"),
        comes(operator, 10, "B4"),
        goes(florist, 10, "B5"),
        BankMovement(
            amount_minor=30,
            bank_reference="B6",
            parts=[comes(florist, 10, ""), comes(florist, 10, "")],
        ),
        comes(florist, 10, "B7", return_reason="AC04"),
    )
    assert [record.match.why for record in counter.unmatched()[::-1]] == [
        Unmatched.NO_REFERENCE,
        Unmatched.UNKNOWN_REFERENCE,
        Unmatched.SEVERAL_REFERENCES,
        Unmatched.WRONG_DIRECTION,
        Unmatched.WRONG_DIRECTION,
        Unmatched.DETAILS_DIFFER,
        Unmatched.WRONG_DIRECTION,
    ]
    assert counter.run().state == pb.RUN_STATE_INSTRUCTED


def test_person_assigns_what_could_not_be_matched(counter: Counter) -> None:
    """To a payment, with who, when and why; or aside. Sent again, nothing happens twice."""
    counter.take_in(comes("", 100, "B1", text="January"), BankMovement(amount_minor=-5, bank_reference="B2"))
    charge, paid = counter.unmatched()
    assigned = counter.assign(paid, counter.reference("florist"), "the florist forgot the reference")
    assert (assigned.match.state, assigned.match.number) == (EntryState.ASSIGNED, 2)
    assert counter.standings()["florist"] == ("PAID", 100)
    event = counter.run().events[-1]
    assert (event.action, event.deed.note) == (pb.RUN_ACTION_ASSIGN, "the florist forgot the reference")
    aside = counter.assign(charge, "", "the bank's charges")
    assert (aside.match.state, aside.match.about) == (EntryState.SET_ASIDE, None)
    assert not counter.unmatched()
    again = counter.assign(
        paid, counter.reference("florist"), "the florist forgot the reference", decided_us=counter.now_us - 1
    )
    assert again.match.number == 2
    assert counter.standings()["florist"] == ("PAID", 100)
    assert counter.assign(aside, counter.reference("operator"), "no: a first part").match.state is EntryState.ASSIGNED
    assert counter.standings()["operator"] == ("PART_PAID", 5)


def test_what_was_matched_wrongly_is_moved(counter: Counter) -> None:
    """A person takes an entry from one payment and books it on another, or aside, while the run is not settled."""
    counter.take_in(comes(counter.reference("florist"), 70))
    (record,) = counter.statements.entries(EntryQuery())
    moved = counter.assign(record, "", "the florist paid for something else")
    assert counter.standings()["florist"] == ("OPEN", 0)
    counter.assign(moved, counter.reference("florist"), "no, it is right")
    assert counter.standings()["florist"] == ("PART_PAID", 70)
    stale = refusal(counter.assign, record, "", "again")
    assert stale[0] == "WRONG_STATE"
    assert "somebody has said what it is about since you looked" in stale[1]


def test_assignments_that_cannot_be(counter: Counter) -> None:
    """An unknown reference, an unknown entry, and a payment between others."""
    counter.take_in(comes("", 100, "B1"))
    (record,) = counter.unmatched()
    assert refusal(counter.assign, record, "RF18539007547034")[0] == "NOT_FOUND"
    assert refusal(counter.assign, record, "", entry_id=b"x" * 32)[0] == "NOT_FOUND"
    assert refusal(counter.assign, record, "", note="")[0] == "FIELD_INVALID"
    counter.decide(MAKER, ABORT, note="again")
    counter.decide(MAKER, PROPOSE, 2, windows=(1,), method=BILATERAL)
    reference = counter.reference("florist", 2)
    assert "not released yet" in refusal(counter.assign, record, reference)[1]
    counter.approve(2)
    counter.decide(MAKER, pb.RUN_ACTION_INSTRUCT, 2)
    assert "is between others than the operator" in refusal(counter.assign, record, reference)[1]


def test_what_comes_too_late_is_settled_with_the_next_run(counter: Counter) -> None:
    """A payer that was given up on pays after all: the next run takes over what it owed and what it has paid."""
    reference = counter.reference("florist")
    counter.decide(MAKER, CONFIRM, party_id="grocer")
    (left,) = (item.instruction.number for item in counter.run().standings if not item.done)
    counter.decide(CHECKER, CARRY, carry={left: 0}, note="late")
    counter.take_in(comes(reference), note="there it is")
    (late,) = counter.unmatched()
    assert late.match.why is Unmatched.NOT_WAITING
    assigned = counter.assign(late, reference, "late, but there")
    assert assigned.match.state is EntryState.LATE
    counter.business(500_000)
    run = counter.instruct(2, 2)
    assert run.positions.carried_in == (
        Carried("florist", "operator", 1_000_000, Why.UNPAID),
        Carried("operator", "florist", 1_000_000, Why.OVERPAID),
    )
    assert {(item.payer, item.amount_minor) for item in run.positions.instructions} == {
        ("florist", 50),
        ("operator", 50),
    }
    taken = refusal(counter.assign, assigned, "", "no")
    assert "a run has taken it over" in taken[1]
    counter.decide(MAKER, ABORT, 2, note="not like this")
    counter.assign(assigned, "", "it was something else")
    assert counter.instruct(3, 2).positions.carried_in == (Carried("florist", "operator", 1_000_000, Why.UNPAID),)


def test_what_comes_back_too_late_is_owed_in_the_next_run(counter: Counter) -> None:
    """Days after the run was settled the grocer's bank sends the money back."""
    operator = counter.reference("operator")
    counter.take_in(comes(counter.reference("florist")), goes(operator))
    counter.take_in(comes(operator, 100, "B7", return_reason="AC04"), statement_id="2")
    (back,) = counter.unmatched()
    counter.assign(back, operator, "account closed")
    counter.business(500_000)
    run = counter.settle(2, 2)
    assert run.positions.carried_in == (Carried("operator", "grocer", 1_000_000, Why.UNPAID),)
    counter.business(500_000)
    assert counter.instruct(3, 3).positions.carried_in == ()


def test_payment_for_a_run_that_was_given_up_is_owed_back(counter: Counter) -> None:
    """Who pays by an instruction that does not stand any more has paid too much."""
    reference = counter.reference("florist")
    counter.decide(MAKER, ABORT, note="wrong figures")
    counter.take_in(comes(reference))
    counter.assign(counter.unmatched()[0], reference, "paid in advance")
    run = counter.instruct(2, 1)
    assert run.positions.carried_in == (Carried("operator", "florist", 1_000_000, Why.OVERPAID),)
    assert [(item.payer, item.amount_minor) for item in run.positions.instructions] == [("operator", 100)]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"currency": "EUR"}, "what is settled here is USD"),
        ({"account": "DE89370400440532013000"}, "is none of the operator's bank accounts on file"),
        ({"closing_minor": 99}, "does not add up"),
    ],
)
def test_nothing_of_a_wrong_file_is_booked(counter: Counter, options: dict[str, Any], text: str) -> None:
    """Another currency, somebody else's account, balances that do not add up: the books stay as they were."""
    before = counter.runs()
    reason, message = refusal(counter.take_in, comes(counter.reference("florist")), **options)
    assert reason == "FIELD_INVALID"
    assert text in message
    assert counter.runs() == before
    assert counter.statements.entries(EntryQuery()) == ()
    assert len(counter.take_in(comes(counter.reference("florist"))).entries) == 1


def test_nothing_is_booked_where_one_of_two_statements_is_wrong(counter: Counter) -> None:
    """A file with a good and a bad statement is refused as a whole."""
    reference = counter.reference("florist")
    good = bank_statement([comes(reference)], account="12345-67", currency="USD")
    bad = bank_statement([comes(reference, 100, "B8")], account="12345-67", currency="USD", closing_minor=1)
    both = good.replace(b"</Stmt>", b"</Stmt>" + bad[bad.index(b"<Stmt>") : bad.index(b"</BkToCstmrStmt>")])
    assert refusal(counter.take_in_file, both)[0] == "FIELD_INVALID"
    assert counter.standings()["florist"] == ("OPEN", 0)


def test_account_of_the_operator_has_to_be_known(tmp_path: Path) -> None:
    """Without one no statement is anybody's; earlier accounts count as well, however the bank writes them."""
    counter = Counter(tmp_path, accounts=())
    counter.instruct(1, 1)
    payment = comes(counter.reference("florist"))
    assert "coalition settlement account set" in refusal(counter.take_in, payment)[1]
    counter.set_account("operator")
    counter.set_account("operator", account_id="999")
    assert counter.take_in(payment, account="1234567").entries
    counter.database.close()


def test_files_come_in_parts(counter: Counter) -> None:
    """A part may come twice; one that does not follow, and a file that is not the one signed for, are refused."""
    uploads, digest = counter.statements.uploads, b"d" * 32
    assert uploads.add(digest, 6, 0, b"abc") == 3
    assert uploads.add(digest, 6, 0, b"abc") == 3
    assert "the next part begins at 3" in refusal(uploads.add, digest, 6, 4, b"e")[1]
    assert "not all of it has come" in refusal(uploads.take, digest)[1]
    assert uploads.add(digest, 6, 3, b"def") == 6
    assert "it is not the file that was signed for" in refusal(uploads.take, digest)[1]
    assert "not all of it has come" in refusal(uploads.take, digest)[1]
    for wrong in ((b"d", 6, 0, b"abc"), (digest, 0, 0, b"abc"), (digest, 2, 0, b"abc"), (digest, 6, 0, b"")):
        assert refusal(uploads.add, *wrong)[0] == "FIELD_INVALID"
    for number in range(4):
        uploads.add(bytes([number]) * 32, 6, 0, b"abc")
    assert refusal(uploads.add, b"9" * 32, 6, 0, b"abc")[0] == "OVERLOADED"
    counter.now_us += 3_600_000_000
    assert uploads.add(b"9" * 32, 6, 0, b"abc") == 3


def test_large_statement_is_taken_in(counter: Counter) -> None:
    """Thousands of entries of other business beside the one that counts, and known entries among them later."""
    many = [BankMovement(amount_minor=1, bank_reference=f"X{number}", text="a sale") for number in range(2_000)]
    imported = counter.take_in(*many, comes(counter.reference("florist")))
    assert len(imported.entries) == 2_001
    assert counter.standings()["florist"] == ("PAID", 100)
    again = counter.take_in(*many, goes(counter.reference("operator")), statement_id="2")
    assert (len(again.entries), again.known) == (1, 2_000)


def test_refusals_of_two_reports_are_two(counter: Counter) -> None:
    """Banks number what they say anew in every report."""
    for number, reference in enumerate(("RF18539007547034", counter.reference("operator"))):
        report = refusal_report([(reference, "AC04")]).replace(
            b"<OrgnlEndToEndId>", b"<StsId>1</StsId><OrgnlEndToEndId>"
        )
        report = report.replace(b"</MsgId>", b"%d</MsgId>" % number)
        assert len(counter.take_in_file(report).entries) == 1
    assert counter.standings()["operator"] == ("REJECTED", 0)


def test_statement_without_references_that_is_issued_again_counts_once(counter: Counter) -> None:
    """Its entries have other names then, so a person looks at what is like an entry that is known."""
    paid = comes(counter.reference("florist"), 100, "")
    assert counter.take_in(paid).entries[0].match.state is EntryState.MATCHED
    (again, other) = counter.take_in(paid, replace(paid, amount_minor=5), statement_id="2").entries
    assert (again.match.why, other.match.state) == (Unmatched.REPEATED, EntryState.MATCHED)
    assert counter.standings()["florist"] == ("OVERPAID", 105)


def test_reference_of_the_payment_stands_for_that_of_the_entry(counter: Counter) -> None:
    """Where the bank gives only the one, an entry is the same in every statement."""
    paid = comes(counter.reference("florist"), 40, "")
    for known, statement_id in enumerate(("1", "2")):
        data = bank_statement([paid], account="12345-67", currency="USD", statement_id=statement_id)
        data = data.replace(b"<Refs>", b"<Refs><AcctSvcrRef>BANK-77</AcctSvcrRef>")
        assert counter.take_in_file(data).known == known
    assert counter.standings()["florist"] == ("PART_PAID", 40)


def test_files_that_bring_nothing_take_no_place(counter: Counter) -> None:
    """However often a repeated or a wrong file comes, the next one is taken in."""
    paid = comes(counter.reference("florist"))
    for _ in range(6):
        counter.take_in(paid)
    for number in range(6):
        assert refusal(counter.take_in, comes("X", 1, f"W{number}"), closing_minor=99)[0] == "FIELD_INVALID"
    assert counter.take_in(goes(counter.reference("operator"))).entries
