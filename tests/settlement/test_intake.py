"""Taking the journal in: totals and cursor move together, whatever happens in between."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.errors import Refused
from coalition.v1 import transaction_pb2
from settlement.clearing.books import recompute
from settlement.clearing.entry import ClearingError
from settlement.clearing.flows import PURCHASES_MAX
from settlement.clearing.totals import SUM_MAX
from settlement.intake import Intake
from settlement.store.errors import StoreError
from tests.settlement.books import new_database, stored_books, take_in, with_business
from tests.settlement.clearing.test_state import busy_journal
from tests.settlement.journals import NETWORK, coalition_of_three


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=20))
def test_restarts_do_not_matter(seed: int, batches: list[tuple[int, bool]]) -> None:
    """However the journal is cut into batches, and whenever the service starts anew, the books are the same."""
    entries = busy_journal(seed, 80).entries
    with tempfile.TemporaryDirectory() as folder:
        database = new_database(Path(folder))
        intake, place = Intake(database, NETWORK), 0
        for size, restart in [*batches, (len(entries), True)]:
            if batch := entries[place : place + size]:
                take_in(intake, batch)
                place += len(batch)
            if restart:
                intake = Intake(database, NETWORK)
                assert intake.progress.state.sequence == place
        assert stored_books(database) == with_business(recompute(entries))
        database.close()


def test_directory_survives_a_restart(tmp_path: Path) -> None:
    """Parties, keys, terms, policy and funds are known again after a restart."""
    database = new_database(tmp_path)
    journal = coalition_of_three()
    journal.campaign("school", "playground")
    journal.policy("2017-05-01", 9_999)
    intake = Intake(database, NETWORK)
    take_in(intake, journal.entries)
    again = Intake(database, NETWORK)
    assert again.directory.parties == intake.directory.parties
    assert again.directory.terms == intake.directory.terms
    assert again.directory.funds == intake.directory.funds
    assert again.directory.cause_reimbursement == intake.directory.cause_reimbursement
    assert again.verified == intake.verified
    assert again.progress.state.window == intake.progress.state.window
    database.close()


def test_failed_batch_leaves_nothing_behind(tmp_path: Path) -> None:
    """A batch with one entry that cannot be cleared changes neither memory nor database."""
    database = new_database(tmp_path)
    journal = coalition_of_three()
    intake = Intake(database, NETWORK)
    take_in(intake, journal.entries)
    known, before, books = len(journal.entries), intake.progress, stored_books(database)
    journal.issue("florist", 10)
    journal.redeem("grocer", {"florist": 10})
    journal.close()
    journal.donate("nowhere", {"grocer": 1})
    with pytest.raises(ClearingError):
        take_in(intake, journal.entries[known:])
    assert intake.progress is before
    assert stored_books(database) == books
    take_in(intake, journal.entries[known:-1])
    assert stored_books(database) == with_business(recompute(journal.entries[:-1]))
    database.close()


def test_nobody_waits_for_a_service_that_ends(tmp_path: Path) -> None:
    """When the service is about to end, who waits for an entry is told at once how far it came."""
    database = new_database(tmp_path)
    intake = Intake(database, NETWORK)
    ending = threading.Timer(0.1, intake.close)
    ending.start()
    started_s = time.monotonic()
    assert intake.wait_for(1, 30).state.sequence == 0
    assert time.monotonic() - started_s < 20
    ending.join()
    database.close()


def test_sums_beyond_all_limits_stop_the_intake(tmp_path: Path) -> None:
    """An amount that no database integer should hold is refused by its entry, at once or added up, and not stored."""
    database = new_database(tmp_path)
    journal = coalition_of_three()
    journal.owe("grocer", "florist", SUM_MAX)
    intake = Intake(database, NETWORK)
    take_in(intake, journal.entries)
    books = stored_books(database)
    for amount in (1, SUM_MAX + 1):
        with pytest.raises(ClearingError, match="a sum of window 1 goes beyond") as error:
            take_in(intake, [journal.owe("grocer", "florist", amount)])
        assert error.value.sequence == len(journal.entries)
        journal.entries.pop()
    assert stored_books(database) == books
    database.close()


def test_purchases_beyond_all_measure_are_counted_no_further(tmp_path: Path) -> None:
    """What an issuer says that was bought for is its own word: however large, books and replay stop counting alike."""
    database = new_database(tmp_path)
    journal, intake = coalition_of_three(), Intake(database, NETWORK)
    for _ in range(4):
        issue = transaction_pb2.Issue(holder_id="anna", points=1, purchase_amount_minor=PURCHASES_MAX // 3)
        journal.append("grocer", allocations={"grocer": 1}, issue=issue)
        take_in(intake, journal.entries[intake.progress.state.sequence :])
    books = stored_books(database)
    assert books == with_business(recompute(journal.entries))
    assert [flow.purchase_minor for flow in books.totals[1].flows.values()] == [PURCHASES_MAX]
    database.close()


def test_two_processes_do_not_write_the_same_books(tmp_path: Path) -> None:
    """Whoever finds that the database has moved on under it stops."""
    database = new_database(tmp_path)
    journal = coalition_of_three()
    first, second = Intake(database, NETWORK), Intake(database, NETWORK)
    take_in(first, journal.entries)
    with pytest.raises(StoreError, match="another process writes to it"):
        take_in(second, journal.entries)
    database.close()


def test_books_of_another_network_are_refused(tmp_path: Path) -> None:
    """A database belongs to one network for ever."""
    database = new_database(tmp_path)
    take_in(Intake(database, NETWORK), coalition_of_three().entries)
    with pytest.raises(StoreError, match="is of the network test-network, not of other-network"):
        Intake(database, "other-network")
    database.close()


def test_waiting_ends_with_the_entry_with_time_or_with_trouble(tmp_path: Path) -> None:
    """Who waits for an entry is woken when it was taken in, and does not wait for one that will never come."""
    database = new_database(tmp_path)
    journal = coalition_of_three()
    intake = Intake(database, NETWORK)
    assert intake.wait_for(1, 0.01).state.sequence == 0
    later = threading.Timer(0.1, take_in, (intake, journal.entries))
    later.start()
    assert intake.wait_for(len(journal.entries), 30).state.sequence == len(journal.entries)
    later.join()
    intake.require_sound()
    stop = threading.Timer(0.1, intake.stop, ("Entry 9: something is wrong.",))
    stop.start()
    assert intake.wait_for(1_000, 30).state.sequence == len(journal.entries)
    stop.join()
    with pytest.raises(Refused, match=r"has stopped following the journal after entry 7: Entry 9: something"):
        intake.require_sound(detailed=True)
    with pytest.raises(Refused, match=r"after entry 7\. The operator knows why\.$"):
        intake.require_sound()
    database.close()
