"""Rejections about parties, terms and the network's calendar."""

from __future__ import annotations

from partner_sdk._errors import Rejection


class TermsMissing(Rejection):
    """The party has no terms in force."""

    reason = "TERMS_MISSING"
    sentences = ("{party_id} has no terms in force on {day}. Sign terms and have the operator publish them.",)


class PacksNotAgreed(Rejection):
    """The terms in force know no packs."""

    reason = "PACKS_NOT_AGREED"
    sentences = ("The terms of {party_id} from {effective_on}, in force on {day}, know no packs. Agree on others.",)


class PartyUnknown(Rejection):
    """There is no such party, or not of the kind that is needed."""

    reason = "PARTY_UNKNOWN"
    sentences = (
        "{party_id} is not a registered {needed}.",
        "No party {party_id} is registered.",
    )


class PartyExists(Rejection):
    """The party id is taken."""

    reason = "PARTY_EXISTS"
    sentences = ("The party id {party_id} is taken. Choose another.",)


class CountersignatureMissing(Rejection):
    """The party that is bound has not signed this."""

    reason = "COUNTERSIGNATURE_MISSING"
    sentences = (
        "The signed document is for another {field}: {document}.",
        "This needs the signature of an active key of {party_id}, or {needed} signatures of the operator.",
        "This needs the signature of an active key of {party_id}.",
    )


class NoticeTooShort(Rejection):
    """The change would take effect too soon."""

    reason = "NOTICE_TOO_SHORT"
    sentences = ("{effective_on} is too soon; with the network's notice the earliest day is {earliest}.",)


class RateOutOfRange(Rejection):
    """A rate lies outside what the policy allows."""

    reason = "RATE_OUT_OF_RANGE"
    sentences = ("{field} is {value}; the policy allows {lowest} to {highest}.",)


class CampaignExists(Rejection):
    """The campaign id is taken."""

    reason = "CAMPAIGN_EXISTS"
    sentences = ("The campaign id {campaign_id} is taken. Choose another.",)


class CampaignNotRunning(Rejection):
    """The campaign takes no donations today."""

    reason = "CAMPAIGN_NOT_RUNNING"
    sentences = ("The campaign {campaign_id} takes donations from {starts_on} to {ends_on}.",)


class WindowNotOpen(Rejection):
    """Only the open window can be closed."""

    reason = "WINDOW_NOT_OPEN"
    sentences = ("Window {window} is not the open one; that is window {open}.",)


class NotDue(Rejection):
    """Nothing of this has expired yet."""

    reason = "NOT_DUE"
    sentences = ("Nothing that expires by {through} is due on {day}.",)


class DateInvalid(Rejection):
    """A date lies where it cannot."""

    reason = "DATE_INVALID"
    sentences = (
        "The points would become available on {available_on}; the latest possible day is {latest}.",
        "{ends_on} is not possible; it must be from {first} to {last}.",
        "{ends_on} is too early; the first possible day is {first}.",
    )


class GenesisExists(Rejection):
    """A journal has one genesis."""

    reason = "GENESIS_EXISTS"
    sentences = ("The network has its genesis already.",)
