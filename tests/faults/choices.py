"""What a business does next, chosen by dice among what its members and its own earlier transactions allow."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED
from coalition.v1.outcome_pb2 import Outcome as OutcomeMessage
from coalition.v1.transaction_pb2 import Transaction
from partner_sdk import Draft, drafts
from partner_sdk._outcomes import EnrolResult, HoldResult, PointsResult, ReverseResult
from partner_sdk._results import result_of
from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Wallet

#: Earlier transactions to build on; older ones are forgotten.
_KEPT: Final = 100
_TOO_MUCH: Final = 90_000


def wallet_of(network: LocalNetwork, holder_id: str) -> Wallet:
    """The wallet of a member, who need not be enrolled yet."""
    return Wallet(network.network_id, holder_id, network.key(holder_id), clock=network.clock)


class Choices:
    """Drafts of every kind that a till writes. Some are meant to be rejected."""

    def __init__(self, network: LocalNetwork, party_id: str, name: str, members: Sequence[Wallet]) -> None:
        """`members` are enrolled, and shared with others. What is chosen follows from `name`."""
        self.dice = random.Random(name)
        self._network = network
        self._party_id = party_id
        self._name = name
        self._members = list(members)
        self._enrolled = 0
        self._originals: list[tuple[str, int]] = []
        self._holds: list[str] = []

    def envelope(self) -> tuple[list[Draft[Any]], bool]:
        """What goes into the next envelope, and whether all of it or none."""
        shape = self.dice.random()
        if shape < 0.7:
            return [self.draft()], False
        if shape < 0.9:
            return [self.draft() for _ in range(self.dice.randint(2, 12))], False
        chosen = [self.draft() for _ in range(self.dice.randint(1, 4))]
        return ([*chosen, self._redeem(_TOO_MUCH)] if self.dice.random() < 0.4 else chosen), True

    def draft(self) -> Draft[Any]:
        """One transaction to be."""
        kind = self.dice.random()
        if kind < 0.35:
            return drafts.issue(self._anybody().holder_id, self.dice.randint(1, 500))
        if kind < 0.65:
            return self._redeem(self.dice.randint(1, 300))
        if kind < 0.75:
            return self._enrol()
        if kind < 0.9 and self._originals:
            original_id, points = self.dice.choice(self._originals)
            return drafts.reverse(original_id, self.dice.randint(1, points))
        if self._holds and self.dice.random() < 0.6:
            hold_id = self._holds.pop()
            return drafts.release(hold_id) if self.dice.random() < 0.3 else drafts.capture(hold_id, 3)
        wallet = self._anybody()
        return drafts.hold(wallet.holder_id, 5, consent=wallet.consent_to_redeem(self._party_id, 5))

    def learn(self, transaction: Transaction, outcome: OutcomeMessage) -> None:
        """Remember what was accepted, to build on it."""
        if outcome.status != OUTCOME_STATUS_ACCEPTED:
            return
        match result_of(transaction, outcome):
            case EnrolResult(holder_id=holder_id):
                self._members.append(wallet_of(self._network, holder_id))
            case HoldResult(hold_id=hold_id):
                self._holds.append(hold_id)
            case ReverseResult():
                pass
            case PointsResult(transaction_id=original_id, points=points):
                self._originals = [*self._originals[-_KEPT:], (original_id, points)]

    def _enrol(self) -> Draft[Any]:
        self._enrolled += 1
        wallet = wallet_of(self._network, f"{self._name}-{self._enrolled}")
        return drafts.enrol(wallet.holder_id, public_keys=[wallet.public_key])

    def _redeem(self, points: int) -> Draft[Any]:
        wallet = self._anybody()
        return drafts.redeem(wallet.holder_id, points, consent=wallet.consent_to_redeem(self._party_id, points))

    def _anybody(self) -> Wallet:
        return self.dice.choice(self._members)
