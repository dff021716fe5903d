"""How figures are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.rows import Row, Target, at_least, at_most, show


def test_a_table_and_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both have every figure with its ceiling, their ratio, the targets and whether they are met."""
    row = Row("name", "what", 50, "tx/s", 200, "of what", (at_least(50, 25_000, "tx/s"), at_most(50, 60, "ms")), "note")
    show([row], tmp_path / "out" / "bench.json", "quick")
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("what", "50", "200", "of what", "0.25", "≥ 25,000 tx/s", "no", "yes", "note"))
    kept = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert kept["scale"] == "quick"
    (written,) = kept["rows"]
    assert written["ratio"] == 0.25
    assert written["targets"] == [{"text": "≥ 25,000 tx/s", "met": False}, {"text": "≤ 60 ms", "met": True}]


def test_targets() -> None:
    """A target is met at its very value."""
    assert Target("≥ 3 a", True) == at_least(3, 3, "a")
    assert Target("≤ 3 b", True) == at_most(3, 3, "b")
    assert Target("≤ 3 b", False) == at_most(3.1, 3, "b")
