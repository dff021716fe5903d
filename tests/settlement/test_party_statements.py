"""Statements out of the books: whatever happened, they add up, follow one another, and are proven."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.errors import Refused, reason_name
from coalition.v1 import network_pb2
from partner_sdk.settlement import (
    CarriedReason,
    DisputeState,
    InstructionState,
    RunState,
    SettlementMethod,
    WindowState,
)
from partner_sdk.statement import Statement, StatementSettlement, sign_statement, verify_statement
from settlement.clearing.state import State, clear
from settlement.disputes.step import ANSWER, RAISE, WITHDRAW
from settlement.intake import Intake
from settlement.party_statements import PartyStatements, Signer
from settlement.schedule.rule import Period, Schedule
from settlement.statements.tax import TaxRates
from settlement.store.database import Database
from tests.settlement.books import HUB_KEY, new_database, take_in
from tests.settlement.clearing.test_state import PARTIES, busy_journal
from tests.settlement.decisions import CARRY, CONFIRM, NETWORK
from tests.settlement.disputes.hall import Hall
from tests.settlement.journals import Journal, key_of
from tests.settlement.office import CHECKER, NOW_US, Office

AUDITOR = key_of("settlement")
EVERYBODY = (*PARTIES, "operator")


def join(journal: Journal) -> None:
    """The settlement service becomes an auditor."""
    journal.party("settlement", network_pb2.PARTY_KIND_AUDITOR, (AUDITOR.public,), AUDITOR)


def desk_of(database: Database, intake: Intake) -> PartyStatements:
    """A desk whose clock stands still."""
    return PartyStatements(database, intake, lambda: NOW_US, Signer("settlement", AUDITOR), TaxRates(1_900, 725))


def proven(statement: Statement) -> Statement:
    """The statement, once its file was verified."""
    found = verify_statement(sign_statement(statement, AUDITOR), (HUB_KEY.public,), network_id=NETWORK)
    assert found == statement
    return found


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6))
def test_statements_of_all_parties_and_windows_add_up(seed: int) -> None:
    """Each is proven by its lines and follows the one before; together they sum to zero and end where the books do."""
    with tempfile.TemporaryDirectory() as folder:
        database, chance = new_database(Path(folder)), random.Random(seed)
        journal = busy_journal(seed, 90)
        # The service came late: when it became an auditor, windows had been closed for long.
        join(journal)
        journal.close()
        intake, start = Intake(database, NETWORK), 0
        while start < len(journal.entries):
            batch = journal.entries[start : start + chance.randrange(1, 60)]
            take_in(intake, batch)
            start += len(batch)
        desk, (state, _) = desk_of(database, intake), clear(State(), journal.entries)
        points, held = dict.fromkeys(PARTIES, 0), dict.fromkeys(PARTIES, 0)
        for number in range(1, journal.window):
            found = {name: proven(desk.statement(number, name, lines_max=10_000)).figures for name in EVERYBODY}
            assert sum(figures.net_micros for figures in found.values()) == 0
            assert sum(figures.settlement.payable_minor for figures in found.values()) == 0
            for name in PARTIES:
                account, pools = found[name].points, found[name].pools
                assert account is not None
                assert account.opening == points[name]
                points[name] = account.closing
                assert sum(pool.opening_micros for pool in pools) == held[name]
                held[name] = sum(pool.closing_micros for pool in pools)
            assert [pool for name in sorted(PARTIES) for pool in found[name].pools] == list(found["operator"].pools)
        for name, pool in state.pools.items():
            assert (points[name], held[name]) == (pool.outstanding_points, pool.held_micros)
        database.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Two people, and a service whom the journal knows."""
    office = Office(tmp_path)
    join(office.journal)
    yield office
    office.database.close()


def settlement(office: Office, party_id: str, number: int = 1) -> StatementSettlement:
    """How a window is settled, as a party's proven statement says."""
    return proven(desk_of(office.database, office.intake).statement(number, party_id, lines_max=10)).figures.settlement


def test_payments_of_the_run_are_on_the_statement(office: Office) -> None:
    """What the run of several windows comes to, with its payments, their references and states."""
    office.business(1_234_567)
    office.business(1_000_000)
    planned = settlement(office, "florist")
    assert (planned.run_id, planned.windows, planned.payable_minor, planned.payments) == (None, (1,), -123, ())
    office.instruct(1, 1, 2)
    desk = desk_of(office.database, office.intake)
    assert desk.statement(2, "florist").figures.period.window_state is WindowState.PENDING_SETTLEMENT
    found = settlement(office, "florist")
    assert (found.run_state, found.method, found.windows) == (
        RunState.INSTRUCTED,
        SettlementMethod.MULTILATERAL,
        (1, 2),
    )
    assert (found.amount_micros, found.payable_minor) == (-2_234_567, -223)
    assert [(item.counterparty, item.reason, item.amount_micros) for item in found.rounding] == [
        ("operator", CarriedReason.ROUNDING, -4_567)
    ]
    assert found.instructed_at is not None
    (payment,) = found.payments
    assert (payment.counterparty, payment.amount_minor, payment.paid_minor) == ("operator", -223, 0)
    assert (payment.state, payment.reference[:2]) == (InstructionState.OPEN, "RF")
    (received,) = settlement(office, "grocer").payments
    assert (received.counterparty, received.amount_minor) == ("operator", 223)
    office.decide(CHECKER, CONFIRM, 1, party_id="florist")
    assert settlement(office, "florist").payments[0].state is InstructionState.PAID
    assert settlement(office, "school").payments == ()


def test_day_on_which_payments_are_due_is_the_schedules(office: Office) -> None:
    """Five business days after the day of the closing; none while the window is open, or without a schedule."""
    office.journal.at("2017-01-31")
    office.business(1_000_000)
    schedule = Schedule(Period.MONTHLY, 18 * 60, payment_days=5)
    desk = PartyStatements(
        office.database, office.intake, lambda: NOW_US, Signer("settlement", AUDITOR), TaxRates(), schedule
    )
    assert proven(desk.statement(1, "florist")).figures.settlement.due_on == date(2017, 2, 7)
    assert desk.statement(2, "florist").figures.settlement.due_on is None
    assert settlement(office, "florist").due_on is None


def test_what_was_left_comes_back_with_its_reason(office: Office) -> None:
    """What was not paid is on the next statement as carried in, beside what rounding left."""
    office.business(1_234_567)
    run = office.instruct(1, 1)
    number = next(item.instruction.number for item in run.standings if item.instruction.payer == "florist")
    office.decide(CHECKER, CARRY, 1, carry={number: 0}, note="insolvent")
    assert [(item.state, item.carried_minor) for item in settlement(office, "florist").payments] == [
        (InstructionState.CARRIED, -123)
    ]
    office.decide(CHECKER, CONFIRM, 1, party_id="grocer")
    office.business(0)
    found = settlement(office, "florist", 2)
    assert {item.reason: item.amount_micros for item in found.carried_in} == {
        CarriedReason.ROUNDING: -4_567,
        CarriedReason.UNPAID: -1_230_000,
    }
    assert found.payable_minor == -123


def test_open_disputes_are_on_the_statements_of_those_concerned(tmp_path: Path) -> None:
    """Both sides and the operator see one as long as it is open; nobody else does."""
    hall = Hall(tmp_path)
    join(hall.journal)
    hall.catch_up()
    desk = PartyStatements(hall.database, hall.intake, lambda: hall.now_us, Signer("settlement", AUDITOR), TaxRates())
    hall.take("florist", RAISE, claim={"sequence": hall.line, "amount": 700})
    for party_id in ("florist", "grocer", "operator"):
        (dispute,) = proven(desk.statement(1, party_id)).figures.disputes
        assert (dispute.sequence, dispute.raiser, dispute.respondent) == (hall.line, "florist", "grocer")
        assert (dispute.state, dispute.claimed_micros) == (DisputeState.RAISED, 700)
        assert dispute.due_at is not None
    assert desk.statement(1, "school").figures.disputes == ()
    hall.take("grocer", ANSWER, amount=5)
    assert desk.statement(1, "grocer").figures.disputes[0].state is DisputeState.ANSWERED
    hall.take("florist", WITHDRAW)
    assert desk.statement(1, "grocer").figures.disputes == ()
    hall.database.close()


def test_service_whose_key_the_journal_does_not_know_signs_nothing(tmp_path: Path) -> None:
    """A statement that nobody could check is not made."""
    office = Office(tmp_path)
    office.business(1_000_000)
    with pytest.raises(Refused) as refused:
        desk_of(office.database, office.intake).statement(1, "florist")
    assert (reason_name(refused.value.reason), "its own key" in refused.value.message) == ("WRONG_STATE", True)
    office.database.close()


def test_key_that_came_later_is_shown_with_the_entry_that_added_it(office: Office) -> None:
    """The proof of a statement's signer is its registration, and the entry by which it got the key."""
    fresh = key_of("settlement-2")
    office.journal.add_key("settlement", fresh.public)
    office.business(1_000_000)
    desk = PartyStatements(office.database, office.intake, lambda: NOW_US, Signer("settlement", fresh), TaxRates())
    found = verify_statement(sign_statement(desk.statement(1, "florist"), fresh), (HUB_KEY.public,))
    assert [entry.sequence for entry in found.signer.entries] == [8, 9]


def test_key_that_came_later_changes_no_figure(office: Office) -> None:
    """A closed window's statement keeps its name, although a longer log proves the key that signs it now."""
    office.business(1_000_000)
    before = desk_of(office.database, office.intake).statement(1, "florist").figures
    fresh = key_of("settlement-2")
    office.journal.add_key("settlement", fresh.public)
    office.business(1_000_000)
    desk = PartyStatements(office.database, office.intake, lambda: NOW_US, Signer("settlement", fresh), TaxRates())
    after = desk.statement(1, "florist").figures
    assert after.log_size > before.log_size
    assert (after.statement_id, after.digest) == (before.statement_id, before.digest)


def test_more_lines_than_a_form_takes_are_refused(office: Office) -> None:
    """It says how many there are, and what takes more."""
    office.business(1)
    office.business(2)
    desk = desk_of(office.database, office.intake)
    assert len(desk.statement(1, "florist", lines_max=1).lines or ()) == 1
    with pytest.raises(Refused, match="may be asked for up to 0 lines in this form; there are 1"):
        desk.statement(1, "florist", lines_max=0)
    with pytest.raises(Refused, match="there are 1"):
        desk.statement(1, "operator", lines_max=0)
