"""Admission: everything about an envelope that can be told without the ledger's state.

Pure work for the processor, done in parallel. What fails here leaves no trace in the journal.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from coalition.clock import US_PER_S, Clock
from coalition.envelope import OpenedEnvelope, open_envelope
from coalition.errors import Refused
from coalition.keys import fingerprint
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import EnvelopeHeader, Signature
from network.ledger.state import Reference
from network.store.store import Store

SKEW_US: Final = 300 * US_PER_S

# Another hub may have registered whom this one does not know. Who asks for strangers gets the database asked no oftener
# than this for each.
_STRANGER_S: Final = 1.0
_STRANGERS_MAX: Final = 1_024


class Admission:
    """Safe to use from many threads. Keeps nothing but who was asked for in vain a moment ago."""

    def __init__(self, store: Store, *, network_id: str, clock: Clock, skew_us: int = SKEW_US) -> None:
        """`skew_us`: how far in the future an envelope may have been made."""
        self._store: Final = store
        self._network_id: Final = network_id
        self._clock: Final = clock
        self._skew_us: Final = skew_us
        self._strangers = _Strangers()

    def admit(self, data: bytes) -> OpenedEnvelope:
        """The envelope in `data`, in the order size, decode, network, author, times, signatures, form.

        Keys that were revoked pass: what was committed while they were in force gets its answer again, and the ledger
        refuses the rest. Raises Refused.
        """
        return open_envelope(data, self._check_header)

    def _check_header(self, header: EnvelopeHeader, signatures: Sequence[Signature]) -> None:
        if header.network_id != self._network_id:
            raise Refused(
                error_pb2.REASON_WRONG_NETWORK,
                f"The envelope is for network {header.network_id!r}; this is {self._network_id!r}.",
                {"network_id": self._network_id},
            )
        self._check_author(header.author, signatures)
        now_us = self._clock()
        if header.created_us > now_us + self._skew_us:
            ahead_s = (header.created_us - now_us) // US_PER_S
            raise Refused(
                error_pb2.REASON_CLOCK_SKEW,
                f"The envelope was made {ahead_s} seconds in the future. Set your clock.",
                {"created_us": str(header.created_us), "now_us": str(now_us)},
            )

    def _check_author(self, author: str, signatures: Sequence[Signature]) -> None:
        refused = _stranger(self._store.reference(), author, signatures)
        if refused is None:
            return
        keys = tuple(signature.public_key for signature in signatures)
        if self._strangers.is_new((author, keys)):
            refused = _stranger(self._store.refresh(), author, signatures)
        if refused is not None:
            raise refused


def _stranger(reference: Reference, author: str, signatures: Sequence[Signature]) -> Refused | None:
    """Why this author or one of these keys is not known, if so."""
    party = reference.parties.get(author)
    if party is None:
        return Refused(
            error_pb2.REASON_AUTHOR_UNKNOWN, f"No party {author!r} is registered. Ask the operator to admit it."
        )
    for signature in signatures:
        key = signature.public_key
        if key not in party.keys and key not in party.revoked_keys:
            return Refused(
                error_pb2.REASON_KEY_UNKNOWN,
                f"The key {fingerprint(key)} is not a key of {author}.",
                {"key": fingerprint(key)},
            )
    return None


class _Strangers:
    """Whom the database was asked for, and when. Bounded: the oldest are forgotten."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str, tuple[bytes, ...]], float] = OrderedDict()
        self._lock = threading.Lock()

    def is_new(self, stranger: tuple[str, tuple[bytes, ...]]) -> bool:
        """Whether it is time to ask; if so, it counts as asked."""
        now_s = time.monotonic()
        with self._lock:
            asked_s = self._asked.get(stranger)
            if asked_s is not None and now_s - asked_s < _STRANGER_S:
                return False
            self._asked[stranger] = now_s
            self._asked.move_to_end(stranger)
            if len(self._asked) > _STRANGERS_MAX:
                self._asked.popitem(last=False)
            return True
