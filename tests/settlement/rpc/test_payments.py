"""PaymentService on a real port: who may see and do what with accounts, files and statements."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import grpc
import pytest
from lxml import etree

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import reason_name
from coalition.ids import transaction_id
from coalition.status import from_rpc_error
from coalition.v1 import settlement_payments_pb2 as pb
from coalition.v1 import settlement_service_pb2 as runs_pb
from coalition.v1.settlement_payments_pb2_grpc import PaymentServiceStub
from partner_sdk.testing import BankMovement, bank_statement
from tests.settlement.decisions import APPROVE, INSTRUCT, PROPOSE
from tests.settlement.journals import NETWORK
from tests.settlement.payments.counter import account
from tests.settlement.rpc.conftest import CHECKER, MAKER, NOW_US, Running, metadata_of

RUN_ID = transaction_id(1_500_000_000_000, b"0123456789")
EVERYBODY = ("operator", "auditor", "grocer", "florist", "school", "idle")


def ask(running: Running, caller: str, method: str, request: Any) -> Any:
    """A method of the service, called as a party."""
    return running.call(method, request, caller, stub=PaymentServiceStub)


def refusal(running: Running, caller: str, method: str, request: Any) -> str:
    """What a call is refused with."""
    with pytest.raises(grpc.RpcError) as error:
        ask(running, caller, method, request)
    refused = from_rpc_error(error.value)
    assert refused is not None, error.value
    return reason_name(refused.reason)


def file(running: Running, caller: str, **request: Any) -> tuple[Any, bytes]:
    """A file of the run: the first part, and all of it."""
    with running.channel() as channel:
        wanted = pb.GetInstructionFileRequest(**{"run_id": RUN_ID, "format": pb.FILE_FORMAT_PAIN001, **request})
        parts = list(PaymentServiceStub(channel).GetInstructionFile(wanted, timeout=10, metadata=metadata_of(caller)))
    return parts[0], b"".join(part.data for part in parts)


def test_operator_is_told_what_is_wrong_with_the_journal(running: Running) -> None:
    """Bank statements wait until that is settled; who takes them in sees all, and so hears all of it."""
    running.intake.stop("Entry 9: something is wrong.")
    for method, request in (
        ("ImportStatement", pb.ImportStatementRequest()),
        ("AssignBankEntry", pb.AssignBankEntryRequest()),
    ):
        with pytest.raises(grpc.RpcError, match="Entry 9: something is wrong"):
            ask(running, "operator", method, request)


def test_files_are_sent_in_places(running: Running, instructed: dict[str, str]) -> None:
    """As all that is fetched is."""
    place = running.downloads.place
    with place("grocer"), place("grocer"), pytest.raises(grpc.RpcError, match="grocer is fetching"):
        file(running, "grocer")


@pytest.fixture
def instructed(running: Running) -> dict[str, str]:
    """Everybody who pays or is paid has an account; the run is instructed. Gives references by the other side."""
    for party_id in ("operator", "grocer", "florist"):
        document = account(party_id, decided_us=NOW_US)
        ask(running, party_id, "SetBankAccount", pb.SetBankAccountRequest(account=document))
    positions = b""
    for person, action, fields in (
        (MAKER, PROPOSE, {"windows": (1,)}),
        (CHECKER, APPROVE, {}),
        (MAKER, INSTRUCT, {}),
    ):
        if action == APPROVE:
            fields = {"positions": positions}
        decision = person.decides(action, run_id=RUN_ID, decided_us=NOW_US, **fields)
        run: Any = running.call("DecideRun", runs_pb.DecideRunRequest(decision=decision), "operator")
        positions = run.run.positions
    return {
        item.payer if item.payee == "operator" else item.payee: item.reference
        for item in runs_pb.RunPositions.FromString(positions).instructions
    }


def upload(running: Running, data: bytes, caller: str = "operator") -> pb.ImportStatementRequest:
    """A file on its way, and the decision to take it in."""
    digest = sha256(data).digest()
    part = pb.UploadStatementRequest(digest=digest, total_bytes=len(data), data=data)
    assert ask(running, caller, "UploadStatement", part).next_offset == len(data)
    decision = pb.StatementImport(network_id=NETWORK, digest=digest, decided_us=NOW_US)
    return pb.ImportStatementRequest(decision=sign_document(dsse.STATEMENT_IMPORT, decision, MAKER.key))


def test_accounts_are_seen_by_few(running: Running, instructed: dict[str, str]) -> None:
    """A party sees its own account, operator and auditor all of them."""
    for caller in EVERYBODY:
        for party_id in ("operator", "grocer", "florist"):
            request = pb.GetBankAccountRequest(party_id=party_id)
            if caller in (party_id, "operator", "auditor"):
                (version,) = ask(running, caller, "GetBankAccount", request).versions
                assert pb.BankAccount.FromString(version.account.document).party_id == party_id
            else:
                assert refusal(running, caller, "GetBankAccount", request) == "PERMISSION_DENIED"
    assert ask(running, "grocer", "GetBankAccount", pb.GetBankAccountRequest()).versions
    other = pb.SetBankAccountRequest(account=account("grocer", decided_us=NOW_US + 1))
    assert refusal(running, "operator", "SetBankAccount", other) == "KEY_UNKNOWN"


def test_payers_fetch_their_own_files(
    running: Running, instructed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the accounts that they pay to; operator and auditor fetch everybody's, in as many parts as it takes."""
    monkeypatch.setattr("settlement.rpc.downloads.CHUNK_BYTES", 100)
    head, data = file(running, "grocer")
    assert (head.name, len(head.data)) == ("run-1-grocer.xml", 100)
    assert "12345-67" in data.decode()
    assert etree.fromstring(data) is not None
    for caller in ("operator", "auditor"):
        assert file(running, caller, payer="grocer")[1] == data
        head, own = file(running, caller, payer="operator")
        assert [item.payee for item in head.left_out] == ["school"]
        assert etree.fromstring(own) is not None
    for caller, payer, reason in (("florist", "grocer", "PERMISSION_DENIED"), ("florist", "", "NOT_FOUND")):
        with pytest.raises(grpc.RpcError) as error:
            file(running, caller, payer=payer)
        refused = from_rpc_error(error.value)
        assert refused is not None
        assert reason_name(refused.reason) == reason


def test_statement_goes_through_the_network(running: Running, instructed: dict[str, str]) -> None:
    """The operator takes it in; each party then sees the entries about its own payments, and nobody else's."""
    movements = [
        BankMovement(amount_minor=240, bank_reference="B1", end_to_end_id=instructed["grocer"]),
        BankMovement(amount_minor=-150, bank_reference="B2", end_to_end_id=instructed["florist"]),
        BankMovement(amount_minor=-5, bank_reference="B3", text="charges"),
    ]
    request = upload(running, bank_statement(movements, account="12345-67", currency="USD"))
    for caller in EVERYBODY[1:]:
        assert refusal(running, caller, "ImportStatement", request) == "PERMISSION_DENIED"
    result = ask(running, "operator", "ImportStatement", request)
    assert (result.added, result.known, [item.state for item in result.entries]) == (3, 0, [1, 1, 5])
    for caller, seen in (("operator", 2), ("auditor", 2), ("grocer", 1), ("florist", 1), ("school", 0)):
        page = ask(running, caller, "ListBankEntries", pb.ListBankEntriesRequest(run_id=RUN_ID))
        assert len(page.entries) == seen
    # The newest entry is the florist's, and takes no place on the grocer's page.
    page = ask(running, "grocer", "ListBankEntries", pb.ListBankEntriesRequest(run_id=RUN_ID, page_size=1))
    assert ([item.bank_reference for item in page.entries], page.next_page_token) == (["B1"], "")
    first = ask(running, "auditor", "ListBankEntries", pb.ListBankEntriesRequest(page_size=2))
    rest = pb.ListBankEntriesRequest(page_size=2, page_token=first.next_page_token)
    second = ask(running, "auditor", "ListBankEntries", rest)
    assert [item.bank_reference for item in (*first.entries, *second.entries)] == ["B3", "B2", "B1"]
    assert not second.next_page_token
    assert refusal(running, "grocer", "ListBankEntries", pb.ListBankEntriesRequest()) == "PERMISSION_DENIED"
    wrong = pb.ListBankEntriesRequest(page_token="x")
    assert refusal(running, "operator", "ListBankEntries", wrong) == "FIELD_INVALID"
    (charges,) = ask(running, "operator", "ListBankEntries", pb.ListBankEntriesRequest(unmatched=True)).entries
    decision = pb.EntryAssignment(
        network_id=NETWORK, entry_id=charges.entry_id, note="charges", decided_us=NOW_US, after=charges.matches
    )
    assign = pb.AssignBankEntryRequest(decision=sign_document(dsse.ENTRY_ASSIGNMENT, decision, CHECKER.key))
    assert refusal(running, "florist", "AssignBankEntry", assign) == "PERMISSION_DENIED"
    assert ask(running, "operator", "AssignBankEntry", assign).entry.state == pb.ENTRY_STATE_SET_ASIDE


def test_strangers_send_no_files(running: Running) -> None:
    """Only the operator's files are kept, and only with a token is anything answered."""
    part = pb.UploadStatementRequest(digest=b"d" * 32, total_bytes=3, data=b"abc")
    assert refusal(running, "grocer", "UploadStatement", part) == "PERMISSION_DENIED"
    service = pb.DESCRIPTOR.services_by_name["PaymentService"]
    with running.channel() as channel:
        for method in service.methods:
            with pytest.raises(grpc.RpcError) as error:
                list(getattr(PaymentServiceStub(channel), method.name)(getattr(pb, method.input_type.name)()))
            refused = from_rpc_error(error.value)
            assert refused is not None
            assert reason_name(refused.reason) == "UNAUTHENTICATED"


def test_hostile_file_is_refused_over_the_network(running: Running, instructed: dict[str, str]) -> None:
    """As MALFORMED, with nothing booked."""
    request = upload(running, b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>")
    assert refusal(running, "operator", "ImportStatement", request) == "MALFORMED"
    assert not ask(running, "operator", "ListBankEntries", pb.ListBankEntriesRequest()).entries
