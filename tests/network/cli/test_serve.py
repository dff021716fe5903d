"""`coalition hub serve` as a process: it becomes ready, serves, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.network.cli.conftest import Run
from tests.network.conftest import PASSPHRASE, hub_folder, serving

COMMAND = [sys.executable, "-c", "from network.cli import hub; hub()"]
WAIT_S = 30


@contextmanager
def serve_process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The process of a `coalition hub` command. Killed at the end, should it still run."""
    running = subprocess.Popen(
        [*COMMAND, *arguments],
        env={**os.environ, "COALITION_PASSPHRASE": PASSPHRASE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate(timeout=WAIT_S)


def wait_for(path: Path, running: subprocess.Popen[str]) -> str:
    """What a file says, once it is there."""
    deadline = time.monotonic() + WAIT_S
    while not path.is_file():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return path.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_serves_until_it_is_told_to_stop(run: Run, tmp_path: Path, number: signal.Signals) -> None:
    """The ready file gives the address while it serves; a signal ends it with exit code 0 and JSON on every line."""
    config, _ = hub_folder(tmp_path / "hub")
    ready = tmp_path / "ready"
    arguments = ("serve", "--dir", str(config.folder), "--clock-file", str(tmp_path / "hub.clock"))
    with serve_process(
        *arguments, "--listen", "localhost:0", "--ready-file", str(ready), "--metrics", "localhost:0"
    ) as running:
        address = wait_for(ready, running).strip()
        assert address.startswith("localhost:")
        assert run("health", "--dir", config.folder, "--address", address).code == 0
        assert run("status", "--dir", config.folder, "--address", address, "--json").json()["entries"] == 1
        running.send_signal(number)
        out, err = running.communicate(timeout=WAIT_S)
    assert running.returncode == 0, err
    assert out == ""
    assert not ready.exists()
    events = [json.loads(line) for line in err.splitlines()]
    names = [event["event"] for event in events]
    assert (names[0], names[-1]) == ("serving", "stopped")
    assert events[-1]["finished"] is True
    assert events[0]["metrics"].startswith("localhost:")
    assert {"GetNetwork", "ListParties"} <= {event["method"] for event in events if event["event"] == "call"}


def test_who_asks_twice_does_not_wait(tmp_path: Path) -> None:
    """A second SIGTERM ends every process, whatever is still to be finished."""
    config, _ = hub_folder(tmp_path / "hub")
    ready = tmp_path / "ready"
    arguments = ("serve", "--dir", str(config.folder), "--clock-file", str(tmp_path / "hub.clock"))
    with serve_process(*arguments, "--listen", "localhost:0", "--ready-file", str(ready)) as running:
        wait_for(ready, running)
        [front] = map(int, Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split())
        os.kill(front, signal.SIGSTOP)
        running.send_signal(signal.SIGTERM)
        while ready.exists():
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        assert running.wait(WAIT_S) == -signal.SIGTERM
        os.kill(front, signal.SIGCONT)
        # Its end of the pipe is the last one.
        running.communicate(timeout=WAIT_S)


def test_port_that_is_taken_is_told(run: Run, tmp_path: Path) -> None:
    """A second hub on the same port ends at once, with a sentence that names the address."""
    config, clock = hub_folder(tmp_path / "hub")
    with serving(config, clock) as first:
        ran = run("serve", "--dir", config.folder, "--listen", first.address)
    assert ran.code == 1
    assert f"{first.address} cannot be listened on" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--listen", "7700"), "is not an address to listen on"),
        (("--listen", "localhost:99999"), "is not an address to listen on"),
        (("--listen", "192.0.2.1:7700"), "cannot be listened on"),
        (("--listen", "localhost:0", "--metrics", "9464"), "is not an address to listen on"),
        (("--listen", "localhost:0", "--metrics", "192.0.2.1:9464"), "cannot be listened on"),
        (("--clock-file", __file__), "is not a clock file"),
    ],
)
def test_setting_that_cannot_work_is_told(run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """Each wrong setting ends the start with its sentence."""
    config, _ = hub_folder(tmp_path / "hub")
    ran = run("serve", "--dir", config.folder, *arguments)
    assert ran.code == 1
    assert message in ran.err


def test_start_without_a_hub_says_how_to_make_one(run: Run, tmp_path: Path) -> None:
    """An empty folder leads to the command that fills it; a wrong passphrase is told."""
    assert "coalition hub init --dir" in run("serve", "--dir", tmp_path).err
    config, _ = hub_folder(tmp_path / "hub")
    assert "passphrase is wrong" in run("serve", "--dir", config.folder, COALITION_PASSPHRASE="another").err
