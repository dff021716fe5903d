"""What is installed: the wheel, the base install that a merchant gets, and the locked requirements."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "coalition": ROOT / "protos" / "coalition",
    "network": ROOT / "network",
    "partner_sdk": ROOT / "partner_sdk",
    "settlement": ROOT / "settlement",
    "coalition_demo": ROOT / "examples" / "coalition_demo",
}
LOCKS = ["requirements.lock", "docker/runtime.lock", "docker/build.lock"]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The table [project] of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built as an index would get it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def base_install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what `pip install coalition-points` brings, and nothing else."""
    folder = tmp_path_factory.mktemp("base")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for distribution in required_by_the_base_install():
        link_files(distribution, folder)
    return folder


def required_by_the_base_install() -> Iterator[metadata.Distribution]:
    """The distributions that the base install needs, and those that they need in turn."""
    seen = {"coalition-points"}
    waiting = list(metadata.requires("coalition-points") or ())
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        distribution = metadata.distribution(name)
        waiting += distribution.requires or ()
        yield distribution


def link_files(distribution: metadata.Distribution, folder: Path) -> None:
    """Lays a distribution's files into a folder, as an installer would, without copying them."""
    for file in distribution.files or ():
        if file.parts[0] == ".." or "__pycache__" in file.parts:
            continue
        link = folder / file
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path(str(distribution.locate_file(file))).resolve())


def run_in(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs code that sees the standard library and what is installed in a folder."""
    prelude = f"import sys; sys.path.append({str(folder)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", prelude + code],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        cwd=folder,
    )


def test_wheel_holds_every_file_of_every_package(wheel: Path) -> None:
    """Whatever lies in a package's folder is in the wheel: code, type marks, .proto files, migrations."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(held) == sorted(expected)


def test_every_package_is_marked_as_typed() -> None:
    """Type checkers believe the annotations of every package."""
    assert [package for package, folder in PACKAGES.items() if not (folder / "py.typed").is_file()] == []


def test_wheel_carries_its_licence(wheel: Path) -> None:
    """Whoever has the wheel has the licence."""
    with zipfile.ZipFile(wheel) as archive:
        (licence,) = (name for name in archive.namelist() if name.endswith("/licenses/LICENSE"))
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_commands_and_plugins_exist(project: dict[str, Any]) -> None:
    """Every entry point leads to something."""
    named = dict(project["scripts"])
    for group in project["entry-points"].values():
        named |= group
    points = [metadata.EntryPoint(name, value, "checked") for name, value in named.items()]
    assert [point.name for point in points if not callable(point.load())] == []


def test_base_install_imports_the_sdk_and_the_protocol(base_install: Path) -> None:
    """Every module that a merchant gets can be imported with the base requirements alone, but for the test fixtures."""
    result = run_in(
        base_install,
        "import importlib, pkgutil, coalition, partner_sdk\n"
        "for package in (coalition, partner_sdk):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not module.name.startswith('partner_sdk.testing'):\n"
        "            importlib.import_module(module.name)\n"
        "assert 'sqlalchemy' not in sys.modules\n",
    )
    assert result.stderr == ""
    assert result.returncode == 0


def test_base_install_has_the_command(base_install: Path) -> None:
    """The command works with the SDK alone: it offers what is installed and says what would bring the rest."""
    result = run_in(base_install, "from partner_sdk.cli import main; sys.argv = ['coalition', '--help']; main()")
    assert result.stderr == ""
    assert result.returncode == 0
    assert "partner" in result.stdout


def test_base_install_has_no_server(base_install: Path) -> None:
    """What the hub and the settlement service need is not installed for a merchant."""
    result = run_in(base_install, "import importlib.util as u; print(u.find_spec('sqlalchemy'), u.find_spec('pandas'))")
    assert result.stdout.split() == ["None", "None"]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_no_addresses(lock: str) -> None:
    """Every pin has hashes, and nothing in a lock says where to get it."""
    text = (ROOT / lock).read_text()
    for pin, body in pins(text).items():
        assert "--hash=sha256:" in body, pin
    for line in text.splitlines():
        assert re.fullmatch(r"#.*|    # .*|    --hash=sha256:[0-9a-f]{64}( \\)?|[a-z0-9-]+==[^/@]+ \\", line), line
        assert "://" not in line


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_image_locks_are_cuts_of_the_lock(lock: str) -> None:
    """What the image gets is what the tests ran with: the same versions, the same hashes."""
    whole = pins((ROOT / "requirements.lock").read_text())
    for pin, body in pins((ROOT / lock).read_text()).items():
        assert body == whole[pin]


def test_lock_satisfies_every_requirement(project: dict[str, Any]) -> None:
    """Every requirement in pyproject.toml is locked at a version that it allows."""
    locked: dict[str, list[Version]] = {}
    for pin in pins((ROOT / "requirements.lock").read_text()):
        name, version = pin.split(" ")[0].split("==")
        locked.setdefault(name, []).append(Version(version))
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    for requirement in map(Requirement, [*project["dependencies"], *extras]):
        if requirement.name != project["name"]:
            versions = locked[canonicalize_name(requirement.name)]
            assert all(version in requirement.specifier for version in versions), requirement


def test_environment_is_what_the_lock_says() -> None:
    """The tests run with the locked versions."""
    wanted = [Requirement(pin) for pin in pins((ROOT / "requirements.lock").read_text())]
    here = [requirement for requirement in wanted if not requirement.marker or requirement.marker.evaluate()]
    assert len(here) > 50
    for requirement in here:
        assert metadata.version(requirement.name) in requirement.specifier, requirement


def pins(lock: str) -> dict[str, str]:
    """A lock's pins with their hashes; the comments, which say why each is there, are left out."""
    found: dict[str, str] = {}
    pin = ""
    for line in lock.splitlines():
        if line.startswith("    --hash="):
            found[pin] += line.strip(" \\") + "\n"
        elif not line.lstrip().startswith("#"):
            pin = line.removesuffix(" \\")
            found[pin] = ""
    return found


def test_lowest_versions_run_the_generated_code(project: dict[str, Any]) -> None:
    """The oldest grpcio and protobuf that the base install allows are no older than the generated code demands."""
    lowest = {
        canonicalize_name(requirement.name): Version(clause.version)
        for requirement in map(Requirement, project["dependencies"])
        for clause in requirement.specifier
        if clause.operator == ">="
    }
    for path in PACKAGES["coalition"].rglob("*_pb2.py"):
        demanded = re.search(r"^# Protobuf Python Version: (\S+)$", path.read_text(), re.MULTILINE)
        assert demanded, path
        assert lowest["protobuf"] >= Version(demanded[1]), path
    for path in PACKAGES["coalition"].rglob("*_pb2_grpc.py"):
        demanded = re.search(r"^GRPC_GENERATED_VERSION = '(\S+)'$", path.read_text(), re.MULTILINE)
        assert demanded, path
        assert lowest["grpcio"] >= Version(demanded[1]), path


def test_scripts_folder_has_the_command() -> None:
    """Installing puts `coalition` on the path."""
    assert (Path(sysconfig.get_path("scripts")) / "coalition").is_file()
