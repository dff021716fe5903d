"""Where time comes from: the system, or a file by which tests and simulations set it."""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

#: Gives the time in microseconds since the Unix epoch.
Clock = Callable[[], int]

US_PER_S: Final = 1_000_000
_FORMAT: Final = struct.Struct("<q")


def system_clock() -> int:
    """The machine's time."""
    return time.time_ns() // 1_000


class FileClock:
    """A time that stands still until it is set, shared by every process that opens the same file.

    The file holds the microseconds as a little-endian 64-bit integer.
    """

    def __init__(self, path: Path, start_us: int | None = None) -> None:
        """Open the clock in `path`; with `start_us`, make it. Raises ValueError when the file is no clock."""
        if start_us is not None:
            path.write_bytes(_FORMAT.pack(start_us))
        descriptor = os.open(path, os.O_RDWR)
        try:
            if os.fstat(descriptor).st_size != _FORMAT.size:
                raise ValueError(f"{path} is not a clock file: it must hold {_FORMAT.size} bytes")
            self._memory = mmap.mmap(descriptor, _FORMAT.size)
        finally:
            os.close(descriptor)

    def __call__(self) -> int:
        moment: int = _FORMAT.unpack(self._memory[:])[0]
        return moment

    def set(self, moment_us: int) -> None:
        """Move to a moment. Raises ValueError for one that lies before the present."""
        if moment_us < self():
            raise ValueError("time does not run backwards")
        self._memory[:] = _FORMAT.pack(moment_us)

    def advance(self, *, days: int = 0, hours: int = 0, seconds: int = 0) -> None:
        """Move forward."""
        self.set(self() + ((days * 24 + hours) * 3_600 + seconds) * US_PER_S)
