"""Files on their way in: parts come one by one, and are kept in memory until the decision about the file comes."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import Final

from coalition.clock import US_PER_S, Clock
from coalition.errors import Refused
from coalition.v1 import error_pb2
from settlement.payments.statements import wrong
from settlement.payments.xml import FILE_BYTES_MAX

PART_BYTES_MAX: Final = 512 << 10
#: Files at once. An operator has one or two people who do this.
_UPLOADS_MAX: Final = 4
_LIFETIME_US: Final = 1_800 * US_PER_S


@dataclass(slots=True)
class _Upload:
    total_bytes: int
    used_us: int
    data: bytearray = field(default_factory=bytearray)


class Uploads:
    """Bounded in number, size and time; nothing of it is kept when the service ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._uploads: dict[bytes, _Upload] = {}

    def add(self, digest: bytes, total_bytes: int, offset: int, part: bytes) -> int:
        """Take in a part and say where the next one begins; a part that is there already changes nothing.

        Raises Refused: FIELD_INVALID, WRONG_STATE for a part that does not follow, OVERLOADED.
        """
        if len(digest) != hashlib.sha256().digest_size:
            raise wrong("digest", "must be the 32 bytes of the SHA-256 over the file")
        if not 1 <= total_bytes <= FILE_BYTES_MAX:
            raise wrong("total_bytes", f"must be from 1 to {FILE_BYTES_MAX}, not {total_bytes}")
        if not 1 <= len(part) <= PART_BYTES_MAX or offset + len(part) > total_bytes:
            raise wrong("data", f"must be 1 to {PART_BYTES_MAX} bytes of the file")
        with self._lock:
            upload = self._upload(digest, total_bytes)
            if offset > len(upload.data) or total_bytes != upload.total_bytes:
                raise _broken(f"the next part begins at {len(upload.data)}")
            upload.data[offset : offset + len(part)] = part
            return len(upload.data)

    def take(self, digest: bytes) -> bytes:
        """The whole file. Raises Refused with WRONG_STATE when it is not there, or is not what the digest is over."""
        with self._lock:
            upload = self._uploads.get(digest)
            if upload is None or len(upload.data) != upload.total_bytes:
                raise _broken("not all of it has come; send it again from its beginning")
            data = bytes(upload.data)
            if hashlib.sha256(data).digest() != digest:
                del self._uploads[digest]
                raise _broken("it is not the file that was signed for; send it again")
            return data

    def forget(self, digest: bytes) -> None:
        """The file has been taken in, or never will be as it is."""
        with self._lock:
            self._uploads.pop(digest, None)

    def _upload(self, digest: bytes, total_bytes: int) -> _Upload:
        now_us = self._clock()
        for known, upload in list(self._uploads.items()):
            if now_us - upload.used_us > _LIFETIME_US:
                del self._uploads[known]
        if digest not in self._uploads:
            if len(self._uploads) == _UPLOADS_MAX:
                raise Refused(
                    error_pb2.REASON_OVERLOADED,
                    f"{_UPLOADS_MAX} files are being sent already. Try again when one of them has been taken in.",
                    {"limit": str(_UPLOADS_MAX)},
                )
            self._uploads[digest] = _Upload(total_bytes, now_us)
        self._uploads[digest].used_us = now_us
        return self._uploads[digest]


def _broken(why: str) -> Refused:
    return Refused(error_pb2.REASON_WRONG_STATE, f"The file was not received: {why}.")
