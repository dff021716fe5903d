"""Single movements as a party sees them, each with the proof that its entry is in the hub's log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from coalition.ids import id_text
from partner_sdk.statement import LineKind, StatementLine
from settlement.clearing.movements import Movement, MovementKind
from settlement.clearing.obligations import obligations_of
from settlement.clearing.totals import Key, Sum
from settlement.statements.moments import moment_of
from settlement.statements.proofs import Proofs
from settlement.statements.view import View
from settlement.store.lines import Line


def statement_lines(view: View, lines: Iterable[Line], proofs: Proofs) -> Iterator[StatementLine]:
    """Those lines that concern the party. What others wrote about their customers is left out."""
    for line in lines:
        moved = line.movement
        if not concerns(view, moved):
            continue
        own = line.author == view.party_id
        yield StatementLine(
            sequence=line.sequence,
            part=line.part,
            committed_at=moment_of(line.committed_us),
            kind=kind_of(moved.kind),
            issuer=moved.issuer,
            counterparty=moved.counterparty,
            points=moved.points,
            arrears_points=moved.arrears_points,
            amount_micros=amount_of(view, moved) or 0,
            transaction_id=id_text(line.transaction_id) if own else "",
            reference=line.reference if own else "",
            leaf_hash=proofs.leaf(line.sequence),
            path=proofs.path(line.sequence),
        )


def kind_of(kind: MovementKind) -> LineKind:
    """The word for a kind of movement."""
    return LineKind[kind.name]


def concerns(view: View, movement: Movement) -> bool:
    """Whether a party's statement has a line for this: its points, its till, its funds, or its money."""
    if view.party_id in (movement.issuer, movement.counterparty):
        return True
    return view.party_id == view.operator and amount_of(view, movement) is not None


def amount_of(view: View, movement: Movement) -> int | None:
    """What the party owes (negative) or is owed for this, in micro-units; None where no money is its own."""
    owed = [
        obligation.amount_micros if obligation.pair.creditor == view.party_id else -obligation.amount_micros
        for obligation in obligations_of(Key(*movement[:3]), Sum(1, *movement[3:]), view.operator)
        if view.party_id in obligation.pair
    ]
    return sum(owed) if owed else None
