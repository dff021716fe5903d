"""How much the properties are tried."""

from __future__ import annotations

import os

#: With which story to begin.
FIRST = int(os.environ.get("COALITION_PROPERTY_SEED", "0"))


def stories(usually: int) -> int:
    """How many stories a property is given: as many as usual, or COALITION_PROPERTY_EXAMPLES."""
    return int(os.environ.get("COALITION_PROPERTY_EXAMPLES", usually))
