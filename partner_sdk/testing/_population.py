"""Everybody in a test network: admitted, bound by terms, and the charities with a campaign each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from coalition.keys import SigningKey
from partner_sdk._draft import Draft
from partner_sdk._operator_drafts import open_campaign, publish_terms, register_party
from partner_sdk._outcomes import Outcome
from partner_sdk._party_documents import CampaignOffer, PartyApplication, TermsOffer
from partner_sdk._vocabulary import PartyKind
from partner_sdk.testing._seeds import fund_of

#: Micro-units per point: a point costs its issuer a cent, and brings its acceptor nine tenths of one.
_PRICE_MICROS: Final = 10_000
_REIMBURSEMENT_MICROS: Final = 9_000
_CAMPAIGN_GOAL: Final = 100_000
_CAMPAIGN_LENGTH: Final = timedelta(days=3_650)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A party to admit."""

    party_id: str
    kind: PartyKind
    display_name: str
    key: SigningKey


def population(newcomers: Sequence[Newcomer], network_id: str, today: date) -> list[Draft[Outcome]]:
    """What the operator has to write, in order."""
    return [draft for newcomer in newcomers for draft in _admission(newcomer, network_id, today)]


def _admission(newcomer: Newcomer, network_id: str, today: date) -> Iterator[Draft[Outcome]]:
    key, party_id = newcomer.key, newcomer.party_id
    yield register_party(
        PartyApplication.sign(
            [key],
            network_id=network_id,
            party_id=party_id,
            kind=newcomer.kind,
            display_name=newcomer.display_name,
        )
    )
    if newcomer.kind is PartyKind.AUDITOR:
        return
    yield publish_terms(
        TermsOffer.sign(
            key,
            network_id=network_id,
            party_id=party_id,
            effective_on=today,
            price_micros=_PRICE_MICROS,
            reimbursement_micros=_REIMBURSEMENT_MICROS if newcomer.kind is PartyKind.PARTNER else 0,
        )
    )
    if newcomer.kind is PartyKind.CHARITY:
        yield open_campaign(
            CampaignOffer.sign(
                key,
                network_id=network_id,
                campaign_id=party_id,
                charity=party_id,
                fund_id=fund_of(party_id),
                title=f"For {newcomer.display_name}",
                goal_points=_CAMPAIGN_GOAL,
                starts_on=today,
                ends_on=today + _CAMPAIGN_LENGTH,
            )
        )
