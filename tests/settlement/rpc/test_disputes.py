"""Disputes over the network: who sees them, who may step into them, and pages."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from coalition.errors import Refused, reason_name
from coalition.status import from_rpc_error
from coalition.v1 import settlement_disputes_pb2 as pb
from coalition.v1.settlement_disputes_pb2_grpc import DisputeServiceStub
from settlement.disputes.step import ANSWER, RAISE, REJECT
from settlement.rpc.disputes import PAGE_MAX
from tests.settlement.disputes.steps import dispute_id, signed_step
from tests.settlement.rpc.conftest import KEYS, NOW_US, Running


def call(running: Running, method: str, request: Any, party_id: str) -> Any:
    """A call of the service as a party."""
    return running.call(method, request, party_id, stub=DisputeServiceStub)


def take(running: Running, party_id: str, action: pb.DisputeAction.ValueType, *, by: str = "", **fields: Any) -> Any:
    """A step of a party, sent by itself unless it is said by whom."""
    signed = signed_step(KEYS[party_id], party_id, action, decided_us=NOW_US, **fields)
    return call(running, "TakeDisputeStep", pb.TakeDisputeStepRequest(step=signed), by or party_id).dispute


def raise_it(running: Running, number: int = 1, **claim: Any) -> Any:
    """The florist disputes that it accepted points of the grocer."""
    line = next(entry.sequence for entry in running.journal.entries if entry.kind == "redeem")
    return take(running, "florist", RAISE, identifier=dispute_id(number), claim={"sequence": line, **claim})


def refusal(*arguments: Any, **fields: Any) -> Refused:
    """What a step is refused with."""
    with pytest.raises(grpc.RpcError) as error:
        take(*arguments, **fields)
    refused = from_rpc_error(error.value)
    assert refused is not None, error.value
    return refused


def test_both_sides_operator_and_auditor_see_a_dispute_and_nobody_else(running: Running) -> None:
    """For all others there is no such dispute, neither by its id nor in a list."""
    raised = raise_it(running)
    take(running, "grocer", ANSWER, seen=raised.seen_digest, amount=5)
    get, everything = pb.GetDisputeRequest(dispute_id=dispute_id()), pb.ListDisputesRequest()
    for party_id in ("florist", "grocer", "operator", "auditor"):
        found = call(running, "GetDispute", get, party_id).dispute
        assert [event.state for event in found.events] == [pb.DISPUTE_STATE_RAISED, pb.DISPUTE_STATE_ANSWERED]
        assert found.events[1].step.signature.public_key == KEYS["grocer"].public
        listed = call(running, "ListDisputes", everything, party_id).disputes
        assert [(item.number, item.offered_micros, len(item.events)) for item in listed] == [(1, 5, 0)]
    for party_id in ("school", "idle"):
        assert not call(running, "ListDisputes", everything, party_id).disputes
        with pytest.raises(grpc.RpcError) as error:
            call(running, "GetDispute", get, party_id)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_party_takes_its_own_steps_only(running: Running) -> None:
    """Neither the operator nor the other side can step in for a party, not even with what it signed."""
    raised = raise_it(running)
    for by in ("operator", "florist", "school"):
        refused = refusal(running, "grocer", REJECT, by=by, seen=raised.seen_digest)
        assert reason_name(refused.reason) == "PERMISSION_DENIED"
    assert reason_name(refusal(running, "school", REJECT, seen=raised.seen_digest).reason) == "NOT_FOUND"
    assert reason_name(refusal(running, "operator", REJECT, seen=raised.seen_digest).reason) == "PERMISSION_DENIED"


def test_wrong_fields_are_told(running: Running) -> None:
    """All that is wrong with a step comes back, field by field."""
    refused = refusal(running, "florist", RAISE, claim={"sequence": 0, "respondent": "florist"}, text="")
    assert [violation.field for violation in refused.violations] == [
        "step.claim.sequence",
        "step.claim.respondent",
        "step.text",
    ]


def test_list_comes_in_pages(running: Running) -> None:
    """The number of a page's last dispute leads to the next page; after the last there is none."""
    raise_it(running, 1)
    raise_it(running, 2, respondent="operator")
    first = call(running, "ListDisputes", pb.ListDisputesRequest(page_size=1), "florist")
    assert ([item.number for item in first.disputes], first.next_after_number) == ([1], 1)
    request = pb.ListDisputesRequest(page_size=PAGE_MAX + 1, after_number=first.next_after_number, window=1)
    second = call(running, "ListDisputes", request, "florist")
    assert ([item.number for item in second.disputes], second.next_after_number) == ([2], 0)
    far = pb.ListDisputesRequest(window=2**64 - 1, after_number=2**64 - 1)
    assert not call(running, "ListDisputes", far, "florist").disputes


def test_no_method_answers_without_a_token(running: Running) -> None:
    """Every method of the service wants to know who asks."""
    for method in pb.DESCRIPTOR.services_by_name["DisputeService"].methods:
        with pytest.raises(grpc.RpcError) as error:
            running.call(method.name, getattr(pb, method.input_type.name)(), stub=DisputeServiceStub)
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
