"""Fills a new town with holders, their lots and their purchases, quickly.

It writes what the ledger would have decided about two simple kinds, enrolments and issues by issuers with room, without
deciding it: the journal's rows, its tree and the projections, through the store. `coalition hub verify` replays it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from benchmarks.progress import say
from benchmarks.town import NETWORK_ID, OPENING_POINTS, PARTNERS, Size, holder_id, key_of
from coalition.calendar import end_of_month
from coalition.clock import system_clock
from coalition.envelope import OpenedEnvelope, OpenedTransaction, envelope_digest, seal
from coalition.ids import transaction_id
from coalition.merkle import leaf_hash
from coalition.v1 import network_pb2, outcome_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.outcome_pb2 import Allocation, Balance, Outcome
from coalition.wire import encode
from network.journal.tree import grow
from network.ledger.engine import Entry, Processed
from network.ledger.records import Holder, Lot, Totals
from network.ledger.state import Head
from network.store import tables
from network.store.flush import flush, journal_rows
from network.store.head import lock_head, write_head
from network.store.projections import PROJECTIONS
from network.store.sql import upsert_rows
from network.store.store import Store

#: Holders whose enrolment and lots are committed together; transactions in an envelope.
_BLOCK: Final = 1_000
_LIFETIME_US: Final = 86_400_000_000
_TOLD_EVERY: Final = 1_000_000
#: What a transaction leaves: the holder's balance, and the lots that it filled.
Decided = tuple[Balance, Sequence[Allocation]]

_ROWS: Final = {projection.table: projection.rows for projection in PROJECTIONS}


@dataclass(slots=True)
class _Member:
    """A holder as its purchases leave it."""

    holder_id: str
    #: By issuer, in the order in which they were opened: sequence of the first purchase, and points.
    lots: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def points(self) -> int:
        return sum(points for _, points in self.lots.values())


def fill(store: Store, size: Size) -> None:
    """Bring a town with nobody in it to its size. Its partners must have terms in force."""
    crowd = _Crowd(store, size)
    crowd.enrol()
    crowd.buy()
    crowd.finish()


class _Crowd:
    """Commits block after block, and knows what became of everybody whose rows are not written yet."""

    def __init__(self, store: Store, size: Size) -> None:
        self._store = store
        self._size = size
        self._random = random.Random(str(size))  # noqa: S311 - the same ids for the same town
        self._began_us = system_clock()
        reference = store.reference()
        today = reference.calendar().day(self._began_us)
        self._expires_on = end_of_month(today, reference.policy(today).expiry_months)
        self._members: list[_Member] = []
        self._issued = dict.fromkeys(PARTNERS, 0)
        self._made = 0
        self._entries = 0

    def enrol(self) -> None:
        """Every holder with its lots. In the order of their ids, which is how the tables are stored."""
        names = sorted(map(holder_id, range(self._size.holders)))
        for first in range(0, len(names), _BLOCK):
            block = [_Member(name) for name in names[first : first + _BLOCK]]
            with self._store.write() as connection:
                head = lock_head(connection)
                added = [self._enrolments(head, block)]
                for number, issuer in enumerate(PARTNERS):
                    buyers = [
                        member
                        for position, member in enumerate(block)
                        if (number - position) % len(PARTNERS) < self._size.lots
                    ]
                    added += self._purchases(head, issuer, buyers)
                self._append(connection, head, added)
                if self._size.entries:
                    self._members += block
                else:
                    _write_members(connection, block, self._expires_on)

    def buy(self) -> None:
        """Purchases at one partner after the other, by everybody in turn, until the journal is long enough."""
        turn = 0
        while self._entries < self._size.entries:
            with self._store.write() as connection:
                head = lock_head(connection)
                added: list[tuple[OpenedEnvelope, Processed]] = []
                for issuer in PARTNERS:
                    count = min(_BLOCK, self._size.entries - head.sequence)
                    places = [place % len(self._members) for place in range(turn, turn + count)]
                    added += self._purchases(head, issuer, [self._members[place] for place in places])
                    turn += count
                self._append(connection, head, added)

    def finish(self) -> None:
        """What is known only at the end."""
        with self._store.write() as connection:
            for first in range(0, len(self._members), _BLOCK):
                _write_members(connection, self._members[first : first + _BLOCK], self._expires_on)
            totals = [
                Totals(issuer, issued=points, in_lots=points) for issuer, points in self._issued.items() if points
            ]
            upsert_rows(connection, tables.totals, [tuple(row) for row in totals])

    def _append(self, connection: Connection, head: Head, added: Sequence[tuple[OpenedEnvelope, Processed]]) -> None:
        """Write envelopes, entries, tiles and the head, which has moved on already."""
        flush(connection, journal_rows(added))
        leaves = [entry.leaf_hash for _, processed in added for entry in processed.entries]
        grow(connection, head.sequence - len(leaves), leaves)
        write_head(connection, head)
        if head.sequence // _TOLD_EVERY > self._entries // _TOLD_EVERY:
            say(f"  {head.sequence:,} entries")
        self._entries = head.sequence

    def _enrolments(self, head: Head, members: Sequence[_Member]) -> tuple[OpenedEnvelope, Processed]:
        transactions = [
            pb.Transaction(
                transaction_id=self._next_id(),
                enrol=pb.Enrol(
                    holder_id=member.holder_id,
                    kind=network_pb2.HOLDER_KIND_MEMBER,
                    public_keys=[key_of(member.holder_id).public],
                ),
            )
            for member in members
        ]
        decided: list[Decided] = [(Balance(holder_id=member.holder_id), ()) for member in members]
        return _recorded(head, _sealed(PARTNERS[0], transactions, self._began_us), decided)

    def _purchases(
        self, head: Head, issuer: str, members: Sequence[_Member]
    ) -> Iterator[tuple[OpenedEnvelope, Processed]]:
        """One envelope, or none where nobody buys."""
        if not members:
            return
        transactions = [self._purchase(member) for member in members]
        decided = self._decide(head.sequence, issuer, members, transactions)
        yield _recorded(head, _sealed(issuer, transactions, self._began_us), decided)

    def _purchase(self, member: _Member) -> pb.Transaction:
        points = OPENING_POINTS + self._random.randrange(100)
        return pb.Transaction(
            transaction_id=self._next_id(),
            issue=pb.Issue(
                holder_id=member.holder_id,
                points=points,
                reason="purchase",
                reference=f"receipt {self._made}",
                purchase_amount_minor=100 * points,
            ),
        )

    def _decide(
        self, sequence: int, issuer: str, members: Sequence[_Member], transactions: Sequence[pb.Transaction]
    ) -> Iterator[Decided]:
        """What the ledger would: the points go into the issuer's lot, which is opened if there is none."""
        for member, transaction in zip(members, transactions, strict=True):
            sequence += 1
            points = transaction.issue.points
            opened, before = member.lots.get(issuer, (sequence, 0))
            member.lots[issuer] = (opened, before + points)
            self._issued[issuer] += points
            balance = Balance(holder_id=member.holder_id, available_points=member.points)
            yield balance, [Allocation(issuer=issuer, expires_on=self._expires_on, points=points)]

    def _next_id(self) -> bytes:
        self._made += 1
        return transaction_id(self._began_us // 1_000 + self._made // 10, self._random.randbytes(10))


def _write_members(connection: Connection, members: Sequence[_Member], expires_on: str) -> None:
    holders = [
        Holder(
            holder_id=member.holder_id,
            kind=network_pb2.HOLDER_KIND_MEMBER,
            status=network_pb2.HOLDER_STATUS_ACTIVE,
            enrolled_by=PARTNERS[0],
            keys=(key_of(member.holder_id).public,),
            points=member.points,
            held_points=0,
            raised_points=0,
        )
        for member in members
    ]
    upsert_rows(
        connection, tables.holders, [row for holder in holders for row in _ROWS[tables.holders](holder[0], holder)]
    )
    lots = [
        row
        for member in members
        for row in _ROWS[tables.lots](
            member.holder_id,
            tuple(Lot(issuer, expires_on, "", opened, points) for issuer, (opened, points) in member.lots.items()),
        )
    ]
    upsert_rows(connection, tables.lots, lots)


def _sealed(author: str, transactions: Sequence[pb.Transaction], now_us: int) -> OpenedEnvelope:
    """As admission would open it: signed, and of right form by construction."""
    raws = [encode(transaction) for transaction in transactions]
    data = seal(
        raws,
        network_id=NETWORK_ID,
        author=author,
        keys=[key_of(author)],
        created_us=now_us,
        expires_us=now_us + _LIFETIME_US,
    )
    envelope = SignedEnvelope.FromString(data)
    return OpenedEnvelope(
        header_bytes=envelope.header,
        header=EnvelopeHeader.FromString(envelope.header),
        transactions=tuple(
            OpenedTransaction.of(index, raws[index], message) for index, message in enumerate(transactions)
        ),
        signatures=tuple(envelope.signatures),
        digest=envelope_digest(envelope.header),
    )


def _recorded(head: Head, envelope: OpenedEnvelope, decided: Iterable[Decided]) -> tuple[OpenedEnvelope, Processed]:
    """The journal's entries for accepted transactions. Moves the head on."""
    entries = []
    for transaction, (balance, allocations) in zip(envelope.transactions, decided, strict=True):
        head.sequence += 1
        head.committed_us = max(head.committed_us + 1, envelope.header.created_us)
        identifier = transaction.message.transaction_id
        outcome = encode(
            Outcome(
                transaction_id=identifier,
                sequence=head.sequence,
                committed_us=head.committed_us,
                status=outcome_pb2.OUTCOME_STATUS_ACCEPTED,
                allocations=allocations,
                balance=balance,
            )
        )
        body = encode(
            JournalEntry(
                window=head.window,
                author=envelope.header.author,
                envelope_digest=envelope.digest,
                envelope_index=transaction.position,
                transaction=transaction.raw,
                outcome=outcome,
            )
        )
        leaf = leaf_hash(body)
        head.frontier.append(leaf)
        entries.append(
            Entry(
                sequence=head.sequence,
                committed_us=head.committed_us,
                window=head.window,
                author=envelope.header.author,
                transaction_id=identifier,
                kind=pb.TRANSACTION_KIND_ISSUE if transaction.kind == "issue" else pb.TRANSACTION_KIND_ENROL,
                holder_id=balance.holder_id,
                counterparty_id="",
                body=body,
                transaction=transaction.raw,
                outcome=outcome,
                leaf_hash=leaf,
            )
        )
    outcomes, sequences = tuple(entry.outcome for entry in entries), tuple(entry.sequence for entry in entries)
    return envelope, Processed(outcomes, sequences, (), tuple(entries), ())
