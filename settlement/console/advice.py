"""What went wrong, and what the person can do now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from partner_sdk import errors
from partner_sdk.errors import CoalitionError

_ADVICE: Final[tuple[tuple[type[CoalitionError], int, str], ...]] = (
    (
        errors.SamePerson,
        409,
        "Another person has to do this: they start a console with their own key and find it here.",
    ),
    (errors.WrongState, 409, "Somebody may have been faster. Look at how it stands now, and decide again."),
    (errors.PermissionDenied, 403, "Ask the network's operator, or start the console with another profile."),
    (errors.NotFound, 404, "It may not have come here yet, or is not yours to see. Look for it in the list."),
    (errors.FieldInvalid, 400, "Correct what you typed and send it again."),
    (errors.ClockSkew, 409, "Set this machine's clock and try again."),
    (errors.Overloaded, 503, "Try again in a moment."),
    (errors.RateLimited, 503, "Try again in a moment."),
    (errors.ShuttingDown, 503, "Try again when the service is back."),
    (errors.Internal, 502, "Tell the settlement service's operator the id above."),
    (errors.Unauthenticated, 403, "Is this profile's key still in force? End the console and start it with another."),
    (errors.Refusal, 400, "Nothing was changed."),
    (errors.Unreachable, 503, "Is the settlement service running, and is its address right? Then reload the page."),
    (
        errors.Timeout,
        504,
        "Is the settlement service running? Then reload the page. A decision that came through shows there.",
    ),
    (errors.TransportError, 503, "Reload the page to see what has come through before you try again."),
    (errors.StatementInvalid, 422, "Do not act on it. Ask whoever gave it to you for another, or the operator."),
    (errors.VerificationError, 502, "Do not act on it, and tell the network's operator."),
    (errors.ConfigurationError, 400, "Correct it and try again."),
    (CoalitionError, 500, "Try again; if it stays so, tell the network's operator."),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error as a page shows it."""

    status: int
    #: What happened, in the words of the service or the SDK.
    text: str
    #: The next step.
    advice: str


def trouble_of(error: CoalitionError) -> Trouble:
    """What to say about an error."""
    for kind, status, advice in _ADVICE:
        if isinstance(error, kind):
            return Trouble(status, str(error), advice)
    raise AssertionError("every error is a CoalitionError")
