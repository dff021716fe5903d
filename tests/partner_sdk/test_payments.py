"""Bank accounts, files for banks and bank statements, from the SDK to a real settlement service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from partner_sdk.errors import FieldInvalid, Malformed, NotFound, PermissionDenied, WrongState
from partner_sdk.settlement import (
    AsyncSettlementClient,
    CarriedReason,
    EntryState,
    InstructionState,
    Run,
    RunState,
    SettlementClient,
    UnmatchedReason,
)
from partner_sdk.testing import BankMovement, LocalNetwork, bank_statement

IBANS = {"operator": "DE75512108001245126199", "grocer": "FR1420041010050500013M02606"}


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    """A network in which the pharmacy accepted 40 points of the grocer, and the window was closed."""
    with LocalNetwork(settlement=True) as network:
        anna = network.member(points=100)
        consent = anna.consent_to_redeem("pharmacy", 40)
        network.client("pharmacy").redeem(anna.holder_id, 40, consent=consent)
        network.operator.close_window(1)
        for party_id, iban in IBANS.items():
            network.settlement_client(party_id).set_bank_account(
                holder_name=f"{party_id} Ltd", country=iban[:2], currency="EUR", iban=iban
            )
        yield network


@pytest.fixture(scope="module")
def finance(network: LocalNetwork) -> SettlementClient:
    """The operator's settlement client, which has seen everything that was committed."""
    client = network.settlement_client()
    client.progress(wait_for_sequence=network.operator.checkpoint().size)
    return client


@pytest.fixture(scope="module")
def run(network: LocalNetwork, finance: SettlementClient) -> Run:
    """An instructed run: the grocer pays the operator 0.40, which pays the pharmacy 0.36."""
    run = finance.propose([1])
    connection = network.connection("operator")
    with SettlementClient(replace(connection, keys=connection.keys[1:])) as second:
        second.approve(run)
    return finance.instruct(run)


def test_accounts_are_given_and_seen(network: LocalNetwork, finance: SettlementClient) -> None:
    """By the party itself, with its key; by nobody else but the operator."""
    (account,) = finance.bank_accounts("grocer")
    assert (account.iban, account.number, account.party_id) == (IBANS["grocer"], 1, "grocer")
    assert account.signed_by == network.key("grocer").public
    assert network.settlement_client("grocer").bank_accounts() == (account,)
    with pytest.raises(PermissionDenied):
        network.settlement_client("pharmacy").bank_accounts("grocer")
    with pytest.raises(FieldInvalid, match="right check digits"):
        finance.set_bank_account(holder_name="x", country="DE", currency="EUR", iban="DE00512108001245126199")


def test_files_are_fetched(network: LocalNetwork, run: Run) -> None:
    """Each payer's own, to accounts that the run names by their digests."""
    grocer = network.settlement_client("grocer")
    file = grocer.instruction_file(run.run_id)
    assert file.name == "run-1-grocer.xml"
    assert IBANS["operator"] in file.data.decode()
    (account,) = grocer.bank_accounts()
    assert [item.payer_account for item in run.instructions if item.payer == "grocer"] == [account.digest]
    csv = network.settlement_client().instruction_file(run.run_id, file_format="csv")
    assert csv.data.startswith(b"number,payer,payee,amount")
    with pytest.raises(WrongState, match="none of those whom operator pays had a bank account"):
        network.settlement_client().instruction_file(run.run_id)
    with pytest.raises(NotFound):
        network.settlement_client("florist").instruction_file(run.run_id)


def test_files_are_fetched_with_asyncio(network: LocalNetwork, run: Run) -> None:
    """The same file."""

    async def main() -> None:
        async with AsyncSettlementClient(network.connection("operator")) as client:
            file = await client.instruction_file(run.run_id, payer="grocer")
        assert file == network.settlement_client("grocer").instruction_file(run.run_id)

    asyncio.run(main())


def statement(*movements: BankMovement, **options: str) -> bytes:
    """What the operator's bank sends."""
    return bank_statement(movements, account=IBANS["operator"], currency="EUR", **options)


def test_statements_settle_a_run(network: LocalNetwork, finance: SettlementClient, run: Run) -> None:
    """What a bank has booked is matched or assigned, what is left is carried, and a party follows its own payments."""
    coming, going = sorted(run.instructions, key=lambda item: item.payer == "operator")
    first = statement(
        BankMovement(amount_minor=41, bank_reference="B1", end_to_end_id=coming.reference),
        BankMovement(amount_minor=-30, bank_reference="B2", text="the pharmacy's"),
    )
    result = finance.import_statement(first, file_name="january.xml", note="January")
    assert (result.added, result.known, result.repeated_file) == (2, 0, False)
    assert [entry.state for entry in result.entries] == [EntryState.MATCHED, EntryState.UNMATCHED]
    assert result.entries[1].reason is UnmatchedReason.NO_REFERENCE
    assert finance.import_statement(first).repeated_file
    assigned = finance.assign_entry(result.entries[1], going.reference, "a part of it")
    assert (assigned.state, assigned.instruction, assigned.note) == (EntryState.ASSIGNED, going.number, "a part of it")
    assert list(finance.bank_entries(unmatched=True)) == []
    assert [entry.bank_reference for entry in finance.bank_entries(page_size=1)] == ["B2", "B1"]
    assert [entry.amount_minor for entry in network.settlement_client("grocer").bank_entries(run_id=run.run_id)] == [41]
    seen = finance.run(run.run_id)
    assert {item.payer: item.state for item in seen.instructions} == {
        "grocer": InstructionState.OVERPAID,
        "operator": InstructionState.PART_PAID,
    }
    with pytest.raises(WrongState, match="are paid by now"):
        finance.carry(run, "as it was before")
    with pytest.raises(FieldInvalid):
        finance.carry(seen, "no such payment", instructions=[7])
    settled = finance.carry(seen, "the rest follows")
    assert settled.state is RunState.SETTLED
    assert {(item.debtor, item.creditor, item.amount_micros, item.reason) for item in settled.carried_out} == {
        ("operator", "grocer", 10_000, CarriedReason.OVERPAID),
        ("operator", "pharmacy", 60_000, CarriedReason.UNPAID),
    }


def test_wrong_files_are_refused(finance: SettlementClient) -> None:
    """What is no statement, and what cannot be right."""
    for data, error in (
        (b"", FieldInvalid),
        (b"not xml", Malformed),
        (statement(BankMovement(amount_minor=1)).replace(b"EUR", b"USD"), FieldInvalid),
    ):
        with pytest.raises(error):
            finance.import_statement(data)


def test_asyncio_does_the_same(network: LocalNetwork) -> None:
    """A statement goes in parts, and entries come page by page."""

    async def main() -> None:
        async with AsyncSettlementClient(network.connection("operator")) as client:
            assert [entry.number async for entry in client.bank_entries(page_size=1)]
            large = statement(
                *(BankMovement(amount_minor=1, bank_reference=f"X{n}") for n in range(1_000)), statement_id="9"
            )
            assert len(large) > 256 << 10, "it goes in two parts"
            assert (await client.import_statement(large)).added == 1_000

    asyncio.run(main())
