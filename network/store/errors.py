"""What can be wrong with a database before anything is read from it, and what its callers hear when it is away."""

from __future__ import annotations

from coalition.errors import Refused
from coalition.v1 import error_pb2


class StoreError(Exception):
    """A database that cannot be opened, or is not of this version. The text says which, and what to do."""


def out_of_reach() -> Refused:
    """For whoever asked in vain, and may ask again: nothing was done."""
    return Refused(
        error_pb2.REASON_OVERLOADED, "The hub's database is busy, or out of reach. Try again in a moment.", {}
    )
