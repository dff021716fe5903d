"""Founding a network either happened or did not, whenever it was interrupted."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

from network.config import ConfigError, is_initialised, load_config
from partner_sdk.testing._processes import command

ENVIRONMENT: Final = {**os.environ, "COALITION_PASSPHRASE": "a passphrase for tests"}
WAIT_S: Final = 60.0
NETWORK_ID: Final = "interrupted.test"

#: What the folder has when init is killed, in the order in which init makes it.
MOMENTS: Final = (
    ".init",
    ".init/tls/ca.pem",
    ".init/hub.sqlite-wal",
    ".init/profiles/operator.toml",
    "keys",
    "profiles",
)


def start_init(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("hub", "init", "--dir", str(folder), "--network-id", NETWORK_ID),
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), env=ENVIRONMENT, capture_output=True, text=True, timeout=WAIT_S)


def kill_at(folder: Path, moment: str, delay_s: float) -> None:
    """Begin init, and kill it soon after the folder has `moment`."""
    process = start_init(folder)
    deadline = time.monotonic() + WAIT_S
    while not (folder / moment).exists() and process.poll() is None:
        assert time.monotonic() < deadline, f"init comes to {moment}"
    time.sleep(delay_s)
    process.kill()
    process.wait(WAIT_S)


def check_whole(folder: Path) -> None:
    """The folder is a hub's whose journal begins with its Genesis, and which reads what it needs to serve."""
    done = run("hub", "verify", "--dir", str(folder))
    assert (done.returncode, "Verified 1 entries" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.long
def test_interrupted_init_leaves_no_hub(tmp_path: Path) -> None:
    """Killed at any moment, init leaves a folder that no command takes for a hub's and in which init works again; or it
    had come to its end, and the hub is whole."""
    dice = random.Random("init")
    folder, interrupted = tmp_path / "hub", 0
    for moment in MOMENTS:
        kill_at(folder, moment, dice.random() * 0.003)
        if is_initialised(folder):
            check_whole(folder)
            folder = tmp_path / f"after-{moment.replace('/', '-')}"
            continue
        interrupted += 1
        with pytest.raises(ConfigError, match=r"holds no hub: hub\.toml is missing"):
            load_config(folder)
    assert interrupted
    refused = run("hub", "serve", "--dir", str(folder), "--listen", "localhost:0")
    assert refused.returncode == 1
    assert "holds no hub" in refused.stderr
    made = run("hub", "init", "--dir", str(folder), "--network-id", NETWORK_ID)
    assert made.returncode == 0, made.stderr
    check_whole(folder)
    assert not (folder / ".init").exists()
