"""Drafts of everything in a holder's life: accounts, keys, aliases, pledges."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.ids import id_from_text
from coalition.v1 import transaction_pb2 as pb
from partner_sdk._draft import Draft
from partner_sdk._holder_documents import HolderOrder, PledgeOffer
from partner_sdk._outcomes import EnrolResult, Outcome, PledgeResult
from partner_sdk._signed import document_of
from partner_sdk._vocabulary import HolderKind, Kind


def enrol(
    holder_id: str,
    *,
    public_keys: Sequence[bytes] = (),
    alias: str = "",
    kind: HolderKind = HolderKind.MEMBER,
    transaction_id: str | None = None,
) -> Draft[EnrolResult]:
    """Open an account for a member.

    `holder_id` is a pseudonym: letters, digits, hyphens and underscores, up to 64, and nothing that names the person.
    `public_keys` are the raw public keys of the member's wallets; without any, the member can earn, and spend what
    policy allows without consent. `alias` is a card number or the like by which tills find the account.
    """
    return Draft(
        Kind.ENROL,
        lambda _: pb.Enrol(holder_id=holder_id, kind=kind.number, public_keys=public_keys, alias=alias),
        transaction_id,
    )


def add_key(
    holder_id: str,
    public_key: bytes,
    *,
    order: HolderOrder | None = None,
    transaction_id: str | None = None,
) -> Draft[Outcome]:
    """Add a key to a holder, by an order that the holder signed.

    Without an order: only by the party that enrolled the holder, while it has no key yet.
    """
    return Draft(
        Kind.ADD_KEY,
        lambda _: pb.AddKey(holder_id=holder_id, public_key=public_key, order=document_of(order)),
        transaction_id,
    )


def remove_key(
    holder_id: str, public_key: bytes, *, order: HolderOrder, transaction_id: str | None = None
) -> Draft[Outcome]:
    """Take a key from a holder, by an order that the holder signed."""
    return Draft(
        Kind.REMOVE_KEY,
        lambda _: pb.RemoveKey(holder_id=holder_id, public_key=public_key, order=document_of(order)),
        transaction_id,
    )


def set_alias(holder_id: str, alias: str, *, remove: bool = False, transaction_id: str | None = None) -> Draft[Outcome]:
    """Tie a card number or the like to a holder that you enrolled, or untie it."""
    return Draft(
        Kind.SET_ALIAS,
        lambda _: pb.SetAlias(holder_id=holder_id, alias=alias, remove=remove),
        transaction_id,
    )


def close_holder(
    holder_id: str, *, order: HolderOrder | None = None, transaction_id: str | None = None
) -> Draft[Outcome]:
    """Close an empty account by order of its holder; a charity closes its own fund without one."""
    return Draft(
        Kind.CLOSE,
        lambda _: pb.Close(holder_id=holder_id, order=document_of(order)),
        transaction_id,
    )


def pledge(offer: PledgeOffer, *, transaction_id: str | None = None) -> Draft[PledgeResult]:
    """Record a standing consent; the hub gives from then on what it accrues. `pledge_id` of the result revokes it."""
    return Draft(Kind.PLEDGE, lambda _: pb.Pledge(offer=document_of(offer)), transaction_id)


def revoke_pledge(pledge_id: str, *, order: HolderOrder, transaction_id: str | None = None) -> Draft[Outcome]:
    """End a standing consent by order of its holder. What it has accrued stays with the holder."""
    return Draft(
        Kind.REVOKE_PLEDGE,
        lambda _: pb.RevokePledge(pledge_id=id_from_text(pledge_id), order=document_of(order)),
        transaction_id,
    )
