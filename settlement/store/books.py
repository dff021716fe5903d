"""Reading what the books are made from: closed windows, flows of points, and the sums of windows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, or_, select, union

from settlement.books.cohorts import PointsFlow
from settlement.clearing.movements import MovementKind
from settlement.clearing.totals import Key, Sum
from settlement.store import tables

_FLOW = tables.flows.c
_SUM = tables.sums.c


def read_flows(connection: Connection, up_to: int, issuer: str | None = None) -> Iterator[PointsFlow]:
    """What happened to points in the windows up to one, of all issuers or of one, window by window."""
    query = (
        select(*(_FLOW[name] for name in ("window_number", *PointsFlow._fields[1:])))
        .where(_FLOW.window_number <= up_to)
        .order_by(_FLOW.window_number, _FLOW.month, _FLOW.kind, _FLOW.issuer, _FLOW.expires_on)
    )
    if issuer is not None:
        query = query.where(_FLOW.issuer == issuer)
    for window, month, kind, *rest in connection.execute(query):
        yield PointsFlow(window, month, MovementKind(kind), *rest)


def read_parties(connection: Connection, up_to: int) -> tuple[str, ...]:
    """Every issuer and counterparty in the windows up to one, by party id."""
    either = union(
        select(_SUM.issuer).where(_SUM.window_number <= up_to),
        select(_SUM.counterparty).where(_SUM.window_number <= up_to, _SUM.counterparty != ""),
    )
    return tuple(sorted(connection.scalars(either)))


def read_sums(connection: Connection, up_to: int, party_id: str | None = None) -> dict[int, dict[Key, Sum]]:
    """What the windows up to one add up to, by window: all of it, or where one party is issuer or counterparty."""
    query = (
        select(_SUM.window_number, *(_SUM[name] for name in (*Key._fields, *Sum._fields)))
        .where(_SUM.window_number <= up_to)
        .order_by(_SUM.window_number, _SUM.kind, _SUM.issuer, _SUM.counterparty)
    )
    if party_id is not None:
        query = query.where(or_(_SUM.issuer == party_id, _SUM.counterparty == party_id))
    found: dict[int, dict[Key, Sum]] = {}
    for window, kind, issuer, counterparty, *figures in connection.execute(query):
        found.setdefault(window, {})[Key(MovementKind(kind), issuer, counterparty)] = Sum(*figures)
    return found
