"""The guide for schools and its example programs work as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from partner_sdk import Profile
from partner_sdk.operator import CampaignOffer
from partner_sdk.testing import LocalNetwork

ROOT = Path(__file__).parent.parent.parent
GUIDE = ROOT / "docs" / "schools.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDS_ON = date(2025, 12, 31)


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    """A hub with a school called `school`, and a grocer."""
    with LocalNetwork() as local:
        yield local


@pytest.fixture
def environment(network: LocalNetwork, tmp_path: Path) -> dict[str, str]:
    """Profiles called `school` and `grocer`, where the SDK looks for names."""
    folder = tmp_path / "coalition"
    folder.mkdir()
    for party in ("school", "grocer"):
        Profile.load(network.profile(party)).save(folder / f"{party}.toml")
    return {
        "XDG_CONFIG_HOME": str(tmp_path),
        "COALITION_PROFILE": "school",
        "COALITION_PASSPHRASE": network.passphrase,
    }


def run_example(name: str, environment: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "schools" / name)],
        env=os.environ | environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_guide_runs_from_top_to_bottom(
    network: LocalNetwork,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each block of the guide works after the ones before it, and prints what its comments say."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    operator = network.operator
    values: dict[str, Any] = {"family": network.member("family-17")}
    blocks = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    assert len(blocks) > 10

    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), values)
        if "offer" in values and "published" not in values:
            # The operator's part: it publishes what it was given as text.
            operator.open_campaign(CampaignOffer.from_text(values["offer"].text()))
            values["published"] = True
        # The hub's part, which it does every minute.
        operator.sweep()

    values["school"].close()
    values["grocer"].close()
    printed = capsys.readouterr().out.splitlines()
    assert "64" in printed
    assert "264 264 200000" in printed
    assert "2025-01-15 pledge 64" in printed
    assert "2025-01-15 gift at grocer 200" in printed
    assert "14" in printed
    assert "consent" in printed[-1].lower()


def test_every_expected_figure_of_the_guide_is_checked() -> None:
    """A comment behind a print that is nothing but figures is what the block prints; the test above knows them all."""
    comments = re.findall(r"print\(.*\)  # ([0-9 ]+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)

    assert comments == ["64", "264 264 200000", "14"]


def test_the_thermometer_tells_pledges_from_gifts(network: LocalNetwork, environment: dict[str, str]) -> None:
    """What was given by pledge, singly, and spent."""
    anna = network.member("anna", at="grocer", points=500)
    school, grocer = network.client("school"), network.client("grocer")
    school.pledge(anna.pledge("school-fund", share_bps=2_000, points_max=9_999, ends_on=ENDS_ON))
    grocer.issue("anna", 1_000)
    network.operator.sweep()
    consent = anna.consent_to_donate("grocer", "school-fund", 300)
    grocer.donate("anna", "school-fund", 300, consent=consent)
    school.redeem("school-fund", 50, consent=network.fund("school").consent_to_redeem("school", 50))

    done = run_example("thermometer.py", environment)

    assert done.returncode == 0, done.stderr
    assert "500 of 100,000 points" in done.stdout
    assert "by pledges 200, by single gifts 300; spent 50, available 450" in done.stdout


def test_scanned_pledges_are_recorded_once(network: LocalNetwork, environment: dict[str, str]) -> None:
    """Good ones are recorded, damaged ones are named, and running it again changes nothing."""
    bernd = network.member("bernd")
    good = bernd.pledge("school-fund", share_bps=250, points_max=100, ends_on=ENDS_ON).text()
    lines = f"{good}\n\n{good[:-4]}\n"

    first = run_example("record_pledges.py", environment, lines)
    second = run_example("record_pledges.py", environment, f"{good}\n")

    assert first.returncode == 1
    assert "line 1: bernd gives 2.5 % to school-fund" in first.stdout
    assert "line 3: not recorded." in first.stdout
    assert second.returncode == 0, second.stderr
    assert "line 1: recorded before" in second.stdout
