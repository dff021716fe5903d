"""Who may import whom.

The contracts in pyproject.toml say what each room must not import. The tests here say what it may: a new dependency, or
a clock in the ledger, then needs a line in this file, and somebody to agree with it.
"""

from __future__ import annotations

import sys
import tomllib
from importlib import metadata
from pathlib import Path

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
ROOMS = ("coalition", "network", "partner_sdk", "settlement", "coalition_demo")

# What of the standard library gives the same answer whenever, wherever and in whatever order it is asked.
PURE = {
    "__future__",
    "abc",
    "bisect",
    "calendar",
    "collections",
    "contextlib",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "math",
    "operator",
    "types",
    "typing",
    "zoneinfo",
}

# Tests of a partner's own code need pytest anyway, so the SDK's fixtures may.
PYTEST_PLUGIN = ("partner_sdk.testing", "pytest")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Who imports whom, other people's packages included."""
    return grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)


def modules_of(graph: grimp.ImportGraph, package: str) -> set[str]:
    return {package} | graph.find_descendants(package)


def imported_by(graph: grimp.ImportGraph, package: str) -> dict[str, set[str]]:
    """What the modules of a package import from outside it, and which of them do."""
    found: dict[str, set[str]] = {}
    inside = modules_of(graph, package)
    for module in inside:
        for imported in graph.find_modules_directly_imported_by(module) - inside:
            found.setdefault(imported, set()).add(module)
    return found


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_contracts_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contract in pyproject.toml is kept."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True) == EXIT_STATUS_SUCCESS


def test_ledger_imports_only_the_protocol(graph: grimp.ImportGraph) -> None:
    """The ledger imports the protocol, itself, and nothing that could tell the time or reach outside."""
    foreign = {
        imported: importers
        for imported, importers in imported_by(graph, "network.ledger").items()
        if not is_within(imported, "coalition") and imported.split(".")[0] not in PURE
    }
    assert foreign == {}


def test_ledger_does_not_know_grpc(graph: grimp.ImportGraph) -> None:
    """The ledger uses the protocol's messages, never its service stubs."""
    assert {imported for imported in imported_by(graph, "network.ledger") if imported.endswith("_pb2_grpc")} == set()


@pytest.mark.parametrize(
    ("room", "extras"),
    [
        ("coalition", ()),
        ("partner_sdk", ("otel",)),
        ("network", ("hub", "otel")),
        ("settlement", ("settlement",)),
        ("coalition_demo", ("demo",)),
    ],
)
def test_room_imports_only_what_its_extras_install(
    graph: grimp.ImportGraph, room: str, extras: tuple[str, ...]
) -> None:
    """A room imports no package that the distribution does not declare for it."""
    declared = declared_requirements(*extras)
    owners = metadata.packages_distributions()
    undeclared = {
        imported: importers
        for imported, importers in imported_by(graph, room).items()
        if (package := imported.split(".")[0]) not in ROOMS
        and package not in sys.stdlib_module_names
        and not declared & {normalised(owner) for owner in owners.get(package, ())}
        and not (package == PYTEST_PLUGIN[1] and all(is_within(module, PYTEST_PLUGIN[0]) for module in importers))
    }
    assert undeclared == {}


@pytest.mark.parametrize(
    ("room", "importer"), [("network", "network.telemetry.spans"), ("partner_sdk", "partner_sdk._tracing")]
)
def test_traces_are_imported_in_one_place(graph: grimp.ImportGraph, room: str, importer: str) -> None:
    """Who has not installed OpenTelemetry misses nothing: one module of a room imports it, and only to trace."""
    found = imported_by(graph, room)
    importers = {
        module for imported, modules in found.items() if is_within(imported, "opentelemetry") for module in modules
    }
    assert importers == {importer}


def declared_requirements(*extras: str) -> set[str]:
    """The distributions that pyproject.toml names for the base install and some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names: set[str] = set()
    waiting = list(project["dependencies"])
    for extra in extras:
        waiting += project["optional-dependencies"][extra]
    while waiting:
        requirement = Requirement(waiting.pop())
        names.add(normalised(requirement.name))
        if normalised(requirement.name) == project["name"]:
            for inner in requirement.extras:
                waiting += project["optional-dependencies"][inner]
    return names


def normalised(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return name.lower().replace("_", "-").replace(".", "-")
