"""BooksService: who sees whose books, as figures and as files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
import pytest
from beancount import loader

from coalition.errors import reason_name
from coalition.status import from_rpc_error
from coalition.v1 import settlement_books_pb2 as pb
from coalition.v1.settlement_books_pb2_grpc import BooksServiceStub
from settlement.rpc import books
from settlement.rpc.downloads import CHUNK_BYTES
from tests.settlement.books import take_in
from tests.settlement.rpc.conftest import Running, metadata_of


def get(running: Running, party_id: str, **fields: Any) -> Any:
    """The books as a party sees them."""
    return running.call("GetBooks", pb.GetBooksRequest(**fields), party_id, stub=BooksServiceStub)


def export(running: Running, caller: str, **fields: Any) -> bytes:
    """A ledger's file, put together."""
    request = pb.ExportLedgerRequest(**{"format": pb.LEDGER_FORMAT_BEANCOUNT, **fields})
    with running.channel() as channel:
        stream: Iterable[Any] = BooksServiceStub(channel).ExportLedger(
            request, timeout=10, metadata=metadata_of(caller)
        )
        parts = [response.chunk for response in stream]
    assert all(len(part) <= CHUNK_BYTES for part in parts)
    return b"".join(parts)


def refused(call: Any, *arguments: Any, **options: Any) -> str:
    """The reason with which a call is refused."""
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **options)
    found = from_rpc_error(error.value)
    assert found is not None, error.value
    return reason_name(found.reason)


@pytest.mark.parametrize("party_id", ["operator", "auditor"])
def test_operator_and_auditor_see_the_books_of_all(running: Running, party_id: str) -> None:
    """Points that were issued, redeemed and donated, what they are worth, and what the figures rest on."""
    answer = get(running, party_id)
    assert (answer.window, answer.day, answer.currency) == (1, "2017-01-02", "USD")
    assert [(found.issuer, found.value_micros) for found in answer.issuers] == [("florist", 12_000), ("grocer", 10_000)]
    florist, grocer = answer.issuers
    assert not florist.cohorts[0].outstanding_points
    assert [(found.expires_on, found.outstanding_points) for found in grocer.cohorts] == [
        ("2018-01-31", 690),
        ("9999-12-31", 10),
    ]
    assert grocer.cohorts[0].value_micros == 6_900_000
    points = grocer.movements[0].points
    assert (points.opening, points.issued, points.redeemed, points.donated, points.closing) == (0, 1_000, 300, 10, 700)
    assert grocer.movements[0].deferral.granted_micros == 10_000_000
    assert grocer.movements[0].deferral.closing_micros == 7_000_000
    assert "0 of 3 cohorts" in grocer.estimates[0].reason
    assert any("IFRS 15" in text for text in answer.assumptions)
    assert list(answer.ledgers) == ["florist", "grocer", "operator", "school"]
    assert answer.clearing


def test_issuer_sees_its_own_books(running: Running) -> None:
    """An issuer is shown itself, and nothing where it asks for another; who issued nothing has empty books."""
    answer = get(running, "grocer")
    assert [found.issuer for found in answer.issuers] == ["grocer"]
    assert list(answer.ledgers) == ["grocer"]
    assert not answer.clearing
    assert get(running, "grocer", issuer="grocer") == answer
    assert refused(get, running, "grocer", issuer="florist") == "PERMISSION_DENIED"
    assert not get(running, "idle").issuers
    assert not get(running, "idle").ledgers


def test_books_are_of_closed_windows(running: Running) -> None:
    """An open window, and one that never was, have no books; the last closed one is taken where none is named."""
    assert refused(get, running, "auditor", window=2) == "NOT_FOUND"
    assert refused(get, running, "auditor", window=99) == "NOT_FOUND"
    running.journal.redeem("school", {"grocer": 90})
    running.journal.close()
    take_in(running.intake, running.journal.entries[-2:])
    assert get(running, "auditor").window == 2
    assert get(running, "auditor").issuers[1].movements[1].points.closing == 610
    assert get(running, "auditor", window=1).issuers[1].movements[-1].points.closing == 700


def test_too_long_an_answer_is_refused(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a network with more lines than fit into one answer, single issuers are to be asked for."""
    monkeypatch.setattr(books, "LINES_MAX", 3)
    assert refused(get, running, "auditor") == "FIELD_INVALID"
    assert len(get(running, "auditor", issuer="grocer").issuers) == 1


def test_ledgers_are_sent_as_files(running: Running) -> None:
    """Each view passes Beancount; that of the clearing house is for operator and auditors, each party has its own."""
    for caller, party_id in (("auditor", ""), ("operator", "operator"), ("auditor", "school"), ("grocer", "grocer")):
        text = export(running, caller, party_id=party_id).decode()
        entries, errors, _ = loader.load_string(text)
        assert entries
        assert not errors
    assert b"Assets:Clearing:Window-1" in export(running, "grocer", party_id="grocer", window=1)
    csv = export(running, "grocer", party_id="grocer", format=pb.LEDGER_FORMAT_CSV)
    assert csv.startswith(b"date,entry,window,text,reference,account,debit,credit,commodity\r\n")
    assert not loader.load_string(export(running, "idle", party_id="idle").decode())[0]


def test_ledgers_of_others_are_not_shown(running: Running) -> None:
    """Nor is a party that is not there, nor a file that nobody knows how to write."""
    assert refused(export, running, "grocer") == "PERMISSION_DENIED"
    assert refused(export, running, "grocer", party_id="florist") == "PERMISSION_DENIED"
    assert refused(export, running, "auditor", party_id="nobody") == "NOT_FOUND"
    assert refused(export, running, "auditor", format=0) == "FIELD_INVALID"
    assert refused(export, running, "auditor", window=7) == "NOT_FOUND"
