"""The `coalition` command finds what is installed, and explains what is not."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, version

import pytest
from click.testing import CliRunner

from partner_sdk.cli import _main, main


def test_lists_the_groups() -> None:
    """Every installed part has its group."""
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    for name in ("hub", "partner", "settlement"):
        assert f"\n  {name} " in shown.output


def test_tells_its_version() -> None:
    """`--version` is the distribution's."""
    assert version("coalition-points") in CliRunner().invoke(main, ["--version"]).output


def test_explains_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group whose packages are missing says what to install, whatever it is asked; the others go on."""
    absent = EntryPoint("hub", "no_such_package.cli:hub", "coalition.commands")
    monkeypatch.setattr(_main, "entry_points", lambda group: [absent])
    for arguments in (["hub"], ["hub", "--help"], ["hub", "serve", "--dir", "x"]):
        said = CliRunner().invoke(main, arguments)
        assert said.exit_code == 1
        assert "no_such_package is missing" in said.output
        assert "pip install 'coalition-points[hub]'" in said.output
    assert "Not installed" in CliRunner().invoke(main, ["--help"]).output
    assert "No such command 'florist'" in CliRunner().invoke(main, ["florist"]).output


def test_runs_as_a_module() -> None:
    """`python -m partner_sdk.cli` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "partner_sdk.cli", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("coalition, version")
