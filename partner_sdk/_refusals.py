"""One class for each reason for which the hub refuses a whole call. The texts of the instances are the hub's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coalition.errors import Refused, reason_name
from partner_sdk._errors import Refusal


class UnknownRefusal(Refusal):
    """A reason that this version of the SDK does not know; the text is the hub's. Install a newer version."""


class EnvelopeTooLarge(Refusal, ValueError):
    """The envelope has more bytes than the hub takes. Send it in parts; `batch()` does so by itself."""

    reason = "ENVELOPE_TOO_LARGE"


class TooManyTransactions(Refusal, ValueError):
    """The envelope has more transactions than the hub takes. Send it in parts; `batch()` does so by itself."""

    reason = "TOO_MANY_TRANSACTIONS"


class Malformed(Refusal, ValueError):
    """Something is not encoded as the protocol demands."""

    reason = "MALFORMED"


class UnknownField(Refusal, ValueError):
    """Something has fields that the hub does not know: use a client of the same protocol version."""

    reason = "UNKNOWN_FIELD"


class WrongNetwork(Refusal):
    """The profile names another network than the hub is."""

    reason = "WRONG_NETWORK"


class AuthorUnknown(Refusal):
    """The party is not registered. Send its application to the operator."""

    reason = "AUTHOR_UNKNOWN"


class ClockSkew(Refusal):
    """This machine's clock differs too much from the hub's. Set it."""

    reason = "CLOCK_SKEW"


class LifetimeTooLong(Refusal, ValueError):
    """The envelope would live longer than the network's policy allows."""

    reason = "LIFETIME_TOO_LONG"


class SignatureInvalid(Refusal, ValueError):
    """A signature does not match the bytes that it is for."""

    reason = "SIGNATURE_INVALID"


class KeyUnknown(Refusal):
    """The signing key is not one of the party's. Use the key that the operator registered."""

    reason = "KEY_UNKNOWN"


class KeyRevoked(Refusal):
    """The signing key was removed. Use one that is in force."""

    reason = "KEY_REVOKED"


class TransactionsRootMismatch(Refusal, ValueError):
    """The transactions are not the ones that the header was signed for."""

    reason = "TRANSACTIONS_ROOT_MISMATCH"


class DuplicateId(Refusal, ValueError):
    """Two transactions of one envelope have the same id."""

    reason = "DUPLICATE_ID"


class FieldInvalid(Refusal, ValueError):
    """A field is wrong; `violations` say which and why."""

    reason = "FIELD_INVALID"


class KindNotAllowed(Refusal):
    """A party of this kind may not author such a transaction."""

    reason = "KIND_NOT_ALLOWED"


class SignaturesTooFew(Refusal):
    """The transaction needs more signatures by different keys."""

    reason = "SIGNATURES_TOO_FEW"


class IdConflict(Refusal, ValueError):
    """The transaction id was used before, for something else. Ids are unique per author, for ever."""

    reason = "ID_CONFLICT"


class EnvelopeExpired(Refusal):
    """The envelope's time is over, and it was never committed. Make a new one."""

    reason = "ENVELOPE_EXPIRED"


class PartySuspended(Refusal):
    """The party is suspended and may not write. Ask the operator."""

    reason = "PARTY_SUSPENDED"


class Unauthenticated(Refusal):
    """The hub could not tell who is asking."""

    reason = "UNAUTHENTICATED"


class PermissionDenied(Refusal):
    """The caller may not read or do this."""

    reason = "PERMISSION_DENIED"


class NotFound(Refusal):
    """What was asked for does not exist, or the caller may not know of it."""

    reason = "NOT_FOUND"


class Overloaded(Refusal):
    """The hub has too much to do. Nothing was committed; try again later."""

    reason = "OVERLOADED"


class ShuttingDown(Refusal):
    """The hub is stopping. Nothing was committed; try again when it is back."""

    reason = "SHUTTING_DOWN"


class Internal(Refusal):
    """The hub failed. The text has an id to quote to its operator."""

    reason = "INTERNAL"


class CodeInvalid(Refusal):
    """The one-time code is wrong, spent or expired. Ask the member for a new one."""

    reason = "CODE_INVALID"


class RateLimited(Refusal):
    """The party sends more requests than it may. Nothing was committed; send fewer."""

    reason = "RATE_LIMITED"


class WrongState(Refusal):
    """The settlement run or window is not in a state in which this can be done."""

    reason = "WRONG_STATE"


class SamePerson(Refusal):
    """The person who proposed may not approve as well."""

    reason = "SAME_PERSON"


#: The class for each reason's name.
REFUSALS: Final[Mapping[str, type[Refusal]]] = {
    found.reason: found
    for found in (
        EnvelopeTooLarge,
        TooManyTransactions,
        Malformed,
        UnknownField,
        WrongNetwork,
        AuthorUnknown,
        ClockSkew,
        LifetimeTooLong,
        SignatureInvalid,
        KeyUnknown,
        KeyRevoked,
        TransactionsRootMismatch,
        DuplicateId,
        FieldInvalid,
        KindNotAllowed,
        SignaturesTooFew,
        IdConflict,
        EnvelopeExpired,
        PartySuspended,
        Unauthenticated,
        PermissionDenied,
        NotFound,
        Overloaded,
        ShuttingDown,
        Internal,
        CodeInvalid,
        RateLimited,
        WrongState,
        SamePerson,
    )
}


def refusal(refused: Refused) -> Refusal:
    """The exception for a refusal by the hub, or by the same checks before sending."""
    kind = REFUSALS.get(reason_name(refused.reason), UnknownRefusal)
    return kind(refused.message, refused.facts, refused.violations)
