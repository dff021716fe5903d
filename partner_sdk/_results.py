"""The typed result of a transaction, told from its own bytes: it needs no memory of the call that made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

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
    is_rejected,
    original_of,
    outcome_of,
)
from partner_sdk._vocabulary import Kind

#: What the class of an accepted transaction's result has beside an Outcome's values, from its body and its outcome.
_More: TypeAlias = Callable[[Any, outcome_pb2.Outcome], dict[str, object]]


def result_of(transaction: Transaction, message: outcome_pb2.Outcome, *, replayed: bool = False) -> Outcome:
    """The result of an accepted transaction, of its kind's own class; the plain outcome of a rejected one."""
    kind = Kind(transaction.WhichOneof("kind") or "")
    if is_rejected(message) or kind not in _RESULTS:
        return outcome_of(Outcome, message, kind, replayed=replayed)
    result, more = _RESULTS[kind]
    return outcome_of(result, message, kind, replayed=replayed, **more(getattr(transaction, kind), message))


def _issue(body: Any, message: outcome_pb2.Outcome) -> dict[str, object]:
    return {"points": body.points, "arrears_repaid": message.arrears_points}


def _points(body: Any, _: outcome_pb2.Outcome) -> dict[str, object]:
    return {"points": body.points}


def _donate(body: Any, _: outcome_pb2.Outcome) -> dict[str, object]:
    return {"points": body.points, "fund_id": body.fund_id}


def _transfer(body: Any, _: outcome_pb2.Outcome) -> dict[str, object]:
    return {"points": body.points, "recipient_id": body.recipient_id}


def _hold(body: Any, _: outcome_pb2.Outcome) -> dict[str, object]:
    return {"points": body.points, "expires_at": moment_of(body.expires_us)}


def _reverse(body: Any, message: outcome_pb2.Outcome) -> dict[str, object]:
    original, became_arrears = original_of(message.original), message.arrears_points
    return {"points": body.points, "original": original, "became_arrears": became_arrears}


def _enrol(body: Any, _: outcome_pb2.Outcome) -> dict[str, object]:
    return {"holder_id": body.holder_id}


def _pledge(_body: Any, _: outcome_pb2.Outcome) -> dict[str, object]:
    return {}


_RESULTS: Final[Mapping[Kind, tuple[type[Outcome], _More]]] = {
    Kind.ISSUE: (IssueResult, _issue),
    Kind.REDEEM: (RedeemResult, _points),
    Kind.DONATE: (DonateResult, _donate),
    Kind.TRANSFER: (TransferResult, _transfer),
    Kind.HOLD: (HoldResult, _hold),
    Kind.CAPTURE: (PointsResult, _points),
    Kind.REVERSE: (ReverseResult, _reverse),
    Kind.ENROL: (EnrolResult, _enrol),
    Kind.PLEDGE: (PledgeResult, _pledge),
}
