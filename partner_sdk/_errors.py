"""What all exceptions are made of. `partner_sdk.errors` has the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from coalition.ids import id_text
from partner_sdk._moments import moment_of

if TYPE_CHECKING:
    from coalition.errors import FieldViolation
    from partner_sdk._outcomes import Outcome

CLIENT_CLOSED: Final = "This client is closed. Make another."
_ID_DIGITS: Final = 32
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
    """A read had no answer before its deadline, or a write could not be sent before it. Nothing changed; try again."""


class TooManyWaiting(TransportError):
    """More writes wait in this client than it keeps, so this one was not sent. Use `batch()` or `submit_stream()`."""


class InDoubt(TransportError):
    """A write was sent and no answer came back: it may have been committed or not.

    `client.resend(error.envelope)` sends the identical transactions again, which is always safe: what had been
    committed is answered with its first outcome. Keep `envelope` until that has happened, on disk if the process may
    end. It holds what this call wrote and nothing else, also where that travelled together with other calls'.
    """

    def __init__(self, message: str, envelopes: Sequence[bytes], transaction_ids: Sequence[str]) -> None:
        super().__init__(message)
        #: The sealed envelopes; one, but for `submit_stream`.
        self.envelopes: Final = tuple(envelopes)
        #: The ids of their transactions, as UUID text, in order.
        self.transaction_ids: Final = tuple(transaction_ids)

    @property
    def envelope(self) -> bytes:
        """The sealed envelope; the first, where there are several."""
        return self.envelopes[0]


class VerificationError(CoalitionError):
    """An answer whose proof is wrong. Do not act on it, and tell the network's operator."""


class ReceiptInvalid(VerificationError):
    """The hub's answer is not signed by the hub, or not about what was sent.

    Whether the transactions were committed is not known; resend `envelope` once the cause is found.
    """

    def __init__(self, message: str, envelope: bytes = b"") -> None:
        super().__init__(message)
        #: The sealed envelope, of what this call wrote.
        self.envelope: Final = envelope


class JournalInvalid(VerificationError):
    """A journal that contradicts its signatures, its Merkle tree, or itself."""


class ProofInvalid(VerificationError):
    """A proof of inclusion or consistency that does not lead to the root that the hub signed."""


class StatementInvalid(VerificationError):
    """A statement that is not signed as it must be, does not add up, or is of another log than the hub signed."""


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
        #: The transactions that were refused, as UUID text; empty when it was another call.
        self.transaction_ids: tuple[str, ...] = ()


class Rejection(CoalitionError):
    """The ledger rejected the transaction. It is journaled: sending the same id again gets the same answer, so try
    again with a new transaction once the cause is gone."""

    #: The name in the protocol's enum, without its prefix: `INSUFFICIENT_POINTS`.
    reason: ClassVar[str] = ""
    #: Sentences for people; the names in braces are facts. The first one whose facts are all stated is used.
    sentences: ClassVar[tuple[str, ...]] = ()

    def __init__(self, facts: Mapping[str, str] | None = None, outcome: Outcome | None = None) -> None:
        #: Short machine-readable values behind the text, for example `available`.
        self.facts: Final[Mapping[str, str]] = MappingProxyType(dict(facts or _NO_FACTS))
        #: What the ledger decided, when it decided on a transaction; None when a read was answered so.
        self.outcome: Final = outcome
        reason = outcome.reason if outcome is not None and outcome.reason is not None else self.reason
        super().__init__(compose(self.sentences, reason, self.facts))

    def fact(self, name: str) -> int:
        """A fact that is a whole number; 0 when the ledger did not state it."""
        text = self.facts.get(name, "")
        return int(text) if text.removeprefix("-").isdecimal() else 0


def compose(sentences: Sequence[str], reason: str, facts: Mapping[str, str]) -> str:
    """The first sentence whose facts are all stated; failing that, the reason in words and whatever facts there are."""
    readable = {name: _readable(name, value) for name, value in facts.items()}
    for sentence in sentences:
        try:
            return sentence.format_map(readable)
        except KeyError:
            continue
    words = reason.replace("_", " ").capitalize()
    stated = ", ".join(f"{name} {value}" for name, value in sorted(readable.items()))
    return f"{words} ({stated})." if stated else f"{words}."


def _readable(name: str, value: str) -> str:
    """Moments and ids as people write them."""
    if name.endswith("_us") and value.isdecimal():
        return moment_of(int(value)).isoformat(sep=" ", timespec="seconds")
    if name.endswith("_id") and len(value) == _ID_DIGITS and not set(value) - set("0123456789abcdef"):
        return id_text(bytes.fromhex(value))
    return value
