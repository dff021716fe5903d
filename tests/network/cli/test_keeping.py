"""`coalition hub backup` and `renew-tls`: keeping a hub's data and certificates."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from pathlib import Path

from cryptography import x509

from coalition.v1.ledger_service_pb2 import GetBalanceRequest
from tests.network.cli.conftest import Run
from tests.network.conftest import RunningHub, serving


def test_backup_is_whole_while_the_hub_writes(run: Run, hub: RunningHub, tmp_path: Path) -> None:
    """A copy that is made in the middle of business verifies, and holds what was acknowledged before it began."""
    hub.commit("grocer", hub.town.enrol("anna"))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            hub.commit("grocer", *(hub.town.issue("anna", 1) for _ in range(50)))

    writer = threading.Thread(target=write)
    writer.start()
    copy = tmp_path / "copy.sqlite"
    try:
        answer = run("backup", copy, "--dir", hub.config.folder, "--json").json()
    finally:
        stop.set()
        writer.join()
    assert answer["entries"] >= 12
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    report = run("verify", "--dir", hub.config.folder, "--database", copy, "--json").json()
    assert (report["ok"], report["entries"]) == (True, answer["entries"])


def test_backup_can_be_restored(run: Run, hub: RunningHub, tmp_path: Path) -> None:
    """A hub that is started on the copy has the balances of that moment."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
    assert run("backup", tmp_path / "copy.sqlite", "--dir", hub.config.folder).code == 0
    hub.commit("grocer", hub.town.issue("anna", 50))
    hub.close()
    for path in hub.config.folder.glob("hub.sqlite*"):
        path.unlink()
    shutil.copyfile(tmp_path / "copy.sqlite", hub.config.database_file)
    with serving(hub.config, hub.clock) as again:
        answer = again.ask("grocer", again.ledger.GetBalance, GetBalanceRequest(holder_id="anna"))
        assert answer.balance.available_points == 100
        again.commit("grocer", again.town.issue("anna", 1))


def test_backup_overwrites_nothing(run: Run, hub: RunningHub, tmp_path: Path) -> None:
    """A file that is there is left alone, and a missing database is told."""
    kept = tmp_path / "kept"
    kept.write_text("precious")
    assert "is there already" in run("backup", kept, "--dir", hub.config.folder).err
    assert kept.read_text() == "precious"
    folder = tmp_path / "without"
    shutil.copytree(hub.config.folder, folder, ignore=shutil.ignore_patterns("hub.sqlite*"))
    assert "is missing" in run("backup", tmp_path / "copy", "--dir", folder).err
    (folder / "hub.sqlite").write_text("no database at all, but long enough to look at" * 50)
    assert "cannot be copied" in run("backup", tmp_path / "copy", "--dir", folder).err
    assert sorted(path.name for path in tmp_path.glob("copy*")) == []


def test_renewed_certificate_is_trusted_as_before(run: Run, hub: RunningHub) -> None:
    """After a renewal and a restart clients connect with the authority that they have."""
    authority = (hub.config.tls / "ca.pem").read_bytes()
    before = (hub.config.tls / "server.pem").read_bytes()
    ran = run("renew-tls", "--host", "hub.example", "--dir", hub.config.folder)
    assert ran.code == 0, ran.err
    certificate = x509.load_pem_x509_certificate((hub.config.tls / "server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "hub.example"} <= set(names.get_values_for_type(x509.DNSName))
    assert (hub.config.tls / "server.pem").read_bytes() != before
    hub.close()
    with serving(hub.config, hub.clock) as again:
        assert (again.config.tls / "ca.pem").read_bytes() == authority
        again.commit("grocer", again.town.enrol("anna"))
    assert "neither a host name" in run("renew-tls", "--host", "no_host!", "--dir", hub.config.folder).err


def test_copy_is_a_database_that_sqlite_finds_sound(run: Run, hub: RunningHub, tmp_path: Path) -> None:
    """SQLite's own check finds nothing wrong with a copy."""
    run("backup", tmp_path / "copy.sqlite", "--dir", hub.config.folder)
    connection = sqlite3.connect(tmp_path / "copy.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
