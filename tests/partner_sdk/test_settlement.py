"""What a finance team asks the settlement service, against a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from partner_sdk.errors import (
    ConfigurationError,
    NotFound,
    PermissionDenied,
    SamePerson,
    Timeout,
    Unauthenticated,
    Unreachable,
    WrongState,
)
from partner_sdk.settlement import (
    AsyncSettlementClient,
    LedgerFormat,
    RunDecision,
    RunState,
    SettlementClient,
    WindowState,
)
from partner_sdk.testing import LocalNetwork


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    """A network in which the pharmacy accepted 40 points of the grocer, and the window was closed."""
    with LocalNetwork(settlement=True) as network:
        anna = network.member(points=100)
        consent = anna.consent_to_redeem("pharmacy", 40)
        network.client("pharmacy").redeem(anna.holder_id, 40, consent=consent)
        network.operator.close_window(1)
        yield network


@pytest.fixture(scope="module")
def finance(network: LocalNetwork) -> SettlementClient:
    """The operator's settlement client, which has seen everything that was committed."""
    client = network.settlement_client()
    client.progress(wait_for_sequence=network.operator.checkpoint().size)
    return client


def test_follows_the_journal(network: LocalNetwork, finance: SettlementClient) -> None:
    """The service comes to what was committed; for what was not, waiting ends at the deadline."""
    size = network.operator.checkpoint().size
    progress = finance.progress(wait_for_sequence=size)
    assert progress.sequence == size
    assert progress.log_root == network.operator.checkpoint().root
    assert progress.committed_at is not None
    with pytest.raises(Timeout, match=f"come to entry {size}, not yet to 1000000"):
        finance.with_timeout(1.5).progress(wait_for_sequence=1_000_000)


def test_a_window_says_who_owes_whom(network: LocalNetwork, finance: SettlementClient) -> None:
    """The issuer owes for its points, the acceptor receives, and positions sum to zero."""
    first, second = finance.windows()
    assert (first.number, first.state, second.state) == (1, WindowState.CLOSED, WindowState.OPEN)
    assert second.last_sequence is None
    assert second.closed_at is None
    report = finance.window(1)
    assert (report.currency, report.currency_exponent, report.window) == ("EUR", 2, first)
    assert sum(position.amount_micros for position in report.positions) == 0
    amounts = {position.party_id: position.amount_micros for position in report.positions}
    assert amounts["grocer"] == -400_000
    assert amounts["pharmacy"] == 360_000
    assert report.obligations
    activity = {item.party_id: item for item in report.activity}
    assert (activity["grocer"].issued, activity["pharmacy"].accepted) == (100, 40)
    with pytest.raises(NotFound):
        finance.window(99)


def test_books_say_what_stands_behind_the_points(network: LocalNetwork, finance: SettlementClient) -> None:
    """What an issuer owes for points in circulation, and its entries as a file; a party has those of itself only."""
    books = finance.books()
    (grocer,) = books.issuers
    assert (books.window, books.currency, books.clearing) == (1, "EUR", True)
    assert (grocer.issuer, grocer.outstanding_points, grocer.value_of_outstanding_micros) == ("grocer", 60, 600_000)
    assert books.ledgers == ("grocer", "operator", "pharmacy")
    assert finance.books(1, issuer="pharmacy").issuers == ()
    assert b"Liabilities:Parties:Pharmacy:Window-1" in finance.ledger()
    assert finance.ledger(1, party_id="grocer", format=LedgerFormat.CSV).startswith(b"date,entry,window,")
    with network.settlement_client("pharmacy") as pharmacy:
        assert pharmacy.books().ledgers == ("pharmacy",)
        assert b"Income:Accepted" in pharmacy.ledger(party_id="pharmacy")
        with pytest.raises(PermissionDenied, match="may see its own books"):
            pharmacy.ledger()
    with pytest.raises(NotFound, match="books are of closed windows"):
        finance.ledger(2)


def test_a_party_sees_its_own_part(network: LocalNetwork, finance: SettlementClient) -> None:
    """A partner reads what it is part of; a stranger to a window reads nothing of the others."""
    seen = network.settlement_client("florist").window(1)
    assert {position.party_id for position in seen.positions} <= {"florist"}
    mine = network.settlement_client("pharmacy").window(1)
    assert {item.creditor for item in mine.obligations} | {item.debtor for item in mine.obligations} >= {"pharmacy"}
    with pytest.raises(PermissionDenied):
        network.settlement_client("pharmacy").propose([1])


def test_a_run_goes_through_its_states(network: LocalNetwork, finance: SettlementClient) -> None:
    """Proposed by one person, approved by another with the positions that both saw, then settled party by party."""
    run = finance.propose([1])
    assert (run.state, run.windows) == (RunState.PROPOSED, (1,))
    with pytest.raises(SamePerson):
        finance.approve(run)
    checklist = finance.checklist(run.run_id)
    assert (checklist.passed, checklist.pending) == (True, False)
    assert {item.name for item in checklist.items if item.blocking} >= {"sum_zero", "replay", "checkpoint"}
    connection = network.connection("operator")
    second = SettlementClient(replace(connection, keys=connection.keys[1:]))
    with second:
        assert second.approve(run, note="seen").state is RunState.APPROVED
    instructed = finance.instruct(run)
    assert instructed.state is RunState.INSTRUCTED
    for instruction in run.instructions:
        payer, payee = instruction.payer, instruction.payee
        instructed = finance.confirm(run, payee if payer == "operator" else payer)
    assert instructed.state is RunState.SETTLED
    assert [event.note for event in instructed.events][1] == "seen"
    assert finance.run(run.run_id) == instructed
    assert instructed in finance.runs()
    assert finance.windows()[0].state is WindowState.SETTLED
    with pytest.raises(WrongState):
        finance.abort(run, "too late")
    with pytest.raises(NotFound):
        finance.run("019469d5-b200-771a-80c2-ef5a1955179e")


def test_a_decision_is_a_document(network: LocalNetwork, finance: SettlementClient) -> None:
    """What was decided is signed, has a text form, and may be sent again."""
    network.operator.close_window(2)
    finance.progress(wait_for_sequence=network.operator.checkpoint().size)
    run_id = "019469d5-b200-7aaa-80c2-ef5a1955179e"
    proposed = finance.propose([2], run_id=run_id)
    assert proposed.run_id == run_id
    aborted = finance.abort(proposed, "wrong month")
    assert aborted.state is RunState.ABORTED
    assert aborted.events[-1].note == "wrong month"
    again = finance.propose([2])
    assert again.run_id != run_id
    event = again.events[0]
    assert event.public_key == network.key("operator").public
    assert RunDecision.letter == "D"


def test_asyncio_does_the_same(network: LocalNetwork) -> None:
    """The asyncio client gives the same values."""

    async def main() -> None:
        async with AsyncSettlementClient(network.connection("operator")) as client:
            assert (await client.window(1)).window.number == 1
            assert (await client.windows())[0].number == 1

    asyncio.run(main())


def test_a_profile_must_name_the_service(network: LocalNetwork) -> None:
    """Without the service's address the error says which setting is missing; a hub's token is worthless there."""
    with pytest.raises(ConfigurationError, match="settlement_address"):
        SettlementClient(replace(network.connection("grocer"), settlement_address=None))
    elsewhere = SettlementClient(replace(network.connection("grocer"), settlement_address=network.hub.address))
    with elsewhere, pytest.raises(Unreachable, match="not this service"):
        elsewhere.windows()
    stranger = SettlementClient(replace(network.connection("grocer"), keys=(network.key("nobody"),)))
    with stranger, pytest.raises(Unauthenticated):
        stranger.windows()
