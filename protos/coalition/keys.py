"""Ed25519 keys (RFC 8032) and signatures over typed payloads."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from coalition.dsse import pre_authentication_encoding
from coalition.v1.envelope_pb2 import Signature

PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_FIELD_PRIME: Final = 2**255 - 19
_Y_BITS: Final = 2**255 - 1
# The y-coordinates of the points whose order divides 8: adding one to itself eight times gives nothing, (0, 1).
_ORDER_8_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_WEAK_Y: Final = frozenset({0, 1, _FIELD_PRIME - 1, _ORDER_8_Y, _FIELD_PRIME - _ORDER_8_Y})


class SigningKey:
    """A private Ed25519 key. Its text forms never show the secret."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        #: The raw public key, 32 bytes.
        self.public: Final[bytes] = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the operating system's random source."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The key of a 32-byte seed (RFC 8032 §5.1.5). Raises ValueError for another length."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def private(self) -> Ed25519PrivateKey:
        """For libraries that sign themselves (JWT)."""
        return self._private

    def seed(self) -> bytes:
        """The 32 secret bytes, to be stored encrypted."""
        return self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())

    def sign_raw(self, data: bytes) -> bytes:
        """A bare Ed25519 signature, for formats that bring their own domain separation (signed notes)."""
        return self._private.sign(data)

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        """Sign `payload` as `payload_type` (DSSE)."""
        return Signature(
            public_key=self.public, signature=self.sign_raw(pre_authentication_encoding(payload_type, payload))
        )

    def __repr__(self) -> str:
        return f"SigningKey({fingerprint(self.public)})"


def is_public_key(public_key: bytes) -> bool:
    """Whether these bytes may be a public key: 32 of them, in the one encoding of their point (RFC 8032 §5.1.3), and
    not one of the few points of small order, for which anybody can make signatures.

    Libraries disagree about such keys; this protocol refuses them, so that all of its readers agree.
    """
    if len(public_key) != PUBLIC_KEY_BYTES:
        return False
    y = int.from_bytes(public_key, "little") & _Y_BITS
    return y < _FIELD_PRIME and y not in _WEAK_Y


def verify_raw(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` is by `public_key`; False also for keys and signatures of a wrong form."""
    key = _public_key(public_key)
    if key is None or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


# Those who sign envelopes sign many.
@lru_cache(maxsize=1_024)
def _public_key(public_key: bytes) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(public_key) if is_public_key(public_key) else None
    except ValueError:
        return None


def verify(signature: Signature, payload_type: str, payload: bytes) -> bool:
    """Whether `signature` is by its own public key over `payload` as `payload_type`.

    The caller still has to check whose key it is.
    """
    return verify_raw(signature.public_key, signature.signature, pre_authentication_encoding(payload_type, payload))


def fingerprint(public_key: bytes) -> str:
    """A short name of a key for people and logs: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]
