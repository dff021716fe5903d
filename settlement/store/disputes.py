"""Disputes, their steps, and the adjustments that the journal has for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Select, func, insert, literal, not_, or_, select, update

from coalition.ids import id_from_text, id_text
from coalition.v1.transaction_pb2 import TRANSACTION_KIND_ADJUST
from settlement.clearing.movements import MovementKind
from settlement.disputes.adjustments import Adjustment, Owing, problem_with
from settlement.disputes.dispute import CLOSED, WITHDRAWN, Dispute, Recorded, Standing, standing
from settlement.disputes.rules import Deadlines
from settlement.disputes.step import read_step
from settlement.store import tables
from settlement.store.dispute_tables import dispute_steps, disputes

#: Disputes whose rows are read with one statement: no engine takes any number of parameters.
_TOGETHER_MAX: Final = 500
_NUMBER_MAX: Final = 2**63 - 1
#: Spelt out, for the index is one of this kind alone.
_IS_ADJUSTMENT: Final = tables.records.c.kind == literal(TRANSACTION_KIND_ADJUST, literal_execute=True)


class DisputeRecord(NamedTuple):
    """A dispute, and where it stands at the moment that was asked for."""

    dispute: Dispute
    standing: Standing


@dataclass(frozen=True, slots=True)
class DisputeQuery:
    """Which disputes: those that match all of it."""

    #: Raiser or respondent; empty: whoever.
    party_id: str = ""
    #: The disputed line's; 0: any.
    window: int = 0
    open_only: bool = False
    #: Only higher numbers.
    after_number: int = 0
    #: At most so many; None: all of them.
    limit: int | None = None


def find_dispute(connection: Connection, dispute_id: bytes) -> Dispute | None:
    """One dispute, or None."""
    rows = connection.execute(select(disputes).where(disputes.c.dispute_id == dispute_id)).all()
    return next(iter(_with_steps(connection, rows)), None)


def list_disputes(connection: Connection, query: DisputeQuery, now_us: int) -> tuple[DisputeRecord, ...]:
    """By number, as they stand at `now_us`."""
    if query.open_only:
        rows = _unfinished(connection, query, now_us)
    else:
        rows = connection.execute(_matching(query).limit(query.limit)).all()
    return tuple(DisputeRecord(dispute, standing(dispute, now_us)) for dispute in _with_steps(connection, rows))


def open_disputes(connection: Connection, party_id: str, window: int, *, now_us: int) -> tuple[DisputeRecord, ...]:
    """Disputes about lines of a window in which somebody still has something to do, by number.

    Of one party, or with an empty `party_id` of all; with window 0 of all windows. For statements, and for the
    checklist of a run.
    """
    return list_disputes(connection, DisputeQuery(party_id, window, open_only=True), now_us)


class OpenDisputes:
    """All open disputes, again and again; what the journal has settled is looked at anew only when it says more of it.

    Such disputes become ever more, and only another adjustment opens one again. For one thread at a time.
    """

    def __init__(self) -> None:
        self._sequence = 0
        # Those with adjustments, right or wrong.
        self._adjusted: set[bytes] = set()
        # With what was agreed on, which the adjustments come to.
        self._settled: set[tuple[bytes, int]] = set()

    def at(self, connection: Connection, now_us: int) -> tuple[DisputeRecord, ...]:
        """As they stand at `now_us`, by number."""
        sequence = connection.scalar(select(func.coalesce(func.max(tables.records.c.sequence), 0))) or 0
        adjusted = _adjusted(connection, self._sequence)
        self._adjusted |= adjusted
        self._settled = {key for key in self._settled if key[0] not in adjusted}
        self._sequence = sequence
        keys = select(disputes.c.dispute_id, disputes.c.number, disputes.c.accepted_micros)
        settled = {dispute_id for dispute_id, _ in self._settled}
        found = _in_question(connection, keys, now_us, self._adjusted - settled)
        waiting = [row.dispute_id for row in found if (row.dispute_id, row.accepted_micros) not in self._settled]
        rows = [
            row
            for part in _parts(waiting)
            for row in connection.execute(
                select(disputes).where(disputes.c.dispute_id.in_(part)).order_by(disputes.c.number)
            )
        ]
        unfinished = _unsettled(connection, rows, now_us)
        self._settled |= {(row.dispute_id, row.accepted_micros) for row in rows}
        self._settled -= {(row.dispute_id, row.accepted_micros) for row in unfinished}
        return tuple(
            DisputeRecord(dispute, standing(dispute, now_us)) for dispute in _with_steps(connection, unfinished)
        )


def disputes_about(connection: Connection, sequence: int, raiser: str, respondent: str) -> tuple[Dispute, ...]:
    """What one party has disputed with another about the lines of an entry, by number."""
    statement = select(disputes).where(
        disputes.c.sequence == sequence, disputes.c.raiser == raiser, disputes.c.respondent == respondent
    )
    return _with_steps(connection, connection.execute(statement.order_by(disputes.c.number)).all())


def count_open(connection: Connection, raiser: str, now_us: int) -> int:
    """Disputes that a party has raised and in which somebody still has something to do."""
    statement = select(disputes).where(disputes.c.raiser == raiser)
    return len(_unsettled(connection, _in_question(connection, statement, now_us, _adjusted(connection)), now_us))


def add_dispute(connection: Connection, dispute: Dispute) -> Dispute:
    """Store a new dispute with its first step, and give it its number."""
    number = (connection.scalar(select(func.coalesce(func.max(disputes.c.number), 0))) or 0) + 1
    days = dispute.deadlines
    connection.execute(
        insert(disputes).values(
            dispute_id=dispute.dispute_id,
            number=number,
            sequence=dispute.claim.sequence,
            window_number=dispute.window,
            raiser=dispute.raiser,
            respondent=dispute.respondent,
            operator=dispute.operator,
            answer_days=days.answer_days,
            escalate_days=days.escalate_days,
            decide_days=days.decide_days,
            **_outlook(dispute),
        )
    )
    _add_step(connection, dispute)
    stored = find_dispute(connection, dispute.dispute_id)
    assert stored is not None, "it was just stored"
    return stored


def extend_dispute(connection: Connection, dispute: Dispute) -> None:
    """Store the last step of a dispute, the others of which are stored."""
    _add_step(connection, dispute)
    mine = disputes.c.dispute_id == dispute.dispute_id
    connection.execute(update(disputes).where(mine).values(**_outlook(dispute)))


def _add_step(connection: Connection, dispute: Dispute) -> None:
    step, recorded_us = dispute.steps[-1].step, dispute.steps[-1].recorded_us
    connection.execute(
        insert(dispute_steps).values(
            dispute_id=dispute.dispute_id,
            number=len(dispute.steps),
            document=step.document,
            public_key=step.public_key,
            signature=step.signature,
            recorded_us=recorded_us,
        )
    )


def _outlook(dispute: Dispute) -> dict[str, int]:
    """What the steps alone say about how it goes on, so that the database can tell what is over."""
    dispute = replace(dispute, adjustments=())
    recorded_us = dispute.steps[-1].recorded_us
    now = standing(dispute, recorded_us)
    over_us = 0
    if now.state in (WITHDRAWN, CLOSED):
        over_us = recorded_us
    elif now.due_us and standing(dispute, now.due_us + 1).state == CLOSED:
        over_us = now.due_us + 1
    return {"over_us": over_us, "accepted_micros": now.accepted_micros}


def _matching(query: DisputeQuery) -> Select[Any]:
    statement = select(disputes).order_by(disputes.c.number)
    if query.party_id:
        statement = statement.where(or_(disputes.c.raiser == query.party_id, disputes.c.respondent == query.party_id))
    if query.window:
        statement = statement.where(disputes.c.window_number == min(query.window, _NUMBER_MAX))
    return statement.where(disputes.c.number > min(query.after_number, _NUMBER_MAX))


def _unfinished(connection: Connection, query: DisputeQuery, now_us: int) -> Sequence[Row[Any]]:
    rows = _in_question(connection, _matching(query), now_us, _adjusted(connection))
    return _unsettled(connection, rows, now_us)[: query.limit]


def _in_question(
    connection: Connection, statement: Select[Any], now_us: int, adjusted: Iterable[bytes]
) -> Sequence[Row[Any]]:
    """The rows of disputes that are not over without money, or have adjustments nevertheless; by number."""
    lasts = or_(disputes.c.over_us == 0, disputes.c.over_us > now_us)
    rows = list(connection.execute(statement.where(lasts)))
    for part in _parts(sorted(adjusted)):
        rows += connection.execute(statement.where(not_(lasts), disputes.c.dispute_id.in_(part)))
    return sorted(rows, key=lambda row: row.number)


def _unsettled(connection: Connection, rows: Sequence[Row[Any]], now_us: int) -> list[Row[Any]]:
    """Without those for which the journal has what was agreed on, if only nothing."""
    decided = [row.dispute_id for row in rows if row.accepted_micros or 0 < row.over_us <= now_us]
    adjustments = _adjustments(connection, decided)
    return [
        row
        for row in rows
        if row.dispute_id not in adjustments
        or problem_with(adjustments[row.dispute_id], Owing(row.respondent, row.raiser, row.accepted_micros))
    ]


def _with_steps(connection: Connection, rows: Iterable[Row[Any]]) -> tuple[Dispute, ...]:
    found = list(rows)
    identifiers = [row.dispute_id for row in found]
    steps, adjustments = _steps(connection, identifiers), _adjustments(connection, identifiers)
    return tuple(
        Dispute(
            row.dispute_id,
            row.number,
            row.window_number,
            row.operator,
            Deadlines(row.answer_days, row.escalate_days, row.decide_days),
            tuple(steps[row.dispute_id]),
            tuple(adjustments.get(row.dispute_id, ())),
        )
        for row in found
    )


def _steps(connection: Connection, identifiers: Sequence[bytes]) -> Mapping[bytes, list[Recorded]]:
    steps: defaultdict[bytes, list[Recorded]] = defaultdict(list)
    for part in _parts(identifiers):
        for row in connection.execute(
            select(dispute_steps)
            .where(dispute_steps.c.dispute_id.in_(part))
            .order_by(dispute_steps.c.dispute_id, dispute_steps.c.number)
        ):
            step = read_step(row.document, row.public_key, row.signature)
            steps[row.dispute_id].append(Recorded(step, row.recorded_us))
    return steps


def _adjustments(connection: Connection, identifiers: Sequence[bytes]) -> Mapping[bytes, list[Adjustment]]:
    """By dispute, those that have any: accepted corrections of obligations whose reference is the dispute's id."""
    record, movement = tables.records.c, tables.movements.c
    adjustments: defaultdict[bytes, list[Adjustment]] = defaultdict(list)
    for part in _parts([id_text(identifier) for identifier in identifiers]):
        statement = (
            select(
                record.reference,
                record.sequence,
                record.window_number,
                record.committed_us,
                movement.issuer,
                movement.counterparty,
                movement.direct_micros,
            )
            .join(tables.movements, movement.sequence == record.sequence)
            .where(_IS_ADJUSTMENT, record.reference.in_(part), movement.kind == int(MovementKind.OBLIGATION))
            .order_by(record.sequence)
        )
        for reference, sequence, window, committed_us, debtor, creditor, amount in connection.execute(statement):
            owing = Owing(debtor, creditor, amount)
            adjustments[id_from_text(reference)].append(Adjustment(sequence, window, committed_us, owing))
    return adjustments


def _adjusted(connection: Connection, after: int = 0) -> set[bytes]:
    """The disputes that adjustments, or those after an entry, are about; other references are nobody's."""
    statement = select(tables.records.c.reference).where(_IS_ADJUSTMENT, tables.records.c.reference != "")
    if after:
        statement = statement.where(tables.records.c.sequence > after)
    found = connection.scalars(statement)
    return {identifier for reference in found if (identifier := _identifier(reference))}


def _identifier(reference: str) -> bytes:
    try:
        return id_from_text(reference)
    except ValueError:
        return b""


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _TOGETHER_MAX] for start in range(0, len(values), _TOGETHER_MAX))
