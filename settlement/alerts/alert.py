"""What an alert is: one thing that needs somebody's attention, as long as it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from coalition.v1 import settlement_alerts_pb2 as pb
from coalition.v1.settlement_alerts_pb2 import AlertKind, AlertSeverity

LIMIT_NEAR: Final = pb.ALERT_KIND_LIMIT_NEAR
LIMIT_REACHED: Final = pb.ALERT_KIND_LIMIT_REACHED
PACK_LOW: Final = pb.ALERT_KIND_PACK_LOW
PACK_EMPTY: Final = pb.ALERT_KIND_PACK_EMPTY
DIFFERENCES_OPEN: Final = pb.ALERT_KIND_DIFFERENCES_OPEN
PAYMENT_OVERDUE: Final = pb.ALERT_KIND_PAYMENT_OVERDUE
CONCENTRATION: Final = pb.ALERT_KIND_CONCENTRATION
DISPUTE_DUE: Final = pb.ALERT_KIND_DISPUTE_DUE
DISPUTE_LATE: Final = pb.ALERT_KIND_DISPUTE_LATE
JOURNAL_BEHIND: Final = pb.ALERT_KIND_JOURNAL_BEHIND
JOURNAL_STOPPED: Final = pb.ALERT_KIND_JOURNAL_STOPPED
WINDOW_DUE: Final = pb.ALERT_KIND_WINDOW_DUE

WARNING: Final = pb.ALERT_SEVERITY_WARNING
CRITICAL: Final = pb.ALERT_SEVERITY_CRITICAL

#: How bad each kind is; it follows from the kind, so that an alert that gets worse is another one.
SEVERITIES: Final[Mapping[int, AlertSeverity.ValueType]] = {
    LIMIT_NEAR: WARNING,
    LIMIT_REACHED: CRITICAL,
    PACK_LOW: WARNING,
    PACK_EMPTY: CRITICAL,
    DIFFERENCES_OPEN: WARNING,
    PAYMENT_OVERDUE: CRITICAL,
    CONCENTRATION: WARNING,
    DISPUTE_DUE: WARNING,
    DISPUTE_LATE: CRITICAL,
    JOURNAL_BEHIND: WARNING,
    JOURNAL_STOPPED: CRITICAL,
    WINDOW_DUE: WARNING,
}
#: Not told to the party that they are about, for they say something of others: here, what everybody owes.
OPERATORS_ONLY: Final = frozenset({CONCENTRATION})


class About(NamedTuple):
    """What makes an alert this one: as long as it lasts, there is no second one about the same."""

    kind: AlertKind.ValueType
    #: Empty where it is about no party.
    party_id: str = ""
    #: 0 where it is about no window.
    window: int = 0
    #: UUID text, or a payment's reference; empty where it is about nothing else.
    subject_id: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that needs attention now."""

    about: About
    #: What is the matter, and what to do.
    text: str
    #: Each name ends in its unit.
    figures: tuple[tuple[str, int], ...] = ()
    #: Since when, where what it is about says so; 0: since it was noticed.
    since_us: int = 0

    @property
    def severity(self) -> AlertSeverity.ValueType:
        """How bad it is."""
        return SEVERITIES[self.about.kind]


def kind_name(kind: AlertKind.ValueType) -> str:
    """`LIMIT_NEAR` for ALERT_KIND_LIMIT_NEAR."""
    return pb.AlertKind.Name(kind).removeprefix("ALERT_KIND_")


def severity_name(severity: AlertSeverity.ValueType) -> str:
    """`WARNING` for ALERT_SEVERITY_WARNING."""
    return pb.AlertSeverity.Name(severity).removeprefix("ALERT_SEVERITY_")
