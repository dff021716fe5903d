"""AlertService: what lasts, what changes, and notes. A party sees alerts about itself; operator and auditors all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

import grpc

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_alerts_pb2 as pb
from coalition.v1.envelope_pb2 import Signature, SignedDocument
from coalition.v1.settlement_alerts_pb2_grpc import AlertServiceServicer, add_AlertServiceServicer_to_server
from settlement.alerts.alert import OPERATORS_ONLY
from settlement.alerts.board import Board
from settlement.intake import Intake
from settlement.rpc.access import Caller, Gatekeeper
from settlement.rpc.downloads import cut_off
from settlement.rpc.server import Offer
from settlement.store.alerts import AlertEvent, KeptNote

#: Alerts in one answer.
PAGE_MAX: Final = 500
#: Streams at once; each holds a thread.
FOLLOWERS_MAX: Final = 6
#: The same for one party, so that none can keep the others out.
FOLLOWERS_PER_PARTY_MAX: Final = 2
#: A list is not older than this.
_FRESH_S: Final = 0.25
#: How long a stream lasts: whoever follows shows anew who it is.
STREAM_S: Final = 600.0
#: How often a stream without news looks whether anybody is there.
_IDLE_S: Final = 1.0
#: How long a caller that has stopped reading is waited for when the stream should have ended.
_GRACE_S: Final = 5.0
_NAME: Final = pb.DESCRIPTOR.services_by_name["AlertService"].full_name


def alerts_offer(board: Board, intake: Intake, gatekeeper: Gatekeeper) -> Offer:
    """The service, for a server."""
    servicer = AlertServicer(board, intake, gatekeeper)
    return Offer(_NAME, lambda server: add_AlertServiceServicer_to_server(servicer, server))


class AlertServicer(AlertServiceServicer):
    """Answers over the network what the Board knows."""

    def __init__(self, board: Board, intake: Intake, gatekeeper: Gatekeeper) -> None:
        self._board = board
        self._intake = intake
        self._gatekeeper = gatekeeper
        self._followers = _Places()

    def ListAlerts(self, request: pb.ListAlertsRequest, context: grpc.ServicerContext) -> pb.ListAlertsResponse:
        caller = self._gatekeeper.caller(context)
        size = min(request.page_size or PAGE_MAX, PAGE_MAX)
        self._board.update(_FRESH_S)
        if request.ended_too:
            events = self._board.newest(size, None if caller.sees_all else caller.party_id)
        else:
            events = tuple(event for event in self._board.lasting() if _sees(caller, event))[:size]
        return pb.ListAlertsResponse(alerts=map(alert_message, events))

    def FollowAlerts(
        self, request: pb.FollowAlertsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.FollowAlertsResponse]:
        caller = self._gatekeeper.caller(context)
        # The stream ends by itself, but not while its caller does not read.
        with self._followers.place(caller.party_id), cut_off(context, STREAM_S + _GRACE_S):
            yield from self._follow(request.after_change, caller, context)

    def AcknowledgeAlert(
        self, request: pb.AcknowledgeAlertRequest, context: grpc.ServicerContext
    ) -> pb.AcknowledgeAlertResponse:
        caller = self._gatekeeper.caller(context)
        caller.require_operator("acknowledge alerts")
        network_id, keys = self._intake.network_id, self._intake.directory.keys_of(caller.party_id)
        event = self._board.acknowledge(request.note, network_id, keys)
        return pb.AcknowledgeAlertResponse(alert=alert_message(event))

    def _follow(self, change: int, caller: Caller, context: grpc.ServicerContext) -> Iterator[pb.FollowAlertsResponse]:
        end_s = time.monotonic() + STREAM_S
        if not change:
            self._board.update(_FRESH_S)
            lasting, change = self._board.snapshot()
            yield from _visible(lasting, caller)
        while time.monotonic() < end_s and context.is_active():
            events = self._board.changes(change)
            yield from _visible(events, caller)
            if events:
                change = events[-1].change
            elif not self._board.wait(_IDLE_S):
                raise Refused(
                    error_pb2.REASON_SHUTTING_DOWN, "The settlement service is about to end. Follow on later."
                )


class _Places:
    """Places for those who follow."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, party_id: str) -> Iterator[None]:
        """Hold a place. Raises Refused with OVERLOADED when there is none."""
        with self._lock:
            if self._taken[party_id] >= FOLLOWERS_PER_PARTY_MAX or self._taken.total() >= FOLLOWERS_MAX:
                raise Refused(
                    error_pb2.REASON_OVERLOADED,
                    f"At most {FOLLOWERS_PER_PARTY_MAX} of a party, and {FOLLOWERS_MAX} altogether, follow alerts at "
                    "once. List them now and again instead, or end another stream.",
                    {"limit": str(FOLLOWERS_MAX), "party_limit": str(FOLLOWERS_PER_PARTY_MAX)},
                )
            self._taken[party_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[party_id] -= 1


def alert_message(event: AlertEvent) -> pb.Alert:
    """An alert as it is now."""
    alert = event.alert
    return pb.Alert(
        number=event.number,
        kind=alert.about.kind,
        severity=alert.severity,
        party_id=alert.about.party_id,
        window=alert.about.window,
        subject_id=alert.about.subject_id,
        text=alert.text,
        figures=[pb.AlertFigure(name=name, value=value) for name, value in alert.figures],
        raised_us=event.raised_us,
        ended_us=event.ended_us,
        acknowledgements=map(_note, event.notes),
        change=event.change,
    )


def _visible(events: Iterable[AlertEvent], caller: Caller) -> Iterator[pb.FollowAlertsResponse]:
    return (pb.FollowAlertsResponse(alert=alert_message(event)) for event in events if _sees(caller, event))


def _sees(caller: Caller, event: AlertEvent) -> bool:
    about = event.alert.about
    return caller.sees_all or (about.kind not in OPERATORS_ONLY and caller.sees(about.party_id))


def _note(note: KeptNote) -> pb.AlertAcknowledgement:
    signature = Signature(public_key=note.public_key, signature=note.signature)
    signed = SignedDocument(document=note.document, signature=signature)
    return pb.AlertAcknowledgement(note=signed, recorded_us=note.recorded_us)
