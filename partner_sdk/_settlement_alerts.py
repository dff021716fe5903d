"""What needs somebody's attention: listed, followed, acknowledged."""

from __future__ import annotations

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import settlement_alerts_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._alert_models import Alert, alert_of
from partner_sdk._moments import microseconds_of
from partner_sdk._session import Session
from partner_sdk._steps import Emit, Flow, Steps
from partner_sdk._stream_reader import StreamReader


def alerts(session: Session, *, ended_too: bool = False) -> Steps[tuple[Alert, ...]]:
    """Alerts that last, the worst first; with `ended_too` up to 500, also ended ones, the newest first.

    A party sees those about itself, operator and auditors all.
    """
    response = yield from session.read(_rpc.LIST_ALERTS, pb.ListAlertsRequest(ended_too=ended_too))
    return tuple(map(alert_of, response.alerts))


def follow_alerts(session: Session, *, after_change: int = 0) -> Flow[Alert]:
    """Alerts that last, then every one that begins, is noted on or ends, as it is then. Never ends by itself.

    `after_change` is the `change` of the last alert that you have seen: only what changed since then. When the service
    has been away for longer than the client's timeout, raises a TransportError; go on from the last change.
    """
    reader = StreamReader(session, _rpc.FOLLOW_ALERTS, follow=True)
    change = after_change
    while True:
        response = yield from reader.next(pb.FollowAlertsRequest(after_change=change))
        # A stream ends after some minutes; the next one goes on where it was.
        if response is not None:
            alert = alert_of(response.alert)
            change = max(change, alert.change)
            yield Emit(alert)


def acknowledge_alert(session: Session, seen: Alert, note: str) -> Steps[Alert]:
    """As the operator, note that an alert was seen and what is being done, in 1 to 200 characters. It lasts on."""
    connection = session.connection
    message = pb.AlertNote(
        network_id=connection.network_id,
        number=seen.number,
        raised_us=microseconds_of(seen.raised_at),
        note=note,
        decided_us=connection.clock(),
    )
    signed = sign_document(dsse.ALERT_NOTE, message, connection.keys[0])
    response = yield from session.read(_rpc.ACKNOWLEDGE_ALERT, pb.AcknowledgeAlertRequest(note=signed))
    return alert_of(response.alert)
