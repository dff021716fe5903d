"""Transactions of a holder's life."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import PledgeOffer
from tests.properties.model.books import CHARITY, FUND, MEMBER, add_days
from tests.properties.story import cast
from tests.properties.story.documents import network_id, order

if TYPE_CHECKING:
    from tests.properties.story.teller import Teller


def enrol(teller: Teller, author: str, identifier: bytes) -> pb.Enrol:
    kind = FUND if teller.books.parties.get(author, {"kind": 0})["kind"] == CHARITY and teller.chance(50) else MEMBER
    kind = teller.sometimes_wrong(kind, FUND, MEMBER)
    names = cast.FUNDS if kind == FUND else cast.MEMBERS
    fresh = [name for name in names if name not in teller.books.holders]
    holder_id = teller.one_of(fresh if fresh and teller.chance(90) else names)
    keys = [] if kind == FUND else [key.public for key in cast.keys_of(holder_id)[: teller.one_of((0, 1, 1, 2))]]
    alias = teller.one_of(cast.ALIASES) if teller.chance(30) else ""
    return pb.Enrol(holder_id=holder_id, kind=kind, public_keys=keys, alias=alias)


def add_key(teller: Teller, author: str, identifier: bytes) -> pb.AddKey:
    holder_id = teller.sometimes_wrong(teller.member(), *cast.FUNDS)
    key = teller.one_of(cast.keys_of(teller.sometimes_wrong(holder_id, "nobody"))).public
    message = pb.AddKey(holder_id=holder_id, public_key=key)
    if teller.chance(70):
        message.order.CopyFrom(order(teller, holder_id, add_key=key))
    return message


def remove_key(teller: Teller, author: str, identifier: bytes) -> pb.RemoveKey:
    able = [name for name, holder in teller.books.holders.items() if len(holder["keys"]) > 1]
    other = teller.sometimes_wrong(teller.member(), *cast.FUNDS)
    holder_id = teller.one_of(able) if able and teller.chance(85) else other
    known = teller.books.holders.get(holder_id, {"keys": []})["keys"]
    key = teller.one_of(known if known and teller.chance(90) else [cast.keys_of(holder_id)[3].public])
    message = pb.RemoveKey(holder_id=holder_id, public_key=key)
    if teller.chance(70):
        message.order.CopyFrom(order(teller, holder_id, remove_key=key))
    return message


def set_alias(teller: Teller, author: str, identifier: bytes) -> pb.SetAlias:
    mine = [name for name, holder in teller.books.holders.items() if holder["owner"] == author]
    holder_id = teller.one_of(mine) if mine and teller.chance(70) else teller.member()
    tied = [alias for alias, owner in teller.books.aliases.items() if owner == holder_id]
    remove = teller.chance(50 if tied else 10)
    alias = teller.one_of(tied if remove and tied and teller.chance(90) else cast.ALIASES)
    return pb.SetAlias(holder_id=holder_id, alias=alias, remove=remove)


def close(teller: Teller, author: str, identifier: bytes) -> pb.Close:
    books = teller.books
    mine = [name for name, holder in books.holders.items() if holder["owner"] == author and holder["kind"] == FUND]
    empty = [name for name in books.holders if not books.points_of(name) and not books.held(name)]
    holder_id = teller.one_of(empty) if empty and teller.chance(25) else teller.member()
    if mine and teller.chance(30):
        holder_id = teller.one_of(mine)
    message = pb.Close(holder_id=holder_id)
    if holder_id not in mine or teller.chance(30):
        message.order.CopyFrom(order(teller, holder_id, close=True))
    return teller.sometimes_wrong(message, pb.Close(holder_id=holder_id), percent=10)


def pledge(teller: Teller, author: str, identifier: bytes) -> pb.Pledge:
    holder_id, fund_id = teller.member(), teller.fund()
    campaign = teller.books.campaigns.get(fund_id)
    ends = [add_days(teller.today, days) for days in (0, 1, 10, 30, 60)]
    if campaign is not None:
        ends += [campaign.ends_on] * 6
    used = [nonce for who, nonce in teller.books.nonces if who == holder_id]
    offer = PledgeOffer(
        network_id=network_id(teller),
        holder_id=teller.sometimes_wrong(holder_id, *cast.FUNDS, percent=2),
        fund_id=teller.sometimes_wrong(fund_id, *cast.MEMBERS, percent=2),
        share_bps=teller.one_of((100, 333, 2_500, 5_000, 5_001, 10_000)),
        points_max=teller.near(25),
        ends_on=teller.sometimes_wrong(teller.one_of(ends), add_days(teller.today, -1)),
        nonce=teller.one_of(used) if used and teller.chance(4) else teller.nonce(),
    )
    return pb.Pledge(offer=sign_document(dsse.PLEDGE, offer, teller.holder_key(holder_id)))


def revoke_pledge(teller: Teller, author: str, identifier: bytes) -> pb.RevokePledge:
    known = [(holder_id, found["id"]) for holder_id, pledges in teller.books.pledges.items() for found in pledges]
    holder_id, pledge_id = teller.one_of(known) if known else (teller.member(), identifier)
    holder_id = teller.sometimes_wrong(holder_id, *cast.MEMBERS)
    return pb.RevokePledge(pledge_id=pledge_id, order=order(teller, holder_id, revoke_pledge=pledge_id))
