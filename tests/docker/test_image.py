"""The image's steps, taken on this machine, give an environment that runs the product and holds nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.docker.dockerfile import Instruction, Rehearsal, allowed_by
from tests.test_packaging import pins

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = ROOT / "docker" / "Dockerfile"

LIST_DISTRIBUTIONS = """
import json
from importlib.metadata import distributions

print(json.dumps({found.name.lower().replace("_", "-"): found.version for found in distributions()}))
"""


def last_stage(steps: list[Instruction], name: str) -> list[str]:
    """The arguments of every instruction of that name in the stage that runs."""
    final = max(step.stage for step in steps)
    return [step.arguments for step in steps if step.stage == final and step.name == name]


def test_dockerfile_passes_its_linter() -> None:
    """The Dockerfile keeps every rule of hadolint."""
    linter = Path(sys.executable).parent / "hadolint"
    result = subprocess.run([str(linter), str(DOCKERFILE)], capture_output=True, text=True, timeout=30)
    assert result.stdout + result.stderr == ""
    assert result.returncode == 0


def test_builder_gets_what_is_copied(steps: list[Instruction]) -> None:
    """Everything that is copied into the image passes .dockerignore."""
    allowed = allowed_by((ROOT / ".dockerignore").read_text())
    sources = [
        source
        for step in steps
        if step.name == "COPY" and not step.arguments.startswith("--from")
        for source in step.arguments.split()[:-1]
    ]
    assert [source for source in sources if not any(Path(source).match(pattern) for pattern in allowed)] == []


def test_image_runs_as_an_ordinary_user(steps: list[Instruction]) -> None:
    """The last user that is named is neither root nor a name that the kernel cannot check."""
    user, group = last_stage(steps, "USER")[-1].split(":")
    assert int(user) >= 1000
    assert int(group) >= 1000


def test_image_says_what_it_is(steps: list[Instruction]) -> None:
    """The labels name title, licence, version and revision as OCI's annotations do."""
    (labels,) = last_stage(steps, "LABEL")
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels


def test_image_version_is_the_distribution_s(steps: list[Instruction]) -> None:
    """The image's default version is that of the distribution."""
    assert f"VERSION={version('coalition-points')}" in last_stage(steps, "ARG")


@pytest.mark.long
def test_image_holds_the_locked_requirements_and_nothing_else(image: Rehearsal) -> None:
    """The image's environment has exactly the locked versions and the product: no compiler, no installer, no tests."""
    listed = subprocess.run(
        [
            str(image.path("/opt/coalition/bin/python")),
            "-c",
            LIST_DISTRIBUTIONS,
        ],
        env=image.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    installed = json.loads(listed.stdout)
    locked = [Requirement(pin) for pin in pins((ROOT / "docker" / "runtime.lock").read_text())]
    expected = {pin.name: str(pin.specifier)[2:] for pin in locked if not pin.marker or pin.marker.evaluate()}
    assert installed.pop("coalition-points") == version("coalition-points")
    assert installed == expected


@pytest.mark.long
def test_image_has_the_command(steps: list[Instruction], image: Rehearsal) -> None:
    """The image's entry point offers the hub and the settlement service."""
    (entrypoint,) = last_stage(steps, "ENTRYPOINT")
    result = subprocess.run(
        [*json.loads(entrypoint), "--help"],
        env=image.environment,
        executable=str(image.path("/opt/coalition/bin") / json.loads(entrypoint)[0]),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.stderr == ""
    assert "hub" in result.stdout
    assert "settlement" in result.stdout
