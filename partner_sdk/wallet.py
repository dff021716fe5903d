"""For holders: the keys that say what may happen to their points, and what they sign with them.

A wallet needs no network. What it signs goes to a till as text, usually in a QR code (`consent.text()`), and the till
reads it with `Consent.from_text`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from coalition.clock import Clock, system_clock
from coalition.errors import Refused
from coalition.form.checks import HOLDER_KEYS_MAX, Form
from coalition.ids import id_from_text, new_nonce
from coalition.keys import SigningKey
from coalition.v1 import consent_pb2
from partner_sdk._holder_documents import (
    CodeRequest,
    Consent,
    ConsentPurpose,
    HolderOrder,
    OrderAction,
    PledgeOffer,
)
from partner_sdk._moments import day_text, microseconds_in
from partner_sdk._refusals import refusal

__all__ = [
    "HOLDER_KEYS_MAX",
    "CodeRequest",
    "Consent",
    "ConsentPurpose",
    "HolderOrder",
    "OrderAction",
    "PledgeOffer",
    "Wallet",
]

_CONSENT_LIFETIME: Final = timedelta(minutes=5)
_ORDER_LIFETIME: Final = timedelta(days=1)
_CODE_REQUEST_LIFETIME: Final = timedelta(minutes=2)
_ALL_BPS: Final = 10_000


class Wallet:
    """A holder's account id and one of its keys.

    The wallet of a fund has the key of its charity. All methods raise FieldInvalid (a ValueError) for what no hub would
    take, such as zero points.
    """

    def __init__(
        self,
        network_id: str,
        holder_id: str,
        key: SigningKey,
        *,
        clock: Clock = system_clock,
        nonces: Callable[[], bytes] = new_nonce,
    ) -> None:
        """`nonces` gives the 16 random bytes of each document; only simulations that must repeat give their own."""
        #: The network for which this wallet signs; what it signs is worthless in any other.
        self.network_id: Final = network_id
        self.holder_id: Final = holder_id
        self._key = key
        self._clock = clock
        self._nonces = nonces

    @classmethod
    def generate(cls, network_id: str, holder_id: str, *, clock: Clock = system_clock) -> Wallet:
        """A wallet with a new key. Enrol the holder with `public_key`, and store `key` encrypted."""
        return cls(network_id, holder_id, SigningKey.generate(), clock=clock)

    @property
    def key(self) -> SigningKey:
        """The signing key; `coalition.keyfile.save_key` stores it encrypted."""
        return self._key

    @property
    def public_key(self) -> bytes:
        """The raw public key, 32 bytes, to enrol or add."""
        return self._key.public

    def consent_to_redeem(self, acceptor: str, points_max: int, *, valid_for: timedelta = _CONSENT_LIFETIME) -> Consent:
        """Let `acceptor` redeem, or hold, up to `points_max` points, once."""
        return self._consent(ConsentPurpose.REDEEM, acceptor, points_max, "", valid_for)

    def consent_to_donate(
        self, acceptor: str, fund_id: str, points_max: int, *, valid_for: timedelta = _CONSENT_LIFETIME
    ) -> Consent:
        """Let the party `acceptor` donate up to `points_max` points to a fund, once."""
        return self._consent(ConsentPurpose.DONATE, acceptor, points_max, fund_id, valid_for)

    def consent_to_transfer(
        self, acceptor: str, recipient_id: str, points_max: int, *, valid_for: timedelta = _CONSENT_LIFETIME
    ) -> Consent:
        """Let the party `acceptor` move up to `points_max` points to another member, once."""
        return self._consent(ConsentPurpose.TRANSFER, acceptor, points_max, recipient_id, valid_for)

    def pledge(self, fund_id: str, *, share_bps: int, points_max: int, ends_on: date) -> PledgeOffer:
        """Pledge a share of everything earned to a fund.

        `share_bps` is in hundredths of a percent (1,000 is a tenth), `points_max` the most that it ever gives,
        `ends_on` the last day on which earned points count, in the network's time zone.
        """
        form = Form("pledge")
        form.holder(self.holder_id)
        form.holder(fund_id, "fund_id")
        form.require(1 <= share_bps <= _ALL_BPS, "share_bps", f"must be from 1 to {_ALL_BPS}")
        form.points(points_max, "points_max")
        _finish(form)
        offer = consent_pb2.PledgeOffer(
            network_id=self.network_id,
            holder_id=self.holder_id,
            fund_id=fund_id,
            share_bps=share_bps,
            points_max=points_max,
            ends_on=day_text(ends_on),
            nonce=self._nonces(),
        )
        return PledgeOffer.make(offer, self._key)

    def order_to_add_key(self, public_key: bytes, *, valid_for: timedelta = _ORDER_LIFETIME) -> HolderOrder:
        """Order that another key may sign for this account, for example that of a new phone."""
        return self._order(OrderAction.ADD_KEY, public_key, valid_for)

    def order_to_remove_key(self, public_key: bytes, *, valid_for: timedelta = _ORDER_LIFETIME) -> HolderOrder:
        """Order that a key may no longer sign for this account. The last one cannot be removed."""
        return self._order(OrderAction.REMOVE_KEY, public_key, valid_for)

    def order_to_revoke_pledge(self, pledge_id: str, *, valid_for: timedelta = _ORDER_LIFETIME) -> HolderOrder:
        """Order that a pledge ends. Points that it has accrued so far stay with the holder."""
        return self._order(OrderAction.REVOKE_PLEDGE, id_from_text(pledge_id), valid_for)

    def order_to_close(self, *, valid_for: timedelta = _ORDER_LIFETIME) -> HolderOrder:
        """Order that this account is closed. It must be empty by then."""
        return self._order(OrderAction.CLOSE, True, valid_for)

    def code_request(self, points_max: int, *, valid_for: timedelta = _CODE_REQUEST_LIFETIME) -> CodeRequest:
        """Ask for a one-time code worth up to `points_max`; `Client.create_code` sends it. Five minutes at most."""
        form = Form("code_request")
        form.holder(self.holder_id)
        form.points(points_max, "points_max")
        _finish(form)
        request = consent_pb2.CodeRequest(
            network_id=self.network_id,
            holder_id=self.holder_id,
            points_max=points_max,
            nonce=self._nonces(),
            expires_us=self._expires_us(valid_for),
        )
        return CodeRequest.make(request, self._key)

    def _consent(
        self, purpose: ConsentPurpose, acceptor: str, points_max: int, recipient_id: str, valid_for: timedelta
    ) -> Consent:
        form = Form("consent")
        form.holder(self.holder_id)
        form.party(acceptor, "acceptor")
        form.points(points_max, "points_max")
        if purpose is not ConsentPurpose.REDEEM:
            form.holder(recipient_id, "recipient_id")
        _finish(form)
        consent = consent_pb2.Consent(
            network_id=self.network_id,
            holder_id=self.holder_id,
            acceptor=acceptor,
            purpose=consent_pb2.ConsentPurpose.Value(f"CONSENT_PURPOSE_{purpose.name}"),
            points_max=points_max,
            nonce=self._nonces(),
            expires_us=self._expires_us(valid_for),
            recipient_id=recipient_id,
        )
        return Consent.make(consent, self._key)

    def _order(self, action: OrderAction, value: bytes | bool, valid_for: timedelta) -> HolderOrder:
        form = Form("order")
        form.holder(self.holder_id)
        if action in (OrderAction.ADD_KEY, OrderAction.REMOVE_KEY):
            assert isinstance(value, bytes)
            form.keys([value], "public_key", fewest=1, most=1)
        _finish(form)
        order = consent_pb2.HolderOrder(
            network_id=self.network_id,
            holder_id=self.holder_id,
            nonce=self._nonces(),
            expires_us=self._expires_us(valid_for),
        )
        setattr(order, action.value, value)
        return HolderOrder.make(order, self._key)

    def _expires_us(self, valid_for: timedelta) -> int:
        if valid_for <= timedelta(0):
            raise ValueError("valid_for must be positive, or what is signed is worthless at once.")
        return self._clock() + microseconds_in(valid_for)


def _finish(form: Form) -> None:
    try:
        form.finish()
    except Refused as refused:
        raise refusal(refused) from refused
