"""Loads the working set of a batch: everything that its transactions may read, in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from itertools import filterfalse
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from coalition.v1 import transaction_pb2 as pb
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from coalition.v1.transaction_pb2 import Transaction
from network.ledger import purse
from network.ledger.records import Arrear, Committed, Lot, Original, Pledge, Totals, Usage
from network.ledger.state import State, Table, Wanted
from network.store import tables
from network.store.rows import hold_of, holder_of, parts_of, pledge_of
from network.store.sql import Row, rows_by_key

K = TypeVar("K", bound=Hashable)

#: What a Reverse may name, by number.
_REVERSIBLE: Final = frozenset({pb.TRANSACTION_KIND_ISSUE, pb.TRANSACTION_KIND_REDEEM, pb.TRANSACTION_KIND_CAPTURE})
_HOLDERS: Final = tuple(tables.holders.columns.keys())
_LOTS: Final = tuple(tables.lots.columns.keys())
_ARREARS: Final = tuple(tables.arrears.columns.keys())
_HOLDS: Final = tuple(tables.holds.columns.keys())
_TOTALS: Final = tuple(tables.totals.columns.keys())
_PLEDGES: Final = tuple(tables.pledges.columns.keys())


def load(connection: Connection, state: State, wanted: Wanted) -> None:
    """Take what the database holds under the wanted keys into `state`; None where it holds nothing.

    What the state has from the batches before is right, and is not read again. Adds to what is wanted the holders and
    issuers to which holds and originals lead.
    """
    _load_committed(connection, state, _missing(state.committed, wanted.committed))
    _load_aliases(connection, state, _missing(state.aliases, wanted.aliases))
    _load_nonces(connection, state, _missing(state.nonces, wanted.nonces))
    _load_usage(connection, state, _missing(state.usage, wanted.usage))
    _load_holds(connection, state, _missing(state.holds, wanted.holds))
    _load_originals(connection, state, _missing(state.originals, wanted.originals))
    # Of those too that the state had already: it may have forgotten their holders, and this batch touches them.
    holds, originals = state.holds.rows, state.originals.rows
    for used in (*(holds[key] for key in wanted.holds), *(originals[key] for key in wanted.originals)):
        if used is not None:
            wanted.holders.add(used.holder_id)
            wanted.totals.update(part.issuer for part in used.parts)
    _load_holders(connection, state, _missing(state.holders, wanted.holders), wanted.totals)
    _load_totals(connection, state, _missing(state.totals, wanted.totals))


def _missing(table: Table[K, Any], keys: set[K]) -> set[K]:
    """Those of the keys that the state does not have. Not by taking one set from the other: that would walk over all
    that was kept, which is far more than most batches want."""
    return set(filterfalse(table.rows.__contains__, keys)) if table.rows else keys


def _load_committed(connection: Connection, state: State, keys: set[tuple[str, bytes]]) -> None:
    rows = state.committed.rows
    rows.update(dict.fromkeys(keys))
    key = ("author", "transaction_id")
    for author, transaction_id, sequence, body in rows_by_key(
        connection, tables.entries, key, (*key, "sequence", "body"), keys
    ):
        entry = JournalEntry.FromString(body)
        rows[(author, transaction_id)] = Committed(sequence, entry.transaction, entry.outcome)


def _load_aliases(connection: Connection, state: State, keys: set[str]) -> None:
    rows = state.aliases.rows
    rows.update(dict.fromkeys(keys))
    rows.update(rows_by_key(connection, tables.aliases, ("alias",), ("alias", "holder_id"), _singles(keys)))


def _load_nonces(connection: Connection, state: State, keys: set[tuple[str, bytes]]) -> None:
    rows = state.nonces.rows
    rows.update(dict.fromkeys(keys))
    key = ("who", "nonce")
    for who, nonce, sequence in rows_by_key(connection, tables.nonces, key, (*key, "sequence"), keys):
        rows[(who, nonce)] = sequence


def _load_usage(connection: Connection, state: State, keys: set[tuple[Usage, str, str]]) -> None:
    rows = state.usage.rows
    rows.update(dict.fromkeys(keys))
    key = ("what", "who", "day")
    for what, who, day, points in rows_by_key(connection, tables.usage, key, (*key, "points"), keys):
        rows[(Usage(what), who, day)] = points


def _load_holds(connection: Connection, state: State, keys: set[tuple[str, bytes]]) -> None:
    rows = state.holds.rows
    rows.update(dict.fromkeys(keys))
    for row in rows_by_key(connection, tables.holds, ("acceptor", "hold_id"), _HOLDS, keys):
        hold = hold_of(row)
        rows[(hold.acceptor, hold.hold_id)] = hold


def _load_originals(connection: Connection, state: State, keys: set[tuple[str, bytes]]) -> None:
    rows = state.originals.rows
    rows.update(dict.fromkeys(keys))
    key = ("author", "transaction_id")
    reversed_points = {
        (author, transaction_id): points
        for author, transaction_id, points in rows_by_key(
            connection, tables.reversals, key, (*key, "reversed_points"), keys
        )
    }
    for row in rows_by_key(connection, tables.entries, key, (*key, "kind", "sequence", "body"), keys):
        original = _original_of(row, reversed_points.get((row[0], row[1]), 0))
        if original is not None:
            rows[(original.author, original.transaction_id)] = original


def _original_of(row: Row, reversed_points: int) -> Original | None:
    """From the journal, or None for what cannot be reversed."""
    author, transaction_id, kind, sequence, body = row
    if kind not in _REVERSIBLE:
        return None
    entry = JournalEntry.FromString(body)
    outcome = Outcome.FromString(entry.outcome)
    if outcome.status != OUTCOME_STATUS_ACCEPTED:
        return None
    transaction = Transaction.FromString(entry.transaction)
    name = transaction.WhichOneof("kind")
    assert name is not None, "the journal holds no transaction without a kind"
    return Original(
        author=author,
        transaction_id=transaction_id,
        kind=kind,
        sequence=sequence,
        committed_us=outcome.committed_us,
        holder_id=outcome.balance.holder_id,
        points=getattr(transaction, name).points,
        parts=parts_of(outcome),
        reversed_points=reversed_points,
    )


def _load_holders(connection: Connection, state: State, keys: set[str], issuers: set[str]) -> None:
    """Holders with their lots, arrears and pledges. Adds the lots' issuers to what is wanted."""
    holders = state.holders.rows
    holders.update(dict.fromkeys(keys))
    for table in (state.lots, state.arrears, state.pledges):
        table.rows.update(dict.fromkeys(keys, ()))
    singles = _singles(keys)
    for row in rows_by_key(connection, tables.holders, ("holder_id",), _HOLDERS, singles):
        holders[row[0]] = holder_of(row)

    lots: defaultdict[str, list[Lot]] = defaultdict(list)
    for row in rows_by_key(connection, tables.lots, ("holder_id",), _LOTS, singles):
        lots[row[0]].append(Lot(*row[1:]))
        issuers.add(row[1])
    for holder_id, of_holder in lots.items():
        of_holder.sort(key=purse.order)
        state.lots.rows[holder_id] = tuple(of_holder)

    arrears: defaultdict[str, list[Arrear]] = defaultdict(list)
    for holder_id, issuer, points in rows_by_key(connection, tables.arrears, ("holder_id",), _ARREARS, singles):
        arrears[holder_id].append(Arrear(issuer, points))
    for holder_id, owed in arrears.items():
        state.arrears.rows[holder_id] = tuple(sorted(owed))

    pledges: defaultdict[str, list[Pledge]] = defaultdict(list)
    for row in rows_by_key(connection, tables.pledges, ("holder_id",), _PLEDGES, singles):
        pledges[row[0]].append(pledge_of(row))
    for holder_id, given in pledges.items():
        given.sort(key=lambda pledge: (pledge.granted_us, pledge.pledge_id))
        state.pledges.rows[holder_id] = tuple(given)


def _load_totals(connection: Connection, state: State, keys: set[str]) -> None:
    rows = state.totals.rows
    rows.update(dict.fromkeys(keys))
    for row in rows_by_key(connection, tables.totals, ("issuer",), _TOTALS, _singles(keys)):
        rows[row[0]] = Totals(*row)


def _singles(keys: Iterable[str]) -> list[Row]:
    return [(key,) for key in keys]
