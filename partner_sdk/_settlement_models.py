"""Windows, obligations and positions, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk._moments import moment_of
from partner_sdk._vocabulary import (
    PartyKind,
    WindowState,
    party_kind_of,
    window_state_of,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the settlement service has followed the journal."""

    #: Last entry taken in.
    sequence: int
    log_root: bytes = field(repr=False)
    #: Commit time of that entry; None before the first.
    committed_at: datetime | None
    #: What the service knows the caller as; the operator decides on runs.
    caller_kind: PartyKind
    #: The party that is the operator.
    operator: str
    #: The settlement currency, and the digits of its minor unit.
    currency: str
    currency_exponent: int


@dataclass(frozen=True, slots=True)
class Window:
    """A contiguous range of the journal that is settled together."""

    number: int
    state: WindowState
    first_sequence: int
    #: None while the window is open.
    last_sequence: int | None
    opened_at: datetime
    #: None while the window is open.
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Obligation:
    """Debtor owes creditor."""

    debtor: str
    creditor: str
    #: Points that the creditor accepted of the debtor; fees, margins and what is paid in have none.
    points: int
    #: Millionths of the settlement currency, exact.
    amount_micros: int


@dataclass(frozen=True, slots=True)
class NetPosition:
    """What one party pays or receives after netting."""

    party_id: str
    #: Millionths of the settlement currency, exact. Positive: the party receives.
    amount_micros: int
    #: Remainder carried in from earlier windows.
    carried_in_micros: int
    #: What is paid, in minor units of the currency. Positive: the party receives; negative: it pays.
    payable_minor: int
    #: What is carried into the next window: amount + carried in - payable.
    carried_out_micros: int


@dataclass(frozen=True, slots=True)
class PartyActivity:
    """What happened to points, for one party, less reversals."""

    party_id: str
    #: Points that the party issued.
    issued: int
    #: Points redeemed with the party.
    accepted: int
    #: The party's own points redeemed anywhere.
    redeemed: int
    #: The party's own points redeemed with it; they cause no obligation.
    redeemed_own: int
    #: Breakage: the party's own points that expired.
    expired: int
    #: Points donated to the party's funds.
    donated: int
    #: Gives less takes of corrections to the party's points.
    adjusted: int


@dataclass(frozen=True, slots=True)
class WindowReport:
    """A window as far as the caller may see it: a party what it is part of, operator and auditor all."""

    window: Window
    currency: str
    currency_exponent: int
    #: Gross.
    obligations: tuple[Obligation, ...]
    #: Each pair once, netted against each other.
    bilateral: tuple[Obligation, ...]
    #: Every party against all others.
    positions: tuple[NetPosition, ...]
    activity: tuple[PartyActivity, ...]


def progress_of(message: pb.GetProgressResponse) -> Progress:
    """The progress in an answer."""
    committed_at = moment_of(message.committed_us) if message.committed_us else None
    return Progress(
        sequence=message.sequence,
        log_root=message.log_root,
        committed_at=committed_at,
        caller_kind=party_kind_of(message.caller_kind),
        operator=message.operator,
        currency=message.currency,
        currency_exponent=message.currency_exponent,
    )


def window_of(message: pb.Window) -> Window:
    """The window in a message."""
    return Window(
        number=message.number,
        state=window_state_of(message.state),
        first_sequence=message.first_sequence,
        last_sequence=message.last_sequence or None,
        opened_at=moment_of(message.opened_us),
        closed_at=moment_of(message.closed_us) if message.closed_us else None,
    )


def report_of(message: pb.GetWindowResponse) -> WindowReport:
    """The report in an answer."""
    return WindowReport(
        window=window_of(message.window),
        currency=message.currency,
        currency_exponent=message.currency_exponent,
        obligations=tuple(map(_obligation_of, message.obligations)),
        bilateral=tuple(map(_obligation_of, message.bilateral)),
        positions=tuple(map(position_of, message.positions)),
        activity=tuple(map(_activity_of, message.activity)),
    )


def _obligation_of(message: pb.Obligation) -> Obligation:
    return Obligation(message.debtor, message.creditor, message.points, message.amount_micros)


def position_of(message: pb.NetPosition) -> NetPosition:
    """The position in a message."""
    return NetPosition(
        party_id=message.party_id,
        amount_micros=message.amount_micros,
        carried_in_micros=message.carried_in_micros,
        payable_minor=message.payable_minor,
        carried_out_micros=message.carried_out_micros,
    )


def _activity_of(message: pb.PartyActivity) -> PartyActivity:
    return PartyActivity(
        party_id=message.party_id,
        issued=message.issued_points,
        accepted=message.accepted_points,
        redeemed=message.redeemed_points,
        redeemed_own=message.redeemed_own_points,
        expired=message.expired_points,
        donated=message.donated_points,
        adjusted=message.adjusted_points,
    )
