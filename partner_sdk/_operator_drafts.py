"""Drafts of everything in the network's life, which its operator authors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from coalition.v1 import transaction_pb2 as pb
from partner_sdk._directory import Policy
from partner_sdk._draft import Draft
from partner_sdk._moments import day_text
from partner_sdk._outcomes import Outcome
from partner_sdk._party_documents import CampaignOffer, KeyChange, PartyApplication, TermsOffer
from partner_sdk._signed import document_of
from partner_sdk._vocabulary import Kind, PartyStatus

_TWO: Final = 2


def register_party(application: PartyApplication, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Admit a party that has applied. Raises PartyExists when its id is taken."""
    return Draft(Kind.REGISTER_PARTY, lambda _: pb.RegisterParty(application=document_of(application)), transaction_id)


def publish_terms(terms: TermsOffer, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Publish terms that a party has signed. Its first may hold at once, later ones only after the notice period."""
    return Draft(Kind.PUBLISH_TERMS, lambda _: pb.PublishTerms(terms=document_of(terms)), transaction_id)


def set_policy(policy: Policy, effective_on: date, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Publish a policy, which holds from a day on that lies after the notice period."""
    return Draft(
        Kind.SET_POLICY,
        lambda _: pb.SetPolicy(policy=policy.message(), effective_on=day_text(effective_on)),
        transaction_id,
    )


def open_campaign(campaign: CampaignOffer, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Open a campaign that a charity has signed, and its fund."""
    return Draft(Kind.OPEN_CAMPAIGN, lambda _: pb.OpenCampaign(campaign=document_of(campaign)), transaction_id)


def close_window(window: int, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Close the open settlement window, whose number this must be; the next entry belongs to the next one."""
    return Draft(Kind.CLOSE_WINDOW, lambda _: pb.CloseWindow(window=window), transaction_id)


def set_party_status(
    party_id: str, status: PartyStatus, reason: str, *, transaction_id: str | None = None
) -> Draft[Outcome]:
    """Suspend or reinstate a party. `reason` is for the record, 1 to 200 characters."""
    return Draft(
        Kind.SET_PARTY_STATUS,
        lambda _: pb.SetPartyStatus(party_id=party_id, status=status.number, reason=reason),
        transaction_id,
    )


def change_party_keys(change: KeyChange, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Change a party's keys as one of its active keys has signed. The operator's own keys change by two signatures."""
    return Draft(
        Kind.SET_PARTY_KEYS,
        lambda _: pb.SetPartyKeys(
            party_id=change.party_id,
            add_keys=change.add_keys,
            remove_keys=change.remove_keys,
            change=document_of(change),
        ),
        transaction_id,
        signatures_wanted=_TWO,
    )


def set_party_keys(
    party_id: str,
    *,
    add_keys: Sequence[bytes] = (),
    remove_keys: Sequence[bytes] = (),
    transaction_id: str | None = None,
) -> Draft[Outcome]:
    """Change the keys of a party that lost its own. Adding needs two signatures of the operator, removing one."""
    return Draft(
        Kind.SET_PARTY_KEYS,
        lambda _: pb.SetPartyKeys(party_id=party_id, add_keys=add_keys, remove_keys=remove_keys),
        transaction_id,
        signatures=_TWO if add_keys else 1,
        signatures_wanted=_TWO,
    )


def adjust_points(
    holder_id: str,
    issuer: str,
    points: int,
    reason: str,
    *,
    reference: str = "",
    transaction_id: str | None = None,
) -> Draft[Outcome]:
    """Give a holder points of an issuer, or take them when `points` is negative. Two signatures of the operator."""
    return Draft(
        Kind.ADJUST,
        lambda _: pb.Adjust(
            reason=reason,
            reference=reference,
            points=pb.PointsCorrection(holder_id=holder_id, issuer=issuer, points=points),
        ),
        transaction_id,
        signatures=_TWO,
    )


def adjust_obligation(
    debtor: str,
    creditor: str,
    amount_micros: int,
    reason: str,
    *,
    reference: str = "",
    transaction_id: str | None = None,
) -> Draft[Outcome]:
    """Add an obligation between two parties to the open window, in micro-units. Two signatures of the operator."""
    return Draft(
        Kind.ADJUST,
        lambda _: pb.Adjust(
            reason=reason,
            reference=reference,
            obligation=pb.ObligationCorrection(debtor=debtor, creditor=creditor, amount_micros=amount_micros),
        ),
        transaction_id,
        signatures=_TWO,
    )


def restore_key(holder_id: str, public_key: bytes, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Add a key to a holder that lost its own and proved who it is. Two signatures of the operator."""
    return Draft(
        Kind.ADD_KEY,
        lambda _: pb.AddKey(holder_id=holder_id, public_key=public_key),
        transaction_id,
        signatures=_TWO,
    )


def withdraw_key(holder_id: str, public_key: bytes, *, transaction_id: str | None = None) -> Draft[Outcome]:
    """Take a lost or stolen key from a holder that cannot sign an order. Two signatures of the operator."""
    return Draft(
        Kind.REMOVE_KEY,
        lambda _: pb.RemoveKey(holder_id=holder_id, public_key=public_key),
        transaction_id,
        signatures=_TWO,
    )
