"""What can be wrong with a database before anything is read from it."""

from __future__ import annotations


class StoreError(Exception):
    """A database that cannot be opened, or is not of this version. The text says which, and what to do."""
