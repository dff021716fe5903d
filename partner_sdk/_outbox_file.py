"""An append-only file of records that survives being killed at any byte.

    "coalition-outbox 1\\n", then for each record:
    payload length (4 bytes), kind (1 byte), CRC-32 of these five (4 bytes), payload, CRC-32 of the payload (4 bytes)

Numbers are little-endian. Every record is on the disk before the next one begins, so only the last can be torn: it is
cut off when the file is opened, and whoever was writing it had not been told that it was kept. Damage anywhere else is
an error, never silence.
"""

from __future__ import annotations

import os
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from partner_sdk._errors import OutboxError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_MAGIC: Final = b"coalition-outbox 1\n"
_LENGTH_AND_KIND: Final = struct.Struct("<IB")
_CHECKSUM: Final = struct.Struct("<I")
_HEADER_BYTES: Final = _LENGTH_AND_KIND.size + _CHECKSUM.size


class RecordFile:
    """The file, locked for this process. Raises OutboxError when it is damaged, no outbox, or in use."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        new = not path.exists()
        try:
            # No buffer: what is written is the operating system's at once, and on the disk after fsync.
            self._file: BinaryIO = open(path, "x+b" if new else "r+b", buffering=0)  # noqa: SIM115 - kept open
        except OSError as error:
            raise OutboxError(f"The outbox {path} cannot be opened: {error.strerror}.") from error
        try:
            self._lock()
            if new:
                _sync_folder(path.parent)
            self._end = self._begin()
        except BaseException:
            self._file.close()
            raise

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Kind and payload of every record, in order; cuts off a torn one at the end."""
        self._file.seek(0)
        data = _read_all(self._file)
        position = len(_MAGIC)
        while position < len(data):
            following = self._record_end(data, position)
            if following is None:
                self._cut(position)
                return
            length, kind = _LENGTH_AND_KIND.unpack_from(data, position)
            start = position + _HEADER_BYTES
            yield kind, data[start : start + length]
            position = following

    def append(self, kind: int, payload: bytes) -> None:
        """Add a record; it is on the disk when this returns. Raises OutboxError, with nothing added."""
        head = _LENGTH_AND_KIND.pack(len(payload), kind)
        record = head + _CHECKSUM.pack(zlib.crc32(head)) + payload + _CHECKSUM.pack(zlib.crc32(payload))
        try:
            self._file.seek(self._end)
            _write_all(self._file, record)
            os.fsync(self._file.fileno())
        except OSError as error:
            self._cut(self._end)
            raise OutboxError(
                f"The outbox {self.path} cannot be written: {error.strerror}. Nothing was kept."
            ) from error
        self._end += len(record)

    def close(self) -> None:
        """Close the file and let others use it."""
        self._file.close()

    def _lock(self) -> None:
        try:
            if sys.platform == "win32":
                msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not os.path.samestat(os.fstat(self._file.fileno()), os.stat(self.path)):
                    raise OSError("replaced between opening and locking")
        except OSError as error:
            raise OutboxError(
                f"The outbox {self.path} is in use by another process. Give each till its own file."
            ) from error

    def _begin(self) -> int:
        """Write what a file begins with, or check it; gives the file's size."""
        self._file.seek(0)
        start = self._file.read(len(_MAGIC))
        if start != _MAGIC:
            if not _MAGIC.startswith(start):
                raise OutboxError(f"{self.path} is not an outbox. Choose another file.")
            self._file.seek(0)
            _write_all(self._file, _MAGIC)
            os.fsync(self._file.fileno())
        return self._file.seek(0, os.SEEK_END)

    def _record_end(self, data: bytes, position: int) -> int | None:
        """Where the record at `position` ends; None when it is torn. Raises OutboxError when it is damaged."""
        start = position + _HEADER_BYTES
        head = data[position:start]
        if len(head) < _HEADER_BYTES:
            return None
        (checksum,) = _CHECKSUM.unpack_from(head, _LENGTH_AND_KIND.size)
        if checksum != zlib.crc32(head[: _LENGTH_AND_KIND.size]):
            # Some file systems make room first and fill it later: zeros up to the end are a record that never came.
            if any(data[position:]):
                raise self._damaged(position)
            return None
        length, _ = _LENGTH_AND_KIND.unpack_from(head)
        end: int = start + length + _CHECKSUM.size
        if end > len(data):
            return None
        (checksum,) = _CHECKSUM.unpack_from(data, start + length)
        if checksum == zlib.crc32(data[start : start + length]):
            return end
        if end == len(data):
            return None
        raise self._damaged(position)

    def _damaged(self, position: int) -> OutboxError:
        return OutboxError(
            f"The outbox {self.path} is damaged at byte {position}. Keep a copy of it, cut the file off there"
            " to send what comes before, and record anew what was sold after."
        )

    def _cut(self, position: int) -> None:
        self._file.truncate(position)
        os.fsync(self._file.fileno())
        self._end = position


def replace_file(old: RecordFile, records: Iterator[tuple[int, bytes]]) -> RecordFile:
    """Put a file of these records in the place of an open one, in one step; gives it, open, and closes the other."""
    path = old.path
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    file = RecordFile(fresh)
    try:
        for kind, payload in records:
            file.append(kind, payload)
    finally:
        file.close()
    try:
        if sys.platform == "win32":
            old.close()  # Windows replaces no open file; elsewhere the old one stays locked until it is out of the way.
        fresh.replace(path)
        _sync_folder(path.parent)
        return RecordFile(path)
    finally:
        old.close()


def _read_all(file: BinaryIO) -> bytes:
    parts = []
    while part := file.read(1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write_all(file: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk when its folder is; Windows neither needs nor allows this."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
