"""What a run tells while it lasts, on standard error: the table has standard output for itself."""

from __future__ import annotations

import sys
import time
from typing import Final

_BEGAN: Final = time.monotonic()


def say(text: str) -> None:
    """A line with the seconds since the run began."""
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {text}", file=sys.stderr, flush=True)
