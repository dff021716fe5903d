"""What the hub does by itself: releases holds that timed out, expires points past their date, gives what is pledged.

Each is a transaction of the hub in the journal. Ids follow from what is to be done, so that two hubs that sweep at once
do it once, and the same state always leads to the same transactions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import structlog

from coalition.calendar import add_days
from coalition.clock import US_PER_S, Clock
from coalition.envelope import open_envelope, seal
from coalition.errors import Refused, reason_name
from coalition.ids import derived_id
from coalition.keys import SigningKey
from coalition.v1 import error_pb2, outcome_pb2
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Donate, Expire, Release, Transaction
from coalition.wire import encode
from network.journal.writing import Writes
from network.ledger.state import Reference
from network.views import DueHold, DuePledge, Reads, Swept

#: Transactions in one envelope; holders in one Expire.
_BATCH: Final = 500
_HOLDERS_MAX: Final = 1_000
_LIFETIME_US: Final = 3_600 * US_PER_S
_ANSWER_S: Final = 60.0
#: How often a sweep begins anew because another hub was faster.
_ROUNDS_MAX: Final = 5
#: How often one thing is tried before it is left alone.
_TRIES_MAX: Final = 20

#: A donation that was rejected for one of these may be accepted another time: the state had changed since it was looked
#: at. Any other reason stands.
_PASSING: Final = frozenset(
    {error_pb2.REASON_INSUFFICIENT_POINTS, error_pb2.REASON_PLEDGE_EXCEEDED, error_pb2.REASON_TRANSACTION_LIMIT}
)

_log = structlog.stdlib.get_logger("network.steward")


class _Done(NamedTuple):
    """What became of transactions just now; those that another hub had committed are neither."""

    accepted: list[Outcome]
    rejected: int


class Steward:
    """Sweeps. Blocks while it does; one sweep at a time."""

    def __init__(
        self,
        *,
        network_id: str,
        hub_id: str,
        key: SigningKey,
        clock: Clock,
        reads: Reads,
        reference: Callable[[], Reference],
        writer: Writes,
    ) -> None:
        self._network_id = network_id
        self._hub_id = hub_id
        self._key = key
        self._clock = clock
        self._reads = reads
        self._reference = reference
        self._writer = writer
        self._one_at_a_time = threading.Lock()

    def sweep(self) -> Swept:
        """Do everything that is due, and return when it is committed.

        Raises Refused when the writer takes nothing: OVERLOADED, SHUTTING_DOWN.
        """
        with self._one_at_a_time:
            released = self._again_if_overtaken(self._release)
            expired = self._again_if_overtaken(self._expire)
            donated = self._again_if_overtaken(self._donate)
            swept = Swept(released, expired, donated, self._reads.tip().sequence)
        if released or expired or donated:
            _log.info("swept", **swept._asdict())
        return swept

    def _again_if_overtaken(self, work: Callable[[], int]) -> int:
        """Another hub may do the same with other figures; then look again at what is left to do."""
        for _ in range(_ROUNDS_MAX):
            try:
                return work()
            except Refused as refused:
                if refused.reason != error_pb2.REASON_ID_CONFLICT:
                    raise
                _log.info("overtaken", work=work.__name__)
        return 0

    def _release(self) -> int:
        released = 0
        after: DueHold | None = None
        now_us = self._clock()
        while due := self._reads.due_holds(now_us, after, _BATCH):
            after = due[-1]
            ids = self._unused([derived_id("release", hold.acceptor, hold.hold_id) for hold in due], passing=None)
            transactions = [
                Transaction(transaction_id=ids[first], release=Release(hold_id=hold.hold_id, acceptor=hold.acceptor))
                for hold in due
                if (first := derived_id("release", hold.acceptor, hold.hold_id)) in ids
            ]
            released += len(self._submit(transactions).accepted)
        return released

    def _expire(self) -> int:
        expired = 0
        today = self._today()
        through = add_days(today, -1)
        while holder_ids := self._reads.due_holders(today, _HOLDERS_MAX):
            observed = str(self._reads.tip().sequence)
            transaction = Transaction(
                transaction_id=derived_id("expire", through, observed, *holder_ids),
                expire=Expire(through=through, holder_ids=holder_ids),
            )
            done = self._submit([transaction])
            expired += _points(done.accepted)
            if done.rejected:
                # Trying again at once would lead to the same; the next sweep looks again.
                break
        return expired

    def _donate(self) -> int:
        donated = 0
        today = self._today()
        most = self._reference().policy(today).transaction_points_max
        after: tuple[str, bytes] | None = ("", b"")
        while after is not None:
            page = self._reads.due_pledges(today, after, _BATCH)
            after = page.after
            firsts = {pledge: _first_id(pledge) for pledge in page.pledges}
            ids = self._unused(list(firsts.values()), passing=_PASSING)
            transactions = [
                Transaction(
                    transaction_id=ids[firsts[pledge]],
                    donate=Donate(
                        holder_id=pledge.holder_id,
                        fund_id=pledge.fund_id,
                        points=points,
                        pledge_id=pledge.pledge_id,
                    ),
                )
                for pledge, points in _shares(page.pledges, most)
                if firsts[pledge] in ids
            ]
            donated += _points(self._submit(transactions).accepted)
        return donated

    def _today(self) -> str:
        return self._reference().calendar().day(self._clock())

    def _unused(self, firsts: Sequence[bytes], passing: frozenset[int] | None) -> Mapping[bytes, bytes]:
        """For each first id the next one in its chain that the journal does not hold.

        What was rejected before is tried again under the next id if its reason is `passing` (None: any), else left out.
        """
        unused = {first: first for first in firsts}
        waiting = list(firsts)
        for _ in range(_TRIES_MAX):
            known = self._reads.outcomes(self._hub_id, [unused[first] for first in waiting])
            waiting = [first for first in waiting if unused[first] in known]
            for first in tuple(waiting):
                outcome = Outcome.FromString(known[unused[first]])
                if _may_pass(outcome, passing):
                    unused[first] = derived_id("again", unused[first])
                else:
                    waiting.remove(first)
                    del unused[first]
            if not waiting:
                return unused
        for first in waiting:
            _log.error("given up", transaction_id=first.hex(), tries=_TRIES_MAX)
            del unused[first]
        return unused

    def _submit(self, transactions: Sequence[Transaction]) -> _Done:
        """Commit transactions in one envelope."""
        if not transactions:
            return _Done([], 0)
        now_us = self._clock()
        envelope = open_envelope(
            seal(
                [encode(transaction) for transaction in transactions],
                network_id=self._network_id,
                author=self._hub_id,
                keys=[self._key],
                created_us=now_us,
                expires_us=now_us + _LIFETIME_US,
            )
        )
        response = self._writer.submit(envelope).result(_ANSWER_S)
        done = _Done([], 0)
        for position, raw in enumerate(response.outcomes):
            outcome = Outcome.FromString(raw)
            if position in response.replayed:
                continue
            if outcome.status == outcome_pb2.OUTCOME_STATUS_ACCEPTED:
                done.accepted.append(outcome)
            else:
                done = done._replace(rejected=done.rejected + 1)
                _log.warning("rejected", sequence=outcome.sequence, reason=reason_name(outcome.reason))
        return done


def _first_id(pledge: DuePledge) -> bytes:
    return derived_id("pledge", pledge.holder_id, pledge.pledge_id, str(pledge.donated_points))


def _may_pass(outcome: Outcome, passing: frozenset[int] | None) -> bool:
    if outcome.status == outcome_pb2.OUTCOME_STATUS_ACCEPTED:
        return False
    return passing is None or outcome.reason in passing


def _shares(pledges: Sequence[DuePledge], most: int) -> Iterable[tuple[DuePledge, int]]:
    """What each pledge gives: what is due, as far as its holder has it and one transaction may move it."""
    left = {pledge.holder_id: pledge.available_points for pledge in pledges}
    for pledge in pledges:
        points = min(pledge.due_points, left[pledge.holder_id], most)
        left[pledge.holder_id] -= points
        if points:
            yield pledge, points


def _points(outcomes: Iterable[Outcome]) -> int:
    return sum(allocation.points for outcome in outcomes for allocation in outcome.allocations)
