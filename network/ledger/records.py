"""What the ledger keeps, one immutable record a thing. Each table of the store holds exactly these fields.

Named tuples rather than dataclasses: a transaction makes several of them, and they are made and compared faster.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Lot(NamedTuple):
    """Points of one holder from one issuer with one expiry and one availability date.

    `expires_on` is the last day on which they may be spent; `available_on` the first, empty once that has come. Of lots
    with the same expiry the one `opened` first, by sequence, is consumed first, so that no issuer is favoured.
    """

    issuer: str
    expires_on: str
    available_on: str
    opened: int
    points: int

    def with_points(self, points: int) -> Lot:
        """As `_replace`, in half the time: every transaction changes a lot."""
        return Lot(self.issuer, self.expires_on, self.available_on, self.opened, points)


class Arrear(NamedTuple):
    """Points that a holder owes an issuer after a reversed issue; the next issues by it repay them."""

    issuer: str
    points: int


class Part(NamedTuple):
    """Points of one issuer with one expiry: what a debit consumed, a hold set aside, an issue filled."""

    issuer: str
    expires_on: str
    points: int


class Holder(NamedTuple):
    """A member or fund. `points` is the sum of its lots, `held_points` the sum of its open holds."""

    holder_id: str
    kind: int
    status: int
    #: The party that enrolled a member; the charity that owns a fund.
    enrolled_by: str
    #: Active raw public keys. Empty for a fund: its keys are its charity's.
    keys: tuple[bytes, ...]
    points: int
    held_points: int
    #: Points ever donated to a fund.
    raised_points: int

    def with_points(self, points: int) -> Holder:
        """As `_replace`, in half the time: every transaction changes a holder."""
        return Holder(
            self.holder_id,
            self.kind,
            self.status,
            self.enrolled_by,
            self.keys,
            points,
            self.held_points,
            self.raised_points,
        )


class HoldStatus(IntEnum):
    OPEN = 1
    CAPTURED = 2
    RELEASED = 3


class Hold(NamedTuple):
    """Points set aside for an acceptor. Keyed by acceptor and hold id."""

    acceptor: str
    hold_id: bytes
    holder_id: str
    points: int
    expires_us: int
    status: HoldStatus
    parts: tuple[Part, ...]


class Original(NamedTuple):
    """A transaction that can be reversed, and how much of it has been. Keyed by author and transaction id."""

    author: str
    transaction_id: bytes
    #: A TransactionKind: issue, redeem or capture.
    kind: int
    sequence: int
    committed_us: int
    holder_id: str
    points: int
    #: What was consumed, in order; for an issue, what was filled.
    parts: tuple[Part, ...]
    reversed_points: int


class Totals(NamedTuple):
    """What happened to one issuer's points since the beginning, and where they are now."""

    issuer: str
    issued: int = 0
    issue_reversed: int = 0
    redeemed: int = 0
    redeem_reversed: int = 0
    expired: int = 0
    adjusted: int = 0
    in_lots: int = 0
    in_holds: int = 0
    arrears: int = 0

    def plus(
        self,
        points: int,
        *,
        issued: int = 0,
        issue_reversed: int = 0,
        redeemed: int = 0,
        redeem_reversed: int = 0,
        expired: int = 0,
        adjusted: int = 0,
        in_lots: int = 0,
        in_holds: int = 0,
        arrears: int = 0,
    ) -> Totals:
        """`plus(5, redeemed=1, in_lots=-1)`: five points more redeemed, and five fewer in lots."""
        return Totals(
            self.issuer,
            self.issued + issued * points,
            self.issue_reversed + issue_reversed * points,
            self.redeemed + redeemed * points,
            self.redeem_reversed + redeem_reversed * points,
            self.expired + expired * points,
            self.adjusted + adjusted * points,
            self.in_lots + in_lots * points,
            self.in_holds + in_holds * points,
            self.arrears + arrears * points,
        )

    def balances(self) -> bool:
        """Conservation: no operation creates or loses a point."""
        moved = self.issued - self.issue_reversed - self.redeemed + self.redeem_reversed - self.expired + self.adjusted
        return moved == self.in_lots + self.in_holds - self.arrears


class Usage(IntEnum):
    """What a daily limit counts."""

    #: Redeemed by an acceptor without consent.
    UNCONSENTED = 1
    #: Redeemed and held by a member, at all acceptors together.
    REDEEMED = 2
    #: Transferred by a member.
    TRANSFERRED = 3
    #: Ordered in packs by an issuer.
    ORDERED_IN_PACKS = 4


class PledgeStatus(IntEnum):
    ACTIVE = 1
    REVOKED = 2


class Pledge(NamedTuple):
    """A standing consent of a holder. `accrued_bps` sums earned points times share; a point is 10,000 of it."""

    pledge_id: bytes
    fund_id: str
    share_bps: int
    points_max: int
    ends_on: str
    status: PledgeStatus
    #: Commit time of the pledge; what was earned before does not count.
    granted_us: int
    accrued_bps: int
    donated_points: int
    #: Accrued and not yet given: what a sweep donates.
    due_points: int


class Party(NamedTuple):
    """An organisation with keys."""

    party_id: str
    kind: int
    display_name: str
    status: int
    #: Active raw public keys.
    keys: tuple[bytes, ...]
    #: Keys that were removed; what they sign is refused by name.
    revoked_keys: tuple[bytes, ...]


class Terms(NamedTuple):
    """One version of a party's terms. Rates in micro-units of the settlement currency per point."""

    party_id: str
    effective_on: str
    #: Sequence of the entry that published them; of two with the same day the later one holds.
    sequence: int
    price_micros: int
    reimbursement_micros: int
    issue_fee_micros: int
    prefunded_bps: int
    outstanding_points_max: int
    #: A Funding of the protocol.
    funding: int
    pack_points: int
    reorder_points: int
    alarm_bps: int


class PolicyVersion(NamedTuple):
    """One version of the network's policy, as the exact bytes of the Policy message."""

    effective_on: str
    sequence: int
    policy: bytes


class Network(NamedTuple):
    """What never changes about the network."""

    network_id: str
    time_zone: str
    currency: str
    currency_exponent: int
    operator: str
    hub: str


class Campaign(NamedTuple):
    """A charity's campaign. Keyed by its fund."""

    fund_id: str
    campaign_id: str
    charity: str
    title: str
    goal_points: int
    starts_on: str
    ends_on: str


class Committed(NamedTuple):
    """A transaction that is in the journal: its exact bytes and its outcome's. Keyed by author and transaction id."""

    sequence: int
    transaction: bytes
    outcome: bytes
