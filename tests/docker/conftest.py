"""The image's file system, built once by the Dockerfile's own steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docker.dockerfile import Instruction, Rehearsal, instructions

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def steps() -> list[Instruction]:
    """The instructions of the Dockerfile."""
    return instructions((ROOT / "docker" / "Dockerfile").read_text())


@pytest.fixture(scope="session")
def image(steps: list[Instruction], tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """What the stage that builds leaves behind, with the environment of the stage that runs."""
    rehearsal = Rehearsal(tmp_path_factory.mktemp("image"), ROOT)
    rehearsal.build([step for step in steps if step.stage == 0 and step.name != "ARG"])
    rehearsal.environment["PATH"] = f"{rehearsal.path('/opt/coalition/bin')}:/usr/local/bin:/usr/bin:/bin"
    return rehearsal
