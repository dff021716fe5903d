"""Further hubs of a network: processes over the same folder and database, which a test ends as it likes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from partner_sdk import Connection
from partner_sdk.testing import LocalNetwork
from partner_sdk.testing._processes import command

_WAIT_S: Final = 60.0


class HubProcess:
    """`coalition hub serve` as a context manager: starts when it is entered, and is dead when it is left."""

    def __init__(self, network: LocalNetwork, name: str, folder: Path | None = None) -> None:
        """`folder`: the hub's, where it is not the network's."""
        self._network = network
        self._folder = folder or network.folder / "hub"
        self._ready = network.folder / f"{name}.ready"
        self.log: Final = network.folder / f"{name}.log"
        self.address = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, at a free port at first and at the same one later, and wait until it serves."""
        assert self._process is None
        self._ready.unlink(missing_ok=True)
        arguments = command(
            *("hub", "serve", "--dir", str(self._folder), "--steward", "off"),
            *("--clock-file", str(self._network.folder / "clock"), "--ready-file", str(self._ready)),
            *("--listen", self.address or "localhost:0"),
        )
        environment = {**os.environ, "COALITION_PASSPHRASE": self._network.passphrase}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + _WAIT_S
        while not self._ready.exists():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        self.address = self._ready.read_text().strip()

    @property
    def process_id(self) -> int:
        """Of the process that writes."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """End it with SIGTERM; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(_WAIT_S)
        self._process = None
        return code

    def kill(self) -> None:
        """End it with SIGKILL, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_WAIT_S)
            self._process = None

    def connection(self, party_id: str) -> Connection:
        """A connection of a party to this hub."""
        return replace(self._network.connection(party_id), address=self.address)
