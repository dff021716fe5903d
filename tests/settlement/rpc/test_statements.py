"""Statements over the network: who may fetch whose, in which form, and that they are proven."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from coalition.errors import Refused, reason_name
from coalition.status import from_rpc_error
from coalition.v1 import settlement_statements_pb2 as pb
from coalition.v1.settlement_statements_pb2_grpc import StatementServiceStub
from partner_sdk.statement import Purpose, Section, Side, Statement, verify_statement
from settlement.rpc.downloads import DOWNLOADS_PER_PARTY_MAX
from tests.settlement.books import HUB_KEY, take_in
from tests.settlement.rpc.conftest import Running, metadata_of

MAGIC = {
    pb.STATEMENT_FORM_JSON: b'{"document"',
    pb.STATEMENT_FORM_PDF: b"%PDF-1.7",
    pb.STATEMENT_FORM_XLSX: b"PK\x03\x04",
    pb.STATEMENT_FORM_CSV: b"\xef\xbb\xbftable,",
}


def fetch(running: Running, caller: str, party_id: str = "", **request: Any) -> bytes:
    """A statement's file."""
    wanted = {"window": 1, "form": pb.STATEMENT_FORM_JSON, **request}
    with running.channel() as channel:
        stream: Iterator[pb.GetStatementResponse] = StatementServiceStub(channel).GetStatement(
            pb.GetStatementRequest(party_id=party_id, **wanted), timeout=20, metadata=metadata_of(caller)
        )
        return b"".join(response.chunk for response in stream)


def statement(running: Running, caller: str, party_id: str = "", **request: Any) -> Statement:
    """A statement that was verified."""
    return verify_statement(fetch(running, caller, party_id, **request), (HUB_KEY.public,))


def refusal(running: Running, *arguments: Any, **request: Any) -> Refused:
    """What a call is refused with."""
    with pytest.raises(grpc.RpcError) as error:
        fetch(running, *arguments, **request)
    refused = from_rpc_error(error.value)
    assert refused is not None, error.value
    return refused


def test_party_gets_its_own_statement(running: Running) -> None:
    """Its points, its charges with what they are for, and what it would pay; all of it proven."""
    found = statement(running, "florist", lines=True)
    figures = found.figures
    assert (figures.period.party_id, figures.period.window, figures.period.party_name) == ("florist", 1, "Florist")
    assert figures.points is not None
    assert (figures.points.opening, figures.points.issued, figures.points.closing) == (0, 150, 0)
    assert [(item.acceptor, item.points) for item in figures.elsewhere] == [("grocer", 100), ("school", 50)]
    assert [(item.issuer, item.points, item.reimbursement_micros) for item in figures.accepted] == [
        ("grocer", 300, 2_400_000)
    ]
    assert [(charge.purpose, charge.counterparty, charge.amount_micros) for charge in figures.charges] == [
        (Purpose.REIMBURSEMENT, "grocer", -600_000),
        (Purpose.REIMBURSEMENT, "grocer", 2_400_000),
        (Purpose.REIMBURSEMENT, "school", -300_000),
        (Purpose.PAID_IN, "operator", -900_000),
    ]
    assert figures.net_micros == sum(charge.amount_micros for charge in figures.charges)
    assert figures.settlement.run_id is None
    assert found.lines is not None
    assert [(line.kind, line.counterparty, line.points) for line in found.lines] == [
        ("issue", "", 150),
        ("redeem", "florist", 300),
        ("redeem", "grocer", 100),
        ("redeem", "school", 50),
    ]


def test_operator_gets_its_own_statement(running: Running) -> None:
    """Fees, margins and prefunded money, of everybody; and the lines that they come from."""
    figures = statement(running, "operator", lines=True).figures
    assert figures.points is None
    assert [(charge.purpose, charge.counterparty, charge.amount_micros) for charge in figures.charges] == [
        (Purpose.ISSUE_FEE, "grocer", 300_000),
        (Purpose.TOP_UP, "grocer", -300_000),
        (Purpose.TOP_UP, "school", -50_000),
        (Purpose.MARGIN, "grocer", 600_000),
        (Purpose.PAID_IN, "florist", 900_000),
    ]
    assert [(pool.issuer, pool.opening_micros, pool.paid_in_micros, pool.drawn_micros) for pool in figures.pools] == [
        ("florist", 0, 900_000, 900_000)
    ]
    assert [(line.section, line.side, line.base_micros, line.rate_bps, line.tax_minor) for line in figures.tax] == [
        (Section.ISSUANCE, Side.SUPPLIED, 300_000, 2_000, 6),
        (Section.REDEMPTION, Side.RECEIVED, 350_000, 750, 3),
        (Section.REDEMPTION, Side.SUPPLIED, 600_000, 750, 5),
    ]


@pytest.mark.parametrize("caller", ["operator", "auditor"])
def test_operator_and_auditors_fetch_anybodys(running: Running, caller: str) -> None:
    """It is the same statement that the party gets itself, proofs and all."""
    own, fetched = (statement(running, who, "grocer", lines=True) for who in ("grocer", caller))
    assert own == fetched
    assert statement(running, "grocer").figures.digest == own.figures.digest


def test_party_cannot_fetch_anothers(running: Running) -> None:
    """Neither of those it deals with, nor of one without business; and strangers have none."""
    for party_id in ("grocer", "school", "idle", "operator", "nobody"):
        refused = refusal(running, "florist", party_id)
        assert (reason_name(refused.reason), "may see its own" in refused.message) == ("PERMISSION_DENIED", True)
    assert reason_name(refusal(running, "operator", "nobody").reason) == "NOT_FOUND"
    assert reason_name(refusal(running, "florist", window=9).reason) == "NOT_FOUND"
    assert reason_name(refusal(running, "florist", window=2**64 - 1).reason) == "NOT_FOUND"


def test_statement_shows_of_others_only_what_concerns_the_party(running: Running) -> None:
    """The issuer learns that its points were accepted, and where; not the acceptor's reference and id of it."""
    found = statement(running, "grocer", lines=True)
    assert found.lines is not None
    for line in found.lines:
        author = line.counterparty if line.kind == "redeem" else line.issuer
        assert bool(line.transaction_id) is (author == "grocer" and line.kind != "donate")
        assert "grocer" in (line.issuer, line.counterparty)


@pytest.mark.parametrize("form", MAGIC)
@pytest.mark.parametrize("lines", [True, False])
def test_every_form_is_served(running: Running, form: Any, lines: bool) -> None:
    """A file of the kind that was asked for, with or without lines."""
    assert fetch(running, "grocer", form=form, lines=lines).startswith(MAGIC[form])


def test_party_without_business_gets_a_statement(running: Running) -> None:
    """Of nothing."""
    figures = statement(running, "idle", lines=True).figures
    assert (figures.net_micros, figures.settlement.payable_minor, figures.charges) == (0, 0, ())


def test_form_must_be_named(running: Running) -> None:
    """A request without a form, or with one that this version lacks, is refused."""
    for form in (pb.STATEMENT_FORM_UNSPECIFIED, 99):
        assert reason_name(refusal(running, "grocer", form=form).reason) == "FIELD_INVALID"


def test_open_window_is_provisional(running: Running) -> None:
    """A statement of the window that is still open goes as far as the journal was read; the next one goes further."""
    known = len(running.journal.entries)
    running.journal.issue("grocer", 200)
    take_in(running.intake, running.journal.entries[known:])
    first = statement(running, "grocer", window=2, lines=True).figures
    assert (first.period.closed_at, first.period.last_sequence) == (None, known + 1)
    assert first.points is not None
    assert (first.points.opening, first.points.issued) == (700, 200)
    running.journal.issue("grocer", 100)
    take_in(running.intake, running.journal.entries[known + 1 :])
    second = statement(running, "grocer", window=2, lines=True).figures
    assert second.points is not None
    assert (second.points.opening, second.points.issued) == (700, 300)


def test_closed_window_is_told_alike_ever_after(running: Running) -> None:
    """What comes later changes nothing about the statement of a window that no run has settled meanwhile."""
    before = statement(running, "grocer", lines=True)
    known = len(running.journal.entries)
    running.journal.issue("grocer", 200)
    running.journal.close()
    take_in(running.intake, running.journal.entries[known:])
    assert statement(running, "grocer", lines=True) == before


def test_files_have_limited_places(running: Running) -> None:
    """A party that does not read the files it asks for keeps itself waiting, not others."""
    with running.channel() as channel:
        stub, request = StatementServiceStub(channel), pb.GetStatementRequest(window=1, form=pb.STATEMENT_FORM_PDF)
        slow = [stub.GetStatement(request, timeout=20, metadata=metadata_of("grocer")) for _ in range(8)]
        outcomes = [outcome(call) for call in slow]
    assert outcomes.count("OK") >= DOWNLOADS_PER_PARTY_MAX
    assert set(outcomes) <= {"OK", "OVERLOADED"}
    assert fetch(running, "florist").startswith(b"{")


def outcome(call: Any) -> str:
    """How a stream ends."""
    try:
        list(call)
    except grpc.RpcError as error:
        refused = from_rpc_error(error)
        return reason_name(refused.reason) if refused else error.code().name
    return "OK"
