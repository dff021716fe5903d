"""`coalition hub serve` as its operator starts it, and connections of which each leads to one of its fronts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import grpc

from coalition.v1.directory_service_pb2 import GetNetworkRequest
from tests.network.conftest import CALL_S, PASSPHRASE, ClockedTown, RunningHub, hub_folder, register_parties

_WAIT_S: Final = 30.0
#: More than this many connections lead to every front, or the system does not spread them.
_TRIES: Final = 100


class Connection(RunningHub):
    """A client of every party, over one connection: to one front, as long as that lives."""

    def channel(self) -> grpc.Channel:
        authority = (self.config.tls / "ca.pem").read_bytes()
        credentials = grpc.ssl_channel_credentials(root_certificates=authority)
        return grpc.secure_channel(self.address, credentials, options=[("grpc.use_local_subchannel_pool", 1)])


class Served:
    """A hub of the town, which runs inside `with` unless it is told to end."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.config, self.clock = hub_folder(folder / "hub")
        self.town: Final = ClockedTown(self.clock)
        self.address = "localhost:0"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        with self.connection() as connection:
            register_parties(connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.runs:
            self.end(signal.SIGKILL)

    def start(self) -> None:
        """Start it, at a free port at first and at the same one later, and return once it serves."""
        ready = self._folder / "ready"
        ready.unlink(missing_ok=True)
        arguments = ("serve", "--dir", str(self.config.folder), "--clock-file", str(self._folder / "hub.clock"))
        arguments += ("--listen", self.address, "--ready-file", str(ready), *self._options)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from network.cli import hub; hub()", *arguments],
                env={**os.environ, "COALITION_PASSPHRASE": PASSPHRASE},
                stdout=log,
                stderr=log,
            )
        until(ready.exists, self._still_runs)
        self.address = ready.read_text().strip()

    @property
    def runs(self) -> bool:
        """Whether nobody has ended it."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The process that writes."""
        assert self._process is not None
        return self._process.pid

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def end(self, number: signal.Signals) -> int:
        """Send it a signal and wait for its end; the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(_WAIT_S)
        self._process = None
        return code

    def fronts(self) -> set[int]:
        """The processes that it has started."""
        return set(map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()))

    def serving(self) -> set[int]:
        """Those of them that take calls."""
        return {event["pid"] for event in self.events() if event["event"] == "serving"} & self.fronts()

    def events(self) -> Iterator[Mapping[str, Any]]:
        """What has been logged."""
        for line in (self._folder / "log").read_text().splitlines():
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection to any front."""
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def connections(self) -> Iterator[dict[int, Connection]]:
        """One to each front."""
        found: dict[int, Connection] = {}
        try:
            for _ in range(_TRIES):
                connection = self._connect()
                front = self._front_of(connection)
                if found.setdefault(front, connection) is not connection:
                    connection.close()
                if found.keys() == self.fronts():
                    break
            yield found
        finally:
            for connection in found.values():
                connection.close()

    def _connect(self) -> Connection:
        connection = Connection(self.config, self.clock, self.address, None, lambda: None)
        # No two of them may make the same ids.
        connection.town = self.town
        return connection

    def _front_of(self, connection: Connection) -> int:
        """Which process answers here."""
        identifier = uuid4().hex
        connection.directory.GetNetwork(
            GetNetworkRequest(), timeout=CALL_S, metadata=(("x-request-id", identifier),), wait_for_ready=True
        )
        found: list[int] = []

        def logged() -> bool:
            found.extend(event["pid"] for event in self.events() if event.get("request_id") == identifier)
            return bool(found)

        until(logged)
        return found[0]

    def _still_runs(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()


def until(holds: Callable[[], bool], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Return once something holds."""
    deadline = time.monotonic() + _WAIT_S
    while not holds():
        meanwhile()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not asked for its exit code does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
