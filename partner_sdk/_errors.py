"""What can go wrong, under one root.

CoalitionError
├── ConfigurationError (ValueError)     the profile, a key or a setting is wrong; nothing was sent
├── TransportError                      the hub could not be asked, or did not answer
│   ├── Unreachable                     nothing was sent: wrong address, wrong certificate, no network
│   ├── Timeout                         a read had no answer in time; reading again is harmless
│   └── InDoubt                         a write may or may not have been committed: send the same bytes again
├── VerificationError                   an answer that cannot be trusted: do not act on it
│   ├── ReceiptInvalid                  a receipt that is not the hub's, or not about what was sent
│   ├── JournalInvalid                  a journal that contradicts its signatures, its tree or itself
│   └── ProofInvalid                    a proof that does not lead to the signed root
├── ScanError (ValueError)              a scanned text that is damaged, or not what was asked for
├── OutboxError                         the offline queue's file is damaged, or in use
├── Refusal                             the hub refused the call: no trace in the journal; one class per reason
│   ├── …                               EnvelopeTooLarge, KeyUnknown, FieldInvalid (ValueError), Overloaded, …
│   └── UnknownRefusal                  a reason that this version does not know
└── Rejection                           the ledger rejected the transaction, for ever; one class per reason
    ├── …                               InsufficientPoints, ConsentUsed, HoldExpired, …
    └── UnknownRejection                a reason that this version does not know

Every text says what happened, where, and what to do. `facts` hold the figures behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from coalition.errors import FieldViolation
    from partner_sdk._outcomes import Outcome

_NO_FACTS: Final[Mapping[str, str]] = MappingProxyType({})


class CoalitionError(Exception):
    """Everything that this SDK raises on purpose."""


class ConfigurationError(CoalitionError, ValueError):
    """A profile, key or setting that cannot work. Nothing was sent."""


class TransportError(CoalitionError):
    """The service could not be asked, or gave no answer."""


class Unreachable(TransportError):
    """No connection came about, so nothing was sent. The text says whether address, certificate or network is wrong."""


class Timeout(TransportError):
    """A read had no answer before its deadline. Nothing changed; ask again."""


class InDoubt(TransportError):
    """A write was sent and no answer came back: it may have been committed or not.

    `client.resend(error.envelope)` sends the identical bytes again, which is always safe: what had been committed is
    answered with its first outcome. Keep `envelope` until that has happened, on disk if the process may end.
    """

    def __init__(self, message: str, envelope: bytes, transaction_ids: Sequence[str]) -> None:
        super().__init__(message)
        #: The sealed envelope, as it was sent.
        self.envelope: Final = envelope
        #: The ids of its transactions, as UUID text, in order.
        self.transaction_ids: Final = tuple(transaction_ids)


class VerificationError(CoalitionError):
    """An answer whose proof is wrong. Do not act on it, and tell the network's operator."""


class ReceiptInvalid(VerificationError):
    """The hub's answer is not signed by the hub, or not about what was sent.

    Whether the transactions were committed is not known; resend `envelope` once the cause is found.
    """

    def __init__(self, message: str, envelope: bytes = b"") -> None:
        super().__init__(message)
        #: The sealed envelope, as it was sent.
        self.envelope: Final = envelope


class JournalInvalid(VerificationError):
    """A journal that contradicts its signatures, its Merkle tree, or itself."""


class ProofInvalid(VerificationError):
    """A proof of inclusion or consistency that does not lead to the root that the hub signed."""


class ScanError(CoalitionError, ValueError):
    """A scanned or typed text that is damaged, of another kind, or for somebody else."""


class OutboxError(CoalitionError):
    """The offline queue's file is damaged, of another network, or used by another process."""


class Refusal(CoalitionError):
    """The hub refused the whole call. Nothing was journaled, so the same transactions may be sent again, corrected."""

    #: The name in the protocol's enum, without its prefix: `KEY_UNKNOWN`.
    reason: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        facts: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
    ) -> None:
        super().__init__(message)
        #: Short machine-readable values behind the text.
        self.facts: Final[Mapping[str, str]] = MappingProxyType(dict(facts or _NO_FACTS))
        #: The wrong fields, with their paths, when the input was wrong.
        self.violations: Final = tuple(violations)


class Rejection(CoalitionError):
    """The ledger rejected the transaction. It is journaled: sending the same id again gets the same answer, so try
    again with a new transaction once the cause is gone."""

    #: The name in the protocol's enum, without its prefix: `INSUFFICIENT_POINTS`.
    reason: ClassVar[str] = ""
    #: The sentence for people; the names in braces are facts.
    template: ClassVar[str] = ""

    def __init__(self, facts: Mapping[str, str] | None = None, outcome: Outcome | None = None) -> None:
        #: Short machine-readable values behind the text, for example `available`.
        self.facts: Final[Mapping[str, str]] = MappingProxyType(dict(facts or _NO_FACTS))
        #: What the ledger decided, when it decided on a transaction; None when a read was answered so.
        self.outcome: Final = outcome
        super().__init__(compose(self.template, self.reason, self.facts))

    def fact(self, name: str) -> int:
        """A fact that is a whole number; 0 when the ledger did not state it."""
        text = self.facts.get(name, "")
        return int(text) if text.removeprefix("-").isdecimal() else 0


def compose(template: str, reason: str, facts: Mapping[str, str]) -> str:
    """The template with its facts filled in; where a fact is missing, the reason in words and whatever facts there are."""
    try:
        return template.format_map(facts)
    except KeyError:
        words = reason.replace("_", " ").capitalize()
        stated = ", ".join(f"{name} {value}" for name, value in sorted(facts.items()))
        return f"{words} ({stated})." if stated else f"{words}."
