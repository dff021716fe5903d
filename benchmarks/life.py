"""What happens in a town: purchases, redemptions and the rest, as in life, and the same for the same seed.

Of a hundred transactions eighty issue points, fifteen redeem them with the holder's consent, and five are the rest. Few
members come often and many seldom: how often follows Zipf's law with exponent 0.8, so that a tenth of 10,000 members
makes more than half of the transactions.

Nothing is drawn that the ledger would reject: points are spent, taken back and captured only some envelopes after they
came, when their envelope has been answered for sure. So a few envelopes may be under way at once, in any order.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, NamedTuple

from benchmarks.town import CHARITIES, OPENING_POINTS, PARTNERS, Size, fund_of, holder_id, key_of, wallet_of
from coalition.clock import system_clock
from coalition.ids import id_text, transaction_id
from partner_sdk import AsyncClient, drafts
from partner_sdk.drafts import Draft

#: Of a hundred transactions.
SHARES: Final[Mapping[str, float]] = {
    "issue": 80.0,
    "redeem": 15.0,
    "donate": 1.5,
    "reverse": 1.0,
    "hold": 0.8,
    "capture": 0.7,
    "enrol": 0.5,
    "transfer": 0.5,
}
_EXPONENT: Final = 0.8
#: Consents and holds outlast the measurement, however long its preparation takes.
_VALID_FOR: Final = timedelta(hours=12)
_POINTS_MAX: Final = 90
#: How many members are looked at for one that has points to spend.
_TRIES: Final = 50
#: Transactions of an author that may still be taken back.
_REVERSIBLE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Action:
    """A transaction to be: the name of a draft and of a client's method, with the arguments of both."""

    author: str
    kind: str
    arguments: Mapping[str, Any]

    def draft(self) -> Draft[Any]:
        """As part of an envelope."""
        made: Draft[Any] = getattr(drafts, self.kind)(**self.arguments)
        return made

    async def call(self, client: AsyncClient) -> None:
        """As a call of its own. Raises what the client raises."""
        await getattr(client, self.kind)(**self.arguments)


@dataclass(frozen=True, slots=True)
class Habits:
    """Who does what. By default everything is spread evenly."""

    authors: tuple[str, ...] = PARTNERS
    #: Share of the transactions that the first author makes, 0 to 1; None: as much as the others.
    first_author: float | None = None
    #: Share of the donations that the first charity's campaign gets; None: as many as the others.
    first_campaign: float | None = None
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)


class _Came(NamedTuple):
    """What an accepted transaction leaves to be used later."""

    author: str
    #: `issue` or `hold`; else points that can be spent only.
    kind: str
    identifier: str
    holder: str
    points: int


class Life:
    """Draws envelope after envelope. `seed` also makes the transactions' ids: use it once with each journal."""

    def __init__(self, size: Size, seed: str, habits: Habits | None = None, *, lag: int = 24) -> None:
        """`lag`: for how many envelopes that which came with one is left alone."""
        self._random = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret
        self._habits = habits or Habits()
        self._size = size
        self._ranks = _ranks(size.holders)
        self._numbers = _numbers(size.holders)
        self._lag = lag
        self._seed = hashlib.sha256(seed.encode()).hexdigest()[:12]
        self._began_ms = system_clock() // 1_000
        self._envelopes = self._made = 0
        self._identifier = ""
        self._spendable: defaultdict[str, int] = defaultdict(lambda: OPENING_POINTS * size.lots)
        self._issues: defaultdict[str, deque[_Came]] = defaultdict(lambda: deque(maxlen=_REVERSIBLE))
        self._holds: defaultdict[str, deque[_Came]] = defaultdict(deque)
        self._came: list[_Came] = []
        #: What came with each of the last envelopes, the oldest first.
        self._ripening: deque[list[_Came]] = deque()

    def envelope(self, size: int) -> list[Action]:
        """The next envelope's transactions, all by one author."""
        if len(self._ripening) == self._lag:
            self._ripen(self._ripening.popleft())
        (author,) = self._random.choices(*_weighed(self._habits.authors, self._habits.first_author))
        actions = [self._action(author) for _ in range(size)]
        self._ripening.append(self._came)
        self._came = []
        self._envelopes += 1
        return actions

    def singles(self, count: int) -> list[Action]:
        """As many envelopes of one."""
        return [self.envelope(1)[0] for _ in range(count)]

    def _ripen(self, came: Sequence[_Came]) -> None:
        for item in came:
            if item.kind == "hold":
                self._holds[item.author].append(item)
                continue
            self._spendable[item.holder] += item.points
            if item.kind == "issue":
                self._issues[item.author].append(item)

    def _action(self, author: str) -> Action:
        self._made += 1
        tail = hashlib.sha256(f"{self._seed}/{self._made}".encode()).digest()[:10]
        self._identifier = id_text(transaction_id(self._began_ms + self._made // 10, tail))
        shares = self._habits.shares
        (kind,) = self._random.choices([*shares], [*shares.values()])
        arguments: dict[str, Any] | None = getattr(self, f"_{kind}")(author)
        if arguments is None:
            kind, arguments = "issue", self._issue(author)
        return Action(author, kind, {**arguments, "transaction_id": self._identifier})

    def _issue(self, author: str) -> dict[str, Any]:
        holder, points = self._holder(), self._random.randint(1, _POINTS_MAX)
        self._came.append(_Came(author, "issue", self._identifier, holder, points))
        return {
            "holder_id": holder,
            "points": points,
            "reference": self._reference,
            "purchase_amount_minor": 100 * points + self._random.randrange(100),
        }

    def _redeem(self, author: str) -> dict[str, Any] | None:
        debit = self._debit()
        if debit is None:
            return None
        holder, points = debit
        consent = wallet_of(holder).consent_to_redeem(author, points, valid_for=_VALID_FOR)
        return {"holder_id": holder, "points": points, "consent": consent, "reference": self._reference}

    def _donate(self, author: str) -> dict[str, Any] | None:
        debit = self._debit()
        if debit is None:
            return None
        holder, points = debit
        (charity,) = self._random.choices(*_weighed(CHARITIES, self._habits.first_campaign))
        fund = fund_of(charity)
        consent = wallet_of(holder).consent_to_donate(author, fund, points, valid_for=_VALID_FOR)
        return {"holder_id": holder, "fund_id": fund, "points": points, "consent": consent}

    def _transfer(self, author: str) -> dict[str, Any] | None:
        debit, recipient = self._debit(), self._holder()
        if debit is None or recipient == debit[0]:
            return None
        holder, points = debit
        self._came.append(_Came(author, "transfer", self._identifier, recipient, points))
        consent = wallet_of(holder).consent_to_transfer(author, recipient, points, valid_for=_VALID_FOR)
        return {"holder_id": holder, "recipient_id": recipient, "points": points, "consent": consent}

    def _hold(self, author: str) -> dict[str, Any] | None:
        debit = self._debit()
        if debit is None:
            return None
        holder, points = debit
        self._came.append(_Came(author, "hold", self._identifier, holder, points))
        consent = wallet_of(holder).consent_to_redeem(author, points, valid_for=_VALID_FOR)
        return {"holder_id": holder, "points": points, "consent": consent, "lifetime": _VALID_FOR}

    def _capture(self, author: str) -> dict[str, Any] | None:
        if not self._holds[author]:
            return None
        held = self._holds[author].popleft()
        return {"hold_id": held.identifier, "points": self._random.randint(1, held.points)}

    def _reverse(self, author: str) -> dict[str, Any] | None:
        """Of an issue, where the holder has points left. They are taken from the issuer's own lots first to last, so
        some of these become arrears, as in life."""
        if not self._issues[author]:
            return None
        issue = self._issues[author].popleft()
        points = self._random.randint(1, issue.points)
        self._spendable[issue.holder] -= points
        return {"original_id": issue.identifier, "points": points, "reference": self._reference}

    def _enrol(self, _author: str) -> dict[str, Any]:
        holder = hashlib.blake2b(self._identifier.encode(), digest_size=10).hexdigest()
        return {"holder_id": holder, "public_keys": [key_of(holder).public]}

    @property
    def _reference(self) -> str:
        return f"receipt {self._made}"

    def _holder(self) -> str:
        (rank,) = self._random.choices(range(len(self._ranks)), cum_weights=self._ranks)
        return holder_id(self._numbers[rank])

    def _debit(self) -> tuple[str, int] | None:
        """A member that has points to spend, and how many of them it spends."""
        wanted = self._random.randint(_POINTS_MAX // 9, _POINTS_MAX)
        for _ in range(_TRIES):
            holder = self._holder()
            if self._spendable[holder] >= wanted:
                self._spendable[holder] -= wanted
                return holder, wanted
        return None


@lru_cache
def _weighed(names: tuple[str, ...], first: float | None) -> tuple[tuple[str, ...], list[float]]:
    """Names with their weights, the first one's a share of all."""
    if first is None:
        return names, [1.0] * len(names)
    return names, [first, *[(1 - first) / (len(names) - 1)] * (len(names) - 1)]


@lru_cache(maxsize=4)
def _ranks(holders: int) -> list[float]:
    """How often the first, the second and so on comes, added up."""
    return [*accumulate((rank + 1) ** -_EXPONENT for rank in range(holders))]


@lru_cache(maxsize=4)
def _numbers(holders: int) -> list[int]:
    """Which holder has which rank: those who come often are not neighbours."""
    return random.Random(0).sample(range(holders), holders)  # noqa: S311
