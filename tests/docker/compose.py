"""Starts the services of a compose file as processes of this machine: their commands, health checks and order."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

STEP_TIMEOUT_SECONDS = 30
IMAGE = "coalition-points"
VARIABLE = re.compile(r"\$\{(?P<name>\w+):-(?P<default>[^}]*)\}")
ADDRESS = re.compile(r"(?P<host>0\.0\.0\.0|[a-z][a-z0-9.-]*):(?P<port>[0-9]{2,5})\b")


@dataclass(frozen=True, slots=True)
class Service:
    """One service, with what it writes to a console."""

    name: str
    definition: dict[str, Any]
    log: Path

    @property
    def runs_once(self) -> bool:
        return bool(self.definition["restart"] == "no")

    @property
    def ours(self) -> bool:
        """Whether the image made here runs it; other people's are not started."""
        return bool(self.definition["image"].partition(":")[0] == IMAGE)


class Network:
    """The services of a compose file that are ours, on free ports, with the folders of their volumes below a root.

    The image's environment gives the commands. Every host of the file is this machine.
    """

    def __init__(
        self, compose_file: Path, root: Path, environment: dict[str, str], stand_ins: Mapping[str, str] | None = None
    ) -> None:
        """`stand_ins`: what stands here in the place of words of the file, such as a service that is not started."""
        self.root = root
        self.environment = environment
        self.stand_ins = stand_ins or {}
        self.definition: dict[str, Any] = yaml.safe_load(compose_file.read_text())
        self._ports: dict[tuple[str, str], int] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for name in self.definition["volumes"]:
            (root / "volumes" / name).mkdir(parents=True, mode=0o700)
        (root / "secrets").mkdir(mode=0o700)
        for name in self.definition["secrets"]:
            secret = root / "secrets" / name
            secret.write_text(f"a passphrase for {name}\n")
            secret.chmod(0o600)

    def up(self) -> None:
        """Starts every service after those that it depends on, and waits until each is done or healthy."""
        for service in self._in_order():
            if not service.ours:
                continue
            if service.runs_once:
                assert self.run(service, service.definition["command"]) == 0, service.log.read_text()
            else:
                self._start(service)
                self._wait_until_healthy(service)

    def down(self) -> dict[str, int]:
        """Stops the services as the engine does, the last one first, and returns their exit codes."""
        codes: dict[str, int] = {}
        for name, process in reversed(self._running.items()):
            process.send_signal(signal.SIGTERM)
            try:
                codes[name] = process.wait(STEP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait(STEP_TIMEOUT_SECONDS)
        self._running.clear()
        return codes

    def services(self) -> list[Service]:
        """The services as the file has them."""
        return [
            Service(name, definition, self.root / f"{name}.log")
            for name, definition in self.definition["services"].items()
        ]

    def run(self, service: Service, command: list[str]) -> int:
        """Runs a command of the image's in a service's place until it ends."""
        with service.log.open("ab") as log:
            return subprocess.run(
                self._mapped_command(service, command),
                env=self._environment(service),
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=STEP_TIMEOUT_SECONDS,
            ).returncode

    def _in_order(self) -> list[Service]:
        waiting = {service.name: service for service in self.services()}
        ordered: list[Service] = []
        while waiting:
            ready = [
                service for service in waiting.values() if not waiting.keys() & service.definition.get("depends_on", {})
            ]
            assert ready, f"these services wait for each other: {sorted(waiting)}"
            for service in ready:
                ordered.append(waiting.pop(service.name))
        return ordered

    def _start(self, service: Service) -> None:
        with service.log.open("ab") as log:
            self._running[service.name] = subprocess.Popen(
                self._mapped_command(service, service.definition["command"]),
                env=self._environment(service),
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _wait_until_healthy(self, service: Service) -> None:
        kind, entrypoint, *check = service.definition["healthcheck"]["test"]
        assert (kind, entrypoint) == ("CMD", "coalition")
        deadline = time.monotonic() + STEP_TIMEOUT_SECONDS
        while self.run(service, check) != 0:
            assert self._running[service.name].poll() is None, service.log.read_text()
            assert time.monotonic() < deadline, f"{service.name} is not healthy\n{service.log.read_text()}"
            time.sleep(0.2)

    def _mapped_command(self, service: Service, command: list[str]) -> list[str]:
        (program,) = [
            found
            for folder in self.environment["PATH"].split(os.pathsep)
            if (found := Path(folder) / "coalition").is_file()
        ][:1]
        return [str(program), *(self._mapped(service, argument) for argument in command)]

    def _environment(self, service: Service) -> dict[str, str]:
        own = service.definition.get("environment", {})
        return self.environment | {name: self._mapped(service, value) for name, value in own.items()}

    def _mapped(self, service: Service, text: str) -> str:
        """A setting of a service with its variables, paths and addresses replaced by those here."""
        text = VARIABLE.sub(lambda match: match["default"], text)
        text = text.replace("/run/secrets", str(self.root / "secrets"))
        for volume in service.definition["volumes"]:
            name, folder = volume.split(":")[:2]
            text = text.replace(folder, str(self.root / "volumes" / name))
        for word, stand_in in self.stand_ins.items():
            text = text.replace(word, stand_in)
        if text.startswith("--metrics="):
            # The processes of one service take ports that follow one another, which may not be free here.
            return "--metrics=127.0.0.1:0"
        return ADDRESS.sub(partial(self._mapped_address, service.name), text)

    def _mapped_address(self, service: str, match: re.Match[str]) -> str:
        host, port = match["host"], match["port"]
        itself = host in ("0.0.0.0", "localhost")
        place = (service if itself else host, port)
        if place not in self._ports:
            self._ports[place] = free_port()
        return f"{'127.0.0.1' if host == '0.0.0.0' else 'localhost'}:{self._ports[place]}"


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
