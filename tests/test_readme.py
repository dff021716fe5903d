"""The README keeps its promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.partner_sdk.guide import Block, blocks_of, run_guide

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"


def test_the_till_prints_what_the_readme_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Python runs as it stands there, against a real hub."""
    guide = tmp_path / "README.md"
    guide.write_text(README.read_text(encoding="utf-8").replace("```sh\nmake", "```text\nmake"), encoding="utf-8")

    run_guide(guide, tmp_path, {"__name__": "readme"}, {})


def test_its_two_commands_exist() -> None:
    """Every `make` target that the README names is one."""
    shells: list[Block] = [block for block in blocks_of(README) if block.language == "sh"]
    named = re.findall(r"^make (\w+)", "\n".join(block.text for block in shells), re.MULTILINE)
    targets = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert named == ["demo", "test"]
    assert set(named) <= set(targets)


def test_no_page_links_to_nothing() -> None:
    """Links between the project's own pages lead somewhere, headings included."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            linked = (page.parent / path).resolve() if path else page
            if not linked.exists() or (anchor and anchor not in _anchors(linked)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")

    assert broken == []


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from their words."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
