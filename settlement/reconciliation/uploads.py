"""Files of records as parties send them, part by part: one of each party, for an hour."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path
from threading import Lock
from typing import Final

from coalition.errors import Refused
from coalition.v1 import error_pb2
from settlement.reconciliation.limits import MIB, Limits

#: A part of a file as it is sent.
PART_BYTES_MAX: Final = 512 << 10
#: How long a file is kept that nobody touches.
KEPT_S: Final = 3_600.0

_DIGEST_BYTES: Final = 32


class Uploads:
    """Files in a folder, by party and digest."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """What an earlier run of the service left in the folder is deleted. Raises OSError."""
        self._folder = folder
        self._limits = limits
        self._lock = Lock()
        #: The digest of each party's file, and the bytes that it has or will have.
        self._files: dict[str, tuple[bytes, int]] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)

    def add(self, party_id: str, digest: bytes, size: int, offset: int, data: bytes) -> int:
        """Take the next part of a file of `size` bytes; gives how many there are now.

        A part that is there already changes nothing. A file with another digest takes the place of the one before, when
        it is begun.
        Raises Refused: FIELD_INVALID, or OVERLOADED while too much waits.
        """
        self._check(digest, size, offset, data)
        with self._lock:
            self._check_size(party_id, digest, size)
            path = self._path(party_id, digest)
            if path.exists():
                if not _is_old(path):
                    path.touch()
                    return size
                self._forget(party_id)
            part = path.with_suffix(".part")
            known = part.stat().st_size if part.exists() else 0
            if known == 0 and offset == 0:
                self._make_room(party_id, digest, size)
                part.parent.mkdir(mode=0o700, exist_ok=True)
            elif offset > known:
                return known
            with part.open("ab") as file:
                file.write(data[known - offset :])
                known = max(known, offset + len(data))
            if known == size:
                self._complete(part, digest)
            return known

    def find(self, party_id: str, digest: bytes) -> Path:
        """A file that is there completely; it is kept for another while. Raises Refused with NOT_FOUND."""
        path = self._path(party_id, digest)
        with self._lock:
            if len(digest) != _DIGEST_BYTES or not path.exists() or _is_old(path):
                raise Refused(
                    error_pb2.REASON_NOT_FOUND,
                    "The service does not have this file, or not any more: files are kept for an hour. Send it again.",
                    {"digest": digest.hex()[:64]},
                )
            path.touch()
        return path

    def _check(self, digest: bytes, size: int, offset: int, data: bytes) -> None:
        most = self._limits.upload_mib * MIB
        if size > most:
            raise _wrong(f"The file has {size:,} bytes; {most:,} are the most. Reconcile it in parts, or as Parquet.")
        if size == 0:
            raise _wrong("The file is empty.")
        if len(digest) != _DIGEST_BYTES:
            raise _wrong("digest must be the 32 bytes of the file's SHA-256.")
        if not 0 < len(data) <= PART_BYTES_MAX or offset + len(data) > size:
            raise _wrong(f"A part must have 1 to {PART_BYTES_MAX:,} bytes, and not go beyond the file's size.")

    def _check_size(self, party_id: str, digest: bytes, size: int) -> None:
        """A file keeps the size that it was begun with: room was made for so much."""
        known_digest, known = self._files.get(party_id, (b"", 0))
        if known_digest == digest and known != size:
            raise _wrong(f"The file was begun as one of {known:,} bytes, not of {size:,}. Name one size all the time.")

    def _complete(self, part: Path, digest: bytes) -> None:
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
        if found != digest:
            self._forget(part.parent.name)
            raise _wrong("What was sent does not have the digest that was named. Did the file change? Send it again.")
        part.rename(part.with_suffix(""))

    def _make_room(self, party_id: str, digest: bytes, size: int) -> None:
        """Delete the party's earlier file, and what has been here for long."""
        self._forget(party_id)
        for path in list(self._folder.glob("*/*")):
            if _is_old(path):
                self._forget(path.parent.name)
        most, waiting = self._limits.uploads_mib * MIB, sum(known for _, known in self._files.values())
        if waiting + size > most:
            raise Refused(
                error_pb2.REASON_OVERLOADED,
                f"Files of {waiting:,} bytes wait to be reconciled; {most:,} are the most. Try again later.",
                {"limit": str(most)},
            )
        self._files[party_id] = digest, size

    def _forget(self, party_id: str) -> None:
        shutil.rmtree(self._folder / party_id, ignore_errors=True)
        self._files.pop(party_id, None)

    def _path(self, party_id: str, digest: bytes) -> Path:
        return self._folder / party_id / digest.hex()


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > KEPT_S


def _wrong(text: str) -> Refused:
    return Refused(error_pb2.REASON_FIELD_INVALID, text)
