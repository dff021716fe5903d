"""For the network's operator: admitting parties, publishing what binds them, closing windows, correcting.

Parties sign their own documents (`PartyApplication.sign`, `TermsOffer.sign`, `CampaignOffer.sign`, `KeyChange.sign`)
and hand them over as text; the operator reads them with `from_text` and publishes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from coalition.v1 import operator_service_pb2 as pb
from partner_sdk import (
    _awaiting_shell,
    _blocking_shell,
    _holder_drafts,
    _operator_drafts,
    _rpc,
    _settlement_disputes,
)
from partner_sdk._async_client import AwaitingClient
from partner_sdk._client import BlockingClient
from partner_sdk._directory import Policy
from partner_sdk._party_documents import CampaignOffer, KeyChange, PartyApplication, TermsOffer
from partner_sdk._session import Session
from partner_sdk._steps import Steps

__all__ = [
    "AsyncOperator",
    "CampaignOffer",
    "IssuerTotals",
    "KeyChange",
    "Operator",
    "PartyApplication",
    "Policy",
    "Sweep",
    "TermsOffer",
    "TrialBalance",
]


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep did."""

    holds_released: int
    points_expired: int
    points_donated: int
    #: Size of the journal afterwards.
    log_size: int


@dataclass(frozen=True, slots=True)
class IssuerTotals:
    """What happened to the points of an issuer, since the network began."""

    issuer: str
    issued: int
    issue_reversed: int
    redeemed: int
    redeem_reversed: int
    expired: int
    adjusted: int
    in_lots: int
    in_holds: int
    arrears: int

    @property
    def balances(self) -> bool:
        """Whether no point was made or lost."""
        moved = self.issued - self.issue_reversed - self.redeemed + self.redeem_reversed - self.expired + self.adjusted
        return moved == self.in_lots + self.in_holds - self.arrears


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The totals of all issuers."""

    issuers: tuple[IssuerTotals, ...]
    #: The journal's size, as of which this holds.
    sequence: int

    @property
    def balances(self) -> bool:
        """Whether no point was made or lost."""
        return all(issuer.balances for issuer in self.issuers)


def sweep(session: Session) -> Steps[Sweep]:
    """Have the hub do now what it does by itself every minute: release holds that timed out, expire points, give what
    pledges have accrued."""
    response = yield from session.read(_rpc.SWEEP, pb.SweepRequest())
    return Sweep(response.holds_released, response.points_expired, response.points_donated, response.log_size)


def trial_balance(session: Session) -> Steps[TrialBalance]:
    """Totals of the ledger by issuer, and whether they balance."""
    response = yield from session.read(_rpc.GET_TRIAL_BALANCE, pb.GetTrialBalanceRequest())
    issuers = (
        IssuerTotals(
            issuer=item.issuer,
            issued=item.issued_points,
            issue_reversed=item.issue_reversed_points,
            redeemed=item.redeemed_points,
            redeem_reversed=item.redeem_reversed_points,
            expired=item.expired_points,
            adjusted=item.adjusted_points,
            in_lots=item.in_lots_points,
            in_holds=item.in_holds_points,
            arrears=item.arrears_points,
        )
        for item in response.issuers
    )
    return TrialBalance(tuple(issuers), response.sequence)


class Operator(BlockingClient):
    """The operator's connection to the hub. What needs two signatures needs a second key in the profile."""

    register_party = _blocking_shell.writes(_operator_drafts.register_party)
    publish_terms = _blocking_shell.writes(_operator_drafts.publish_terms)
    set_policy = _blocking_shell.writes(_operator_drafts.set_policy)
    open_campaign = _blocking_shell.writes(_operator_drafts.open_campaign)
    close_window = _blocking_shell.writes(_operator_drafts.close_window)
    set_party_status = _blocking_shell.writes(_operator_drafts.set_party_status)
    change_party_keys = _blocking_shell.writes(_operator_drafts.change_party_keys)
    set_party_keys = _blocking_shell.writes(_operator_drafts.set_party_keys)
    adjust_points = _blocking_shell.writes(_operator_drafts.adjust_points)
    adjust_obligation = _blocking_shell.writes(_operator_drafts.adjust_obligation)
    adjust_dispute = _blocking_shell.writes(_settlement_disputes.adjust_dispute)
    restore_key = _blocking_shell.writes(_operator_drafts.restore_key)
    withdraw_key = _blocking_shell.writes(_operator_drafts.withdraw_key)
    set_alias = _blocking_shell.writes(_holder_drafts.set_alias)
    sweep = _blocking_shell.calls(sweep)
    trial_balance = _blocking_shell.calls(trial_balance)


class AsyncOperator(AwaitingClient):
    """As Operator, awaited."""

    register_party = _awaiting_shell.writes(_operator_drafts.register_party)
    publish_terms = _awaiting_shell.writes(_operator_drafts.publish_terms)
    set_policy = _awaiting_shell.writes(_operator_drafts.set_policy)
    open_campaign = _awaiting_shell.writes(_operator_drafts.open_campaign)
    close_window = _awaiting_shell.writes(_operator_drafts.close_window)
    set_party_status = _awaiting_shell.writes(_operator_drafts.set_party_status)
    change_party_keys = _awaiting_shell.writes(_operator_drafts.change_party_keys)
    set_party_keys = _awaiting_shell.writes(_operator_drafts.set_party_keys)
    adjust_points = _awaiting_shell.writes(_operator_drafts.adjust_points)
    adjust_obligation = _awaiting_shell.writes(_operator_drafts.adjust_obligation)
    adjust_dispute = _awaiting_shell.writes(_settlement_disputes.adjust_dispute)
    restore_key = _awaiting_shell.writes(_operator_drafts.restore_key)
    withdraw_key = _awaiting_shell.writes(_operator_drafts.withdraw_key)
    set_alias = _awaiting_shell.writes(_holder_drafts.set_alias)
    sweep = _awaiting_shell.calls(sweep)
    trial_balance = _awaiting_shell.calls(trial_balance)
