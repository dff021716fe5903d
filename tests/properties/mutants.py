"""Plants every bug, one at a time, and shows how soon the stories find it: `python -m tests.properties.mutants`.

`--only WORDS` takes the bugs whose name has the words in it; `--stories` bounds each hunt. Ends with 1 when a bug got
away, or when something is found where nothing was planted.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.properties.bugs import MORE, NAMED
from tests.properties.planting import NO_BUG, Bug, Found, hunt_for


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="words of a bug's name")
    parser.add_argument("--stories", type=int, default=300, help="how many stories a bug may outlive")
    parser.add_argument("--jobs", type=int, default=1, help="how many hunts at once")
    asked = parser.parse_args()
    bugs = [bug for bug in (NO_BUG, *NAMED, *MORE) if asked.only in bug.name]
    print(f"{'planted':72} {'stories':>7} {'transactions':>12} {'seconds':>7}  found")
    with TemporaryDirectory() as name, ThreadPoolExecutor(asked.jobs) as pool:
        hunts = [
            pool.submit(hunt_for, bug, Path(name) / str(index), stories=_stories(bug, asked.stories))
            for index, bug in enumerate(bugs)
        ]
        wrong = [_line(bug, hunt.result()) for bug, hunt in zip(bugs, hunts, strict=True)]
    return 1 if any(wrong) else 0


def _stories(bug: Bug, stories: int) -> int:
    return min(stories, 50) if bug is NO_BUG or bug.order else stories


def _line(bug: Bug, found: Found) -> bool:
    """Print what a hunt came to; whether that is wrong."""
    print(
        f"{bug.name:72} {found.stories:7} {found.transactions:12} {found.seconds:7.1f}  {found.wrong[:100] or '-'}",
        flush=True,
    )
    return bool(found.wrong) == (bug is NO_BUG)


if __name__ == "__main__":
    sys.exit(main())
