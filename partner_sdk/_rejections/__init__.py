"""One class for each reason for which the ledger rejects a transaction, with the sentence that its facts make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from partner_sdk._errors import Rejection
from partner_sdk._rejections.holders import (
    AliasTaken,
    AliasUnknown,
    ConsentExpired,
    ConsentKeyUnknown,
    ConsentMismatch,
    ConsentRequired,
    ConsentTooSmall,
    ConsentUsed,
    HolderClosed,
    HolderExists,
    HolderKindWrong,
    HolderNotEmpty,
    HolderUnknown,
    KeyExists,
    LastKey,
    OrderRequired,
    PledgeEnded,
    PledgeExceeded,
    PledgeExists,
    PledgeLimit,
    PledgeUnknown,
)
from partner_sdk._rejections.network import (
    CampaignExists,
    CampaignNotRunning,
    CountersignatureMissing,
    DateInvalid,
    GenesisExists,
    NotDue,
    NoticeTooShort,
    PacksNotAgreed,
    PartyExists,
    PartyUnknown,
    RateOutOfRange,
    TermsMissing,
    WindowNotOpen,
)
from partner_sdk._rejections.points import (
    DailyLimit,
    EnvelopeAborted,
    HoldExceeded,
    HoldExpired,
    HoldLifetime,
    HoldNotExpired,
    HoldResolved,
    HoldUnknown,
    InsufficientPoints,
    NotReversible,
    OriginalUnknown,
    OutstandingLimit,
    ReversalExceedsOriginal,
    TransactionLimit,
    TransferNotAllowed,
)

if TYPE_CHECKING:
    from partner_sdk._outcomes import Outcome


class UnknownRejection(Rejection):
    """A reason that this version of the SDK does not know; `outcome.reason` names it. Install a newer version."""


#: The class for each reason's name.
REJECTIONS: Final[Mapping[str, type[Rejection]]] = {
    found.reason: found
    for found in (
        HolderUnknown,
        HolderExists,
        HolderClosed,
        HolderNotEmpty,
        HolderKindWrong,
        AliasTaken,
        AliasUnknown,
        KeyExists,
        LastKey,
        OrderRequired,
        ConsentRequired,
        ConsentMismatch,
        ConsentTooSmall,
        ConsentExpired,
        ConsentUsed,
        ConsentKeyUnknown,
        PledgeUnknown,
        PledgeEnded,
        PledgeExceeded,
        PledgeLimit,
        PledgeExists,
        EnvelopeAborted,
        InsufficientPoints,
        TransactionLimit,
        DailyLimit,
        OutstandingLimit,
        HoldUnknown,
        HoldResolved,
        HoldExpired,
        HoldNotExpired,
        HoldExceeded,
        HoldLifetime,
        OriginalUnknown,
        NotReversible,
        ReversalExceedsOriginal,
        TransferNotAllowed,
        TermsMissing,
        PacksNotAgreed,
        PartyUnknown,
        PartyExists,
        CountersignatureMissing,
        NoticeTooShort,
        RateOutOfRange,
        CampaignExists,
        CampaignNotRunning,
        WindowNotOpen,
        NotDue,
        DateInvalid,
        GenesisExists,
    )
}


def rejection(reason: str, facts: Mapping[str, str], outcome: Outcome | None = None) -> Rejection:
    """The exception for a reason's name."""
    return REJECTIONS.get(reason, UnknownRejection)(facts, outcome)
