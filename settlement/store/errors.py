"""What goes wrong with a database as a whole. On its own, as commands that open none name it too."""

from __future__ import annotations


class StoreError(Exception):
    """The database holds something else than it must, or belongs to something else; says what."""
