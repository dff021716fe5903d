"""The typed result of a transaction, told from its own bytes: it needs no memory of the call that made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final, TypeVar

from coalition.v1 import outcome_pb2
from coalition.v1.transaction_pb2 import Transaction
from partner_sdk._moments import moment_of
from partner_sdk._outcomes import (
    DonateResult,
    EnrolResult,
    HoldResult,
    IssueResult,
    Outcome,
    PledgeResult,
    PointsResult,
    RedeemResult,
    ReverseResult,
    TransferResult,
    original_of,
    outcome_of,
)
from partner_sdk._vocabulary import Kind

R = TypeVar("R", bound=Outcome)


def result_of(transaction: Transaction, message: outcome_pb2.Outcome, *, replayed: bool = False) -> Outcome:
    """The result of an accepted transaction, of its kind's own class; the plain outcome of a rejected one."""
    kind = Kind(transaction.WhichOneof("kind") or "")
    outcome = outcome_of(message, kind, replayed=replayed)
    build = _RESULTS.get(kind)
    return build(getattr(transaction, kind.value), message, outcome) if build and outcome.accepted else outcome


def _extended(result: type[R], outcome: Outcome, **more: object) -> R:
    common: dict[str, Any] = {field.name: getattr(outcome, field.name) for field in fields(Outcome)}
    return result(**(common | more))


def _issue(body: Any, message: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(IssueResult, outcome, points=body.points, arrears_repaid=message.arrears_points)


def _redeem(body: Any, _: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(RedeemResult, outcome, points=body.points)


def _donate(body: Any, _: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(DonateResult, outcome, points=body.points, fund_id=body.fund_id)


def _transfer(body: Any, _: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(TransferResult, outcome, points=body.points, recipient_id=body.recipient_id)


def _hold(body: Any, _: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(HoldResult, outcome, points=body.points, expires_at=moment_of(body.expires_us))


def _capture(body: Any, _: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(PointsResult, outcome, points=body.points)


def _reverse(body: Any, message: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(
        ReverseResult,
        outcome,
        points=body.points,
        original=original_of(message.original),
        became_arrears=message.arrears_points,
    )


def _enrol(body: Any, _: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(EnrolResult, outcome, holder_id=body.holder_id)


def _pledge(_body: Any, _: outcome_pb2.Outcome, outcome: Outcome) -> Outcome:
    return _extended(PledgeResult, outcome)


_RESULTS: Final[Mapping[Kind, Callable[[Any, outcome_pb2.Outcome, Outcome], Outcome]]] = {
    Kind.ISSUE: _issue,
    Kind.REDEEM: _redeem,
    Kind.DONATE: _donate,
    Kind.TRANSFER: _transfer,
    Kind.HOLD: _hold,
    Kind.CAPTURE: _capture,
    Kind.REVERSE: _reverse,
    Kind.ENROL: _enrol,
    Kind.PLEDGE: _pledge,
}
