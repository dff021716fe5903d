"""The compose files are valid, keep their services confined, and their commands start a whole network."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.databases import Server
from tests.docker.compose import Network
from tests.docker.dockerfile import Rehearsal
from tests.scraping import Process, seen

DOCKER = Path(__file__).parent.parent.parent / "docker"
COMPOSE_FILE = DOCKER / "compose.yaml"
#: Of the hubs, in the second file.
DATABASE = "postgresql://coalition@postgres:5432/coalition"
FILES = (COMPOSE_FILE, DOCKER / "compose.postgresql.yaml")
OURS = f"coalition-points:{version('coalition-points')}"


@dataclass(frozen=True, slots=True)
class Described:
    """A service as a file has it."""

    file: Path
    name: str
    definition: dict[str, Any]

    @property
    def ours(self) -> bool:
        return bool(self.definition["image"] == OURS)

    @property
    def serves(self) -> bool:
        return bool(self.definition["restart"] != "no")


SERVICES = [
    Described(file, name, definition)
    for file in FILES
    for name, definition in yaml.safe_load(file.read_text())["services"].items()
]
#: The first of them also waits for the image's steps, which install everything that is locked.
starts_processes = pytest.mark.timeout(300)
every_service = pytest.mark.parametrize("service", SERVICES, ids=[f"{item.file.stem}:{item.name}" for item in SERVICES])


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_compose_file_is_valid(file: Path) -> None:
    """The file follows the Compose Specification's schema."""
    result = subprocess.run(
        [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(file)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@every_service
def test_service_is_confined(service: Described) -> None:
    """A service runs as an ordinary user, gains no privileges, and writes to its volumes and /tmp only."""
    definition = service.definition
    user = definition["user"]
    assert user == "10001:10001" if service.ours else user.partition(":")[0] not in ("", "0", "root", "10001")
    assert definition["read_only"] is True
    assert definition["cap_drop"] == ["ALL"]
    assert definition["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in definition
    assert all(not volume.startswith((".", "/", "~")) for volume in definition.get("volumes", ()))


@every_service
def test_service_gets_its_secrets_from_files(service: Described) -> None:
    """No secret stands in the file, in the environment or on a command line."""
    definition = service.definition
    given = definition.get("secrets", [])
    for variable, value in definition.get("environment", {}).items():
        if "PASS" in variable:
            assert value.startswith("/run/secrets/"), variable
            assert value.removeprefix("/run/secrets/") in given
    assert not any("pass" in argument for argument in definition.get("command", ()))


@every_service
def test_image_is_a_certain_one(service: Described) -> None:
    """Our own image has the distribution's version for its tag; any other image has a version too."""
    image, _, tag = service.definition["image"].partition(":")
    if "build" in service.definition:
        assert service.ours
    else:
        assert tag.lstrip("v")[0].isdigit(), image


@pytest.mark.parametrize(
    "service",
    [item for item in SERVICES if item.serves],
    ids=[f"{item.file.stem}:{item.name}" for item in SERVICES if item.serves],
)
def test_server_is_watched_and_restarted(service: Described) -> None:
    """A server has a health check, comes back when it fails, and has time to finish what it admitted."""
    definition = service.definition
    assert definition["healthcheck"]["test"][0] == "CMD"
    assert definition["restart"] == "unless-stopped"
    if service.ours:
        assert definition["healthcheck"]["test"][1] == "coalition"
        assert definition["stop_grace_period"] == "30s"


def test_only_what_is_for_others_is_reached_from_outside() -> None:
    """The hubs by their common name and the settlement service; what watches them answers on this machine alone, and
    neither the database nor a port for metrics is published."""
    ports = {item.name: item.definition["ports"] for item in SERVICES if "ports" in item.definition}
    assert ports.keys() == {"hub", "settlement", "prometheus", "grafana"}
    for name in ("prometheus", "grafana"):
        assert all(port.startswith("127.0.0.1:") for port in ports[name])


@pytest.mark.long
@starts_processes
def test_network_starts_stops_and_starts_again(image: Rehearsal, tmp_path: Path) -> None:
    """By the file's own commands every service becomes healthy, ends cleanly, and finds its data at the next start."""
    network = Network(COMPOSE_FILE, tmp_path, image.environment)
    for _ in range(2):
        try:
            network.up()
        finally:
            codes = network.down()
        assert codes == {"hub": 0, "settlement": 0}


@pytest.mark.long
@starts_processes
def test_network_on_postgresql_starts_and_is_watched(image: Rehearsal, tmp_path: Path, postgres: Server) -> None:
    """By the file's own commands two hubs share a database, the settlement service joins them, and each process of all
    three answers Prometheus. The proxy is not started: the first hub stands for it."""
    stand_ins = {DATABASE: postgres.empty(), "hub:7700": "hub-1:7700"}
    network = Network(FILES[1], tmp_path, image.environment, stand_ins)
    try:
        network.up()
        logs = {name: (tmp_path / f"{name}.log").read_text() for name in ("hub-1", "hub-2", "settlement")}
        answering = {name: set(re.findall(r'"metrics": "([^"]+)"', log)) for name, log in logs.items()}
        assert {name: len(addresses) for name, addresses in answering.items()} == {
            "hub-1": 3,
            "hub-2": 3,
            "settlement": 1,
        }
        for address in set.union(*answering.values()):
            assert "process_cpu_seconds_total" in seen(Process(address)).names
    finally:
        codes = network.down()
    assert codes == {"hub-1": 0, "hub-2": 0, "settlement": 0}
