"""Runs the code of a guide: its Python in one namespace, its commands in one folder, and compares what they print.

A block without a language after a block of code is what that prints, if it prints; `…` stands for any text.
`<!-- run … -->` is Python that readers do not see: what somebody else does in the meantime.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$|^<!-- run\n(.*?)^-->$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A piece of a guide, and where it stands."""

    language: str
    text: str
    line: int


def blocks_of(guide: Path) -> list[Block]:
    """All blocks of a guide, in order."""
    content = guide.read_text(encoding="utf-8")
    return [
        Block(
            "hidden" if found.group(3) is not None else found.group(1),
            found.group(3) if found.group(3) is not None else found.group(2),
            content[: found.start()].count("\n") + 1,
        )
        for found in _BLOCK.finditer(content)
    ]


def run_guide(guide: Path, folder: Path, names: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Run every block in `folder`, with `names` at hand. Raises AssertionError, naming the line of the guide."""
    printed: str | None = None
    for block in blocks_of(guide):
        where = f"{guide.name}:{block.line}"
        if block.language in ("python", "hidden"):
            printed = _run_python(block, where, names)
        elif block.language == "sh":
            printed = _run_commands(block, where, folder, environment)
        elif not block.language and printed:
            assert _matches(block.text, printed), f"{where} says\n{block.text}\nbut it prints\n{printed}"
            printed = None


def _run_python(block: Block, where: str, names: dict[str, Any]) -> str:
    captured = io.StringIO()
    # Line numbers in tracebacks are then those of the guide.
    code = compile("\n" * block.line + block.text, where, "exec")
    with contextlib.redirect_stdout(captured):
        exec(code, names)
    return captured.getvalue()


def _run_commands(block: Block, where: str, folder: Path, environment: Mapping[str, str]) -> str:
    printed = ""
    for command in block.text.splitlines():
        if command.startswith("pip install"):
            continue
        done = subprocess.run(
            ["/bin/sh", "-euc", command],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{where}: {command}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    return printed


def _matches(expected: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, printed.strip()) is not None
