"""Reads a Dockerfile, and takes its steps on this machine instead of in an image.

What is followed is what decides whether the product installs and starts: COPY, RUN and ENV of the stage that builds,
and the paths, environment and commands of the image. What needs an engine (users, layers, the base image) is not.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# The folders of the image that the steps write to or read from.
IMAGE_FOLDERS = re.compile(r"(?<![\w./-])/(?=(?:src|opt|run/secrets|var/lib/coalition)\b)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile; its continued lines are joined."""

    stage: int
    name: str
    arguments: str


def instructions(dockerfile: str) -> list[Instruction]:
    """The instructions of a Dockerfile, comments left out, each with the number of its stage from 0."""
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[Instruction] = []
    stage = -1
    for line in joined.splitlines():
        name, _, arguments = line.partition(" ")
        stage += name == "FROM"
        found.append(Instruction(stage, name, arguments.strip()))
    return found


def allowed_by(dockerignore: str) -> list[str]:
    """What a .dockerignore that begins by leaving everything out lets in again."""
    patterns = [line for line in dockerignore.splitlines() if line and not line.startswith("#")]
    assert patterns[0] == "*"
    return [pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")]


class Rehearsal:
    """A folder that stands for the image's file system.

    Absolute paths of the image become paths below the folder. `python` is the interpreter that runs the tests, so that
    the base image's is not tried here.
    """

    def __init__(self, root: Path, context: Path) -> None:
        self.root = root
        self.context = context
        self.environment = self._clean_environment()
        self._put_python_on_the_path()

    def path(self, image_path: str) -> Path:
        """Where a path of the image lies here."""
        return self.root / image_path.lstrip("/")

    def mapped(self, text: str) -> str:
        """A command or setting of the image with its paths replaced by those here."""
        return IMAGE_FOLDERS.sub(f"{self.root}/", text)

    def build(self, steps: list[Instruction]) -> None:
        """Takes the steps of one stage."""
        workdir = self.root
        for step in steps:
            match step.name:
                case "WORKDIR":
                    workdir = self.path(step.arguments)
                    workdir.mkdir(parents=True)
                case "ENV":
                    self.environment |= dict(pair.split("=", 1) for pair in shlex.split(self.mapped(step.arguments)))
                case "COPY":
                    self._copy(shlex.split(step.arguments), workdir)
                case "RUN":
                    self._run(step.arguments, workdir)
                case "FROM":
                    pass
                case other:
                    raise ValueError(f"the rehearsal does not know the instruction {other}")

    def _copy(self, arguments: list[str], workdir: Path) -> None:
        *sources, destination = arguments
        for source in sources:
            assert (self.context / source).exists(), source
            if (self.context / source).is_dir():
                shutil.copytree(
                    self.context / source, workdir / destination, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                folder = workdir / destination
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.context / source, folder)

    def _run(self, command: str, workdir: Path) -> None:
        without_mounts = re.sub(r"--mount=\S+\s*", "", command)
        result = subprocess.run(
            ["/bin/sh", "-ec", self.mapped(without_mounts)],
            cwd=workdir,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
        )
        assert result.returncode == 0, f"RUN {without_mounts}\n{result.stdout}"

    def _clean_environment(self) -> dict[str, str]:
        # pip's own settings stay: they say how this machine reaches a package index.
        dropped = ("PYTHON", "VIRTUAL_ENV", "COV_", "COVERAGE_", "COALITION_", "PYTEST_")
        return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}

    def _put_python_on_the_path(self) -> None:
        folder = self.root / "usr" / "local" / "bin"
        folder.mkdir(parents=True)
        python = folder / "python"
        interpreter = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(str(interpreter))} "$@"\n')
        python.chmod(0o755)
        self.environment["PATH"] = f"{folder}:/usr/local/bin:/usr/bin:/bin"
