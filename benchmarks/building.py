"""Builds towns: founds the network, admits everybody, enrols the holders and gives them their lots.

The ledger and the store do it in this process, in batches as large as the holders that they touch, without a server
between. What is built is kept by its size, so that the next run finds it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from benchmarks.progress import say
from benchmarks.town import (
    CHARITIES,
    NETWORK_ID,
    OPENING_POINTS,
    OPERATOR,
    PARTNERS,
    PASSPHRASE,
    TIME_ZONE,
    Size,
    Town,
    holder_id,
)
from benchmarks.town import key_of as key
from coalition.calendar import Calendar
from coalition.clock import system_clock
from coalition.envelope import OpenedEnvelope, OpenedTransaction, envelope_digest, open_envelope, seal
from coalition.ids import transaction_id
from coalition.v1 import network_pb2
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.v1.transaction_pb2 import Enrol, Issue, Transaction
from coalition.wire import encode
from network.config import load_config
from network.founding import Place, found_network
from network.genesis import Founding
from network.journal.batch import BatchCommitter
from network.ledger.engine import Processed
from network.policy import default_policy
from network.store.engine import sqlite_url
from network.store.store import Store
from partner_sdk._sealed import prepare, seal_one
from partner_sdk._vocabulary import PartyKind
from partner_sdk.testing._population import Newcomer, population

#: Holders whose enrolment and lots are committed together.
_BLOCK: Final = 1_000
_LIFETIME_US: Final = 86_400_000_000
#: What nobody reaches, so that limits are counted and never met.
_NO_LIMIT: Final = 10**9
_NAMES: Final = "coalition-bench"


def town(cache: Path, size: Size) -> Path:
    """The folder of a town of this size, built if it was not yet. Copy it before a hub changes it."""
    folder = cache / f"{size}-{_version()}"
    if not (folder / "built.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        say(f"building a town: {size}")
        _build(folder, size)
        (folder / "built.json").write_text(json.dumps({"size": str(size)}))
    return folder


def copy_town(cache: Path, size: Size, place: Path) -> Town:
    """A town of this size in a folder of its own."""
    shutil.copytree(town(cache, size), place)
    return Town(place, size)


def _today() -> date:
    """The day that it is in the network's time zone."""
    return date.fromisoformat(Calendar(TIME_ZONE).day(system_clock()))


def _version() -> str:
    """Of what makes a town what it is. Points expire by the month, so none is older than that."""
    migrations = Path(__file__).parents[1] / "network" / "store" / "migrations" / "versions"
    digest = hashlib.sha256(_today().strftime("%Y-%m").encode())
    for path in (Path(__file__), Path(__file__).with_name("town.py"), *sorted(migrations.glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _build(folder: Path, size: Size) -> None:
    policy = default_policy()
    policy.redeem_points_per_day_max = policy.transfer_points_per_day_max = _NO_LIMIT
    found_network(
        Founding(NETWORK_ID, TIME_ZONE, "EUR", 2, policy),
        Place(folder, (), "localhost:7700", None),
        PASSPHRASE,
        system_clock,
        hub_key=key("hub"),
        operator_keys=[key(OPERATOR), key(f"{OPERATOR}-2")],
    )
    store = Store(sqlite_url(load_config(folder).database))
    try:
        store.upgrade()
        building = _Building(Town(folder, size), BatchCommitter(store))
        building.admit_parties()
        building.enrol_holders()
        building.fill_journal()
    finally:
        store.close()


class _Building:
    """Commits what makes a town, and counts ids so that the same town has the same ones."""

    def __init__(self, town: Town, committer: BatchCommitter) -> None:
        self._town = town
        self._committer = committer
        self._ids = 0
        self._entries = 1

    def admit_parties(self) -> None:
        """Partners and charities with terms, and a campaign for each charity."""
        kinds = dict.fromkeys(PARTNERS, PartyKind.PARTNER) | dict.fromkeys(CHARITIES, PartyKind.CHARITY)
        newcomers = [Newcomer(name, kind, name.capitalize(), key(name)) for name, kind in kinds.items()]
        connection = self._town.connection(OPERATOR, "localhost:7700")
        drafts = population(newcomers, NETWORK_ID, _today())
        sealed = seal_one(connection, [prepare(connection, draft) for draft in drafts])
        self._commit([open_envelope(sealed.envelope)])

    def enrol_holders(self) -> None:
        """Every holder with its lots, a block of holders at a time."""
        size = self._town.size
        for first in range(0, size.holders, _BLOCK):
            numbers = range(first, min(first + _BLOCK, size.holders))
            envelopes = [self._envelope(PARTNERS[0], [self._enrolment(number) for number in numbers])]
            for lot in range(size.lots):
                envelopes += self._issues([(number, (number + lot) % len(PARTNERS)) for number in numbers])
            self._commit(envelopes)
            if first % 100_000 == 0 and first:
                say(f"  {first:,} holders")

    def fill_journal(self) -> None:
        """Purchases, spread evenly over the holders, until the journal is as long as it shall be."""
        size = self._town.size
        number = 0
        while self._entries < size.entries:
            count = min(_BLOCK, size.entries - self._entries)
            numbers = [(number + position) % size.holders for position in range(count)]
            before = self._entries // 1_000_000
            for envelope in self._issues([(other, number // _BLOCK % len(PARTNERS)) for other in numbers]):
                self._commit([envelope])
            number += count
            if self._entries // 1_000_000 > before:
                say(f"  {self._entries:,} entries")

    def _issues(self, purchases: Sequence[tuple[int, int]]) -> Iterator[OpenedEnvelope]:
        """An envelope of each issuer for holders and their issuers, by number."""
        for issuer in range(len(PARTNERS)):
            holders = [number for number, by in purchases if by == issuer]
            if holders:
                yield self._envelope(PARTNERS[issuer], [self._purchase(number) for number in holders])

    def _enrolment(self, number: int) -> Transaction:
        holder = holder_id(number)
        return Transaction(
            transaction_id=self._next_id(),
            enrol=Enrol(holder_id=holder, kind=network_pb2.HOLDER_KIND_MEMBER, public_keys=[key(holder).public]),
        )

    def _purchase(self, number: int) -> Transaction:
        identifier = self._next_id()
        return Transaction(
            transaction_id=identifier,
            issue=Issue(
                holder_id=holder_id(number),
                points=OPENING_POINTS + number % 100,
                reason="purchase",
                reference=f"receipt {self._ids}",
                purchase_amount_minor=1_000 + number % 5_000,
            ),
        )

    def _next_id(self) -> bytes:
        self._ids += 1
        tail = hashlib.sha256(b"%s %d" % (_NAMES.encode(), self._ids)).digest()[:10]
        return transaction_id(1_700_000_000_000 + self._ids // 10, tail)

    def _envelope(self, author: str, transactions: Sequence[Transaction]) -> OpenedEnvelope:
        """As admission would have opened it; forms are right by construction."""
        now_us = system_clock()
        raws = [encode(transaction) for transaction in transactions]
        data = seal(
            raws,
            network_id=NETWORK_ID,
            author=author,
            keys=[key(author)],
            created_us=now_us,
            expires_us=now_us + _LIFETIME_US,
        )
        opened = [OpenedTransaction.of(index, raws[index], message) for index, message in enumerate(transactions)]
        return _opened(data, opened)

    def _commit(self, envelopes: Sequence[OpenedEnvelope]) -> None:
        committed = self._committer.commit(envelopes, system_clock())
        for result in committed.results:
            assert isinstance(result, Processed), result
        self._entries = committed.head.sequence


def _opened(data: bytes, transactions: Sequence[OpenedTransaction]) -> OpenedEnvelope:
    envelope = SignedEnvelope.FromString(data)
    return OpenedEnvelope(
        header_bytes=envelope.header,
        header=EnvelopeHeader.FromString(envelope.header),
        transactions=tuple(transactions),
        signatures=tuple(envelope.signatures),
        digest=envelope_digest(envelope.header),
    )
