"""Random business in a real network, of every kind that matters to settlement."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Final

from partner_sdk import Client, Rejection
from partner_sdk.operator import Operator, TermsOffer
from partner_sdk.testing import CHARITIES, PARTNERS, LocalNetwork
from partner_sdk.wallet import Wallet

#: Points expire soon, and terms change within days, so that a test sees both.
POLICY: Final = {"notice_days": 1, "expiry_months": 1}


class Business:
    """Members earn, spend, give and get refunds at seeded random; the operator changes terms and closes windows."""

    def __init__(self, network: LocalNetwork, seed: int, members: int = 6) -> None:
        self._network = network
        self._chance = random.Random(seed)
        self._operator: Operator = network.operator
        self._clients: dict[str, Client] = {name: network.client(name) for name in (*PARTNERS, *CHARITIES)}
        self._members: list[Wallet] = [network.member(points=500) for _ in range(members)]
        self._reversible: list[tuple[str, str, int]] = []
        self.window = 1
        for wallet in self._members[:2]:
            pledge = wallet.pledge("school-fund", share_bps=1_000, points_max=10_000, ends_on=date(2030, 1, 1))
            self._clients["grocer"].pledge(pledge)

    def steps(self, count: int) -> None:
        """So many steps; those that the ledger rejects are part of the journal too."""
        for _ in range(count):
            step = self._chance.choice(
                [self._earn] * 5 + [self._spend] * 6 + [self._hold] * 2 + [self._refund] * 3 + [self._give] * 2
            )
            try:
                step()
            except Rejection:
                continue

    def change_terms(self) -> None:
        """New terms for a partner, part of it prefunded, in force two days from now."""
        party_id = self._chance.choice(list(PARTNERS))
        price = self._chance.randrange(10_000, 15_000)
        terms = TermsOffer.sign(
            self._network.key(party_id),
            network_id=self._network.network_id,
            party_id=party_id,
            effective_on=self._network.today + timedelta(days=2),
            price_micros=price,
            reimbursement_micros=self._chance.randrange(5_000, 9_000),
            issue_fee_micros=self._chance.randrange(0, 777),
            prefunded_bps=self._chance.choice([0, 3_333, 10_000]),
        )
        self._operator.publish_terms(terms)

    def correct(self) -> None:
        """The operator's corrections, of points and of money."""
        wallet = self._chance.choice(self._members)
        self._operator.adjust_points(wallet.holder_id, "florist", self._chance.randrange(1, 50), "goodwill")
        self._operator.adjust_obligation("grocer", "shelter", self._chance.randrange(1, 10**7), "agreed by phone")

    def pass_time(self, days: int) -> None:
        """Days go by; what is due is swept."""
        self._network.clock.advance(days=days)
        self._operator.sweep()

    def close_window(self) -> None:
        """Close the open window."""
        self._operator.close_window(self.window)
        self.window += 1

    def _anyone(self) -> tuple[Wallet, str]:
        return self._chance.choice(self._members), self._chance.choice(list(self._clients))

    def _earn(self) -> None:
        wallet, party_id = self._anyone()
        points = self._chance.randrange(1, 400)
        issued = self._clients[party_id].issue(wallet.holder_id, points)
        self._reversible.append((party_id, issued.transaction_id, points))

    def _spend(self) -> None:
        wallet, party_id = self._anyone()
        points = self._chance.randrange(1, 300)
        consent = wallet.consent_to_redeem(party_id, points)
        redeemed = self._clients[party_id].redeem(wallet.holder_id, points, consent=consent)
        self._reversible.append((party_id, redeemed.transaction_id, points))

    def _hold(self) -> None:
        wallet, party_id = self._anyone()
        client, points = self._clients[party_id], self._chance.randrange(2, 200)
        held = client.hold(wallet.holder_id, points, consent=wallet.consent_to_redeem(party_id, points))
        if self._chance.random() < 0.7:
            part = self._chance.randrange(1, points)
            captured = client.capture(held.transaction_id, part)
            self._reversible.append((party_id, captured.transaction_id, part))
        else:
            client.release(held.transaction_id)

    def _refund(self) -> None:
        if self._reversible:
            place = self._chance.randrange(len(self._reversible))
            party_id, transaction_id, points = self._reversible.pop(place)
            self._clients[party_id].reverse(transaction_id, self._chance.randrange(1, points + 1))

    def _give(self) -> None:
        wallet, party_id = self._anyone()
        points = self._chance.randrange(1, 50)
        consent = wallet.consent_to_donate(party_id, "shelter-fund", points)
        self._clients[party_id].donate(wallet.holder_id, "shelter-fund", points, consent=consent)
