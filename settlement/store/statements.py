"""What statements need to know of other windows, and of who signs them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from coalition.v1.network_pb2 import PartyApplication
from settlement.clearing.entry import StoredEntry
from settlement.clearing.movements import MovementKind
from settlement.clearing.totals import Key, Sum
from settlement.store import tables


def sums_before(connection: Connection, number: int) -> Mapping[Key, Sum]:
    """What all windows before this one add up to, together."""
    sums = tables.sums.c
    keys = (sums.kind, sums.issuer, sums.counterparty)
    figures = (func.sum(sums[name]) for name in Sum._fields)
    found = select(*keys, *figures).where(sums.window_number < number).group_by(*keys)
    return {
        Key(MovementKind(kind), issuer, counterparty): Sum._make(map(int, row))
        for kind, issuer, counterparty, *row in connection.execute(found)
    }


def entries_about_key(connection: Connection, party_id: str, public_key: bytes) -> tuple[StoredEntry, ...]:
    """The entry that registered a party and, where the key came later, the last one that added it."""
    entries = tables.entries.c
    registered: StoredEntry | None = None
    added: StoredEntry | None = None
    for raw in connection.scalars(select(entries.raw).where(entries.lesson).order_by(entries.sequence)):
        entry = StoredEntry.of(raw)
        transaction = entry.transaction
        match entry.kind:
            case "genesis":
                application = transaction.genesis.operator
            case "register_party":
                application = transaction.register_party.application
            case "set_party_keys":
                change = transaction.set_party_keys
                if change.party_id == party_id and public_key in change.add_keys:
                    added = entry
                continue
            case _:
                continue
        found = PartyApplication.FromString(application.document)
        if found.party_id == party_id:
            registered = entry
            if public_key in found.public_keys:
                added = None
    return tuple(entry for entry in (registered, added) if entry is not None)
