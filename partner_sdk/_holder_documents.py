"""What holders sign: consents, pledges, orders about their account, requests for a one-time code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from coalition import dsse
from coalition.ids import id_text
from coalition.v1 import consent_pb2
from partner_sdk._moments import moment_of
from partner_sdk._signed import Signed


class ConsentPurpose(StrEnum):
    """What a consent allows."""

    REDEEM = "redeem"
    DONATE = "donate"
    TRANSFER = "transfer"


class OrderAction(StrEnum):
    """What a holder orders about its own account."""

    ADD_KEY = "add_key"
    REMOVE_KEY = "remove_key"
    REVOKE_PLEDGE = "revoke_pledge"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Signed):
    """The holder's authorisation of one debit by one party, used at most once."""

    letter = "C"
    payload_type = dsse.CONSENT
    message = consent_pb2.Consent

    holder_id: str
    #: The party that may use it.
    acceptor: str
    purpose: ConsentPurpose
    #: The most points that may be taken.
    points_max: int
    #: From this moment on it is worthless.
    expires_at: datetime
    #: The fund or member that receives the points; None for a redemption.
    recipient_id: str | None = None

    @classmethod
    def _fields(cls, message: consent_pb2.Consent) -> dict[str, Any]:
        name = consent_pb2.ConsentPurpose.Name(message.purpose).removeprefix("CONSENT_PURPOSE_")
        return {
            "holder_id": message.holder_id,
            "acceptor": message.acceptor,
            "purpose": ConsentPurpose[name],
            "points_max": message.points_max,
            "expires_at": moment_of(message.expires_us),
            "recipient_id": message.recipient_id or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeOffer(Signed):
    """A standing consent: a share of everything that the holder earns goes to a fund."""

    letter = "P"
    payload_type = dsse.PLEDGE
    message = consent_pb2.PledgeOffer

    holder_id: str
    fund_id: str
    #: Hundredths of a percent of each issue: 1 to 10,000.
    share_bps: int
    #: The most points that it ever gives.
    points_max: int
    #: Last day on which earned points count, in the network's time zone.
    ends_on: date

    @classmethod
    def _fields(cls, message: consent_pb2.PledgeOffer) -> dict[str, Any]:
        return {
            "holder_id": message.holder_id,
            "fund_id": message.fund_id,
            "share_bps": message.share_bps,
            "points_max": message.points_max,
            "ends_on": date.fromisoformat(message.ends_on),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderOrder(Signed):
    """An instruction of the holder about its own account, used at most once."""

    letter = "O"
    payload_type = dsse.HOLDER_ORDER
    message = consent_pb2.HolderOrder

    holder_id: str
    action: OrderAction
    #: From this moment on it is worthless.
    expires_at: datetime
    #: The raw public key to add or remove, 32 bytes.
    public_key: bytes | None = None
    #: The pledge to revoke, UUID text.
    pledge_id: str | None = None

    @classmethod
    def _fields(cls, message: consent_pb2.HolderOrder) -> dict[str, Any]:
        return {
            "holder_id": message.holder_id,
            "action": OrderAction(message.WhichOneof("action") or ""),
            "expires_at": moment_of(message.expires_us),
            "public_key": message.add_key or message.remove_key or None,
            "pledge_id": id_text(message.revoke_pledge) if message.revoke_pledge else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest(Signed):
    """A request for a one-time code, to read out at a till that cannot scan."""

    letter = "K"
    payload_type = dsse.CODE_REQUEST
    message = consent_pb2.CodeRequest

    holder_id: str
    points_max: int
    expires_at: datetime

    @classmethod
    def _fields(cls, message: consent_pb2.CodeRequest) -> dict[str, Any]:
        return {
            "holder_id": message.holder_id,
            "points_max": message.points_max,
            "expires_at": moment_of(message.expires_us),
        }
