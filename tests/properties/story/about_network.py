"""Transactions of the network's life, and how every story begins."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.network_pb2 import FUNDING_PACKS, CampaignOffer, PartyKeyChange, Policy, Terms
from tests.properties.model.books import add_days
from tests.properties.story import cast
from tests.properties.story.documents import application, charity, countersigner, network_id

if TYPE_CHECKING:
    from tests.properties.story.teller import Teller

FLOOR, CEILING = 10_000, 9_000


def any_policy(random: Random) -> Policy:
    """Small limits, so that they are met often."""
    return Policy(
        expiry_months=random.choice((0, 1, 1, 1, 2)),
        reversal_grace_days=random.choice((0, 0, 3, 45)),
        notice_days=random.choice((0, 1, 10)),
        transaction_points_max=random.choice((60, 120, 500)),
        hold_lifetime_max_s=random.choice((60, 86_400, 40 * 86_400, 40 * 86_400)),
        transfer_points_max=random.choice((0, 40, 100, 100)),
        transfer_points_per_day_max=random.choice((0, 60, 200, 200)),
        unconsented_points_max=random.choice((0, 10, 40)),
        unconsented_points_per_day_max=random.choice((0, 30, 90)),
        redeem_points_per_day_max=random.choice((0, 80, 200)),
        envelope_lifetime_max_s=random.choice((3_600, 30 * 86_400)),
        cause_reimbursement_micros=CEILING,
        price_floor_micros=FLOOR,
        reimbursement_ceiling_micros=CEILING,
    )


def founding(random: Random) -> pb.Genesis:
    """The beginning of a story's journal."""
    return pb.Genesis(
        network_id=cast.NETWORK_ID,
        time_zone=random.choice(cast.ZONES),
        currency="EUR",
        currency_exponent=2,
        operator=application(cast.NETWORK_ID, cast.OPERATOR_ID, keys=2),
        hub=application(cast.NETWORK_ID, cast.HUB_ID),
        policy=any_policy(random),
    )


def genesis(teller: Teller, author: str, identifier: bytes) -> pb.Genesis:
    return founding(teller.random)


def register_party(teller: Teller, author: str, identifier: bytes) -> pb.RegisterParty:
    fresh = [name for name in cast.APPLICANTS if name not in teller.books.parties]
    party_id = teller.one_of(fresh if fresh and teller.chance(90) else ("grocer", "school"))
    return pb.RegisterParty(application=application(network_id(teller), party_id))


def set_party_keys(teller: Teller, author: str, identifier: bytes) -> pb.SetPartyKeys:
    party_id = teller.sometimes_wrong(teller.one_of(list(teller.books.parties)), cast.STRANGER)
    known = teller.books.parties.get(party_id, {"keys": []})["keys"]
    fresh = [key.public for key in cast.keys_of(party_id) if key.public not in known]
    add = [teller.one_of(fresh)] if fresh and teller.chance(60) else []
    wanted = (add and teller.chance(40)) or (not add and (len(known) > 1 or teller.chance(20)))
    remove = [teller.one_of(known)] if known and wanted else []
    if teller.chance(4):
        remove = [cast.keys_of("nobody")[0].public]
    message = pb.SetPartyKeys(party_id=party_id, add_keys=add, remove_keys=remove)
    if not add and not remove:
        message.add_keys.append(cast.keys_of("nobody")[1].public)
    if message.add_keys and teller.chance(75):
        used = [nonce for who, nonce in teller.books.nonces if who == f"party:{party_id}"]
        change = PartyKeyChange(
            network_id=network_id(teller),
            party_id=party_id,
            add_keys=message.add_keys,
            remove_keys=message.remove_keys,
            nonce=teller.one_of(used) if used and teller.chance(8) else teller.nonce(),
        )
        message.change.CopyFrom(sign_document(dsse.PARTY_KEY_CHANGE, change, countersigner(teller, party_id)))
    return message


def set_party_status(teller: Teller, author: str, identifier: bytes) -> pb.SetPartyStatus:
    asleep = [party_id for party_id, party in teller.books.parties.items() if not party["active"]]
    if asleep and teller.chance(80):
        return pb.SetPartyStatus(party_id=teller.one_of(asleep), status=1, reason="settled")
    party_id = teller.sometimes_wrong(teller.business(), cast.OPERATOR_ID, cast.HUB_ID, cast.STRANGER, percent=10)
    return pb.SetPartyStatus(party_id=party_id, status=teller.one_of((1, 2, 2)), reason="unpaid")


def terms_of(party_id: str, first_day: str, charitable: bool, outstanding: int = 0) -> Terms:
    return Terms(
        network_id=cast.NETWORK_ID,
        party_id=party_id,
        effective_on=first_day,
        price_micros=FLOOR,
        reimbursement_micros=0 if charitable else CEILING,
        outstanding_points_max=outstanding,
    )


def publish_terms(teller: Teller, author: str, identifier: bytes) -> pb.PublishTerms:
    party_id = teller.sometimes_wrong(teller.business(), "auditor", cast.STRANGER)
    notice = teller.books.policy(teller.today).notice_days if teller.books.terms.get(party_id) else 0
    first_day = add_days(teller.today, notice + teller.one_of((0, 0, 1, 15)) - teller.sometimes_wrong(0, 1, percent=8))
    now_out = teller.books.in_lots(party_id) + teller.books.in_holds(party_id)
    charitable = cast.PARTIES.get(party_id) == cast.PARTIES["school"]
    terms = terms_of(party_id, first_day, charitable, teller.one_of((0, 0, now_out + 50, now_out + 200, 400)))
    terms.network_id = network_id(teller)
    terms.price_micros += teller.sometimes_wrong(teller.random.randint(0, 500), -1)
    terms.reimbursement_micros += teller.sometimes_wrong(0, 1)
    _fund(teller, terms)
    return pb.PublishTerms(terms=sign_document(dsse.TERMS, terms, countersigner(teller, party_id)))


def _fund(teller: Teller, terms: Terms) -> None:
    """Any way of funding that its form allows, by packs most often."""
    terms.funding = teller.one_of((0, 1, 2, FUNDING_PACKS, FUNDING_PACKS))
    if terms.funding == 2:
        terms.prefunded_bps = teller.random.randint(1, 10_000)
    elif terms.funding == FUNDING_PACKS:
        # The largest that a pack may have, so that one can be ordered and two cannot.
        terms.pack_points = teller.one_of((1, 1_000, min(10**9, 10**13 // terms.price_micros)))
        terms.reorder_points = teller.one_of((0, 500))
    if terms.outstanding_points_max:
        terms.alarm_bps = teller.one_of((0, 1, 10_000))


def order_pack(teller: Teller, author: str, identifier: bytes) -> pb.OrderPack:
    return pb.OrderPack(packs=teller.one_of((1, 1, 2, 1_000)), reference=teller.one_of(("", "PO-7")))


def set_policy(teller: Teller, author: str, identifier: bytes) -> pb.SetPolicy:
    notice = teller.books.policy(teller.today).notice_days
    days = notice + teller.one_of((0, 0, 1, 10)) - teller.sometimes_wrong(0, 1, percent=15)
    return pb.SetPolicy(policy=any_policy(teller.random), effective_on=add_days(teller.today, days))


def open_campaign(teller: Teller, author: str, identifier: bytes) -> pb.OpenCampaign:
    party_id = teller.sometimes_wrong(charity(teller), "grocer", cast.STRANGER)
    starts_on = add_days(teller.today, teller.one_of((0, 0, -5, 1, 6)))
    fresh = [name for name in cast.FUNDS if name not in teller.books.holders]
    offer = CampaignOffer(
        network_id=network_id(teller),
        campaign_id=teller.one_of(cast.CAMPAIGNS),
        charity=party_id,
        fund_id=teller.one_of(fresh if fresh and teller.chance(90) else cast.FUNDS),
        title="A new roof",
        goal_points=1_000,
        starts_on=starts_on,
        ends_on=add_days(starts_on, teller.one_of((0, 4, 20, 60))),
    )
    return pb.OpenCampaign(campaign=sign_document(dsse.CAMPAIGN, offer, countersigner(teller, party_id)))


def close_window(teller: Teller, author: str, identifier: bytes) -> pb.CloseWindow:
    return pb.CloseWindow(window=max(1, teller.books.window + teller.sometimes_wrong(0, 1, -1, percent=15)))
