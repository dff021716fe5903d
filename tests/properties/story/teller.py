"""Makes up a story while it is told: what is sent next depends on what the books say now.

Most of it is plausible, much of it stands right at a limit, and some of it is wrong on purpose. Once told, a story is
plain data: it can be told again, whole or with parts left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from coalition.ids import transaction_id
from coalition.keys import SigningKey
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.transaction_pb2 import Transaction
from tests.properties.model.books import BUSINESS, HUB, MEMBER, Books
from tests.properties.model.model import RULES
from tests.properties.model.pledges import due
from tests.properties.story import cast
from tests.properties.story.envelope import Envelope, Posted
from tests.properties.story.menu import MENU
from tests.properties.story.passing import later

T = TypeVar("T")

#: Who speaks how often.
_VOICES = {"business": 72, HUB: 12, "operator": 16}
_NOTICED = 12
_CLOSE_US = 10


class Teller:
    """One story in the making. `books` are the model's, and change while the story is told."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now_us = 0
        self.books = Books()
        #: What was proposed lately, whether it was accepted or not: to capture, reverse and repeat.
        self.holds: deque[tuple[str, bytes]] = deque(maxlen=_NOTICED)
        self.originals: deque[tuple[str, bytes]] = deque(maxlen=2 * _NOTICED)
        #: By acceptor, holder and purpose.
        self.consents: dict[tuple[str, str, int], SignedDocument] = {}
        #: A hold that ends about now.
        self.ending: tuple[str, bytes] | None = None
        self.sent: deque[Envelope] = deque(maxlen=2 * _NOTICED)

    # Chance ----------------------------------------------------------------------------------------------------------

    def chance(self, percent: float) -> bool:
        return self.random.random() * 100 < percent

    def one_of(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def near(self, limit: int) -> int:
        """A number of points, often right at a limit."""
        if self.chance(60):
            return self.random.randint(1, max(1, limit))
        return max(1, limit + self.one_of((0, 0, 1, -1)))

    def nonce(self) -> bytes:
        return self.random.randbytes(16)

    def new_id(self) -> bytes:
        return transaction_id(self.now_us // 1_000, self.random.randbytes(10))

    @property
    def today(self) -> str:
        return self.books.day(max(self.now_us, self.books.committed_us + 1))

    # Who -------------------------------------------------------------------------------------------------------------

    def of_kind(self, *kinds: int) -> list[str]:
        """Registered parties."""
        return [party_id for party_id, party in self.books.parties.items() if party["kind"] in kinds]

    def business(self) -> str:
        waiting = [key[0] for key, kept in self.books.holds.items() if kept["status"] == "OPEN"]
        if waiting and self.chance(25):
            return self.one_of(waiting)
        return self.one_of(self.of_kind(*BUSINESS) or [cast.STRANGER])

    def member(self) -> str:
        return self._holder(cast.MEMBERS)

    def fund(self) -> str:
        return self._holder(cast.FUNDS)

    def _holder(self, names: Sequence[str]) -> str:
        """Nearly always an open one, and rather one that has something."""
        known = [name for name in names if self.books.holders.get(name, {"open": False})["open"]]
        if not known or self.chance(3):
            return self.one_of((*names, "nobody"))
        wealthy = [name for name in known if self.books.points_of(name)] if self.chance(40) else []
        return self.one_of(wealthy or known)

    def holder_key(self, holder_id: str) -> SigningKey:
        """A key that may sign for a holder; now and then another."""
        holder = self.books.holders.get(holder_id)
        if holder is None or self.chance(3):
            return self.one_of(cast.keys_of(self.one_of((*cast.MEMBERS, cast.HUB_ID, "nobody"))))
        keys = holder["keys"] if holder["kind"] == MEMBER else self.books.parties[holder["owner"]]["keys"]
        return cast.secret_of(self.one_of(keys or self.books.parties[cast.HUB_ID]["keys"]))

    # Envelopes -------------------------------------------------------------------------------------------------------

    def envelope(self) -> Envelope:
        """The next envelope."""
        if self.sent and self.chance(6):
            return self._again(self.one_of(self.sent))
        author = self._author()
        count = self.one_of((1, 1, 1, 2, 3, 4, 6))
        posted = [Posted.of(self._transaction(author)) for _ in range(count)]
        old = [envelope for envelope in self.sent if envelope.author == author]
        if old and self.chance(8):
            posted.insert(self.random.randint(0, count), self.one_of(self.one_of(old).transactions))
        posted = list({item.message.transaction_id: item for item in posted}.values())
        envelope = self._sealed(author, posted)
        self.sent.append(envelope)
        return envelope

    def _author(self) -> str:
        voice = self.random.choices(tuple(_VOICES), tuple(_VOICES.values()))[0]
        if self.chance(2):
            return self.one_of((cast.STRANGER, *cast.PARTIES))
        if self.ending is not None and self.chance(50):
            return self.one_of((self.ending[0], self.ending[0], cast.HUB_ID))
        if voice == "business":
            return self.business()
        return cast.HUB_ID if voice == HUB else cast.OPERATOR_ID

    def _transaction(self, author: str) -> Transaction:
        """Something that the author may say, most of the time."""
        kind_of_author = self.books.parties.get(author, {"kind": 0})["kind"]
        kinds = [kind for kind in MENU if kind_of_author in RULES[kind][1]]
        if self.chance(90):
            pointless = self._pointless(author)
            kinds = [kind for kind in kinds if kind not in pointless]
        if not kinds or self.chance(0.7):
            kinds = list(MENU)
        if self.ending is not None and author in (self.ending[0], cast.HUB_ID) and self.chance(60):
            kinds = ["release"] if author == cast.HUB_ID else ["capture", "release"]
        kind = self.random.choices(kinds, [MENU[kind][0] for kind in kinds])[0]
        identifier = self.new_id()
        message = MENU[kind][1](self, author, identifier)
        return Transaction(transaction_id=identifier, **{kind: message})

    def _pointless(self, author: str) -> set[str]:
        """Kinds that could only be rejected now."""
        books, today, moment_us = self.books, self.today, max(self.now_us, self.books.committed_us + 1)
        kinds: set[str] = set()
        waiting = {key: kept["expires"] for key, kept in books.holds.items() if kept["status"] == "OPEN"}
        if not any(key[0] == author and expires_us > moment_us for key, expires_us in waiting.items()):
            kinds.add("capture")
        if not any(author in (key[0], cast.HUB_ID) for key in waiting):
            kinds.add("release")
        if author == cast.HUB_ID and not any(due(found) for pledges in books.pledges.values() for found in pledges):
            kinds.add("donate")
        if not any(lot.expires <= today for lots in books.lots.values() for lot in lots):
            kinds.add("expire")
        if not books.policy(today).transfer_points_max:
            kinds.add("transfer")
        if not any(key[0] == author for key in books.originals):
            kinds.add("reverse")
        if not any(len(holder["keys"]) > 1 for holder in books.holders.values()):
            kinds.add("remove_key")
        return kinds

    def _sealed(self, author: str, posted: Sequence[Posted]) -> Envelope:
        party = self.books.parties.get(author)
        keys = [cast.secret_of(public) for public in party["keys"]] if party else list(cast.keys_of(author)[:1])
        self.random.shuffle(keys)
        signatures = 2 if author == cast.OPERATOR_ID and not self.chance(15) else 1
        policy = self.books.policy(self.today)
        lifetime_us = policy.envelope_lifetime_max_s * 1_000_000
        created_us = self.now_us - self.random.randrange(lifetime_us // 2)
        wrong = self.chance(6)
        return Envelope(
            network_id=cast.OTHER_NETWORK_ID if wrong and self.chance(15) else cast.NETWORK_ID,
            author=author,
            keys=self._wrong_keys(author) if wrong and self.chance(25) else tuple(keys[:signatures]),
            created_us=created_us,
            expires_us=self._expiry(created_us, lifetime_us) if wrong else created_us + lifetime_us,
            atomic=self.chance(20),
            transactions=tuple(posted),
        )

    def _wrong_keys(self, author: str) -> tuple[SigningKey, ...]:
        revoked = self.books.parties.get(author, {"revoked": []})["revoked"]
        if revoked and self.chance(75):
            return (cast.secret_of(self.one_of(revoked)),)
        return (self.one_of(cast.keys_of(author)), *cast.keys_of(cast.STRANGER)[: self.random.randint(0, 1)])

    def _expiry(self, created_us: int, lifetime_us: int) -> int:
        """Right at, or beyond, the end of the envelope's life or of what policy allows."""
        next_us = max(self.now_us, self.books.committed_us + 1)
        return self.one_of((next_us, next_us + 1, created_us + lifetime_us, created_us + lifetime_us + 1))

    def _again(self, envelope: Envelope) -> Envelope:
        """An old envelope again: as it was, in other company, or with an id that now stands for something else."""
        way = self.random.randrange(4)
        if way == 0:
            return envelope
        posted = list(envelope.transactions)
        if way == 1:
            self.random.shuffle(posted)
            return self._sealed(envelope.author, posted[: self.random.randint(1, len(posted))])
        if way == 2:
            others = [other for other in self.sent if other.author == envelope.author]
            posted += self.one_of(others).transactions
            return self._sealed(envelope.author, list({item.message.transaction_id: item for item in posted}.values()))
        changed = self._transaction(envelope.author)
        changed.transaction_id = self.one_of(posted).message.transaction_id
        return self._sealed(envelope.author, [Posted.of(changed)])

    def pass_time(self) -> None:
        """Move the clock, often right to where something ends."""
        self.now_us = later(self.random, self.books, self.now_us)
        near = [key for key, kept in self.books.holds.items() if abs(kept["expires"] - self.now_us) < _CLOSE_US]
        self.ending = self.one_of(near) if near else None

    def sometimes_wrong(self, right: Any, *wrong: Any, percent: float = 3) -> Any:
        return self.one_of(wrong) if self.chance(percent) else right
