"""What needs somebody's attention: derived from the books, followed as it begins and ends, noted by people."""

from __future__ import annotations
