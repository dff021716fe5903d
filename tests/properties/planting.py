"""Plants a bug in a copy of the ledger, and hunts for it in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Bug:
    """A change of the ledger's source that breaks a rule. `before` must occur in the file exactly once."""

    name: str
    #: Below network/.
    file: str
    before: str
    after: str
    #: Only a working set shows it: the stories are told to a database as well.
    store: bool = False
    #: Only two runs with differently ordered sets show it for certain.
    order: bool = False


#: No change at all: nothing may be found.
NO_BUG = Bug("none", "ledger/__init__.py", "", "")


@dataclass
class Found:
    """What a hunt came to."""

    stories: int = 0
    transactions: int = 0
    seconds: float = 0
    #: What was wrong; empty when nothing was.
    wrong: str = ""
    digests: list[str] = field(default_factory=list)


def plant(bug: Bug, folder: Path) -> Path:
    """A copy of the hub with the bug in it; the folder to import it from."""
    shutil.copytree(ROOT / "network", folder / "network", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "network" / bug.file
    source = path.read_text()
    if bug.before:
        assert source.count(bug.before) == 1, f"{bug.file} has changed: adapt the bug {bug.name!r} to it"
        path.write_text(source.replace(bug.before, bug.after))
    return folder


def hunt_for(bug: Bug, folder: Path, *, stories: int, first: int = 0) -> Found:
    """Plant a bug and tell stories until one shows it."""
    plant(bug, folder)
    found = Found()
    for seed in ("1", "2") if bug.order else ("1",):
        told = _hunt(bug, folder, seed, first, stories)
        lines = dict(line.split(" ", 1) for line in told.stdout.splitlines() if " " in line)
        counted = re.search(r"^(\d+) stories, (\d+) transactions, ([\d.]+) s$", told.stdout, re.MULTILINE)
        assert counted, f"the hunt for {bug.name!r} broke down: {told.stderr}"
        found.stories += int(counted[1])
        found.transactions += int(counted[2])
        found.seconds += float(counted[3])
        found.digests.append(lines["digest"])
        found.wrong = found.wrong or lines.get("wrong:", "")
    if len(set(found.digests)) > 1:
        found.wrong = found.wrong or "the roots depend on the order of sets"
    return found


def _hunt(bug: Bug, folder: Path, hash_seed: str, first: int, stories: int) -> subprocess.CompletedProcess[str]:
    arguments = ["--brief", f"--first={first}", f"--stories={stories}", *(["--store"] if bug.store else [])]
    # -P keeps the checkout's own ledger from being found before the copy.
    return subprocess.run(
        [sys.executable, "-P", "-m", "tests.properties.hunt", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (folder, ROOT, ROOT / "protos"))),
            "PYTHONHASHSEED": hash_seed,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
