"""How much somebody may have under way: counts for each party, given back when the work is done."""

from __future__ import annotations

from coalition.errors import Refused
from coalition.v1 import error_pb2

_RETRY_AFTER_MS = 100


class InFlight:
    """For each name the number of pieces of work under way and their bytes."""

    def __init__(self, what: str, pieces: int, size: int | None = None) -> None:
        """At most `pieces` of `what` at once, of at most `size` bytes together; None: any."""
        self._what = what
        self._pieces_max = pieces
        self._size_max = size
        self._held: dict[str, tuple[int, int]] = {}
        #: Of all names together.
        self.pieces = 0
        self.size = 0

    def take(self, name: str, size: int = 0) -> None:
        """Count a piece of work. Raises Refused with OVERLOADED beyond the limit."""
        pieces, total = self._held.get(name, (0, 0))
        if pieces >= self._pieces_max:
            raise _overloaded(name, f"{self._pieces_max} {self._what}", {"limit": str(self._pieces_max)})
        # A single piece may always go, or one that is large could never.
        if self._size_max is not None and pieces and total + size > self._size_max:
            raise _overloaded(name, f"{self._size_max} bytes of {self._what}", {"limit_bytes": str(self._size_max)})
        self._held[name] = (pieces + 1, total + size)
        self.pieces += 1
        self.size += size

    def give_back(self, name: str, size: int = 0) -> None:
        """The piece of work is done."""
        pieces, total = self._held[name]
        if pieces == 1:
            del self._held[name]
        else:
            self._held[name] = (pieces - 1, total - size)
        self.pieces -= 1
        self.size -= size


def _overloaded(name: str, limit: str, facts: dict[str, str]) -> Refused:
    return Refused(
        error_pb2.REASON_OVERLOADED,
        f"{name} has {limit} under way, which is the limit. Wait for answers before sending more.",
        {**facts, "retry_after_ms": str(_RETRY_AFTER_MS)},
    )
