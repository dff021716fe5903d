"""What the ledger decided, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar

from coalition.errors import reason_name
from coalition.ids import id_text
from coalition.v1 import outcome_pb2
from coalition.v1.error_pb2 import Reason
from partner_sdk._errors import Rejection
from partner_sdk._moments import day_of, moment_of
from partner_sdk._rejections import rejection
from partner_sdk._vocabulary import Kind, kind_of

_NO_FACTS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Allocation:
    """Points of one issuer with one expiry that a transaction filled or consumed."""

    issuer: str
    #: Last day on which they may be spent; None: never expires.
    expires_on: date | None
    points: int


@dataclass(frozen=True, slots=True)
class Balance:
    """A holder's points after a transaction."""

    holder_id: str
    #: May be spent now.
    available: int
    #: Not spendable yet.
    pending: int
    #: Set aside by holds.
    held: int
    #: Owed to issuers after reversed purchases; the next issues repay it.
    arrears: int


@dataclass(frozen=True, slots=True)
class Original:
    """The transaction that a reversal undid."""

    kind: Kind
    sequence: int
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the ledger decided about a transaction, covered by the hub's verified receipt."""

    #: UUID text.
    transaction_id: str
    kind: Kind
    #: Position in the journal, from 1.
    sequence: int
    #: Commit time, in UTC.
    committed_at: datetime
    #: Whether it had been committed before this call, which was then answered with the first outcome.
    replayed: bool = False
    #: Which lots the transaction filled or consumed.
    allocations: tuple[Allocation, ...] = ()
    #: The holder's balance afterwards; None where the kind has no single holder, or the transaction was rejected.
    balance: Balance | None = None
    #: The protocol's reason when it was rejected: `INSUFFICIENT_POINTS`; None when it was accepted.
    reason: str | None = None
    #: The figures behind the reason.
    facts: Mapping[str, str] = field(default_factory=lambda: _NO_FACTS)

    @property
    def accepted(self) -> bool:
        """Whether it took effect; a rejected transaction changes nothing, for ever."""
        return self.reason is None

    @property
    def error(self) -> Rejection | None:
        """The exception that says why it was rejected; None when it was accepted."""
        return None if self.reason is None else rejection(self.reason, self.facts, self)

    def raise_for_rejection(self) -> None:
        """Raises the Rejection, if there is one."""
        error = self.error
        if error is not None:
            raise error


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsResult(Outcome):
    """An accepted transaction that moved points of a holder."""

    points: int
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueResult(PointsResult):
    """Points were issued."""

    #: How many of them repaid arrears instead of filling a lot.
    arrears_repaid: int

    @property
    def expires_on(self) -> date | None:
        """Last day on which the new points may be spent; None: never, or all of them repaid arrears."""
        return self.allocations[0].expires_on if self.allocations else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemResult(PointsResult):
    """Points were redeemed; `allocations` say whose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DonateResult(PointsResult):
    """Points went to a fund."""

    fund_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferResult(PointsResult):
    """Points went to another member."""

    recipient_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldResult(PointsResult):
    """Points are set aside until they are captured or released, or the hold expires."""

    #: From this moment on the hold cannot be captured.
    expires_at: datetime

    @property
    def hold_id(self) -> str:
        """The id to capture or release with: the transaction's own."""
        return self.transaction_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseResult(PointsResult):
    """An issue or a redemption was undone, in part or whole."""

    original: Original
    #: Of an issue: points that the holder no longer had, and now owes.
    became_arrears: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolResult(Outcome):
    """An account was opened."""

    holder_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeResult(Outcome):
    """A standing consent was recorded."""

    @property
    def pledge_id(self) -> str:
        """The id to revoke it with: the transaction's own."""
        return self.transaction_id


R = TypeVar("R", bound=Outcome)


def outcome_of(result: type[R], message: outcome_pb2.Outcome, kind: Kind, *, replayed: bool = False, **more: Any) -> R:
    """The outcome in a message whose bytes have been verified, as a `result`, with the values that this class adds."""
    values: dict[str, Any] = {
        "transaction_id": id_text(message.transaction_id),
        "kind": kind,
        "sequence": message.sequence,
        "committed_at": moment_of(message.committed_us),
        "replayed": replayed,
        "allocations": tuple(
            [Allocation(item.issuer, day_of(item.expires_on), item.points) for item in message.allocations]
        ),
        "balance": balance_of(message.balance) if message.HasField("balance") else None,
        "reason": _reason(message.reason) if is_rejected(message) else None,
        "facts": MappingProxyType({fact.name: fact.value for fact in message.facts}) if message.facts else _NO_FACTS,
    }
    return result(**values, **more)


def is_rejected(message: outcome_pb2.Outcome) -> bool:
    """Whether the transaction did not take effect."""
    return message.status == outcome_pb2.OUTCOME_STATUS_REJECTED


def _reason(number: Reason.ValueType) -> str:
    return reason_name(number) if number in Reason.values() else f"REASON_{number}"


def balance_of(message: outcome_pb2.Balance) -> Balance:
    """The balance in a message."""
    return Balance(
        holder_id=message.holder_id,
        available=message.available_points,
        pending=message.pending_points,
        held=message.held_points,
        arrears=message.arrears_points,
    )


def original_of(message: outcome_pb2.Original) -> Original:
    """The reversed transaction in a message."""
    return Original(kind_of(message.kind), message.sequence, moment_of(message.committed_us))
