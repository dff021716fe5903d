"""One module for each kind of measurement; benchmarks.__main__ lists them by name."""

from __future__ import annotations
