"""A finished run is served again, and a month's end can be followed in it as docs/finance.md tells it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from coalition_demo.processes import PASSPHRASE
from coalition_demo.serving import PROFILES, Served
from partner_sdk.cli import main
from tests.demo.test_run import demo

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "finance.md").read_text(encoding="utf-8")
STORY: Final = GUIDE.split("\n## A month's end\n")[1].split("\n## ")[0]
pytestmark = pytest.mark.long

#: What makes and serves the run, and what opens a browser.
NOT_TYPED: Final = ("make demo", "coalition demo serve", "coalition settlement console")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run of two months, served."""
    folder = tmp_path_factory.mktemp("served") / "run"
    done = demo("--weeks", "6", "--households", "10", "--slice-hours", "24", "--no-documents", "--out", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    with Served(folder, "127.0.0.1:0", "127.0.0.1:0"):
        yield folder


def run(folder: Path, line: str, who: str = "operator") -> str:
    """What a command of the guide prints, of the run's last window and of an entry that is there."""
    words = line.replace("--window 12", "--window 2").replace("--as-of 12", "--as-of 2").replace("-012-", "-002-")
    environment = {
        "COALITION_PASSPHRASE": PASSPHRASE,
        "COALITION_PROFILE": str(folder / PROFILES / f"{who}.toml"),
        "COALITION_SETTLEMENT_ADDRESS": "",
    }
    with contextlib.chdir(folder.parent):
        done = CliRunner().invoke(main, [*words.split()[1:]], env=environment)
    assert done.exit_code == 0, f"{line}\n{done.output}"
    return str(done.stdout)


def test_the_story_can_be_followed(folder: Path) -> None:
    """Each of its commands does what the guide says, one after the other."""
    lines: list[dict[str, Any]] = json.loads(run(folder, "coalition settlement lines --json"))
    typed = [
        line
        for block in re.findall(r"```sh\n(.*?)```", STORY, re.DOTALL)
        for line in block.splitlines()
        if not line.startswith(NOT_TYPED)
    ]
    assert len(typed) > 10
    printed = "".join(run(folder, re.sub(r"entry \d+", f"entry {lines[0]['sequence']}", line)) for line in typed)
    for text in ("SETTLED", "The proof is right.", "every figure agrees", "fresh replay"):
        assert text in printed
    assert (folder.parent / "books" / "clearing.beancount").is_file()


def test_everybody_has_a_profile(folder: Path) -> None:
    """A partner whose key was changed, a school and the operator's second person can look around."""
    for who in ("pharmacy", "river-school", "operator-2"):
        assert "SETTLED" in run(folder, "coalition settlement windows", who)
