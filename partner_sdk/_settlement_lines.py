"""The lines of the settlement service's books, and the journal's entries behind them with their proofs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique

from coalition.ids import id_text
from coalition.merkle import leaf_hash, root_from_inclusion
from coalition.note import Checkpoint, checkpoint_origin
from coalition.v1 import settlement_lines_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._errors import ProofInvalid
from partner_sdk._moments import moment_of
from partner_sdk._session import Session
from partner_sdk._steps import Emit, Flow, Steps
from partner_sdk.journal import open_any_checkpoint

_PAGE = 500


@unique
class LineKind(StrEnum):
    """What an entry moved."""

    ISSUE = "issue"
    ISSUE_REVERSED = "issue reversed"
    #: Redeemed at once, or captured from a hold.
    REDEEM = "redeem"
    REDEEM_REVERSED = "redeem reversed"
    EXPIRE = "expire"
    DONATE = "donate"
    #: The operator's corrections of points, and of money.
    POINTS_GIVEN = "points given"
    POINTS_TAKEN = "points taken"
    OBLIGATION = "obligation"
    #: Points paid for in advance.
    PACK = "pack"

    @property
    def number(self) -> pb.MovementKind.ValueType:
        """As on the wire."""
        return pb.MovementKind.Value(f"MOVEMENT_KIND_{self.name}")

    @property
    def turned(self) -> bool:
        """Whether direct, topup, margin and fee are owed the other way round."""
        return self in (LineKind.ISSUE_REVERSED, LineKind.REDEEM_REVERSED)


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one issuer that an entry moved, and who owes what for them. No figure is negative.

    Amounts are micro-units (millionths of the settlement currency). Where `kind.turned`, direct, topup, margin and fee
    are owed the other way round.
    """

    sequence: int
    #: Which line of the entry, from 0.
    part: int
    window: int
    committed_at: datetime
    kind: LineKind
    author: str
    #: Whose points they are; of a corrected obligation the debtor.
    issuer: str
    #: The acceptor, which may be the issuer itself; the charity; the creditor of a corrected obligation; else None.
    counterparty: str | None
    points: int
    #: Of the points of an issue, those that repaid arrears; of a reversed issue, those that became arrears.
    arrears_points: int
    #: Issuer to counterparty.
    direct_micros: int
    #: Operator to counterparty, out of what was paid in.
    topup_micros: int
    #: Issuer to operator: what is left of the price. This and the next ones are shown to the issuer, the operator and
    #: auditors; 0 for others.
    margin_micros: int
    #: Issuer to operator: the issue fee.
    fee_micros: int
    #: Issuer to operator, ahead.
    paid_in_micros: int
    #: Operator to issuer: what is not needed any more.
    paid_back_micros: int
    #: Out of what the issuer had paid in, for points that leave circulation; of a reversed redemption, back into it.
    drawn_micros: int
    #: The reversed entry, for reversals.
    original_sequence: int | None
    #: UUID text. This and the next two are shown to the author, the operator and auditors only; None for others.
    transaction_id: str | None
    reference: str | None
    holder_id: str | None


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry of the journal, proved to stand in the log that the hub signed."""

    sequence: int
    window: int
    #: The lines that you may see.
    lines: tuple[Line, ...]
    #: The exact bytes of the JournalEntry; None where they are not yours to see. Then it is proved that an entry with
    #: this leaf hash stands there, and its author can show you the bytes.
    entry: bytes | None = field(repr=False)
    leaf_hash: bytes = field(repr=False)
    #: RFC 6962 audit path, from the leaf upwards.
    path: tuple[bytes, ...] = field(repr=False)
    #: The checkpoint as the hub signed it, a C2SP signed note.
    note: str = field(repr=False)
    checkpoint: Checkpoint


def lines(
    session: Session,
    *,
    window: int | None = None,
    party_id: str | None = None,
    issuer: str | None = None,
    counterparty: str | None = None,
    kind: LineKind | None = None,
    page_size: int = _PAGE,
) -> Flow[Line]:
    """The lines of one window, or of all, in the journal's order, fetched page by page as you go on.

    What is None does not narrow the choice. `party_id` chooses lines in which a party is issuer or counterparty; a
    party sees its own only, whatever it asks for.
    """
    token = ""
    while True:
        found, token = yield from line_page(
            session,
            window=window,
            party_id=party_id,
            issuer=issuer,
            counterparty=counterparty,
            kind=kind,
            page_size=page_size,
            page_token=token,
        )
        for line in found:
            yield Emit(line)
        if not token:
            return


def line_page(
    session: Session,
    *,
    window: int | None = None,
    party_id: str | None = None,
    issuer: str | None = None,
    counterparty: str | None = None,
    kind: LineKind | None = None,
    page_size: int = 100,
    page_token: str = "",
) -> Steps[tuple[tuple[Line, ...], str]]:
    """One page of `lines`, and the token of the next one; it is empty after the last."""
    request = pb.ListLinesRequest(
        window=window or 0,
        party_id=party_id or "",
        issuer=issuer or "",
        counterparty=counterparty or "",
        kind=LineKind(kind).number if kind else pb.MOVEMENT_KIND_UNSPECIFIED,
        page_size=page_size,
        page_token=page_token,
    )
    page = yield from session.read(_rpc.LIST_LINES, request)
    return tuple(map(line_of, page.lines)), page.next_page_token


def entry(session: Session, sequence: int) -> Steps[ProvenEntry]:
    """The entry at a sequence with its lines, its proof checked against the hub's keys.

    Raises NotFound for one that does not concern you; ProofInvalid or JournalInvalid when the proof is wrong.
    """
    found = yield from session.read(_rpc.GET_ENTRY, pb.GetEntryRequest(sequence=sequence))
    connection = session.connection
    checkpoint = open_any_checkpoint(found.checkpoint, checkpoint_origin(connection.network_id), connection.hub_keys)
    if found.entry and leaf_hash(found.entry) != found.leaf_hash:
        raise ProofInvalid(f"The bytes shown for entry {sequence} are not those of the leaf that is proved.")
    root = root_from_inclusion(found.leaf_hash, sequence - 1, checkpoint.size, found.path)
    if root != checkpoint.root:
        raise ProofInvalid(f"The proof does not lead from entry {sequence} to the root that the hub signed.")
    return ProvenEntry(
        sequence=sequence,
        window=found.window,
        lines=tuple(map(line_of, found.lines)),
        entry=found.entry or None,
        leaf_hash=found.leaf_hash,
        path=tuple(found.path),
        note=found.checkpoint,
        checkpoint=checkpoint,
    )


def line_of(message: pb.Line) -> Line:
    """The line in a message."""
    return Line(
        sequence=message.sequence,
        part=message.part,
        window=message.window,
        committed_at=moment_of(message.committed_us),
        kind=LineKind[pb.MovementKind.Name(message.kind).removeprefix("MOVEMENT_KIND_")],
        author=message.author,
        issuer=message.issuer,
        counterparty=message.counterparty or None,
        points=message.points,
        arrears_points=message.arrears_points,
        direct_micros=message.direct_micros,
        topup_micros=message.topup_micros,
        margin_micros=message.margin_micros,
        fee_micros=message.fee_micros,
        paid_in_micros=message.paid_in_micros,
        paid_back_micros=message.paid_back_micros,
        drawn_micros=message.drawn_micros,
        original_sequence=message.original_sequence or None,
        transaction_id=id_text(message.transaction_id) if message.transaction_id else None,
        reference=message.reference if message.transaction_id else None,
        holder_id=message.holder_id if message.transaction_id else None,
    )
