"""One-time codes: a member reads eight digits out at a till that cannot scan, and the hub vouches for the debit.

A code is worth one consent, for one acceptor, for at most the points that the member allowed. The hub keeps a keyed
hash of it only, and the key is not in the database.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from coalition import dsse
from coalition.clock import US_PER_S, Clock
from coalition.documents import open_document, sign_document
from coalition.errors import FieldViolation, Refused
from coalition.form.checks import POINTS_MAX
from coalition.ids import NONCE_BYTES, is_holder_id, new_nonce
from coalition.keys import SigningKey
from coalition.v1 import consent_pb2, error_pb2, network_pb2
from coalition.v1.consent_pb2 import CodeRequest, Consent
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.wire import encode
from network.config import Limits
from network.ledger.records import Holder
from network.store.codes import CodeRow, add_code, add_failure, codes_of, forget_codes, spend_code
from network.store.engine import is_busy
from network.store.errors import out_of_reach
from network.store.head import lock_head
from network.store.store import Store
from network.views import Reads

DIGITS: Final = 8
LIFETIME_US: Final = 5 * 60 * US_PER_S
#: How long the consent that a code is exchanged for may be used.
CONSENT_LIFETIME_US: Final = 2 * 60 * US_PER_S

_SALT_BYTES: Final = 16


class Made(NamedTuple):
    """A new code, and when it becomes worthless, in microseconds since the Unix epoch."""

    code: str
    expires_us: int


class Codes:
    """Makes and exchanges codes. Every method blocks and may be called from any thread."""

    def __init__(
        self, *, network_id: str, key: SigningKey, store: Store, reads: Reads, clock: Clock, limits: Limits
    ) -> None:
        self._network_id = network_id
        self._key = key
        self._store = store
        self._reads = reads
        self._clock = clock
        self._active_max = limits.codes_per_holder
        self._tries_max = limits.code_tries
        self._lock_us = limits.code_lock_s * US_PER_S
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"coalition one-time codes")
        self._secret = derived.derive(key.seed())

    def create(self, signed: SignedDocument) -> Made:
        """A code for the holder that signed the request.

        Raises Refused: SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD, WRONG_NETWORK, FIELD_INVALID, KEY_UNKNOWN,
        HOLDER_CLOSED, CODE_INVALID for a request that was used or is too old, RATE_LIMITED.
        """
        request = open_document(CodeRequest, dsse.CODE_REQUEST, signed, "request")
        now_us = self._clock()
        self._check_request(request, now_us)
        self._check_holder(request.holder_id, signed.signature.public_key)
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        salt = os.urandom(_SALT_BYTES)
        row = CodeRow(
            holder_id=request.holder_id,
            nonce=request.nonce,
            salt=salt,
            code_hash=self._hash(salt, request.holder_id, code),
            points_max=request.points_max,
            expires_us=request.expires_us,
            failures=0,
            acceptor="",
            consent=b"",
        )
        with self._changing() as connection:
            forget_codes(connection, now_us, self._lock_us)
            known = codes_of(connection, request.holder_id)
            self._check_room(known, request.nonce, now_us)
            add_code(connection, row)
        return Made(code, request.expires_us)

    def exchange(self, acceptor: str, holder: Holder, code: str, points: int) -> SignedDocument:
        """A Consent for `acceptor` to redeem `points`, signed by the hub. The code is spent.

        The same acceptor may ask again with the same code, should the answer have got lost, and gets the same consent.
        Raises Refused: FIELD_INVALID, HOLDER_CLOSED, CODE_INVALID.
        """
        _require(len(code) == DIGITS and code.isascii() and code.isdigit(), "code", f"must be {DIGITS} digits")
        _require(1 <= points <= POINTS_MAX, "points", f"must be from 1 to {POINTS_MAX}, not {points}")
        _require_open(holder)
        now_us = self._clock()
        with self._changing() as connection:
            answer = self._exchange(connection, acceptor, holder.holder_id, code, points, now_us)
        if isinstance(answer, Refused):
            raise answer
        return answer

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """A connection that nobody else can change codes beside. Raises Refused with OVERLOADED."""
        try:
            with self._store.write() as connection:
                lock_head(connection)
                yield connection
        except DBAPIError as error:
            if is_busy(error):
                raise out_of_reach() from error
            raise

    def _exchange(
        self, connection: Connection, acceptor: str, holder_id: str, code: str, points: int, now_us: int
    ) -> SignedDocument | Refused:
        """The answer; a refusal is returned, not raised, because a wrong try has to be committed."""
        known = codes_of(connection, holder_id)
        if locked := self._locked(known, now_us):
            return locked
        active = [row for row in known if row.expires_us > now_us]
        # Every hash is computed and compared, so that time tells nothing.
        matches = [hmac.compare_digest(row.code_hash, self._hash(row.salt, holder_id, code)) for row in active]
        found = next((row for row, match in zip(active, matches, strict=True) if match), None)
        if found is None or found.acceptor not in ("", acceptor):
            if active:
                add_failure(connection, active[-1])
            return _code_invalid("The code is wrong, used or expired. Ask the member for a new one.")
        if found.acceptor:
            return SignedDocument.FromString(found.consent)
        if points > found.points_max:
            return _code_invalid(
                f"The code is for at most {found.points_max} points. Ask for fewer, or for a new code.",
                points_max=found.points_max,
            )
        consent = self._consent(acceptor, holder_id, points, now_us)
        spent = spend_code(connection, found, acceptor, encode(consent))
        assert spent, "nobody else writes inside this transaction"
        return consent

    def _consent(self, acceptor: str, holder_id: str, points: int, now_us: int) -> SignedDocument:
        consent = Consent(
            network_id=self._network_id,
            holder_id=holder_id,
            acceptor=acceptor,
            purpose=consent_pb2.CONSENT_PURPOSE_REDEEM,
            points_max=points,
            nonce=new_nonce(),
            expires_us=now_us + CONSENT_LIFETIME_US,
        )
        return sign_document(dsse.CONSENT, consent, self._key)

    def _check_request(self, request: CodeRequest, now_us: int) -> None:
        if request.network_id != self._network_id:
            raise Refused(
                error_pb2.REASON_WRONG_NETWORK,
                f"The request is for network {request.network_id!r}; this is {self._network_id!r}.",
            )
        _require(is_holder_id(request.holder_id), "request.holder_id", "must be a holder id")
        _require(1 <= request.points_max <= POINTS_MAX, "request.points_max", f"must be from 1 to {POINTS_MAX}")
        _require(len(request.nonce) == NONCE_BYTES, "request.nonce", f"must be {NONCE_BYTES} random bytes")
        if request.expires_us <= now_us:
            raise _code_invalid("The request has expired. Sign a new one; check this machine's clock.")
        _require(
            request.expires_us <= now_us + LIFETIME_US,
            "request.expires_us",
            f"must lie at most {LIFETIME_US // US_PER_S} seconds ahead",
        )

    def _check_holder(self, holder_id: str, key: bytes) -> None:
        account = self._reads.account(holder_id)
        # Anybody may ask, so an unknown holder and a wrong key look the same. A fund has no keys of its own.
        if account is None or key not in account.holder.keys:
            raise Refused(
                error_pb2.REASON_KEY_UNKNOWN, f"The request is not signed by a key of the holder {holder_id!r}."
            )
        _require_open(account.holder)

    def _check_room(self, known: tuple[CodeRow, ...], nonce: bytes, now_us: int) -> None:
        if any(row.nonce == nonce for row in known):
            raise _code_invalid("The request was used before. Sign a new one with a new nonce.")
        if locked := self._locked(known, now_us):
            raise locked
        active = [row for row in known if row.expires_us > now_us and not row.acceptor]
        if len(active) >= self._active_max:
            wait_ms = (active[0].expires_us - now_us) // 1_000 + 1
            raise Refused(
                error_pb2.REASON_RATE_LIMITED,
                f"The holder has {self._active_max} codes that are still valid. Use one of them.",
                {"limit": str(self._active_max), "retry_after_ms": str(wait_ms)},
            )

    def _locked(self, known: tuple[CodeRow, ...], now_us: int) -> Refused | None:
        """After too many wrong tries nothing is exchanged until they are forgotten, right or wrong."""
        remembered = [row for row in known if row.failures and row.expires_us + self._lock_us > now_us]
        if sum(row.failures for row in remembered) < self._tries_max:
            return None
        wait_ms = (remembered[-1].expires_us + self._lock_us - now_us) // 1_000 + 1
        return _code_invalid(
            "There were too many wrong codes for this holder. Ask for the member's consent in another way.",
            retry_after_ms=wait_ms,
        )

    def _hash(self, salt: bytes, holder_id: str, code: str) -> bytes:
        return hmac.new(self._secret, salt + code.encode() + holder_id.encode(), hashlib.sha256).digest()


def _require(holds: bool, field: str, description: str) -> None:
    if not holds:
        raise Refused(
            error_pb2.REASON_FIELD_INVALID, f"{field} {description}.", violations=(FieldViolation(field, description),)
        )


def _require_open(holder: Holder) -> None:
    if holder.status != network_pb2.HOLDER_STATUS_ACTIVE:
        raise Refused(error_pb2.REASON_HOLDER_CLOSED, f"The account {holder.holder_id} is closed.")
    if holder.kind != network_pb2.HOLDER_KIND_MEMBER:
        raise Refused(error_pb2.REASON_HOLDER_KIND_WRONG, f"{holder.holder_id} is a fund; codes are for members.")


def _code_invalid(message: str, **facts: int) -> Refused:
    return Refused(error_pb2.REASON_CODE_INVALID, message, {name: str(value) for name, value in facts.items()})
