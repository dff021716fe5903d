"""Disputes as people ask for them: raised on lines of the journal, taken a step on, read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection

from coalition.clock import US_PER_S, Clock
from coalition.errors import FieldViolation, Refused
from coalition.ids import id_text
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from settlement.clearing.directory import Network
from settlement.disputes.dispute import WITHDRAWN, Dispute, Recorded, standing
from settlement.disputes.moves import move
from settlement.disputes.rules import DisputeRules
from settlement.disputes.step import RAISE, Step, author_of, open_step
from settlement.intake import Intake
from settlement.store.database import Database
from settlement.store.disputes import (
    DisputeQuery,
    DisputeRecord,
    add_dispute,
    count_open,
    disputes_about,
    extend_dispute,
    find_dispute,
    list_disputes,
)
from settlement.store.lines import Line, lines_of_entry
from settlement.store.windows import read_window

#: A step is taken in while it is fresh, so that "when" can be believed.
STEP_AGE_MAX_US: Final = 24 * 3_600 * US_PER_S
#: How far two people's clocks may differ, in microseconds.
CLOCK_SKEW_MAX_US: Final = 300 * US_PER_S
#: So often one party may dispute a line with another one, if it withdraws in between.
LINE_MAX: Final = 3


class DisputeDesk:
    """Takes steps in and tells how disputes stand."""

    def __init__(self, database: Database, intake: Intake, clock: Clock, rules: DisputeRules) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock
        self._rules = rules

    def take(self, signed: SignedDocument, caller: str) -> DisputeRecord:
        """Record a step of `caller`; one that was recorded before gets the dispute as it is now.

        Raises Refused, and nothing has changed then.
        """
        self._intake.require_sound()
        network = self._network()
        message = author_of(signed, network.network_id)
        if message.party_id != caller:
            raise Refused(
                error_pb2.REASON_PERMISSION_DENIED,
                f"The step is one of {message.party_id!r}; {caller} may take its own steps only.",
                {"party_id": caller},
            )
        step = open_step(signed, network.network_id, self._intake.directory.keys_of(caller))
        with self._database.write() as connection:
            now_us = self._clock()
            dispute = find_dispute(connection, step.dispute_id)
            if dispute is None:
                _require_fresh(step, now_us)
                after = self._raise(connection, step, network, now_us)
            elif any(recorded.step.document == step.document for recorded in dispute.steps):
                after = dispute
            else:
                _require_side(dispute, step)
                _require_fresh(step, now_us)
                # By a clock that was set back a step would come before the one that it follows.
                now_us = max(now_us, dispute.steps[-1].recorded_us)
                after = move(dispute, step, now_us)
                extend_dispute(connection, after)
            return DisputeRecord(after, standing(after, now_us))

    def dispute(self, dispute_id: bytes, parties: Collection[str] | None) -> DisputeRecord:
        """One dispute, if one of these parties is a side of it; with None, in any case. Raises Refused: NOT_FOUND."""
        with self._database.read() as connection:
            dispute = find_dispute(connection, dispute_id)
        if dispute is None or (parties is not None and not {dispute.raiser, dispute.respondent} & set(parties)):
            raise _unknown(dispute_id)
        return DisputeRecord(dispute, standing(dispute, self._clock()))

    def disputes(self, query: DisputeQuery) -> tuple[DisputeRecord, ...]:
        """Those that match, by number."""
        with self._database.read() as connection:
            return list_disputes(connection, query, self._clock())

    def _raise(self, connection: Connection, step: Step, network: Network, now_us: int) -> Dispute:
        if step.action != RAISE:
            raise _unknown(step.dispute_id)
        window = self._disputable(connection, step, network, now_us)
        self._require_room(connection, step, now_us)
        dispute = Dispute(
            step.dispute_id, 0, window, network.operator, self._rules.deadlines, (Recorded(step, now_us),)
        )
        return add_dispute(connection, dispute)

    def _disputable(self, connection: Connection, step: Step, network: Network, now_us: int) -> int:
        """The window of the line that a claim is about, if the raiser may dispute it now."""
        claim = step.claim
        assert claim is not None, "the first step has the claim"
        mine = [
            (line.window, sides)
            for line in lines_of_entry(connection, claim.sequence)
            if step.party_id in (sides := _sides(line, network.operator))
        ]
        if not mine:
            raise Refused(
                error_pb2.REASON_NOT_FOUND,
                f"Entry {claim.sequence} has no line of {step.party_id}, as of entry "
                f"{self._intake.progress.state.sequence}. A line is found in a statement, by its entry.",
                {"sequence": str(claim.sequence)},
            )
        if not any(claim.respondent in parties for _, parties in mine):
            others = sorted(frozenset().union(*(parties for _, parties in mine)) - {step.party_id})
            text = f"must be the other side of that line: {' or '.join(others)}"
            raise Refused(
                error_pb2.REASON_FIELD_INVALID,
                f"step.claim.respondent {text}.",
                violations=(FieldViolation("step.claim.respondent", text),),
            )
        self._require_in_time(connection, mine[0][0], now_us)
        return mine[0][0]

    def _require_in_time(self, connection: Connection, number: int, now_us: int) -> None:
        window = read_window(connection, number)
        assert window is not None, "a line belongs to a window"
        if window.is_open or now_us <= self._rules.raise_due_us(window.closed_us):
            return
        raise Refused(
            error_pb2.REASON_WRONG_STATE,
            f"Window {number} was closed more than {self._rules.raise_days} days ago; its lines can be disputed no "
            "longer. Ask the operator for a correction.",
            {"window": str(number), "raise_days": str(self._rules.raise_days)},
        )

    def _require_room(self, connection: Connection, step: Step, now_us: int) -> None:
        claim = step.claim
        assert claim is not None
        earlier = disputes_about(connection, claim.sequence, step.party_id, claim.respondent)
        for other in earlier:
            if standing(other, now_us).state != WITHDRAWN:
                raise Refused(
                    error_pb2.REASON_WRONG_STATE,
                    f"{step.party_id} has disputed that line with {claim.respondent} before: "
                    f"{id_text(other.dispute_id)}. A line is disputed once.",
                    {"dispute_id": id_text(other.dispute_id)},
                )
        if len(earlier) >= LINE_MAX:
            raise Refused(
                error_pb2.REASON_WRONG_STATE,
                f"{step.party_id} has disputed that line with {claim.respondent} {len(earlier)} times and withdrawn "
                "each of them, which is the most. Ask the operator for a correction.",
                {"limit": str(LINE_MAX)},
            )
        limit = self._rules.open_max
        if count_open(connection, step.party_id, now_us) >= limit:
            raise Refused(
                error_pb2.REASON_WRONG_STATE,
                f"{step.party_id} has {limit} open disputes, which is the most. Wait for one of them to end.",
                {"limit": str(limit)},
            )

    def _network(self) -> Network:
        network = self._intake.directory.network
        if network is None:
            raise Refused(error_pb2.REASON_NOT_FOUND, "Nothing of the journal has been read yet. Try again later.")
        return network


def _sides(line: Line, operator: str) -> frozenset[str]:
    """Whose money a line is about; the operator's always, for its fees and what it holds hang on every one."""
    return frozenset({line.movement.issuer, line.movement.counterparty, operator} - {""})


def _unknown(dispute_id: bytes) -> Refused:
    text = id_text(dispute_id) if len(dispute_id) == 16 else dispute_id.hex()
    return Refused(error_pb2.REASON_NOT_FOUND, f"There is no dispute {text or 'without an id'}.", {"dispute_id": text})


def _require_side(dispute: Dispute, step: Step) -> None:
    """Others do not even learn that there is such a dispute."""
    if step.party_id not in (dispute.raiser, dispute.respondent, dispute.operator):
        raise _unknown(dispute.dispute_id)


def _require_fresh(step: Step, now_us: int) -> None:
    age_us = now_us - step.decided_us
    if -CLOCK_SKEW_MAX_US <= age_us <= STEP_AGE_MAX_US:
        return
    raise Refused(
        error_pb2.REASON_CLOCK_SKEW,
        "The step was signed more than a day ago, or in the future. Check this machine's clock and sign again.",
        {"age_seconds": str(age_us // US_PER_S)},
    )
