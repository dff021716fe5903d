"""Members and schools: their wallets, what they have, and what they sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import count
from typing import Any, Final, assert_never

from coalition_demo import actions
from coalition_demo.actions import Enrol, Issue, Online, TakeBack
from coalition_demo.network import NETWORK_ID, DemoNetwork
from coalition_demo.schools import SCHOOLS
from partner_sdk import Client, Draft, Outcome, drafts
from partner_sdk.wallet import Wallet

#: Who has fewer points keeps them for another time.
_FEWEST_POINTS: Final = 20


class Members:
    """Turns actions into drafts, with the consents and orders that holders sign for them."""

    def __init__(self, network: DemoNetwork, clients: Mapping[str, Client]) -> None:
        self._network: Final = network
        self._clients: Final = clients
        self._wallets: Final[dict[str, Wallet]] = {}
        #: Which of a member's keys its wallet has, from 1.
        self._key_numbers: Final[dict[str, int]] = {}
        #: Points of redemptions and holds that were accepted, by the transaction's id.
        self._taken: Final[dict[str, int]] = {}
        #: The most that each pledge in force will ever give, by fund and then by the pledge's id.
        self.pledged: Final[dict[str, dict[str, int]]] = {school.fund_id: {} for school in SCHOOLS}
        self._schools: Final = {school.fund_id: school.party_id for school in SCHOOLS}

    def till_draft(self, item: Enrol | Issue | TakeBack) -> Draft[Any]:
        """What a till sends without asking anybody."""
        match item:
            case Issue():
                return drafts.issue(
                    item.holder_id,
                    item.points,
                    reference=item.reference,
                    purchase_amount_minor=item.cents,
                    available_on=date.fromisoformat(item.available_on) if item.available_on else None,
                    transaction_id=item.id,
                )
            case TakeBack():
                return drafts.reverse(item.original_id, item.points, reference=item.reference, transaction_id=item.id)
            case Enrol():
                return drafts.enrol(
                    item.holder_id,
                    public_keys=[self.wallet(item.holder_id).public_key],
                    alias=item.alias,
                    transaction_id=item.id,
                )
            case _:
                assert_never(item)

    def draft(self, action: Online) -> Draft[Any] | None:
        """What a business or school sends; None when there are too few points for it."""
        match action:
            case actions.Redeem() | actions.Hold() | actions.Donate() | actions.Transfer():
                return self._debit(action)
            case actions.GiveBack() | actions.Capture() | actions.Release():
                return self._resolution(action)
            case (
                actions.Pledge()
                | actions.RevokePledge()
                | actions.AddKey()
                | actions.RemoveKey()
                | actions.SetAlias()
                | actions.CloseAccount()
            ):
                return self._instruction(action)
            case actions.OrderPack():
                return drafts.order_pack(1, transaction_id=action.id)
            case _:
                assert_never(action)

    def done(self, action: Online, outcome: Outcome) -> None:
        """Remember what later actions build on."""
        if not outcome.accepted:
            return
        match action:
            case actions.Redeem() | actions.Hold():
                self._taken[action.id] = outcome.points  # type: ignore[attr-defined]
            case actions.Pledge():
                self.pledged[action.fund_id][action.id] = action.points_max
            case actions.RevokePledge():
                for pledges in self.pledged.values():
                    pledges.pop(action.pledge_id, None)
            case actions.AddKey():
                # From now on the member signs with the new phone.
                self._key_numbers[action.holder_id] = self._key_number(action.holder_id) + 1
                self._wallets.pop(action.holder_id)

    def wallet(self, holder_id: str) -> Wallet:
        """A holder's wallet. A fund's has the key of its school."""
        wallet = self._wallets.get(holder_id)
        if wallet is None:
            number = self._key_number(holder_id)
            school = self._schools.get(holder_id)
            key = self._network.party_keys[school][0] if school else self._network.dice.key(holder_id, number)
            wallet = Wallet(
                NETWORK_ID, holder_id, key, clock=self._network.clock, nonces=self._nonces(holder_id, number)
            )
            self._wallets[holder_id] = wallet
        return wallet

    def _key_number(self, holder_id: str) -> int:
        return self._key_numbers.get(holder_id, 1)

    def _nonces(self, holder_id: str, key_number: int) -> Callable[[], bytes]:
        numbers = count()
        return lambda: self._network.dice.nonce(holder_id, key_number, next(numbers))

    def _debit(self, action: actions.Redeem | actions.Hold | actions.Donate | actions.Transfer) -> Draft[Any] | None:
        """Take a share of what the holder has, with its consent."""
        # A fund's balance is for its school only; a member's for every till.
        asking = self._clients[self._schools.get(action.holder_id, action.party)]
        points = asking.balance(action.holder_id).available * action.share // 100
        if points < _FEWEST_POINTS:
            return None
        wallet = self.wallet(action.holder_id)
        match action:
            case actions.Redeem():
                return drafts.redeem(
                    action.holder_id,
                    points,
                    consent=wallet.consent_to_redeem(action.party, points),
                    reference=action.reference,
                    transaction_id=action.id,
                )
            case actions.Hold():
                return drafts.hold(
                    action.holder_id,
                    points,
                    consent=wallet.consent_to_redeem(action.party, points),
                    lifetime=timedelta(seconds=action.lifetime_s),
                    transaction_id=action.id,
                )
            case actions.Donate():
                return drafts.donate(
                    action.holder_id,
                    action.fund_id,
                    points,
                    consent=wallet.consent_to_donate(action.party, action.fund_id, points),
                    transaction_id=action.id,
                )
            case actions.Transfer():
                points = min(points, self._transfer_points_max(action.party))
                return drafts.transfer(
                    action.holder_id,
                    action.recipient_id,
                    points,
                    consent=wallet.consent_to_transfer(action.party, action.recipient_id, points),
                    transaction_id=action.id,
                )
            case _:
                assert_never(action)

    def _resolution(self, action: actions.GiveBack | actions.Capture | actions.Release) -> Draft[Any] | None:
        """What follows a redemption or a hold; nothing when there was none."""
        taken = self._taken.get(action.redeem_id if isinstance(action, actions.GiveBack) else action.hold_id)
        if taken is None:
            return None
        match action:
            case actions.GiveBack():
                return drafts.reverse(action.redeem_id, max(1, taken * action.share // 100), transaction_id=action.id)
            case actions.Capture():
                return drafts.capture(action.hold_id, max(1, taken * action.share // 100), transaction_id=action.id)
            case actions.Release():
                return drafts.release(action.hold_id, transaction_id=action.id)
            case _:
                assert_never(action)

    def _instruction(
        self,
        action: actions.Pledge
        | actions.RevokePledge
        | actions.AddKey
        | actions.RemoveKey
        | actions.SetAlias
        | actions.CloseAccount,
    ) -> Draft[Any]:
        """What a holder decides about its account."""
        holder_id = action.holder_id
        wallet = self.wallet(holder_id)
        match action:
            case actions.Pledge():
                offer = wallet.pledge(
                    action.fund_id,
                    share_bps=action.share_bps,
                    points_max=action.points_max,
                    ends_on=date.fromisoformat(action.ends_on),
                )
                return drafts.pledge(offer, transaction_id=action.id)
            case actions.RevokePledge():
                order = wallet.order_to_revoke_pledge(action.pledge_id)
                return drafts.revoke_pledge(action.pledge_id, order=order, transaction_id=action.id)
            case actions.AddKey():
                key = self._network.dice.key(holder_id, self._key_number(holder_id) + 1).public
                order = wallet.order_to_add_key(key)
                return drafts.add_key(holder_id, key, order=order, transaction_id=action.id)
            case actions.RemoveKey():
                key = self._network.dice.key(holder_id, self._key_number(holder_id) - 1).public
                order = wallet.order_to_remove_key(key)
                return drafts.remove_key(holder_id, key, order=order, transaction_id=action.id)
            case actions.SetAlias():
                return drafts.set_alias(holder_id, action.alias, remove=action.remove, transaction_id=action.id)
            case actions.CloseAccount():
                return drafts.close_holder(holder_id, order=wallet.order_to_close(), transaction_id=action.id)
            case _:
                assert_never(action)

    def _transfer_points_max(self, party: str) -> int:
        return self._clients[party].network().policy.transfer_points_max
