"""The stories find the bugs that they are meant to find, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.properties.bugs import MORE, NAMED
from tests.properties.planting import NO_BUG, Bug, hunt_for, plant


@pytest.mark.parametrize("bug", NAMED, ids=lambda bug: bug.name.replace(" ", "_"))
def test_planted_bugs_are_found(bug: Bug, tmp_path: Path) -> None:
    """A bug that breaks one rule does not outlive a few stories."""
    found = hunt_for(bug, tmp_path, stories=10 if bug.order else 60)

    assert found.wrong


@pytest.mark.long
def test_the_order_of_sets_does_not_matter(tmp_path: Path) -> None:
    """Two processes that hash strings differently come to the same roots."""
    found = hunt_for(Bug(NO_BUG.name, NO_BUG.file, "", "", order=True), tmp_path, stories=20)

    assert not found.wrong
    assert len(found.digests) == 2


@pytest.mark.parametrize("bug", MORE, ids=lambda bug: bug.name.replace(" ", "_"))
def test_the_other_bugs_can_be_planted(bug: Bug, tmp_path: Path) -> None:
    """The source still has what each bug changes, so `python -m tests.properties.mutants` can run."""
    plant(bug, tmp_path)
