"""Journals of the same business, written under one set of terms or under another."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from coalition.v1 import network_pb2, transaction_pb2
from coalition.v1.network_pb2 import Terms
from settlement.clearing.directory import Directory
from settlement.clearing.entry import Entry
from settlement.clearing.rates import Rates
from settlement.simulation.supposition import Supposition, supposing
from tests.settlement.journals import OPERATOR, Journal

PARTIES: Final = ("grocer", "florist", "school")
_FIRST: Final = date(2017, 1, 2)
_FUNDINGS: Final[tuple[dict[str, int], ...]] = (
    {},
    {"prefunded_bps": 3_333},
    {"prefunded_bps": 10_000},
    {"funding": network_pb2.FUNDING_PACKS, "pack_points": 250},
)


@dataclass
class Written:
    """A journal, the terms and the cause rates that it publishes, and how many points are outstanding."""

    journal: Journal
    terms: dict[str, list[Terms]] = field(default_factory=dict)
    causes: list[tuple[str, int]] = field(default_factory=list)
    points: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTIES, 0))
    day: date = _FIRST

    def sells_packs(self, party: str) -> bool:
        """Whether the terms in force today know packs."""
        in_force = [terms for terms in self.terms[party] if terms.effective_on <= self.day.isoformat()]
        return in_force[-1].pack_points > 0

    def publish(self, party: str, offer: Mapping[str, int], days: int) -> None:
        """Terms that hold so many days from now."""
        effective_on = (self.day + timedelta(days=days)).isoformat()
        charity = {"reimbursement_micros": 0} if party == "school" else {}
        rates = {**offer, **charity}
        self.journal.terms(party, effective_on, **rates)
        self.terms.setdefault(party, []).append(Terms(party_id=party, effective_on=effective_on, **rates))

    def some(self, chance: random.Random) -> dict[str, int]:
        """Points of one or more parties, as far as there are any."""
        return {
            issuer: chance.randrange(1, there + 1)
            for issuer, there in self.points.items()
            if there and chance.random() < 0.7
        }

    def move(self, points: Mapping[str, int], sign: int) -> None:
        for issuer, moved in points.items():
            self.points[issuer] += sign * moved

    @property
    def entries(self) -> list[Entry]:
        return self.journal.entries

    @property
    def directory(self) -> Directory:
        """Everything that the journal says about the network."""
        directory = Directory()
        for entry in self.entries:
            directory = directory.learn(entry)
        return directory


def offers(seed: int) -> random.Random:
    """What terms say: drawn beside the business, which is the same for all of them."""
    return random.Random(f"offers {seed}")


def _offer(chance: random.Random) -> dict[str, int]:
    return {
        "price_micros": chance.randrange(9_000, 15_000),
        "reimbursement_micros": chance.randrange(5_000, 9_000),
        "issue_fee_micros": chance.randrange(0, 777),
        **chance.choice(_FUNDINGS),
    }


def write(seed: int, steps: int, first: int, later: int, change_on: str = "0001-01-01") -> Written:
    """Business that follows from `seed` and, for who orders packs, `first`. Terms that take effect before `change_on`
    say what `first` says, the others what `later` says."""
    chance, early, late = random.Random(seed), offers(first), offers(later)
    written, planned = Written(Journal(cause_micros=7_000)), Written(Journal())
    journal = written.journal
    for party in PARTIES:
        kind = network_pb2.PARTY_KIND_CHARITY if party == "school" else network_pb2.PARTY_KIND_PARTNER
        journal.party(party, kind)

    def publish(party: str, days: int) -> None:
        drawn = _offer(early), _offer(late)
        changed = (written.day + timedelta(days=days)).isoformat() >= change_on
        written.publish(party, drawn[changed], days)
        planned.day = written.day
        planned.publish(party, drawn[0], days)

    for party in PARTIES:
        publish(party, 0)
    journal.campaign("school", "playground")
    redemptions: list[tuple[Entry, dict[str, int]]] = []
    issues: list[tuple[Entry, int]] = []
    for _ in range(steps):
        step, party, points = chance.randrange(16), chance.choice(PARTIES), written.some(chance)
        if step < 4:
            issued, arrears = chance.randrange(2, 900), chance.choice([0, 0, 1])
            issues.append((journal.issue(party, issued, arrears=arrears), issued))
            written.move({party: issued - arrears}, 1)
        elif step < 7 and points:
            make = journal.redeem if chance.random() < 0.8 else journal.capture
            redemptions.append((make(party, points), points))
            written.move(points, -1)
        elif step == 7 and redemptions:
            original, returned = redemptions.pop(chance.randrange(len(redemptions)))
            journal.reverse(original, returned)
            written.move(returned, 1)
        elif step == 8 and issues:
            original, issued = issues.pop(chance.randrange(len(issues)))
            taken = min(issued, chance.randrange(written.points[original.author] + 1))
            journal.reverse(original, {original.author: taken} if taken else {}, arrears=issued - taken)
            written.move({original.author: taken}, -1)
        elif step == 9 and points:
            journal.owe(party, OPERATOR, chance.randrange(1, 10**6))
            journal.donate("playground", points)
            journal.expire(points)
            written.move(points, -1)
        elif step == 10:
            journal.correct(party, 5)
            written.move({party: 5}, 1)
        elif step == 11:
            packs = chance.randrange(1, 4)
            planned.day = written.day
            if planned.sells_packs(party):
                _order(written, party, packs)
        elif step == 12:
            journal.close()
        elif step == 13:
            publish(party, chance.randrange(1, 4))
            # Two of one party never begin on the same day.
            written.day += timedelta(days=4)
            journal.at(written.day.isoformat())
        elif step == 14:
            effective_on = (written.day + timedelta(days=1)).isoformat()
            drawn = early.randrange(4_000, 8_000), late.randrange(4_000, 8_000)
            cause = drawn[effective_on >= change_on]
            journal.policy(effective_on, cause)
            written.causes.append((effective_on, cause))
            written.day += timedelta(days=2)
            journal.at(written.day.isoformat())
    return written


def _order(written: Written, party: str, packs: int) -> None:
    """Packs, which the ledger rejects where the terms in force know none."""
    if written.sells_packs(party):
        written.journal.order_packs(party, packs)
    else:
        order = transaction_pb2.OrderPack(packs=packs)
        written.journal.append(party, rejected=True, order_pack=order)


def supposition_of(written: Written, directory: Directory, from_day: str = "0001-01-01") -> Supposition:
    """To suppose in a journal, whose directory this is, what another one says from a day on."""
    return Supposition(
        {
            party: supposing(
                directory.terms[party],
                [(terms.effective_on, Rates.of(terms)) for terms in versions if terms.effective_on >= from_day],
            )
            for party, versions in written.terms.items()
            if any(terms.effective_on >= from_day for terms in versions)
        },
        supposing(directory.cause_reimbursement, causes)
        if (causes := [cause for cause in written.causes if cause[0] >= from_day])
        else None,
    )
