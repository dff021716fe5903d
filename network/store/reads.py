"""Questions about committed state, each answered from one snapshot."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, Select, select, tuple_

from coalition.v1 import network_pb2
from coalition.v1.journal_pb2 import JournalEntry
from network.ledger import purse
from network.ledger.records import Arrear, Holder, HoldStatus, Lot, PledgeStatus, Totals
from network.store import tables
from network.store.rows import holder_of
from network.store.sql import rows_by_key
from network.store.store import Store
from network.views import Account, DueHold, DuePledge, DuePledges, Listing, Page, Record, Tip

#: Entries that one page looks through for the kinds that are wanted; a page may then be short, or empty.
SCAN_MAX: Final = 20_000
_SCAN_CHUNK: Final = 2_000
#: Lots that a holder may have past their date, for the size of a statement only.
_LOTS_PER_HOLDER: Final = 4

_ACTIVE: Final = network_pb2.HOLDER_STATUS_ACTIVE
_HOLDERS: Final = tuple(tables.holders.columns.keys())
_LOTS: Final = ("holder_id", *Lot._fields)

_entries = tables.entries.c
_holds = tables.holds.c
_lots = tables.lots.c
_pledges = tables.pledges.c

_TIP: Final = select(tables.head.c.sequence, tables.head.c.committed_us, tables.head.c.window)
_RECORD: Final = select(*(_entries[name] for name in Record._fields))
_TOTALS: Final = select(*(tables.totals.c[name] for name in Totals._fields)).order_by(tables.totals.c.issuer)


class StoreReads:
    """Reads of one database. Safe to use from many threads; every method blocks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tip(self) -> Tip:
        """The end of the journal."""
        with self._store.read() as connection:
            return _tip(connection)

    def transaction(self, author: str, transaction_id: bytes) -> Record | None:
        """One transaction of an author."""
        wanted = _RECORD.where(_entries.author == author, _entries.transaction_id == transaction_id)
        with self._store.read() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else Record(*row)

    def transactions(self, listing: Listing) -> Page:
        """A page of transactions by sequence."""
        with self._store.read() as connection:
            sequences, next_after = _find(connection, listing)
            rows = connection.execute(_RECORD.where(_entries.sequence.in_(sequences)))
            records = {row[0]: Record(*row) for row in rows}
        return Page(tuple(records[sequence] for sequence in sequences), next_after)

    def outcomes(self, author: str, transaction_ids: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The Outcomes of those that are in the journal."""
        key = ("author", "transaction_id")
        with self._store.read() as connection:
            rows = rows_by_key(
                connection,
                tables.entries,
                key,
                ("transaction_id", "body"),
                [(author, identifier) for identifier in transaction_ids],
            )
            return {identifier: JournalEntry.FromString(body).outcome for identifier, body in rows}

    def account(self, holder_id: str) -> Account | None:
        """A holder with everything that makes up its balance."""
        with self._store.read() as connection:
            return _account(connection, holder_id)

    def account_by_alias(self, alias: str) -> Account | None:
        """The account that an alias is tied to."""
        wanted = select(tables.aliases.c.holder_id).where(tables.aliases.c.alias == alias)
        with self._store.read() as connection:
            holder_id = connection.execute(wanted).scalar_one_or_none()
            return None if holder_id is None else _account(connection, holder_id)

    def holders(self, holder_ids: Sequence[str]) -> Mapping[str, Holder]:
        """Those of the holders that exist."""
        with self._store.read() as connection:
            return _holders_of(connection, holder_ids)

    def totals(self) -> tuple[tuple[Totals, ...], Tip]:
        """What happened to points, by issuer."""
        with self._store.read() as connection:
            return tuple(Totals(*row) for row in connection.execute(_TOTALS)), _tip(connection)

    def due_holds(self, now_us: int, after: DueHold | None, size: int) -> tuple[DueHold, ...]:
        """Open holds whose time is over, the longest over first, after one of them."""
        key = (_holds.expires_us, _holds.acceptor, _holds.hold_id)
        wanted = select(*key).where(_holds.status == int(HoldStatus.OPEN), _holds.expires_us <= now_us)
        if after is not None:
            wanted = wanted.where(_holds.expires_us >= after.expires_us, tuple_(*key) > tuple_(*after))
        with self._store.read() as connection:
            return tuple(DueHold(*row) for row in connection.execute(wanted.order_by(*key).limit(size)))

    def due_holders(self, today: str, size: int) -> tuple[str, ...]:
        """Holders of lots whose last day lies before `today`, the longest past first."""
        # In the index's own order, so that nothing is sorted however many lots are past their date.
        wanted = (
            select(_lots.holder_id)
            .where(_lots.expires_on < today)
            .order_by(_lots.expires_on, _lots.holder_id)
            .limit(size * _LOTS_PER_HOLDER)
        )
        with self._store.read() as connection:
            return tuple(dict.fromkeys(connection.execute(wanted).scalars()))[:size]

    def due_pledges(self, today: str, after: tuple[str, bytes], size: int) -> DuePledges:
        """Pledges with points to give, by holder and pledge id."""
        key = (_pledges.holder_id, _pledges.pledge_id)
        wanted = (
            select(*key, _pledges.fund_id, _pledges.due_points, _pledges.donated_points)
            .where(
                _pledges.due_points > 0,
                _pledges.status == int(PledgeStatus.ACTIVE),
                _pledges.holder_id >= after[0],
                tuple_(*key) > tuple_(*after),
            )
            .order_by(*key)
            .limit(size)
        )
        with self._store.read() as connection:
            rows = connection.execute(wanted).all()
            holders = _holders_of(connection, {row[0] for row in rows} | {row[2] for row in rows})
            available = _available(connection, today, {row[0] for row in rows})
        pledges = tuple(
            DuePledge(*row, available[row[0]])
            for row in rows
            if available[row[0]] and all(holders[name].status == _ACTIVE for name in (row[0], row[2]))
        )
        return DuePledges(pledges, (rows[-1][0], rows[-1][1]) if len(rows) == size else None)


def _tip(connection: Connection) -> Tip:
    return Tip(*connection.execute(_TIP).one())


def _account(connection: Connection, holder_id: str) -> Account | None:
    holder = _holders_of(connection, [holder_id]).get(holder_id)
    if holder is None:
        return None
    lots = connection.execute(select(*(_lots[name] for name in Lot._fields)).where(_lots.holder_id == holder_id))
    arrears = connection.execute(
        select(tables.arrears.c.issuer, tables.arrears.c.points)
        .where(tables.arrears.c.holder_id == holder_id)
        .order_by(tables.arrears.c.issuer)
    )
    return Account(
        holder,
        tuple(sorted((Lot(*row) for row in lots), key=purse.order)),
        tuple(Arrear(*row) for row in arrears),
        _tip(connection),
    )


def _holders_of(connection: Connection, holder_ids: Collection[str]) -> dict[str, Holder]:
    rows = rows_by_key(connection, tables.holders, ("holder_id",), _HOLDERS, [(name,) for name in holder_ids])
    return {row[0]: holder_of(row) for row in rows}


def _available(connection: Connection, today: str, holder_ids: Collection[str]) -> dict[str, int]:
    """What each holder may spend on a day."""
    lots: defaultdict[str, list[Lot]] = defaultdict(list)
    for row in rows_by_key(connection, tables.lots, ("holder_id",), _LOTS, [(name,) for name in holder_ids]):
        lots[row[0]].append(Lot(*row[1:]))
    return {name: purse.sums(tuple(lots[name]), today).available for name in holder_ids}


def _find(connection: Connection, listing: Listing) -> tuple[list[int], int]:
    """The sequences of a page, and where the next begins."""
    chunk = _SCAN_CHUNK if listing.kinds else listing.size + 1
    found: list[int] = []
    after, scanned = listing.after, 0
    while True:
        rows = _scan(connection, listing, after, chunk)
        for sequence, kind in rows:
            if listing.kinds and kind not in listing.kinds:
                continue
            if len(found) == listing.size:
                return found, found[-1]
            found.append(sequence)
        if len(rows) < chunk:
            return found, 0
        after = rows[-1][0]
        scanned += len(rows)
        if scanned >= SCAN_MAX:
            return found, after


def _scan(connection: Connection, listing: Listing, after: int, limit: int) -> list[tuple[int, int]]:
    """Sequences and kinds of what a listing may be about, by sequence; of any kind."""
    streams = [
        [(row.sequence, row.kind) for row in connection.execute(_ordered(statement, listing, after, limit))]
        for statement in _statements(listing)
    ]
    merged = heapq.merge(*streams, reverse=listing.descending)
    return list(dict.fromkeys(merged))[:limit]


def _statements(listing: Listing) -> list[Select[int, int]]:
    """One for each index that leads to what is wanted."""
    everything = select(_entries.sequence, _entries.kind)
    if listing.author:
        everything = everything.where(_entries.author == listing.author)
    if not listing.holder_id:
        return [everything]
    # An empty id never stands in these indexes; the condition lets the database use them.
    return [
        everything.where(column == listing.holder_id, column != "")
        for column in (_entries.holder_id, _entries.counterparty_id)
    ]


def _ordered(statement: Select[int, int], listing: Listing, after: int, limit: int) -> Select[int, int]:
    if listing.descending:
        if after:
            statement = statement.where(_entries.sequence < after)
        return statement.order_by(_entries.sequence.desc()).limit(limit)
    return statement.where(_entries.sequence > after).order_by(_entries.sequence).limit(limit)
