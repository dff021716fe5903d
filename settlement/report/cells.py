"""Text that came from others, on its way into a spreadsheet or onto a terminal."""

from __future__ import annotations

import re
from typing import Final

#: What makes a spreadsheet take a cell for a formula, also after spaces, or break it in two.
_FORMULA: Final = re.compile(r"^\s*[=+\-@|%]|[\t\r\n]")
#: What a terminal would obey.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def inert(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula: behind an apostrophe, where it looks like one.

    For text only. A number is written as a number, its minus sign included.
    """
    return f"'{text}" if _FORMULA.search(text) else text


def printable(text: str) -> str:
    """The text without what a terminal would obey: each such sign is shown as `\ufffd`."""
    return _CONTROL.sub("\ufffd", text)
