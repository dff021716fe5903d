"""Alerts over the network: who sees which, following, and notes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import Refused, reason_name
from coalition.status import from_rpc_error
from coalition.v1 import settlement_alerts_pb2 as pb
from coalition.v1.settlement_alerts_pb2_grpc import AlertServiceStub
from settlement.alerts.alert import CONCENTRATION, JOURNAL_BEHIND, LIMIT_NEAR, LIMIT_REACHED, About, Alert
from settlement.rpc import alerts as servicers
from settlement.rpc.alerts import FOLLOWERS_MAX, FOLLOWERS_PER_PARTY_MAX, AlertServicer
from tests.settlement.journals import NETWORK
from tests.settlement.rpc.conftest import CHECKER, KEYS, NOW_US, Running, metadata_of
from tests.settlement.rpc.unread import AnyCaller, UnreadContext

NEAR, REACHED = About(LIMIT_NEAR, "grocer"), About(LIMIT_REACHED, "grocer")
CONCENTRATED, BEHIND = About(CONCENTRATION, "florist", 1), About(JOURNAL_BEHIND)


def look(running: Running, *abouts: About) -> None:
    """There are alerts about these now, and somebody has looked."""
    running.alerts[:] = [Alert(about, f"about {about.party_id}", (("points", 7),)) for about in abouts]
    running.board.update()


def call(running: Running, method: str, request: Any, party_id: str) -> Any:
    """A call of the service as a party."""
    return running.call(method, request, party_id, stub=AlertServiceStub)


def listed(running: Running, party_id: str, **request: Any) -> list[tuple[int, str]]:
    """Kind and party of the alerts that a party is shown."""
    alerts = call(running, "ListAlerts", pb.ListAlertsRequest(**request), party_id).alerts
    return [(alert.kind, alert.party_id) for alert in alerts]


@contextmanager
def following(running: Running, party_id: str, after_change: int = 0) -> Iterator[Any]:
    """A stream of alerts."""
    with running.channel() as channel:
        stream = AlertServiceStub(channel).FollowAlerts(
            pb.FollowAlertsRequest(after_change=after_change), timeout=20, metadata=metadata_of(party_id)
        )
        yield stream
        stream.cancel()


def test_party_sees_alerts_about_itself(running: Running) -> None:
    """Operator and auditor see all, the worst first; a party its own; what is about no party is not for parties."""
    look(running, NEAR, CONCENTRATED, BEHIND)
    look(running, NEAR, CONCENTRATED, BEHIND, REACHED)
    everything = [(REACHED[0], "grocer"), (NEAR[0], "grocer"), (CONCENTRATED[0], "florist"), (BEHIND[0], "")]
    for party_id in ("operator", "auditor"):
        assert listed(running, party_id) == everything
    assert listed(running, "grocer") == [(REACHED[0], "grocer"), (NEAR[0], "grocer")]
    # It says what everybody owes together.
    assert listed(running, "florist") == []
    assert listed(running, "idle") == []
    assert listed(running, "operator", page_size=1) == everything[:1]


def test_ended_alerts_are_shown_to_who_asks(running: Running) -> None:
    """The newest first, to a party its own."""
    look(running, NEAR, CONCENTRATED)
    look(running, REACHED)
    assert listed(running, "operator") == [(REACHED[0], "grocer")]
    assert listed(running, "grocer", ended_too=True) == [(REACHED[0], "grocer"), (NEAR[0], "grocer")]
    assert len(listed(running, "operator", ended_too=True)) == 3
    assert listed(running, "florist", ended_too=True) == []
    alerts = call(running, "ListAlerts", pb.ListAlertsRequest(ended_too=True), "operator").alerts
    (alert,) = (alert for alert in alerts if alert.kind == CONCENTRATION)
    assert (alert.raised_us, alert.ended_us, alert.window) == (NOW_US, NOW_US, 1)


def test_followers_are_told_of_changes_once(running: Running) -> None:
    """First what lasts, then what begins and ends, each once and only what the follower may see."""
    look(running, NEAR)
    look(running)
    look(running, NEAR, CONCENTRATED)
    with following(running, "grocer") as mine, following(running, "operator") as everything:
        assert next(mine).alert.number == 2
        assert [next(everything).alert.party_id for _ in range(2)] == ["grocer", "florist"]
        look(running, CONCENTRATED)
        ended = next(mine).alert
        assert (ended.number, ended.ended_us) == (2, NOW_US)
        assert next(everything).alert == ended
        look(running, CONCENTRATED, BEHIND)
        look(running, CONCENTRATED, BEHIND, REACHED)
        assert next(mine).alert.kind == LIMIT_REACHED
        assert [next(everything).alert.kind for _ in range(2)] == [JOURNAL_BEHIND, LIMIT_REACHED]
    with following(running, "operator", ended.change) as later:
        assert [next(later).alert.kind for _ in range(2)] == [JOURNAL_BEHIND, LIMIT_REACHED]


def test_followers_are_few_and_give_their_places_back(running: Running) -> None:
    """Beyond the limit of a party, and of all, following is refused at once; who goes makes room."""

    def refused(party_id: str) -> bool:
        with following(running, party_id) as stream:
            try:
                next(stream)
            except grpc.RpcError as error:
                found = from_rpc_error(error)
                assert found is not None
                assert reason_name(found.reason) == "OVERLOADED"
                return True
            return False

    look(running, NEAR, About(LIMIT_NEAR, "florist"), BEHIND, About(LIMIT_NEAR, "school"))
    parties = ("operator", "grocer", "florist")
    with running.channel() as channel:
        kept = [
            AlertServiceStub(channel).FollowAlerts(pb.FollowAlertsRequest(), timeout=30, metadata=metadata_of(party_id))
            for party_id in parties * FOLLOWERS_PER_PARTY_MAX
        ]
        assert len(kept) == FOLLOWERS_MAX
        assert all(map(next, kept))
        assert refused("operator")
        assert refused("school")
        assert listed(running, "school")
        kept.pop().cancel()
        deadline = time.monotonic() + 10
        while refused("school"):
            assert time.monotonic() < deadline, "a place is given back"
            time.sleep(0.05)


def test_stream_ends_when_its_time_is_over_or_the_service_ends(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever follows comes again: after some minutes with a new token, or when the service is back."""
    look(running, NEAR)
    with following(running, "operator") as stream:
        next(stream)
        running.board.close()
        with pytest.raises(grpc.RpcError) as error:
            next(stream)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    monkeypatch.setattr(servicers, "STREAM_S", 0.0)
    with following(running, "operator") as stream:
        assert len(list(stream)) == 1


def test_follower_that_does_not_read_is_cut_off(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its time is over, its call is ended from outside, and its place is free."""
    monkeypatch.setattr(servicers, "STREAM_S", 0.0)
    monkeypatch.setattr(servicers, "_GRACE_S", 0.05)
    look(running, NEAR)
    context = UnreadContext()
    servicer = AlertServicer(running.board, running.intake, AnyCaller("operator"))
    stream = servicer.FollowAlerts(pb.FollowAlertsRequest(), context)
    assert next(stream).alert.kind == LIMIT_NEAR
    assert context.cancelled.wait(10)


def test_operator_notes_on_alerts(running: Running) -> None:
    """A note needs a key and the token of the operator; parties see it with the alert."""
    look(running, NEAR)
    note = pb.AlertNote(network_id=NETWORK, number=1, raised_us=NOW_US, note="called them", decided_us=NOW_US)
    signed = sign_document(dsse.ALERT_NOTE, note, CHECKER.key)
    request = pb.AcknowledgeAlertRequest(note=signed)
    with pytest.raises(grpc.RpcError) as error:
        call(running, "AcknowledgeAlert", request, "grocer")
    refused = from_rpc_error(error.value)
    assert isinstance(refused, Refused)
    assert "may not acknowledge alerts" in refused.message
    noted = call(running, "AcknowledgeAlert", request, "operator").alert
    assert noted.acknowledgements[0].note == signed
    own = pb.AcknowledgeAlertRequest(note=sign_document(dsse.ALERT_NOTE, note, KEYS["grocer"]))
    with pytest.raises(grpc.RpcError):
        call(running, "AcknowledgeAlert", own, "operator")
    (seen,) = call(running, "ListAlerts", pb.ListAlertsRequest(), "grocer").alerts
    assert seen == noted


def test_no_method_answers_without_a_token(running: Running) -> None:
    """Every method of the service wants to know who asks."""
    for method in ("ListAlerts", "AcknowledgeAlert"):
        with pytest.raises(grpc.RpcError) as error:
            running.call(method, getattr(pb, f"{method}Request")(), stub=AlertServiceStub)
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
    with running.channel() as channel, pytest.raises(grpc.RpcError, match="UNAUTHENTICATED"):
        next(AlertServiceStub(channel).FollowAlerts(pb.FollowAlertsRequest(), timeout=5))
