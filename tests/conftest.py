"""What all tests share: examples for property tests, the same in every run; new databases; a test's own logging."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.databases import Databases, Server, server

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


def pytest_configure() -> None:
    """Ctrl-C is heeded, also where the tests run in the background and a shell has had it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("engines")
    if marker is not None and "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", marker.args, indirect=True, scope="module")


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    """Of the database: sqlite or postgresql."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that configures logs leaves other tests to log as they did before."""
    root, configuration = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    for name in ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing"):
        monkeypatch.setattr(logging, name, getattr(logging, name))
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configuration)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for all tests of this process."""
    with server() as running:
        yield running


@pytest.fixture
def databases(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Databases]:
    """For one test."""
    yield from _databases(engine, tmp_path, request)


@pytest.fixture(scope="module")
def shared_databases(
    engine: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Databases]:
    """For all tests of a module."""
    yield from _databases(engine, tmp_path_factory.mktemp("databases"), request)


def _databases(engine: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Databases]:
    databases = Databases(engine, folder, request.getfixturevalue("postgres") if engine == "postgresql" else None)
    yield databases
    databases.close()
