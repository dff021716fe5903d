"""Alerts and what people noted on them, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from coalition import dsse
from coalition.documents import open_document
from coalition.errors import Refused
from coalition.v1 import settlement_alerts_pb2 as pb
from coalition.wire import encode
from partner_sdk._errors import ProofInvalid
from partner_sdk._moments import moment_of


class AlertKind(StrEnum):
    """What an alert is about."""

    LIMIT_NEAR = "limit_near"
    LIMIT_REACHED = "limit_reached"
    PACK_LOW = "pack_low"
    PACK_EMPTY = "pack_empty"
    DIFFERENCES_OPEN = "differences_open"
    PAYMENT_OVERDUE = "payment_overdue"
    CONCENTRATION = "concentration"
    DISPUTE_DUE = "dispute_due"
    DISPUTE_LATE = "dispute_late"
    JOURNAL_BEHIND = "journal_behind"
    JOURNAL_STOPPED = "journal_stopped"
    WINDOW_DUE = "window_due"


class AlertSeverity(StrEnum):
    """How bad it is."""

    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def number(self) -> pb.AlertSeverity.ValueType:
        """As on the wire; what is worse is higher."""
        return pb.AlertSeverity.Value(f"ALERT_SEVERITY_{self.name}")


@dataclass(frozen=True, slots=True)
class AlertNote:
    """What a person of the operator noted on an alert."""

    text: str
    decided_at: datetime
    recorded_at: datetime
    #: 32 bytes; the signature by it was checked, whose key it is was not.
    public_key: bytes = field(repr=False)
    #: The serialised SignedDocument, to store or to pass on.
    signed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that needs somebody's attention, or did."""

    #: In the order in which the service noticed them, from 1.
    number: int
    kind: AlertKind
    severity: AlertSeverity
    #: Whom it is about; None where it is about no party.
    party_id: str | None
    #: None where it is about no window.
    window: int | None
    #: A dispute's, a run's or a reconciliation's id, or a payment's reference; None for nothing of these.
    subject_id: str | None
    #: What is the matter, and what to do.
    text: str
    #: Each name ends in its unit: `outstanding_points`.
    figures: Mapping[str, int]
    #: Since when.
    raised_at: datetime
    #: None while it lasts.
    ended_at: datetime | None
    notes: tuple[AlertNote, ...]
    #: Counts every change of any alert; `follow_alerts` goes on after it.
    change: int

    @property
    def lasts(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None


def alert_of(message: pb.Alert) -> Alert:
    """The alert in a message. Raises ProofInvalid for a note whose signature is wrong."""
    return Alert(
        number=message.number,
        kind=AlertKind[pb.AlertKind.Name(message.kind).removeprefix("ALERT_KIND_")],
        severity=AlertSeverity[pb.AlertSeverity.Name(message.severity).removeprefix("ALERT_SEVERITY_")],
        party_id=message.party_id or None,
        window=message.window or None,
        subject_id=message.subject_id or None,
        text=message.text,
        figures=MappingProxyType({figure.name: figure.value for figure in message.figures}),
        raised_at=moment_of(message.raised_us),
        ended_at=moment_of(message.ended_us) if message.ended_us else None,
        notes=tuple(map(_note_of, message.acknowledgements)),
        change=message.change,
    )


def _note_of(message: pb.AlertAcknowledgement) -> AlertNote:
    try:
        note = open_document(pb.AlertNote, dsse.ALERT_NOTE, message.note, "note")
    except Refused as refused:
        raise ProofInvalid(f"The settlement service shows a note that nobody signed: {refused.message}") from refused
    return AlertNote(
        text=note.note,
        decided_at=moment_of(note.decided_us),
        recorded_at=moment_of(message.recorded_us),
        public_key=message.note.signature.public_key,
        signed=encode(message.note),
    )
