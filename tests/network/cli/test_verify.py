"""`coalition hub verify`: exit code 0 when all is as it must be, 1 and the place when not."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coalition.v1.journal_pb2 import GetCheckpointRequest
from network.config import HubConfig
from tests.network.cli.conftest import Run
from tests.network.conftest import running_hub


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> HubConfig:
    """The folder of a hub that was used and stopped, with a checkpoint that somebody kept."""
    folder = tmp_path_factory.mktemp("verify") / "hub"
    with running_hub(folder) as hub:
        hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
        note = hub.ask("", hub.journal.GetCheckpoint, GetCheckpointRequest()).checkpoint
        hub.commit("pharmacy", hub.town.redeem("anna", "pharmacy", 40))
        config = hub.config
    (folder.parent / "checkpoint").write_text(note)
    return config


def test_sound_database_passes(run: Run, stopped: HubConfig) -> None:
    """Entries and root are told, and no passphrase is asked for."""
    answer = run("verify", "--dir", stopped.folder, "--json", COALITION_PASSPHRASE=None).json()
    assert (answer["ok"], answer["entries"], answer["failures"]) == (True, 14, [])
    text = run("verify", "--dir", stopped.folder)
    assert text.code == 0
    assert answer["root"] in text.out


def test_checkpoint_that_was_kept_is_compared(run: Run, stopped: HubConfig, tmp_path: Path) -> None:
    """A journal that contains the kept checkpoint passes; a note of somebody else is refused."""
    kept = stopped.folder.parent / "checkpoint"
    assert run("verify", "--dir", stopped.folder, "--checkpoint", kept).code == 0
    (tmp_path / "note").write_text(kept.read_text().replace("13", "12"))
    refused = run("verify", "--dir", stopped.folder, "--checkpoint", tmp_path / "note")
    assert "is not a checkpoint that this network's hub has signed" in refused.err


def test_tampered_copy_fails_and_names_the_place(run: Run, stopped: HubConfig, tmp_path: Path) -> None:
    """A balance that was changed in the database is found and named, with exit code 1."""
    copy = tmp_path / "copy.sqlite"
    shutil.copyfile(stopped.database_file, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE holders SET points = points + 1 WHERE holder_id = 'anna'")
    connection.close()
    ran = run("verify", "--dir", stopped.folder, "--database", copy)
    assert ran.code == 1
    assert "anna" in ran.err
    told = run("verify", "--dir", stopped.folder, "--database", copy, "--json")
    assert told.code == 1
    assert '"ok": false' in told.out


def test_missing_database_is_told(run: Run, tmp_path: Path, stopped: HubConfig) -> None:
    """A folder without its database is an error of its own."""
    folder = tmp_path / "hub"
    shutil.copytree(stopped.folder, folder)
    (folder / "hub.sqlite").unlink()
    assert "is missing" in run("verify", "--dir", folder).err


def test_ctrl_c_ends_all_of_it(stopped: HubConfig) -> None:
    """The command says that it did not finish, and no process stays behind."""
    command = [sys.executable, "-m", "partner_sdk.cli", "hub", "verify", "--dir", str(stopped.folder), "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline_s = time.monotonic() + 30
    while not (workers := children.read_text().split()):
        assert time.monotonic() < deadline_s
        time.sleep(0.005)
    # It is known to the one who started it by then, and not yet at work.
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "Interrupted: not everything was checked.\n")
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
