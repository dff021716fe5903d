"""Collects what is wrong with a transaction, all of it at once, with the path of each field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeVar

from google.protobuf.message import Message

from coalition.calendar import is_day
from coalition.documents import open_document
from coalition.errors import FieldViolation, Refused
from coalition.ids import NONCE_BYTES, is_holder_id, is_party_id
from coalition.keys import is_public_key
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import SignedDocument

#: No transaction moves more points than this, whatever the policy says; keeps every sum far below 2**63.
POINTS_MAX: Final = 10**9
#: No rate exceeds this many micro-units per point (100 units of the currency).
RATE_MICROS_MAX: Final = 10**8
#: No issuer has more points outstanding, and no holder has more.
OUTSTANDING_MAX: Final = 10**15
#: No amount of money in one transaction exceeds this many micro-units.
MICROS_MAX: Final = 10**15
#: The most that one order of packs may cost: ten million units of the settlement currency.
PACKS_MICROS_MAX: Final = 10**13
#: No purchase is of more minor units; enough for currencies of small units.
PURCHASE_MINOR_MAX: Final = 10**15
#: No order is of more packs.
PACKS_MAX: Final = 1_000
HOLDER_KEYS_MAX: Final = 8
PARTY_KEYS_MAX: Final = 8
REFERENCE_MAX: Final = 64
REASON_MAX: Final = 40
NOTE_MAX: Final = 200

# What no text may have: control characters, separators of lines, and marks that nobody sees or that turn the direction
# of writing. Spelt out, because what a library calls printable changes with its version of Unicode, and every reader of
# the journal must come to the same answer for ever.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")

M = TypeVar("M", bound=Message)


class Form:
    """The violations found so far below one path."""

    __slots__ = ("_where", "violations")

    def __init__(self, where: str, violations: list[FieldViolation] | None = None) -> None:
        self._where = where
        self.violations = [] if violations is None else violations

    def below(self, field: str) -> Form:
        """The same list of violations, for a message inside this one."""
        return Form(f"{self._where}.{field}", self.violations)

    def require(self, holds: bool, field: str, description: str) -> None:
        """Note a violation of `field` unless `holds`. `description` continues the sentence that the field begins."""
        if not holds:
            self.refuse(field, description)

    def refuse(self, field: str, description: str) -> None:
        """Note a violation of `field`. For checks that every transaction meets: what is right costs no description."""
        self.violations.append(FieldViolation(f"{self._where}.{field}", description))

    def finish(self) -> None:
        """Raises Refused with FIELD_INVALID if anything was found."""
        if self.violations:
            text = "; ".join(f"{item.field} {item.description}" for item in self.violations)
            raise Refused(error_pb2.REASON_FIELD_INVALID, f"{text}.", violations=tuple(self.violations))

    def document(self, kind: type[M], payload_type: str, signed: SignedDocument, field: str) -> M:
        """The document in `field`, its own signature checked. Raises Refused at once: nothing in it can be trusted."""
        return open_document(kind, payload_type, signed, f"{self._where}.{field}")

    def points(self, value: int, field: str = "points") -> None:
        if not 1 <= value <= POINTS_MAX:
            self.refuse(field, f"must be from 1 to {POINTS_MAX}, not {value}")

    def holder(self, value: str, field: str = "holder_id") -> None:
        if not is_holder_id(value):
            self.refuse(field, "must be 1 to 64 letters, digits, hyphens or underscores")

    def party(self, value: str, field: str) -> None:
        self.require(
            is_party_id(value), field, "must be 2 to 32 lower-case letters, digits or hyphens, starting with a letter"
        )

    def text(self, value: str, field: str, longest: int, shortest: int = 0) -> None:
        if not shortest <= len(value) <= longest or _UNPRINTABLE.search(value) is not None:
            self.refuse(field, f"must be {shortest} to {longest} printable characters")

    def day(self, value: str, field: str, *, optional: bool = False) -> None:
        if not ((optional and not value) or is_day(value)):
            self.refuse(field, "must be a date such as 2017-12-31")

    def moment(self, value: int, field: str) -> None:
        self.require(0 < value < 1 << 60, field, "must be a time in microseconds since 1970")

    def nonce(self, value: bytes, field: str = "nonce") -> None:
        self.require(len(value) == NONCE_BYTES, field, f"must be {NONCE_BYTES} random bytes")

    def identifier(self, value: bytes, field: str) -> None:
        self.require(len(value) == 16, field, "must be the 16 bytes of a transaction id")

    def amount(self, value: int, field: str, longest: int) -> None:
        if not 0 <= value <= longest:
            self.refuse(field, f"must be from 0 to {longest}, not {value}")

    def keys(self, values: Sequence[bytes], field: str, *, fewest: int, most: int) -> None:
        """A list of different raw Ed25519 public keys."""
        self.require(fewest <= len(values) <= most, field, f"must have {fewest} to {most} keys")
        self.require(len(set(values)) == len(values), field, "must not have a key twice")
        self.require(all(map(is_public_key, values)), field, "must be raw Ed25519 keys of 32 bytes, none of them weak")
