"""The rules that hold after every entry (docs/architecture.md lists them), checked over a complete state."""

from __future__ import annotations

from collections.abc import Iterator

from coalition.v1 import network_pb2
from network.ledger import purse
from network.ledger.records import HoldStatus, Totals
from network.ledger.state import State


def violations(state: State) -> Iterator[str]:
    """A sentence for each rule that does not hold; none when all do. Needs a complete state."""
    in_lots: dict[str, int] = {}
    in_holds: dict[str, int] = {}
    arrears: dict[str, int] = {}
    held: dict[str, int] = {}
    for holder_id, lots in state.lots.rows.items():
        yield from _wrong_lots(state, holder_id, lots or ())
        for lot in lots or ():
            in_lots[lot.issuer] = in_lots.get(lot.issuer, 0) + lot.points
    for hold in state.holds.rows.values():
        if hold is None or hold.status != HoldStatus.OPEN:
            continue
        held[hold.holder_id] = held.get(hold.holder_id, 0) + hold.points
        if sum(part.points for part in hold.parts) != hold.points:
            yield f"hold {hold.hold_id.hex()} of {hold.acceptor}: its parts do not add up to {hold.points}"
        for part in hold.parts:
            in_holds[part.issuer] = in_holds.get(part.issuer, 0) + part.points
    for holder_id, owed in state.arrears.rows.items():
        for arrear in owed or ():
            arrears[arrear.issuer] = arrears.get(arrear.issuer, 0) + arrear.points
            if arrear.points <= 0:
                yield f"holder {holder_id}: arrears to {arrear.issuer} are {arrear.points}"
    yield from _wrong_holders(state, held)
    yield from _wrong_totals(state, in_lots, in_holds, arrears)
    yield from _wrong_limits(state)


def _wrong_lots(state: State, holder_id: str, lots: purse.Lots) -> Iterator[str]:
    for lot in lots:
        if lot.points <= 0:
            yield f"holder {holder_id}: a lot of {lot.issuer} has {lot.points} points"
    if list(lots) != sorted(lots, key=purse.order):
        yield f"holder {holder_id}: lots are out of order"
    if len({(lot.issuer, lot.expires_on, lot.available_on) for lot in lots}) != len(lots):
        yield f"holder {holder_id}: two lots have the same issuer, expiry and availability"


def _wrong_holders(state: State, held: dict[str, int]) -> Iterator[str]:
    for holder_id, holder in state.holders.rows.items():
        if holder is None:
            continue
        in_lots = sum(lot.points for lot in state.lots.get(holder_id) or ())
        if holder.points != in_lots:
            yield f"holder {holder_id}: stored {holder.points} points, its lots hold {in_lots}"
        if holder.held_points != held.get(holder_id, 0):
            yield f"holder {holder_id}: stored {holder.held_points} held points, holds have {held.get(holder_id, 0)}"
        if holder.status == network_pb2.HOLDER_STATUS_CLOSED and (holder.points or holder.held_points):
            yield f"holder {holder_id} is closed and has points"


def _wrong_totals(
    state: State, in_lots: dict[str, int], in_holds: dict[str, int], arrears: dict[str, int]
) -> Iterator[str]:
    for issuer in sorted(set(in_lots) | set(in_holds) | set(arrears) | set(state.totals.rows)):
        totals = state.totals.get(issuer) or Totals(issuer)
        found = (in_lots.get(issuer, 0), in_holds.get(issuer, 0), arrears.get(issuer, 0))
        if (totals.in_lots, totals.in_holds, totals.arrears) != found:
            yield f"issuer {issuer}: totals say {totals}, lots, holds and arrears add up to {found}"
        if not totals.balances():
            yield f"issuer {issuer}: points were created or lost: {totals}"


def _wrong_limits(state: State) -> Iterator[str]:
    for original in state.originals.rows.values():
        if original is not None and not 0 <= original.reversed_points <= original.points:
            yield f"{original.transaction_id.hex()} of {original.author} is reversed beyond its points"
    for holder_id, pledges in state.pledges.rows.items():
        for pledge in pledges or ():
            if not 0 <= pledge.donated_points <= pledge.points_max or pledge.due_points < 0:
                yield f"pledge {pledge.pledge_id.hex()} of {holder_id} gave more than it may"
