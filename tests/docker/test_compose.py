"""The compose file is valid, keeps its services confined, and its commands start a whole network."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.compose import Network
from tests.docker.dockerfile import Rehearsal

COMPOSE_FILE = Path(__file__).parent.parent.parent / "docker" / "compose.yaml"
DEFINITION: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES = sorted(DEFINITION["services"])
SERVERS = [name for name in SERVICES if DEFINITION["services"][name]["restart"] != "no"]


def test_compose_file_is_valid() -> None:
    """The file follows the Compose Specification's schema."""
    result = subprocess.run(
        [
            str(Path(sys.executable).parent / "check-jsonschema"),
            "--builtin-schema",
            "vendor.compose-spec",
            str(COMPOSE_FILE),
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_confined(name: str) -> None:
    """A service runs as an ordinary user, gains no privileges, and writes to its volumes and /tmp only."""
    service = DEFINITION["services"][name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert all(not volume.startswith((".", "/", "~")) for volume in service["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_service_gets_its_passphrase_from_a_file(name: str) -> None:
    """No secret stands in the file, in the environment or on a command line."""
    service = DEFINITION["services"][name]
    for variable, value in service["environment"].items():
        assert variable.endswith("_FILE")
        assert value.startswith("/run/secrets/")
        assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert not any("passphrase" in argument for argument in service["command"])


@pytest.mark.parametrize("name", SERVERS)
def test_server_is_watched_and_restarted(name: str) -> None:
    """A server has a health check, comes back when it fails, and has time to finish what it admitted."""
    service = DEFINITION["services"][name]
    assert service["healthcheck"]["test"][:2] == ["CMD", "coalition"]
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == "30s"


def test_compose_file_names_this_version() -> None:
    """The image's tag is the distribution's version."""
    images = {service["image"] for service in DEFINITION["services"].values()}
    assert images == {f"coalition-points:{version('coalition-points')}"}


def test_network_starts_stops_and_starts_again(image: Rehearsal, tmp_path: Path) -> None:
    """By the file's own commands every service becomes healthy, ends cleanly, and finds its data at the next start."""
    network = Network(COMPOSE_FILE, tmp_path, image.environment)
    for _ in range(2):
        try:
            network.up()
        finally:
            codes = network.down()
        assert codes == dict.fromkeys(SERVERS, 0)
