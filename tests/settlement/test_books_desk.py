"""The books as they are asked for: of which windows, with which payments, and at which prices."""

from __future__ import annotations

from pathlib import Path

import pytest
from beancount import loader

from coalition.errors import Refused, reason_name
from coalition.v1 import settlement_service_pb2 as pb
from settlement.books.beancount import beancount_text
from settlement.books.ledger import Ledger
from settlement.books_desk import BooksDesk
from tests.settlement.books import take_in
from tests.settlement.decisions import CONFIRM
from tests.settlement.office import CHECKER, Office

METHODS = (
    pb.SETTLEMENT_METHOD_GROSS,
    pb.SETTLEMENT_METHOD_BILATERAL,
    pb.SETTLEMENT_METHOD_MULTILATERAL,
)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A settlement service without its network."""
    return Office(tmp_path)


def sound(ledger: Ledger) -> dict[str, int]:
    """What the ledger's accounts hold in the end, once Beancount has nothing to say against it."""
    _, errors, _ = loader.load_string(beancount_text(ledger))
    assert not errors
    held: dict[str, int] = {}
    for entry in ledger.entries:
        for posting in entry.postings:
            held[posting.account] = held.get(posting.account, 0) + posting.amount
    return held


@pytest.mark.parametrize("method", METHODS)
def test_payments_are_booked_on_their_day(office: Office, method: pb.SettlementMethod.ValueType) -> None:
    """What a settled run left and what a run under way has moved are in the books of windows closed after that."""
    office.business(12_345_678)
    office.business(1_111_111)
    office.settle(1, 1, 2, method=method)
    office.business(9_999_999)
    office.instruct(2, 3, method=method)
    payer = "florist"
    office.decide(CHECKER, CONFIRM, 2, party_id=payer)
    books = BooksDesk(office.database, office.intake)
    _, early = books.clearing(0)
    assert "Liabilities:Parties:Florist:Paid" not in sound(early)
    office.journal.at("2017-08-01")
    office.business(5)
    for party_id in ("florist", "grocer", "operator"):
        sound(books.own(0, party_id)[1])
    held = sound(books.clearing(0)[1])
    first, second = (run.positions.instructions for run in office.runs())
    paid = sum(item.amount_minor for item in (*first, *second) if item.payer == payer)
    assert held["Liabilities:Parties:Florist:Paid"] == -paid * 10_000
    own = sound(books.own(0, payer)[1])
    assert own["Assets:Bank"] == -paid * 10_000


def test_run_of_a_later_window_is_left_out(office: Office) -> None:
    """Books of a window know nothing of a run that settles a later one with it, even on the same day."""
    office.now_us = 1_483_376_400_000_000
    office.business(10_000_000)
    office.business(20_000_000)
    office.settle(1, 1, 2)
    books = BooksDesk(office.database, office.intake)
    assert "Assets:Bank" not in sound(books.own(1, "grocer")[1])
    assert sound(books.own(2, "grocer")[1])["Assets:Bank"] == 30_000_000


def test_points_are_valued_at_terms_of_the_day(office: Office) -> None:
    """Terms that come into force later, or are published later, change nothing in the books of a window before."""
    office.journal.issue("grocer", 100)
    office.journal.close()
    office.journal.at("2017-03-01")
    office.journal.terms("grocer", "2017-01-02", price_micros=50_000, reimbursement_micros=9_000)
    office.journal.close()
    take_in(office.intake, office.journal.entries)
    books = BooksDesk(office.database, office.intake)
    (before,) = books.books(1, "grocer")[1]
    (after,) = books.books(2, "grocer")[1]
    assert (before.value_micros, before.deferred_micros) == (10_000, 1_000_000)
    assert (after.value_micros, after.deferred_micros) == (50_000, 1_000_000)
    assert books.books(0, "florist")[1] == ()


def test_nothing_is_known_before_the_first_closing(office: Office) -> None:
    """Without a journal, and without a closed window, there are no books yet, and it says so."""
    books = BooksDesk(office.database, office.intake)
    with pytest.raises(Refused, match="Nothing of the journal has been read yet") as error:
        books.books(0, None)
    assert reason_name(error.value.reason) == "NOT_FOUND"
    office.business(1, close=False)
    with pytest.raises(Refused, match="No window is closed, as of entry"):
        books.clearing(0)
