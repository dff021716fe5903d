"""Drafts of what an issuer pays ahead."""

from __future__ import annotations

from coalition.v1 import transaction_pb2 as pb
from partner_sdk._draft import Draft
from partner_sdk._outcomes import Outcome
from partner_sdk._vocabulary import Kind


def order_pack(packs: int, *, reference: str = "", transaction_id: str | None = None) -> Draft[Outcome]:
    """Order packs of points, 1 to 1,000, and owe the operator their price; your terms say how many points one has.

    Issuing goes on whether a pack is left or not: what is not paid for ahead is owed when it is redeemed. `reference`
    is your order number or the like, up to 64 characters. Raises PacksNotAgreed, TermsMissing, TransactionLimit.
    """
    return Draft(Kind.ORDER_PACK, lambda _: pb.OrderPack(packs=packs, reference=reference), transaction_id)
