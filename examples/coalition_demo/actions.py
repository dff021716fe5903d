"""What happens in a run: one class for each thing that somebody does.

Shares are percent of what may be spent at that moment, because a plan made beforehand does not know balances. Ids are
the transactions' own, UUID text, chosen with the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias


class Enrol(NamedTuple):
    """A till opens an account for a member."""

    id: str
    holder_id: str
    #: Number of the card; the key is the holder's own.
    alias: str


class Issue(NamedTuple):
    """A till gives points for a purchase."""

    id: str
    holder_id: str
    points: int
    reference: str
    cents: int
    #: ISO 8601; empty: at once.
    available_on: str


class TakeBack(NamedTuple):
    """A till reverses points of a purchase whose goods came back."""

    id: str
    holder_id: str
    original_id: str
    points: int
    reference: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What a business's till has gathered and now sends in one envelope."""

    at_us: int
    party: str
    transactions: tuple[Enrol | Issue | TakeBack, ...]


@dataclass(frozen=True, slots=True)
class Redeem:
    """A member, or a school from its fund, spends points at `party`."""

    at_us: int
    party: str
    id: str
    holder_id: str
    share: int
    reference: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """`party` reverses a redemption, in part or whole: `share` percent of what was redeemed."""

    at_us: int
    party: str
    id: str
    redeem_id: str
    share: int


@dataclass(frozen=True, slots=True)
class Hold:
    """`party` sets points aside before it knows what will be bought."""

    at_us: int
    party: str
    id: str
    holder_id: str
    share: int
    lifetime_s: int


@dataclass(frozen=True, slots=True)
class Capture:
    """`party` takes `share` percent of a hold; the rest goes back."""

    at_us: int
    party: str
    id: str
    hold_id: str
    share: int


@dataclass(frozen=True, slots=True)
class Release:
    """`party` gives a hold back."""

    at_us: int
    party: str
    id: str
    hold_id: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """A member passes points on to another at the desk of `party`."""

    at_us: int
    party: str
    id: str
    holder_id: str
    recipient_id: str
    share: int


@dataclass(frozen=True, slots=True)
class Donate:
    """A member gives points to a school's fund at the till of `party`."""

    at_us: int
    party: str
    id: str
    holder_id: str
    fund_id: str
    share: int


@dataclass(frozen=True, slots=True)
class Pledge:
    """A member pledges a share of everything it earns; `party` is the school that records it."""

    at_us: int
    party: str
    id: str
    holder_id: str
    fund_id: str
    share_bps: int
    points_max: int
    ends_on: str


@dataclass(frozen=True, slots=True)
class RevokePledge:
    """A member ends a pledge."""

    at_us: int
    party: str
    id: str
    holder_id: str
    pledge_id: str


@dataclass(frozen=True, slots=True)
class AddKey:
    """A member adds its next key, a new phone's, by an order signed with the present one."""

    at_us: int
    party: str
    id: str
    holder_id: str


@dataclass(frozen=True, slots=True)
class RemoveKey:
    """A member removes the key before its present one."""

    at_us: int
    party: str
    id: str
    holder_id: str


@dataclass(frozen=True, slots=True)
class SetAlias:
    """`party`, which enrolled the member, ties a card to its account, or unties one."""

    at_us: int
    party: str
    id: str
    holder_id: str
    alias: str
    remove: bool


@dataclass(frozen=True, slots=True)
class CloseAccount:
    """A member closes an account that was opened by mistake and is empty."""

    at_us: int
    party: str
    id: str
    holder_id: str


@dataclass(frozen=True, slots=True)
class RotateKeys:
    """The operator puts a party's next key in the place of its present one, as the party's signed change says."""

    at_us: int
    party: str
    add_id: str
    remove_id: str


@dataclass(frozen=True, slots=True)
class SetStatus:
    """The operator suspends a party or reinstates it."""

    at_us: int
    party: str
    id: str
    active: bool
    reason: str


@dataclass(frozen=True, slots=True)
class PublishTerms:
    """The operator publishes new terms that `party` has signed."""

    at_us: int
    party: str
    id: str
    effective_on: str
    price_micros: int
    reimbursement_micros: int
    issue_fee_micros: int


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """The operator publishes a policy with another limit on transfers."""

    at_us: int
    id: str
    effective_on: str
    transfer_points_max: int
    transfer_points_per_day_max: int


@dataclass(frozen=True, slots=True)
class CorrectPoints:
    """Two people of the operator give a member points in the name of an issuer."""

    at_us: int
    id: str
    holder_id: str
    issuer: str
    points: int
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectObligation:
    """Two people of the operator book what one party owes another beside points. Micro-units of the currency."""

    at_us: int
    id: str
    debtor: str
    creditor: str
    amount_micros: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """The operator has the hub do what is due: time out holds, expire points, give what pledges have accrued."""

    at_us: int


@dataclass(frozen=True, slots=True)
class CloseWindow:
    """The operator closes the open settlement window, which is then settled."""

    at_us: int
    id: str
    window: int
    #: What people call it: `January 2017`.
    title: str


@dataclass(frozen=True, slots=True)
class OrderPack:
    """A business pays for one pack of its points ahead."""

    at_us: int
    party: str
    id: str


#: What a business or a school does, one transaction each.
Online: TypeAlias = (
    Redeem
    | GiveBack
    | Hold
    | Capture
    | Release
    | Transfer
    | Donate
    | Pledge
    | RevokePledge
    | AddKey
    | RemoveKey
    | SetAlias
    | CloseAccount
    | OrderPack
)
#: What the operator does.
Office: TypeAlias = (
    RotateKeys | SetStatus | PublishTerms | ChangePolicy | CorrectPoints | CorrectObligation | Sweep | CloseWindow
)
Action: TypeAlias = Batch | Online | Office
