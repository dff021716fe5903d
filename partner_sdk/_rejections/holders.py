"""Rejections about accounts, and what their holders consent to."""

from __future__ import annotations

from partner_sdk._errors import Rejection


class HolderUnknown(Rejection):
    """There is no such account."""

    reason = "HOLDER_UNKNOWN"
    sentences = ("No holder {holder_id} is enrolled. Check the id, or enrol the member first.",)


class HolderExists(Rejection):
    """The account exists already."""

    reason = "HOLDER_EXISTS"
    sentences = ("The holder id {holder_id} is taken. Choose another, or use the account that exists.",)


class HolderClosed(Rejection):
    """The account was closed."""

    reason = "HOLDER_CLOSED"
    sentences = ("The account {holder_id} is closed.",)


class HolderNotEmpty(Rejection):
    """Only an empty account can be closed."""

    reason = "HOLDER_NOT_EMPTY"
    sentences = (
        "The account {holder_id} still has {points} points and {held} in holds; it can be closed when it is empty.",
    )


class HolderKindWrong(Rejection):
    """A member where a fund is needed, or the reverse."""

    reason = "HOLDER_KIND_WRONG"
    sentences = ("{holder_id} must be a {needed} account for this.",)


class AliasTaken(Rejection):
    """The alias belongs to another holder."""

    reason = "ALIAS_TAKEN"
    sentences = ("The alias {alias} belongs to another holder. Untie it there first, or choose another.",)


class AliasUnknown(Rejection):
    """The alias is not this holder's."""

    reason = "ALIAS_UNKNOWN"
    sentences = (
        "The alias {alias} is not tied to {holder_id}.",
        "No holder has the alias {alias}.",
    )


class KeyExists(Rejection):
    """The key is there already, or was once, or there are too many."""

    reason = "KEY_EXISTS"
    sentences = (
        "{holder_id} has {limit} keys already; remove one first.",
        "{party_id} would have more than {limit} keys; remove one first.",
        "{holder_id} has this key already.",
        "{party_id} has this key already, or had it once; make a new one.",
    )


class LastKey(Rejection):
    """The last key cannot be removed."""

    reason = "LAST_KEY"
    sentences = (
        "This is the last key of {holder_id}; add another before removing it.",
        "This is the last key of {party_id}; add another before removing it.",
    )


class OrderRequired(Rejection):
    """The holder must sign an order for this."""

    reason = "ORDER_REQUIRED"
    sentences = (
        "This needs an order signed by {holder_id}; without one only {enrolled_by} may do it.",
        "This needs an order signed by {holder_id}.",
    )


class ConsentRequired(Rejection):
    """The holder must consent to this debit."""

    reason = "CONSENT_REQUIRED"
    sentences = ("{asked} points need the holder's consent; without it at most {limit} may be redeemed.",)


class ConsentMismatch(Rejection):
    """The consent is for something else."""

    reason = "CONSENT_MISMATCH"
    sentences = (
        "The consent does not fit: its {field} is {consent}, the transaction's {transaction}. Ask for a new one.",
    )


class ConsentTooSmall(Rejection):
    """The consent is for fewer points."""

    reason = "CONSENT_TOO_SMALL"
    sentences = ("The consent allows {consent} points, {asked} asked. Ask the member for a new one.",)


class ConsentExpired(Rejection):
    """The consent's time is over."""

    reason = "CONSENT_EXPIRED"
    sentences = ("The consent expired at {expires_us}. Ask the member for a new one.",)


class ConsentUsed(Rejection):
    """The consent was used before."""

    reason = "CONSENT_USED"
    sentences = ("The consent was used before, by entry {sequence}. Ask the member for a new one.",)


class ConsentKeyUnknown(Rejection):
    """The signing key is not one of the holder's, or of the party's."""

    reason = "CONSENT_KEY_UNKNOWN"
    sentences = (
        "The consent or order is not signed by a key of {holder_id}.",
        "The key is not one of {party_id}.",
    )


class PledgeUnknown(Rejection):
    """There is no such pledge."""

    reason = "PLEDGE_UNKNOWN"
    sentences = (
        "There is no pledge {pledge_id}.",
        "There is no such pledge of {holder_id}.",
    )


class PledgeEnded(Rejection):
    """The pledge is over."""

    reason = "PLEDGE_ENDED"
    sentences = ("The pledge {pledge_id} has ended or was revoked.",)


class PledgeExceeded(Rejection):
    """More points than the pledge has accrued."""

    reason = "PLEDGE_EXCEEDED"
    sentences = ("The pledge has {due} points due, {asked} asked.",)


class PledgeLimit(Rejection):
    """The holder has too many pledges, or they exceed all that it earns."""

    reason = "PLEDGE_LIMIT"
    sentences = (
        "The pledges would take {share_bps} hundredths of a percent; the limit is {limit}.",
        "A holder may have {limit} pledges at a time; revoke one first.",
    )


class PledgeExists(Rejection):
    """There is a pledge with this id already."""

    reason = "PLEDGE_EXISTS"
    sentences = ("There is a pledge {pledge_id} already.",)
