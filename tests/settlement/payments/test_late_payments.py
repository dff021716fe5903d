"""Payments that come when their run is done with them: no money is counted twice, and none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from beancount import loader

from coalition.errors import Refused
from settlement.books.beancount import beancount_text
from settlement.books_desk import BooksDesk
from settlement.desk import carried_into_next
from settlement.payments.matching import Unmatched
from settlement.payments.records import EntryState
from settlement.runs.carried import Carried, Why
from settlement.store.bank_entries import EntryQuery
from settlement.store.runs import list_standings
from tests.settlement.decisions import ABORT, CARRY, CONFIRM
from tests.settlement.office import CHECKER
from tests.settlement.payments.counter import Counter
from tests.settlement.payments.test_statement_desk import comes, goes

DAY_US = 24 * 3_600_000_000
ALL = EntryQuery()
OWED_BACK = (Carried("operator", "florist", 1_000_000, Why.OVERPAID),)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """The florist owes the grocer 1.00 in window 1, through the operator, and the run is instructed."""
    counter = Counter(tmp_path)
    counter.instruct(1, 1)
    yield counter
    counter.database.close()


def confirm_all(counter: Counter) -> None:
    """A person has seen that all was paid, which settles the run."""
    while outstanding := counter.run().outstanding:
        counter.decide(CHECKER, CONFIRM, party_id=outstanding[0])


def carried(counter: Counter) -> tuple[Carried, ...]:
    """What a run that is proposed now would take over."""
    with counter.database.read() as connection:
        return carried_into_next(connection, list_standings(connection))


def assert_books_are_right(counter: Counter) -> None:
    """The clearing house's ledger as of the last closed window passes Beancount."""
    _, ledger = BooksDesk(counter.database, counter.intake).clearing(0)
    _, errors, _ = loader.load_string(beancount_text(ledger))
    assert not errors, errors


def days_later(counter: Counter) -> None:
    """The next window is closed when all that was decided is days ago."""
    counter.now_us += 2 * DAY_US
    counter.journal.now_us = counter.now_us
    counter.business(3_000_000)


def test_money_that_was_confirmed_is_not_counted_again(counter: Counter) -> None:
    """The bank's entry comes after the last confirmation settled the run: nothing is owed back. Once more, it is."""
    reference = counter.reference("florist")
    confirm_all(counter)
    (record,) = counter.take_in(comes(reference)).entries
    assert record.match.why is Unmatched.NOT_WAITING
    assert counter.assign(record, reference).match.state is EntryState.LATE
    assert carried(counter) == ()
    (twice,) = counter.take_in(comes(reference, 100, "B9"), statement_id="2").entries
    counter.assign(twice, reference)
    assert carried(counter) == OWED_BACK


def test_payment_after_its_return_is_no_payment_too_much(counter: Counter) -> None:
    """The return was booked first, the rest was carried, and then came the payment that it returned."""
    reference = counter.reference("florist")
    counter.take_in(goes(reference, 100, "R1", return_reason="AC04"))
    counter.take_in(goes(counter.reference("operator"), 100, "B7"), statement_id="2")
    (number,) = (item.number for item in counter.run().positions.instructions if item.payer == "florist")
    counter.decide(CHECKER, CARRY, carry={number: 0}, note="returned")
    unpaid = (Carried("florist", "operator", 1_000_000, Why.UNPAID),)
    assert (counter.states()[0], carried(counter)) == ("SETTLED", unpaid)
    (record,) = counter.take_in(comes(reference), statement_id="3").entries
    assert counter.assign(record, reference).match.state is EntryState.LATE
    assert carried(counter) == unpaid


def test_late_money_counts_from_run_to_run(counter: Counter) -> None:
    """What one run took over is not taken over again when more comes for the same payment in another."""
    reference = counter.reference("florist")
    confirm_all(counter)
    (first, second) = counter.take_in(comes(reference, 70), comes(reference, 60, "B9")).entries
    counter.assign(first, reference)
    assert carried(counter) == ()
    counter.business(1_000_000)
    counter.settle(2, 2)
    counter.assign(second, reference)
    assert carried(counter) == (Carried("operator", "florist", 300_000, Why.OVERPAID),)
    counter.business(1_000_000)
    counter.settle(3, 3)
    assert carried(counter) == ()


def test_late_entry_may_be_set_aside_before_any_run_is_settled(counter: Counter) -> None:
    """Where the only run was aborted there is none that could have taken it over."""
    reference = counter.reference("florist")
    counter.decide(CHECKER, ABORT, note="wrong figures")
    (record,) = counter.take_in(comes(reference)).entries
    late = counter.assign(record, reference)
    assert carried(counter) == OWED_BACK
    assert counter.assign(late, "").match.state is EntryState.SET_ASIDE
    assert carried(counter) == ()


def test_return_of_another_payment_does_not_undo_a_confirmation(counter: Counter) -> None:
    """Taken from the payment again, a bank's entry leaves nothing of what it did."""
    reference = counter.reference("operator")
    counter.decide(CHECKER, CONFIRM, party_id="grocer")
    (record,) = counter.take_in(comes(reference, 100, "R1", return_reason="AC04")).entries
    assert counter.standings()["operator"] == ("REJECTED", 0)
    counter.assign(record, "")
    assert counter.standings()["operator"] == ("PAID", 100)


@pytest.mark.parametrize("confirmed", [True, False])
def test_books_have_late_money(counter: Counter, confirmed: bool) -> None:
    """While no run has taken it over, when one has, and when that one is settled; of an aborted run as well."""
    reference = counter.reference("florist")
    if confirmed:
        confirm_all(counter)
    else:
        counter.decide(CHECKER, ABORT, note="wrong figures")
    for entry in counter.take_in(comes(reference), comes(reference, 100, "B9")).entries:
        counter.assign(entry, reference)
    days_later(counter)
    assert_books_are_right(counter)
    windows = (2,) if confirmed else (1, 2)
    run = counter.settle(2, *windows)
    assert [item.why for item in run.positions.carried_in] == [Why.OVERPAID]
    days_later(counter)
    assert_books_are_right(counter)
    with pytest.raises(Refused, match="a run has taken it over"):
        counter.assign(counter.statements.entries(ALL)[0], "")


@pytest.mark.parametrize("booked", [False, True])
def test_late_refusal_makes_owed_again_what_was_only_confirmed(counter: Counter, booked: bool) -> None:
    """A person assigns it to its payment, or sets it aside; what a bank has booked it cannot refuse any more."""
    reference = counter.reference("operator")
    if booked:
        counter.take_in(comes(counter.reference("florist")), goes(reference))
    else:
        confirm_all(counter)
    (record,) = counter.refuse((reference, "AC04")).entries
    assert record.match.why is Unmatched.NOT_WAITING
    with pytest.raises(Refused, match="the payment that it names and no other"):
        counter.assign(record, counter.reference("florist"))
    late = counter.assign(record, reference)
    assert late.match.state is EntryState.LATE
    assert carried(counter) == (() if booked else (Carried("operator", "grocer", 1_000_000, Why.UNPAID),))
    days_later(counter)
    assert_books_are_right(counter)
    assert counter.assign(late, "").match.state is EntryState.SET_ASIDE
    assert carried(counter) == ()
