"""Tells many stories and stops at the first that goes wrong, shortened: `python -m tests.properties.hunt`.

Prints how many stories and transactions were told, how long that took, and a digest over the roots of all journals,
which must be the same whenever and wherever the same stories are told. With `--store` every story is told to a database
too.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.properties.inventing import invent
from tests.properties.shortening import in_words, shorten
from tests.properties.storing import files_in, stored
from tests.properties.story.envelope import Story
from tests.properties.telling import told

#: Tells a story; answers what goes wrong, empty when nothing does.
Tell = Callable[[Story], str]


@dataclass(frozen=True)
class Hunt:
    """What was found, and how long it took."""

    stories: int
    transactions: int
    seconds: float
    #: Over the roots of all journals.
    digest: str
    #: What went wrong, in which seed's story; empty when nothing did.
    wrong: str = ""
    seed: int = 0
    story: Story = ()

    def report(self, tell: Tell) -> str:
        """What went wrong, and the shortest story found that shows it."""
        story = shorten(self.story, tell)
        return f"seed {self.seed}: {self.wrong}\nshortened: {tell(story)}\n{in_words(story)}"


def hunt(first: int, stories: int, *, seconds: float = 1e9, tell: Tell | None = None) -> Hunt:
    """Make up the stories of the seeds from `first` on, until one goes wrong or the time is over.

    Each is told to the ledger in memory while it is made up, and to `tell` when it is finished.
    """
    start, transactions, roots, done = time.monotonic(), 0, hashlib.sha256(), 0
    for seed in range(first, first + stories):
        found = invent(seed)
        wrong = found.wrong or (tell(found.story) if tell else "")
        done, transactions = done + 1, transactions + found.telling.transactions
        roots.update(found.telling.root)
        if wrong:
            taken = time.monotonic() - start
            return Hunt(done, transactions, taken, roots.hexdigest(), wrong, seed, found.story)
        if time.monotonic() - start > seconds:
            break
    return Hunt(done, transactions, time.monotonic() - start, roots.hexdigest())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="the first story's seed")
    parser.add_argument("--stories", type=int, default=1_000, help="how many stories")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after this time")
    parser.add_argument("--store", action="store_true", help="tell every story to a database as well")
    parser.add_argument("--brief", action="store_true", help="do not shorten what goes wrong")
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        tell = stored(files_in(folder)) if asked.store else None
        found = hunt(asked.first, asked.stories, seconds=asked.seconds, tell=tell)
        print(f"{found.stories} stories, {found.transactions} transactions, {found.seconds:.1f} s")
        print(f"digest {found.digest}")
        if found.wrong:
            in_memory = told(found.story) or tell is None
            print(f"wrong: {found.wrong}" if asked.brief else found.report(told if in_memory else tell))
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
