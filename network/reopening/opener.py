"""An opener: a process that opens batch after batch of envelopes, and says of each whether it is right.

`python -m network.reopening.opener DESCRIPTOR`, started by network.reopening.openers with one end of a line. It ends
when there is nobody at the other end.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection

from network.memory import settle_memory
from network.reopening.envelopes import Kept, Sound, finding, reopen


def open_all(batch: Sequence[Kept]) -> list[Sound | None]:
    """For each envelope what was found, or None where anything at all is wrong with it."""
    return [_open(kept) for kept in batch]


def _open(kept: Kept) -> Sound | None:
    try:
        return finding(reopen(kept, {}))
    # Whoever replays the journal opens this envelope again, and says what is wrong.
    except Exception:  # noqa: BLE001
        return None


def main() -> None:
    """Answer until the other end hangs up."""
    line: Connection = Connection(int(sys.argv[1]))
    settle_memory()
    with line:
        try:
            while True:
                line.send(open_all(line.recv()))
        except (EOFError, ConnectionError):
            return


if __name__ == "__main__":
    main()
