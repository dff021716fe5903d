"""Forms of the kinds that make up a holder's life."""

from __future__ import annotations

from coalition import dsse
from coalition.form.checks import HOLDER_KEYS_MAX, REFERENCE_MAX, Form
from coalition.v1 import network_pb2, transaction_pb2
from coalition.v1.consent_pb2 import HolderOrder, PledgeOffer
from coalition.v1.envelope_pb2 import SignedDocument

_ALL_BPS = 10_000


def enrol(form: Form, kind: transaction_pb2.Enrol) -> None:
    form.holder(kind.holder_id)
    form.require(
        kind.kind in (network_pb2.HOLDER_KIND_MEMBER, network_pb2.HOLDER_KIND_FUND), "kind", "must be MEMBER or FUND"
    )
    form.keys(kind.public_keys, "public_keys", fewest=0, most=HOLDER_KEYS_MAX)
    form.require(
        kind.kind != network_pb2.HOLDER_KIND_FUND or not kind.public_keys,
        "public_keys",
        "must be empty for a fund: its keys are those of its charity",
    )
    form.text(kind.alias, "alias", REFERENCE_MAX)


def add_key(form: Form, kind: transaction_pb2.AddKey) -> None:
    form.holder(kind.holder_id)
    form.keys([kind.public_key], "public_key", fewest=1, most=1)
    if kind.HasField("order"):
        order = _order(form, kind.order, kind.holder_id, "add_key")
        form.require(order.add_key == kind.public_key, "order", "must be for the same key")


def remove_key(form: Form, kind: transaction_pb2.RemoveKey) -> None:
    form.holder(kind.holder_id)
    form.keys([kind.public_key], "public_key", fewest=1, most=1)
    if kind.HasField("order"):
        order = _order(form, kind.order, kind.holder_id, "remove_key")
        form.require(order.remove_key == kind.public_key, "order", "must be for the same key")


def set_alias(form: Form, kind: transaction_pb2.SetAlias) -> None:
    form.holder(kind.holder_id)
    form.text(kind.alias, "alias", REFERENCE_MAX, shortest=1)


def close(form: Form, kind: transaction_pb2.Close) -> None:
    form.holder(kind.holder_id)
    if kind.HasField("order"):
        order = _order(form, kind.order, kind.holder_id, "close")
        form.require(order.close, "order", "must say close")


def pledge(form: Form, kind: transaction_pb2.Pledge) -> None:
    offer = form.document(PledgeOffer, dsse.PLEDGE, kind.offer, "offer")
    inside = form.below("offer")
    inside.holder(offer.holder_id)
    inside.holder(offer.fund_id, "fund_id")
    inside.require(1 <= offer.share_bps <= _ALL_BPS, "share_bps", f"must be from 1 to {_ALL_BPS}")
    inside.points(offer.points_max, "points_max")
    inside.day(offer.ends_on, "ends_on")
    inside.nonce(offer.nonce)


def revoke_pledge(form: Form, kind: transaction_pb2.RevokePledge) -> None:
    form.identifier(kind.pledge_id, "pledge_id")
    form.require(kind.HasField("order"), "order", "is required: only the holder ends a pledge")
    if kind.HasField("order"):
        order = _order(form, kind.order, None, "revoke_pledge")
        form.require(order.revoke_pledge == kind.pledge_id, "order", "must be for the same pledge")


def _order(form: Form, signed: SignedDocument, holder_id: str | None, action: str) -> HolderOrder:
    order = form.document(HolderOrder, dsse.HOLDER_ORDER, signed, "order")
    inside = form.below("order")
    inside.holder(order.holder_id)
    inside.require(holder_id in (None, order.holder_id), "holder_id", "must be the same holder")
    inside.require(order.WhichOneof("action") == action, "action", f"must be {action}")
    inside.nonce(order.nonce)
    inside.moment(order.expires_us, "expires_us")
    return order
