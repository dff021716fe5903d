"""Transactions that are collected first and sent together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, cast

from partner_sdk import _funding_drafts, _holder_drafts, _points_drafts
from partner_sdk._draft import Draft, R_co
from partner_sdk._errors import CoalitionError
from partner_sdk._methods import present_as
from partner_sdk._outcomes import Outcome
from partner_sdk._sealed import Prepared, in_parts, seal_one
from partner_sdk._session import Session
from partner_sdk._steps import Steps

P = ParamSpec("P")
R = TypeVar("R", bound=Outcome)


class Pending(Generic[R_co]):
    """A transaction of a batch. It has its id from the start, and its outcome once the batch was sent."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        #: UUID text; store it before the batch is sent if you may have to ask for it later.
        self.transaction_id: Final = prepared.transaction_id
        self._outcome: Outcome | None = None
        self._error: CoalitionError | None = None

    @property
    def outcome(self) -> Outcome | None:
        """What was decided, accepted or rejected; None before the batch was sent, or when its envelope failed."""
        return self._outcome

    @property
    def error(self) -> CoalitionError | None:
        """Why there is no result: the Rejection, or what its envelope failed with; None when it was accepted."""
        return self._error

    def result(self) -> R_co:
        """The result. Raises the Rejection, or what its envelope failed with; RuntimeError before it was sent."""
        if self._error is not None:
            raise self._error
        if self._outcome is None:
            raise RuntimeError("This transaction was not sent: leave the batch's with block, or call send(), first.")
        # The result's class follows from the kind, and the draft's type says the same.
        return cast(R_co, self._outcome)

    def _settle(self, outcome: Outcome) -> None:
        self._outcome, self._error = outcome, outcome.error

    def _fail(self, error: CoalitionError) -> None:
        self._error = error


def _collecting(build: Callable[P, Draft[R]]) -> Callable[Concatenate[Collected, P], Pending[R]]:
    def method(self: Collected, /, *args: P.args, **kwargs: P.kwargs) -> Pending[R]:
        return self.add(build(*args, **kwargs))

    return present_as(method, build, leading=0, result="Pending[{}]")


class Collected:
    """The drafts of a batch, in the order in which they are applied."""

    def __init__(self, session: Session, *, atomic: bool) -> None:
        self._session = session
        self._atomic = atomic
        self._pending: list[Pending[Any]] = []

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def pending(self) -> tuple[Pending[Any], ...]:
        """Everything collected, in order."""
        return tuple(self._pending)

    def add(self, draft: Draft[R]) -> Pending[R]:
        """Collect a draft. Raises FieldInvalid and the like at once, before anything is sent."""
        pending: Pending[R] = Pending(self._session.prepare(draft))
        self._pending.append(pending)
        return pending

    issue = _collecting(_points_drafts.issue)
    redeem = _collecting(_points_drafts.redeem)
    donate = _collecting(_points_drafts.donate)
    transfer = _collecting(_points_drafts.transfer)
    hold = _collecting(_points_drafts.hold)
    capture = _collecting(_points_drafts.capture)
    release = _collecting(_points_drafts.release)
    reverse = _collecting(_points_drafts.reverse)
    enrol = _collecting(_holder_drafts.enrol)
    add_key = _collecting(_holder_drafts.add_key)
    remove_key = _collecting(_holder_drafts.remove_key)
    set_alias = _collecting(_holder_drafts.set_alias)
    close_holder = _collecting(_holder_drafts.close_holder)
    pledge = _collecting(_holder_drafts.pledge)
    revoke_pledge = _collecting(_holder_drafts.revoke_pledge)
    order_pack = _collecting(_funding_drafts.order_pack)

    def _steps(self) -> Steps[tuple[Outcome, ...]]:
        """Send what was collected: one envelope when atomic, as few as it fits into otherwise."""
        waiting = [pending for pending in self._pending if pending.outcome is None]
        if not waiting:
            return ()
        prepared = [pending._prepared for pending in waiting]
        parts = [prepared] if self._atomic else list(in_parts(prepared))
        in_order = iter(waiting)
        outcomes: list[Outcome] = []
        for part in parts:
            sent = [next(in_order) for _ in part]
            try:
                sealed = seal_one(self._session.connection, part, atomic=self._atomic)
                decided = yield from self._session.submit_sealed(sealed)
            except CoalitionError as error:
                for pending in sent:
                    pending._fail(error)
                raise
            for pending, outcome in zip(sent, decided, strict=True):
                pending._settle(outcome)
            outcomes += decided
        return tuple(outcomes)
