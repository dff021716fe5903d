"""The operator's office: what only the operator does, and what two of its people sign."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final, assert_never

from coalition_demo import actions
from coalition_demo.network import NETWORK_ID, DemoNetwork
from coalition_demo.tally import Tally
from partner_sdk import Outcome, PartyStatus
from partner_sdk.operator import KeyChange, Operator, TermsOffer


class OperatorsOffice:
    """Does the operator's part of a plan. A rejection here is an error: the plan would be wrong."""

    def __init__(self, network: DemoNetwork, operator: Operator, tally: Tally) -> None:
        self._network: Final = network
        self._operator: Final = operator
        self._tally: Final = tally

    def do(self, action: actions.Office) -> int:
        """Carry out one action; the sequence of its last entry. Raises Rejection."""
        match action:
            case actions.Sweep():
                return self._sweep()
            case actions.CloseWindow():
                return self._count(self._operator.close_window(action.window, transaction_id=action.id))
            case actions.RotateKeys():
                return self._rotate_keys(action)
            case actions.SetStatus():
                return self._set_status(action)
            case actions.PublishTerms():
                return self._publish_terms(action)
            case actions.ChangePolicy():
                return self._change_policy(action)
            case actions.CorrectPoints():
                return self._correct_points(action)
            case actions.CorrectObligation():
                return self._correct_obligation(action)
            case _:
                assert_never(action)

    def _sweep(self) -> int:
        swept = self._operator.sweep()
        self._tally.holds_released += swept.holds_released
        self._tally.points_expired += swept.points_expired
        self._tally.points_given_by_pledge += swept.points_donated
        return swept.log_size

    def _set_status(self, action: actions.SetStatus) -> int:
        status = PartyStatus.ACTIVE if action.active else PartyStatus.SUSPENDED
        outcome = self._operator.set_party_status(action.party, status, action.reason, transaction_id=action.id)
        return self._count(outcome)

    def _correct_points(self, action: actions.CorrectPoints) -> int:
        outcome = self._operator.adjust_points(
            action.holder_id, action.issuer, action.points, action.reason, transaction_id=action.id
        )
        return self._count(outcome)

    def _correct_obligation(self, action: actions.CorrectObligation) -> int:
        outcome = self._operator.adjust_obligation(
            action.debtor, action.creditor, action.amount_micros, action.reason, transaction_id=action.id
        )
        return self._count(outcome)

    def _rotate_keys(self, action: actions.RotateKeys) -> int:
        """The new key first, then the old one goes: at no moment is the party without a key."""
        dice, (old,) = self._network.dice, self._network.party_keys[action.party]
        new = dice.key(action.party, "next")
        sequence = 0
        for identifier, signer, keys in (
            (action.add_id, old, {"add_keys": [new.public]}),
            (action.remove_id, new, {"remove_keys": [old.public]}),
        ):
            change = KeyChange.sign(
                signer,
                network_id=NETWORK_ID,
                party_id=action.party,
                nonce=dice.nonce("key change", identifier),
                **keys,
            )
            sequence = self._count(self._operator.change_party_keys(change, transaction_id=identifier))
        self._network.party_keys[action.party] = (new,)
        return sequence

    def _publish_terms(self, action: actions.PublishTerms) -> int:
        terms = TermsOffer.sign(
            self._network.party_keys[action.party][0],
            network_id=NETWORK_ID,
            party_id=action.party,
            effective_on=date.fromisoformat(action.effective_on),
            price_micros=action.price_micros,
            reimbursement_micros=action.reimbursement_micros,
            issue_fee_micros=action.issue_fee_micros,
        )
        return self._count(self._operator.publish_terms(terms, transaction_id=action.id))

    def _change_policy(self, action: actions.ChangePolicy) -> int:
        policy = replace(
            self._operator.network().policy,
            transfer_points_max=action.transfer_points_max,
            transfer_points_per_day_max=action.transfer_points_per_day_max,
        )
        effective_on = date.fromisoformat(action.effective_on)
        return self._count(self._operator.set_policy(policy, effective_on, transaction_id=action.id))

    def _count(self, outcome: Outcome) -> int:
        self._tally.count((outcome,))
        return outcome.sequence
