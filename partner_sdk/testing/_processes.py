"""Starting, watching and ending the services of a test network."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_START_S: Final = 90.0
_STOP_S: Final = 20.0
_POLL_S: Final = 0.02
_LINES_SHOWN: Final = 40

#: What must be importable for each part; its extra has the same name as the part.
_NEEDED: Final = {"hub": ("network", "sqlalchemy"), "settlement": ("settlement", "sqlalchemy")}


#: From which a hub takes the URL of its database. One that is not the test network's must not reach it.
DATABASE_VARIABLE: Final = "COALITION_DATABASE_URL"


class LocalNetworkError(Exception):
    """The test network could not be started. The text has the end of the service's log."""


def require(part: str) -> None:
    """Raises LocalNetworkError when a part of the product is not installed."""
    for module in _NEEDED[part]:
        if importlib.util.find_spec(module) is None:
            raise LocalNetworkError(
                f"LocalNetwork starts a real {part}, which is not installed: pip install 'coalition-points[{part}]'"
            )


def command(*arguments: str) -> list[str]:
    """The `coalition` command of this very installation."""
    return [sys.executable, "-m", "partner_sdk.cli", *arguments]


def _complete(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE} | dict(environment)


#: Makes a service's folder before it serves, in one process, as most of the time goes into importing what both need.
_MAKE_AND_SERVE: Final = """
import contextlib, io, json, sys
from partner_sdk.cli import main
make, serve = json.loads(sys.argv[1])
try:
    with contextlib.redirect_stdout(io.StringIO()):
        main(make)
except SystemExit as end:
    if end.code:
        raise
main(serve)
"""


class Service:
    """A `coalition … serve` process."""

    def __init__(self, part: str, folder: Path, environment: Mapping[str, str], options: Sequence[str]) -> None:
        self._part = part
        self._options = tuple(options)
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        #: What the service has written, of all its starts.
        self.log: Final = folder.with_name(f"{folder.name}.log")
        #: Where it listens; a free port at the first start, and the same one again after that.
        self.address = "localhost:0"

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int:
        """The operating system's number for the process. Raises LocalNetworkError when there is none."""
        if self._process is None:
            raise LocalNetworkError(f"The {self._part} is not running.")
        return self._process.pid

    def start(self, *, make: Sequence[str] = ()) -> None:
        """Start it and wait until it serves. Raises LocalNetworkError with the end of its log.

        `make` are the options of the `init` that makes its folder first.
        """
        ready = self._folder.with_name(f"{self._folder.name}.ready")
        ready.unlink(missing_ok=True)
        place = ("--dir", str(self._folder))
        serve = (self._part, "serve", *place, "--listen", self.address, "--ready-file", str(ready), *self._options)
        line = command(*serve)
        if make:
            line = [sys.executable, "-c", _MAKE_AND_SERVE, json.dumps([(self._part, "init", *place, *make), serve])]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                line,
                env=_complete(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_S
        while not ready.exists():
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise LocalNetworkError(f"The {self._part} did not start. The end of its log:\n{self._log_end()}")
            time.sleep(_POLL_S)
        self.address = ready.read_text(encoding="utf-8").strip()

    def stop(self) -> None:
        """End it as an operator would: it finishes what it admitted. A service that does not end is killed."""
        if self._process is None:
            return
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_S)
            self._process = None

    def _log_end(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LINES_SHOWN:]) or "(it wrote nothing)"
