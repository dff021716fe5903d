"""Seeded everyday business of the town: every kind of transaction, valid and not, to be applied in batches."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from coalition.envelope import OpenedEnvelope
from coalition.v1 import transaction_pb2 as pb
from tests.network.town import CHARITY, DAY_US, PARTNERS, Town, key_of

AUTHORS: Final = (*PARTNERS, CHARITY)


class Bustle:
    """An endless supply of envelopes that a town could send; the same for the same seed."""

    def __init__(self, town: Town, seed: int, members: int = 8) -> None:
        self.town = town
        self._random = random.Random(seed)
        self._members = [f"member-{number}" for number in range(members)]
        #: What was sent, by author; later transactions refer to it.
        self._issues: list[tuple[str, pb.Transaction]] = []
        self._debits: list[tuple[str, pb.Transaction]] = []
        self._holds: list[tuple[str, pb.Transaction]] = []
        self._pledges: list[tuple[str, pb.Transaction]] = []
        self._sent: list[OpenedEnvelope] = []
        self._window = 1

    def opening(self) -> list[OpenedEnvelope]:
        """The network, its parties and members."""
        founding = self.town.founding()
        enrolments = [self.town.enrol(member, f"card-{member}") for member in self._members]
        return [*founding, self.town.envelope("grocer", *enrolments)]

    def envelope(self) -> OpenedEnvelope:
        """The next one: mostly new, sometimes one that was sent before."""
        choose = self._random
        if self._sent and choose.random() < 0.05:
            return choose.choice(self._sent)
        self.town.now_us += choose.choice((0, 1, 1_000, DAY_US // 24, DAY_US // 4))
        if choose.random() < 0.04:
            self.town.now_us += 9 * DAY_US
        made = self._operators() if choose.random() < 0.08 else self._business()
        self._sent.append(made)
        return made

    def _business(self) -> OpenedEnvelope:
        choose = self._random
        author = choose.choice(AUTHORS)
        actions: tuple[Callable[[str], pb.Transaction], ...] = (
            self._issue,
            self._issue,
            self._issue,
            self._redeem,
            self._redeem,
            self._redeem,
            self._unconsented,
            self._donate,
            self._transfer,
            self._hold,
            self._resolve,
            self._reverse,
            self._reverse,
            self._pledge,
            self._revoke,
            self._life,
        )
        earlier = self._from_before(author)
        transactions = [choose.choice(actions)(author) for _ in range(choose.choice((1, 1, 2, 5, 12)))]
        return self.town.envelope(author, *transactions, *earlier, atomic=choose.random() < 0.15)

    def _from_before(self, author: str) -> list[pb.Transaction]:
        """Now and then an envelope carries a transaction that another one carried before."""
        before = [sent for by, sent in self._issues if by == author]
        return [self._random.choice(before)] if before and self._random.random() < 0.1 else []

    def _operators(self) -> OpenedEnvelope:
        town, choose = self.town, self._random
        both = [key_of("operator"), key_of("operator-2")]
        which = choose.randrange(4)
        if which == 0:
            self._window += 1
            closing = pb.CloseWindow(window=self._window - 1)
            return town.envelope("operator", town.transaction(close_window=closing))
        if which == 1:
            correction = pb.PointsCorrection(
                holder_id=self._member(), issuer=choose.choice(PARTNERS), points=choose.randint(-30, 30) or 1
            )
            adjust = pb.Adjust(reason="counted again", points=correction)
            return town.envelope("operator", town.transaction(adjust=adjust), keys=both)
        if which == 2:
            day = choose.choice(("2024-02-29", "2024-03-31", "2024-05-31", "2025-01-31"))
            return town.envelope("operator", town.terms(choose.choice(PARTNERS), day, issue_fee_micros=10))
        through = choose.choice(("2024-01-31", "2024-03-31", "2024-04-30"))
        expire = pb.Expire(through=through, holder_ids=sorted(choose.sample(self._members, 3)))
        return town.envelope("hub", town.transaction(expire=expire))

    def _member(self) -> str:
        return self._random.choice(self._members)

    def _points(self) -> int:
        return self._random.choice((1, 7, 40, 100, 250))

    def _issue(self, author: str) -> pb.Transaction:
        pending = self._random.choice(("", "", "2024-02-15", "2024-03-01"))
        made = self.town.issue(self._member(), self._points(), pending)
        self._issues.append((author, made))
        return made

    def _redeem(self, author: str) -> pb.Transaction:
        made = self.town.redeem(self._member(), author, self._points())
        self._debits.append((author, made))
        return made

    def _unconsented(self, author: str) -> pb.Transaction:
        made = self.town.transaction(redeem=pb.Redeem(holder_id=self._member(), points=self._points()))
        self._debits.append((author, made))
        return made

    def _donate(self, author: str) -> pb.Transaction:
        return self.town.donate(self._member(), author, self._points())

    def _transfer(self, author: str) -> pb.Transaction:
        giver, taker = self._random.sample(self._members, 2)
        return self.town.transfer(giver, taker, author, self._points())

    def _hold(self, author: str) -> pb.Transaction:
        made = self.town.hold(self._member(), author, self._points())
        self._holds.append((author, made))
        return made

    def _resolve(self, author: str) -> pb.Transaction:
        held = [hold for by, hold in self._holds if by == author]
        if not held:
            return self._hold(author)
        hold = self._random.choice(held[-4:])
        if self._random.random() < 0.3:
            return self.town.release(hold, author)
        made = self.town.capture(hold, self._random.randint(1, hold.hold.points))
        self._debits.append((author, made))
        return made

    def _reverse(self, author: str) -> pb.Transaction:
        sent = self._random.choice((self._issues, self._debits))
        originals = [original for by, original in sent if by == author]
        if not originals:
            return self._issue(author)
        original = self._random.choice(originals[-8:])
        kind = original.WhichOneof("kind") or ""
        points = getattr(original, kind).points
        return self.town.reverse(original, self._random.choice((points, self._random.randint(1, points))))

    def _pledge(self, author: str) -> pb.Transaction:
        member = self._member()
        made = self.town.pledge(member)
        self._pledges.append((member, made))
        return made

    def _revoke(self, author: str) -> pb.Transaction:
        if not self._pledges:
            return self._pledge(author)
        member, pledge = self._random.choice(self._pledges)
        order = self.town.order(member, revoke_pledge=pledge.transaction_id)
        return self.town.transaction(revoke_pledge=pb.RevokePledge(pledge_id=pledge.transaction_id, order=order))

    def _life(self, author: str) -> pb.Transaction:
        member = self._member()
        key = key_of(f"{member}-{self._random.randrange(3)}").public
        match self._random.randrange(3):
            case 0:
                add = pb.AddKey(holder_id=member, public_key=key, order=self.town.order(member, add_key=key))
                return self.town.transaction(add_key=add)
            case 1:
                remove = pb.RemoveKey(holder_id=member, public_key=key, order=self.town.order(member, remove_key=key))
                return self.town.transaction(remove_key=remove)
            case _:
                alias = f"tag-{self._random.randrange(4)}"
                change = pb.SetAlias(holder_id=member, alias=alias, remove=self._random.random() < 0.4)
                return self.town.transaction(set_alias=change)
