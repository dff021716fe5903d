"""Orders packs of points, ahead. Settlement books their price; here nothing moves, and issues go on without them."""

from __future__ import annotations

from typing import Final

from coalition.form.checks import PACKS_MICROS_MAX
from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from network.ledger.context import Context, Effect, Rejected
from network.ledger.holdings import use
from network.ledger.kinds.kind import BUSINESS, Kind
from network.ledger.records import Usage
from network.ledger.state import Wanted

#: An issuer's orders of one day cost no more than this many of the largest. A window would have to be open for a
#: thousand such days before settlement could not add it up (settlement.clearing.totals.SUM_MAX).
_LARGEST_A_DAY: Final = 100


def touches(message: pb.OrderPack, author: str, transaction_id: bytes, days: tuple[str, ...], wanted: Wanted) -> None:
    wanted.usage.update((Usage.ORDERED_IN_PACKS, author, day) for day in days)


def apply(ctx: Context, message: pb.OrderPack) -> Effect:
    terms = ctx.require_terms()
    if terms.funding != network_pb2.FUNDING_PACKS:
        raise Rejected(
            error_pb2.REASON_PACKS_NOT_AGREED, party_id=terms.party_id, day=ctx.today, effective_on=terms.effective_on
        )
    price_micros = max(terms.price_micros, 1)
    points, limit = message.packs * terms.pack_points, PACKS_MICROS_MAX // price_micros
    if points > limit:
        raise Rejected(error_pb2.REASON_TRANSACTION_LIMIT, points=points, limit=limit)
    use(ctx, Usage.ORDERED_IN_PACKS, ctx.author.party_id, points, PACKS_MICROS_MAX * _LARGEST_A_DAY // price_micros)
    return Effect()


KIND = Kind(BUSINESS, touches, apply)
