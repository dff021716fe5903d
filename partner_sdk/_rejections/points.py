"""Rejections about points: limits, holds, reversals."""

from __future__ import annotations

from partner_sdk._errors import Rejection


class EnvelopeAborted(Rejection):
    """Another transaction of the same all-or-nothing envelope was rejected, so this one was too."""

    reason = "ENVELOPE_ABORTED"
    sentences = (
        "Nothing of this envelope took effect, because transaction {transaction_id} was rejected.",
        "This transaction of an all-or-nothing envelope was rejected, so nothing of the envelope took effect.",
    )


class InsufficientPoints(Rejection):
    """The holder has fewer points than were asked for."""

    reason = "INSUFFICIENT_POINTS"
    sentences = ("{holder_id} has {available} points available, {asked} asked.",)

    @property
    def available(self) -> int:
        """What may be spent now."""
        return self.fact("available")

    @property
    def asked(self) -> int:
        """What the transaction asked for."""
        return self.fact("asked")


class TransactionLimit(Rejection):
    """More points than one transaction may move."""

    reason = "TRANSACTION_LIMIT"
    sentences = ("{points} points are more than one transaction may move; the limit is {limit}.",)


class DailyLimit(Rejection):
    """More points than may be moved in a day."""

    reason = "DAILY_LIMIT"
    sentences = ("{used} points were used on {day} and {asked} asked; the limit of a day is {limit}.",)


class OutstandingLimit(Rejection):
    """The issuer, or the holder, would have more points outstanding than allowed."""

    reason = "OUTSTANDING_LIMIT"
    sentences = (
        "{outstanding} points are outstanding and {asked} asked; the terms allow {limit}.",
        "{holder_id} would have more than {limit} points, which is more than can be counted.",
    )


class HoldUnknown(Rejection):
    """There is no such hold of this party."""

    reason = "HOLD_UNKNOWN"
    sentences = ("There is no hold {hold_id} of this party.",)


class HoldResolved(Rejection):
    """The hold was captured or released already."""

    reason = "HOLD_RESOLVED"
    sentences = ("The hold {hold_id} was resolved before: {status}.",)


class HoldExpired(Rejection):
    """The hold's time is over."""

    reason = "HOLD_EXPIRED"
    sentences = ("The hold expired at {expires_us}; its points go back to the holder.",)


class HoldNotExpired(Rejection):
    """The hold is still running."""

    reason = "HOLD_NOT_EXPIRED"
    sentences = ("The hold runs until {expires_us}.",)


class HoldExceeded(Rejection):
    """More points than are held."""

    reason = "HOLD_EXCEEDED"
    sentences = ("{held} points are held, {asked} asked.",)


class HoldLifetime(Rejection):
    """The hold would last too long, or is over before it begins."""

    reason = "HOLD_LIFETIME"
    sentences = ("The hold would expire at {expires_us}; that must be in the future, and at the latest {latest_us}.",)


class OriginalUnknown(Rejection):
    """There is no such transaction of this party."""

    reason = "ORIGINAL_UNKNOWN"
    sentences = ("There is no transaction {original_id} of this party.",)


class NotReversible(Rejection):
    """Only accepted issues and redemptions can be reversed."""

    reason = "NOT_REVERSIBLE"
    sentences = ("The transaction {original_id} cannot be reversed: it is no accepted issue, redemption or capture.",)


class ReversalExceedsOriginal(Rejection):
    """More points than are left to reverse."""

    reason = "REVERSAL_EXCEEDS_ORIGINAL"
    sentences = ("Of {original} points {reversed} were reversed before, {asked} asked.",)


class TransferNotAllowed(Rejection):
    """The network's policy does not allow this transfer."""

    reason = "TRANSFER_NOT_ALLOWED"
    sentences = ("A transfer may move at most {limit} points, {asked} asked; 0 means that transfers are not allowed.",)
