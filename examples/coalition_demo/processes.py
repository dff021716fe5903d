"""The hub and the settlement service as processes, run as an operator runs them: by the command `coalition`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

#: For all keys of a run. They are made from the seed, so there is nothing to protect; real passphrases are secrets.
PASSPHRASE: Final = "coalition-demo"  # noqa: S105
_COMMAND: Final = (sys.executable, "-c", "from partner_sdk.cli import main; main()")
_READY_S: Final = 60.0
_STOPPING_S: Final = 60.0
_COMMAND_S: Final = 3_600.0
_LOG_SHOWN_CHARACTERS: Final = 2_000


class ProcessFailed(Exception):
    """A process that did not start, ended too soon, or found something wrong. The text has its last words."""


class Command:
    """`coalition ARGUMENTS`, running to its end beside this process."""

    def __init__(self, *arguments: str | Path) -> None:
        """Start it."""
        self._shown: Final = " ".join(("coalition", *map(str, arguments)))
        self._process: Final = subprocess.Popen(
            [*_COMMAND, *map(str, arguments)],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait(self, *, check: bool = True) -> tuple[int, str]:
        """Its exit code and what it printed. Raises ProcessFailed unless that is 0, or `check` is off."""
        try:
            output, errors = self._process.communicate(timeout=_COMMAND_S)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        if check and self._process.returncode:
            raise ProcessFailed(f"{self._shown} ended with {self._process.returncode}:\n{_last(output + errors)}")
        return self._process.returncode, output

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        self._process.kill()
        self._process.communicate()


def run_command(*arguments: str | Path) -> str:
    """Run `coalition ARGUMENTS` to its end; what it printed. Raises ProcessFailed unless it ends with 0."""
    return Command(*arguments).wait()[1]


class Service:
    """A command that serves until it is told to stop."""

    def __init__(self, name: str, folder: Path, arguments: Sequence[str | Path], listen: str = "127.0.0.1:0") -> None:
        """Start `coalition ARGUMENTS`, by default on a free port of this machine. It logs to `NAME.log` in `folder`."""
        self.name: Final = name
        self._log: Final = folder / f"{name}.log"
        self._ready: Final = folder / f"{name}.ready"
        self._ready.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            # In a session of its own, so that Ctrl-C reaches the demo alone, which then stops its processes in order.
            self._process: Final = subprocess.Popen(
                [*_COMMAND, *map(str, arguments), "--listen", listen, "--ready-file", str(self._ready)],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self) -> str:
        """HOST:PORT. Raises ProcessFailed."""
        end_s = time.monotonic() + _READY_S
        while not self._ready.exists():
            if self._process.poll() is not None:
                raise ProcessFailed(f"The {self.name} did not start:\n{self._last_words()}")
            if time.monotonic() > end_s:
                raise ProcessFailed(f"The {self.name} was not ready in {_READY_S:g} s:\n{self._last_words()}")
            time.sleep(0.02)
        return self._ready.read_text(encoding="utf-8").strip()

    def check(self) -> None:
        """Raises ProcessFailed when it has ended by itself."""
        if self._process.poll() is not None:
            raise ProcessFailed(f"The {self.name} ended with {self._process.returncode}:\n{self._last_words()}")

    def stop(self) -> None:
        """Let it finish what it has begun, and end. Raises ProcessFailed when it ends otherwise."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(_STOPPING_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessFailed(f"The {self.name} did not end within {_STOPPING_S:g} s and was killed.") from None
        if status:
            raise ProcessFailed(f"The {self.name} ended with {status}:\n{self._last_words()}")

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _last_words(self) -> str:
        return _last(self._log.read_text(encoding="utf-8", errors="replace"))


def _environment() -> dict[str, str]:
    return os.environ | {"COALITION_PASSPHRASE": PASSPHRASE}


def _last(text: str) -> str:
    return text.strip()[-_LOG_SHOWN_CHARACTERS:]
