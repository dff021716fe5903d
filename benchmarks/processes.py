"""The servers that are measured: each a process of its own, as in operation."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks.town import PASSPHRASE, Town
from network.config import DATABASE_VARIABLE

_START_S: Final = 120.0
_STOP_S: Final = 30.0
_POLL_S: Final = 0.002


class Server:
    """A process that writes where it listens into a file once it serves. Runs for as long as a `with` block lasts."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, name: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._arguments = [sys.executable, *arguments]
        self._environment = {"COALITION_PASSPHRASE": PASSPHRASE, **(environment or {})}
        self._ready = folder / f"{name}.ready"
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""
        #: From its start until it served.
        self.started_s = 0.0

    def __enter__(self) -> Self:
        self._ready.unlink(missing_ok=True)
        began_s = time.perf_counter()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._arguments, "--ready-file", str(self._ready)],
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        while not self._ready.exists():
            if self._process.poll() is not None or time.perf_counter() - began_s > _START_S:
                self.kill()
                raise RuntimeError(f"{self._arguments} did not start:\n{self._log.read_text()[-4_000:]}")
            time.sleep(_POLL_S)
        self.started_s = time.perf_counter() - began_s
        self.address = self._ready.read_text(encoding="utf-8").strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        assert self._process is not None, "it was started"
        self._process.kill()
        self._process.wait()

    def memory_bytes(self) -> int:
        """What the process and those that it started have in memory now."""
        assert self._process is not None, "it was started"
        return sum(_resident_bytes(number) for number in _family(self._process.pid))


def hub(town: Town, database: str | None = None) -> Server:
    """`coalition hub serve`, as it is delivered; over the database of a URL instead of the town's own."""
    arguments = ["-m", "partner_sdk.cli", "hub", "serve", "--dir", str(town.folder), "--listen", "localhost:0"]
    environment = {} if database is None else {DATABASE_VARIABLE: database}
    return Server(arguments, town.folder, "hub", environment)


def verify_only(town: Town, answer: Path | None = None) -> Server:
    """The hub's ceiling, see benchmarks.verify_only."""
    canned = [] if answer is None else ["--answer", str(answer)]
    arguments = ["-m", "benchmarks.verify_only", "--tls", str(town.tls), *canned]
    return Server(arguments, town.folder, "verify-only")


def _family(process_id: int) -> list[int]:
    """A process and everything that its threads started."""
    threads = Path(f"/proc/{process_id}/task").iterdir()
    children = [child for thread in threads for child in (thread / "children").read_text().split()]
    return [process_id, *[number for child in children for number in _family(int(child))]]


def _resident_bytes(process_id: int) -> int:
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
