"""Sections of numbers in settlement.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from settlement.config import ConfigError, SettlementConfig, load_config, write_config
from settlement.disputes.rules import DisputeRules


def configured(folder: Path, text: str) -> SettlementConfig:
    """A folder's settings with more at the end of the file."""
    write_config(SettlementConfig.default(folder, "test-network", "auditor"))
    with (folder / "settlement.toml").open("a", encoding="utf-8") as file:
        file.write(text)
    return load_config(folder)


def test_what_is_not_set_is_as_usual(tmp_path: Path) -> None:
    """A section may be left out, or name some of its settings only."""
    assert configured(tmp_path, "").disputes == DisputeRules()
    found = configured(tmp_path, "[disputes]\nanswer_days = 3\n").disputes
    assert (found.answer_days, found.raise_days) == (3, DisputeRules().raise_days)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[disputes]\nanswer_days = 0\n", "answer_days must be a whole number from 1 to 365, not 0"),
        ("[disputes]\nanswer_days = 1.5\n", "answer_days must be a whole number"),
        ("[disputes]\nanswer_days = true\n", "answer_days must be a whole number"),
        ("[disputes]\npatience = 3\n", "there is no setting patience. Known: raise_days"),
        ("disputes = 3\n", r"write \[disputes\] and its settings below it"),
        ("[unknown]\n", "there is no setting unknown"),
    ],
)
def test_settings_that_cannot_work_are_named(tmp_path: Path, text: str, message: str) -> None:
    """The sentence names the file, the section and the setting."""
    with pytest.raises(ConfigError, match=f"settlement.toml.*{message}"):
        configured(tmp_path, text)
