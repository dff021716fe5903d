"""Who may read what. docs/operators.md has the same as a table, and tests check each of its cells."""

from __future__ import annotations

from typing import Final

from coalition.errors import Refused
from coalition.v1 import error_pb2, network_pb2
from network.ledger.records import Holder, Lot, Party

_SEES_ALL: Final = frozenset({network_pb2.PARTY_KIND_OPERATOR, network_pb2.PARTY_KIND_AUDITOR})
_BUSINESS: Final = frozenset({network_pb2.PARTY_KIND_PARTNER, network_pb2.PARTY_KIND_CHARITY})


def sees_all(caller: Party) -> bool:
    """Operator and auditor read everything."""
    return caller.kind in _SEES_ALL


def owns(caller: Party, holder: Holder) -> bool:
    """Whether this is the fund of a charity that asks."""
    return holder.kind == network_pb2.HOLDER_KIND_FUND and holder.enrolled_by == caller.party_id


def require_operator(caller: Party) -> None:
    if caller.kind != network_pb2.PARTY_KIND_OPERATOR:
        raise denied("Only the operator may ask for this.")


def require_sees_all(caller: Party, what: str) -> None:
    if not sees_all(caller):
        raise denied(f"Only the operator or an auditor may read {what}.")


def require_own(caller: Party, party_id: str, what: str) -> None:
    """A party's own, or anybody's for those who see all."""
    if party_id != caller.party_id and not sees_all(caller):
        raise denied(f"Only {party_id}, the operator or an auditor may read {what} of {party_id}.")


def require_in_business(caller: Party) -> None:
    """What a till does: only for a partner or charity that is not suspended."""
    if caller.kind not in _BUSINESS:
        raise denied("Only a partner or charity may do this.")
    if caller.status != network_pb2.PARTY_STATUS_ACTIVE:
        raise Refused(
            error_pb2.REASON_PARTY_SUSPENDED, f"{caller.party_id} is suspended and serves no members. Ask the operator."
        )


def require_balance(caller: Party, holder: Holder) -> None:
    """A member's balance is for every till; a fund's for its charity."""
    if sees_all(caller) or owns(caller, holder):
        return
    if holder.kind == network_pb2.HOLDER_KIND_FUND:
        raise denied(f"{holder.holder_id} is a fund of {holder.enrolled_by}, which alone may read its balance.")
    require_in_business(caller)


def sees_keys(caller: Party, holder: Holder) -> bool:
    """The party that enrolled a holder, the owner of a fund, operator and auditor."""
    return sees_all(caller) or holder.enrolled_by == caller.party_id


def visible_lots(caller: Party, holder: Holder, lots: tuple[Lot, ...]) -> tuple[Lot, ...]:
    """The lots as the caller may know them: of a member, a partner learns the issuer of its own points only.

    The others are added up by expiry and availability with an empty issuer, so that nobody reads from a balance where
    else a member buys.
    """
    if sees_all(caller) or owns(caller, holder):
        return lots
    shown: dict[tuple[str, str, str], Lot] = {}
    for lot in lots:
        issuer = lot.issuer if lot.issuer == caller.party_id else ""
        key = (lot.expires_on, lot.available_on, issuer)
        same = shown.get(key)
        points = lot.points if same is None else same.points + lot.points
        shown[key] = Lot(issuer, lot.expires_on, lot.available_on, 0, points)
    return tuple(shown[key] for key in sorted(shown))


def denied(message: str) -> Refused:
    return Refused(error_pb2.REASON_PERMISSION_DENIED, message)
