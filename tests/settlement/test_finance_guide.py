"""docs/settlement.md: its commands and its Python run as they stand there."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from beancount import loader
from click.testing import CliRunner

from coalition.merkle import leaf_hash
from partner_sdk.cli import main
from partner_sdk.testing import BankMovement, LocalNetwork, bank_statement
from partner_sdk.testing._processes import command
from tests.settlement.reconciliation.files import workbook

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "settlement.md").read_text(encoding="utf-8")
ADDRESS: Final = "localhost:7800"


def section(title: str, language: str) -> str:
    """The blocks of one language in a section of the guide."""
    text = GUIDE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return "".join(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL))


class Shell:
    """Runs the guide's commands in a folder, with the service at a free port."""

    def __init__(self, network: LocalNetwork) -> None:
        self.network = network
        self.folder = network.folder
        with socket.socket() as probe:
            probe.bind(("localhost", 0))
            self.address = f"localhost:{probe.getsockname()[1]}"
        self.environment = {
            "COALITION_PROFILE": str(network.folder / "hub" / "profiles" / "operator.toml"),
            "COALITION_PASSPHRASE": network.passphrase,
            "COALITION_SETTLEMENT_ADDRESS": self.address,
            "PATH": "",
        }
        self.servers: list[subprocess.Popen[bytes]] = []

    def words(self, line: str) -> list[str]:
        """What a line of the guide asks of `coalition`."""
        words = shlex.split(line.replace(ADDRESS, self.address))
        assert words[0] == "coalition"
        return words[1:]

    def run(self, line: str, *, status: int = 0, typed: str = "", all_of_it: bool = False) -> str:
        """A command's output, of errors for a status other than 0. In this process, to save the start of another."""
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(main, self.words(line), input=typed, env=self.environment)
        assert done.exit_code == status, f"{line}\n{done.output}"
        return done.output if all_of_it else done.stdout if status == 0 else done.stderr

    def python(self, title: str) -> str:
        """What the Python of a section prints."""
        done = subprocess.run(
            [sys.executable, "-c", section(title, "python")],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write_schedule(self) -> None:
        """The guide's schedule, at the end of the service's settings."""
        with (self.folder / "settlement" / "settlement.toml").open("a", encoding="utf-8") as file:
            file.write(section("Schedule", "toml"))

    def serve(self, line: str) -> None:
        """A command that keeps running."""
        log = (self.folder / "serve.log").open("wb")
        self.servers.append(
            subprocess.Popen(
                command(*self.words(line)), cwd=self.folder, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        )
        log.close()


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """A network with a closed window in which the florist accepted the grocer's points, and the service as the guide
    starts it."""
    with LocalNetwork() as network:
        anna = network.member("anna", points=1_000)
        network.client("florist").redeem("anna", 300, consent=anna.consent_to_redeem("florist", 300))
        network.operator.close_window(1)
        profile = network.folder / "hub" / "profiles" / "operator.toml"
        text = profile.read_text(encoding="utf-8")
        profile.write_text(re.sub(r'(?m)^address = ".*"$', f'address = "{network.hub.address}"', text), "utf-8")
        shell = Shell(network)
        try:
            for line in section("Running the service", "sh").splitlines():
                if " serve " in line:
                    shell.write_schedule()
                (shell.serve if " serve " in line else shell.run)(line)
            deadline = time.monotonic() + 30
            while not listens(shell.address) and time.monotonic() < deadline:
                time.sleep(0.1)
            health = shell.run(f"coalition settlement health --dir settlement --address {ADDRESS}")
            assert health == f"The settlement service at {shell.address} is serving.\n"
            yield shell
        finally:
            for server in shell.servers:
                server.terminate()
                server.wait(20)


def listens(address: str) -> bool:
    """Whether something accepts connections there."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


def test_windows_are_listed(shell: Shell) -> None:
    """The commands about windows show how far the service came and which windows there are."""
    lines = section("Windows", "sh").splitlines()
    status, windows = shell.run(lines[0]), shell.run(lines[1])
    assert re.match(r"Followed to entry \d+, of 2025-01-15", status)
    assert re.search(r"1 │ CLOSED ", windows)
    assert re.search(r"2 │ OPEN ", windows)
    found = json.loads(shell.run(f"{lines[1]} --json"))
    assert [window["state"] for window in found] == ["CLOSED", "OPEN"]
    assert json.loads(shell.run(f"{lines[0]} --json"))["sequence"] >= found[0]["last_sequence"]


def test_schedule_is_told(shell: Shell) -> None:
    """The commands say what is agreed and what is due. By the network's clock, which stands still, nothing is."""
    schedule, close_due = section("Schedule", "sh").splitlines()
    told = shell.run(schedule)
    assert "Windows close monthly, last business day, at 18:00 Europe/Berlin" in told
    assert "Multilateral payments are due 5 business days (DE-BY) later" in told
    # Of the window that opened on 15 January 2025.
    assert "Window 2 is due at 2025-01-31 18:00:00 CET" in told
    assert json.loads(shell.run(f"{schedule} --json"))["unsettled"][0]["payments_due_on"] == "2025-01-22"
    assert shell.run(close_due) == "Window 2 is due at 2025-01-31 17:00:00 UTC.\n"


def test_report_is_printed_and_written(shell: Shell) -> None:
    """The report commands print the window's tables and write the files that the guide names."""
    lines = section("The report", "sh").splitlines()
    printed = shell.run(lines[0])
    for text in ("Window 1: CLOSED", "grocer │ florist  │    300 │ 2.700000", "Gross against net, EUR"):
        assert text in printed
    shell.run(lines[1])
    folder = shell.folder / "reports"
    written = {path.name for path in folder.iterdir()}
    tables = ("obligations", "bilateral", "positions", "activity", "netting")
    assert written == {"window-1.json", *(f"window-1-{name}.csv" for name in tables)}
    with (folder / "window-1-positions.csv").open(encoding="utf-8", newline="") as file:
        positions = list(csv.DictReader(file))
    assert [(row["party"], row["payable"]) for row in positions] == [
        ("florist", "2.70"),
        ("grocer", "-3.00"),
        ("operator", "0.30"),
    ]
    found = json.loads((folder / "window-1.json").read_text(encoding="utf-8"))
    assert found["positions"] == positions
    assert found["netting"][0] == {"stage": "gross", "amount": "3.000000", "payments": 2}
    assert json.loads(shell.run("coalition settlement report --window 1 --json -")) == found


def test_records_are_reconciled(shell: Shell) -> None:
    """One row agrees and one is missing, in every kind of file; what is recorded stays."""
    moment = shell.network.now.replace(tzinfo=None)
    rows = [("BURN", 300, "R1", moment), ("BURN", 20, "R2", moment)]
    header = ("type", "points", "receipt", "time")
    lines = [",".join(map(str, row)) for row in (header, *rows)]
    (shell.folder / "march.csv").write_text("\n".join(lines), "utf-8")
    (shell.folder / "march.xlsx").write_bytes(workbook([header, *rows]))
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table({name: list(column) for name, column in columns.items()}), shell.folder / "march.parquet")
    compare, files, record, listed, again = section("Reconciling", "sh").splitlines()
    for line in (compare, files, record):
        printed = shell.run(f"{line} --party florist --yes --tolerance 604800", status=1, all_of_it=True)
        assert re.search(r"agree, by points and time +│ +1 │", printed)
        assert re.search(r"MISSING_AT_HUB +│ +1 │", printed)
    assert {"differences.xlsx", "corrections.json"} <= {path.name for path in shell.folder.iterdir()}
    assert re.search(r"florist │ 1 +│ +1 │ open", shell.run(listed))
    shell.run(again)
    assert (shell.folder / "differences.csv").read_text("utf-8").count("MISSING_AT_HUB") == 1


def test_lines_lead_to_proven_entries(shell: Shell) -> None:
    """What the grocer owes the florist is the sum of its lines, and the entry behind each is proved."""
    narrowed, everything, one = section("The lines", "sh").splitlines()
    assert "2.700000" in shell.run(narrowed)
    lines = json.loads(shell.run(everything))
    (redeemed,) = (line for line in lines if line["kind"] == "redeem")
    assert (redeemed["issuer"], redeemed["counterparty"], redeemed["direct_micros"]) == ("grocer", "florist", 2_700_000)
    command = f"{one.rpartition(' ')[0]} {redeemed['sequence']}"
    assert "The proof is right." in shell.run(command)
    proof = json.loads(shell.run(f"{command} --json"))
    leaf = leaf_hash(bytes.fromhex(proof["entry"]))
    assert leaf.hex() == proof["leaf_hash"]
    assert "There are more than 1." in shell.run("coalition settlement lines --limit 1")
    assert "NOT_FOUND" in shell.run("coalition settlement entry 999999", status=1)


def test_statements_are_written_and_verified(shell: Shell) -> None:
    """Everybody's statements in every form; the signed one is right as long as nobody touches it."""
    own, everybody, verified = section("Statements", "sh").splitlines()
    shell.run(own)
    assert (shell.folder / "statement-001-operator.pdf").read_bytes().startswith(b"%PDF")
    shell.run(everybody)
    folder = shell.folder / "statements"
    parties, forms = ("florist", "grocer", "operator"), ("pdf", "xlsx", "csv", "json")
    assert {path.name for path in folder.iterdir()} == {f"statement-001-{p}.{form}" for p in parties for form in forms}
    printed = shell.run(verified)
    assert "is right: Flora’s Flowers (florist), lines: 1, each proven." in printed
    assert "Net position: 2.700000 EUR; payable: 2.70" in printed
    found = json.loads(shell.run(f"{verified} --json"))
    assert (found["payable"], found["signer"], found["lines"]) == ("2.70", "settlement", 1)
    with (folder / "statement-001-florist.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert found["digest"] in {row["value"] for row in rows}
    signed = folder / "statement-001-florist.json"
    signed.write_bytes(signed.read_bytes().replace(b"2.700000", b"3.700000"))
    assert "was changed after it was signed" in shell.run(verified, status=1)
    assert "Name one --party" in shell.run("coalition settlement statement --window 1 --all --party florist", status=2)
    assert "NOT_FOUND" in shell.run("coalition settlement statement --window 99", status=1)


def test_statement_is_read_in_python(shell: Shell) -> None:
    """The guide's Python prints the florist's charges, once they are proven."""
    assert shell.python("Statements") == "reimbursement grocer 300 2700000\n2700000 1\n"


def test_books_are_printed_and_exported(shell: Shell) -> None:
    """The commands about books show what is outstanding, and write files of which Beancount approves."""
    lines = section("Books", "sh").splitlines()
    printed = shell.run(lines[0])
    for text in (
        "Books as of 2025-01-15, window 1",
        "grocer │ 0.010000 │         700 │",
        "0 of 3 cohorts",
        "IFRS 15.B46",
    ):
        assert text in printed
    assert "grocer" in shell.run(lines[1])
    (cohort,) = json.loads(shell.run(f"{lines[1]} --json"))["cohorts"]
    assert (cohort["outstanding"], cohort["deferred"]) == (700, "7.000000")
    shell.run(lines[2])
    folder = shell.folder / "books"
    tables = [f"books-1-{name}.csv" for name in ("liability", "points", "deferred", "cohorts", "estimates")]
    views = ["clearing", *(f"books-{party_id}" for party_id in ("florist", "grocer", "operator"))]
    ledgers = [f"{view}.{kind}" for view in views for kind in ("beancount", "csv")]
    assert {path.name for path in folder.iterdir()} == {*tables, "books-1.xlsx", *ledgers}
    for view in views:
        _, errors, _ = loader.load_file(str(folder / f"{view}.beancount"))
        assert not errors
    shell.run(f"{lines[2]}-of-one --csv --party florist")
    written = {path.name for path in (shell.folder / "books-of-one").iterdir()}
    assert written == {*tables, "books-florist.csv"}
    assert "books are of closed windows" in shell.run(f"{lines[0]} --as-of 9", status=1)


def test_books_are_verified(shell: Shell) -> None:
    """The command replays the hub's journal and finds that the closed window is as the service says."""
    (line,) = section("Trusting nobody", "sh").splitlines()
    assert "Verified the closed windows, 1 with" in shell.run(line)
    assert json.loads(shell.run(f"{line} --json"))["ok"] is True


def test_alerts_are_listed_and_acknowledged_as_the_guide_says(shell: Shell) -> None:
    """The grocer owes most in window 1, which is too much of it; scripts learn of that by the exit status."""
    listed, _, script, note = section("Alerts", "sh").splitlines()
    assert re.search(r" WARNING +│ CONCENTRATION +│ grocer ", shell.run(listed))
    found = json.loads(shell.run(script.removesuffix(" --fail-on warning")))
    (alert,) = (alert for alert in found if alert["kind"] == "CONCENTRATION")
    assert (alert["party_id"], alert["window"]) == ("grocer", 1)
    shell.run(script, status=4)
    shell.run(script.replace("warning", "critical"))
    noted = shell.run(note.replace(" 1 ", f" {alert['number']} "))
    assert "[Noted: Asked the grocer to prepay]" in " ".join(re.sub("[│\n]", " ", noted).split())
    assert "No alert 99 lasts" in shell.run(note.replace(" 1 ", " 99 "), status=2)
    assert "goes with neither" in shell.run("coalition settlement alerts --follow --ended", status=2)


def test_window_is_settled_as_the_guide_says(shell: Shell) -> None:
    """The commands about runs, one after the other, settle the window; what is not allowed is refused on the way."""
    for line in section("Settling", "sh").splitlines():
        if " checklist " in line:
            assert "WRONG" not in shell.run(line)
            found = json.loads(shell.run(f"{line} --json"))
            assert found["passed"]
            assert {item["name"] for item in found["items"] if not item["passed"]} == {"bank_accounts", "alerts"}
        if " approve " in line:
            refused = shell.run(line.replace("--key 2", "--key 1"), status=1)
            assert "SAME_PERSON: A run is approved with another key" in refused
        last = shell.run(line)
    assert re.search(r"SETTLED │ multilateral │ +1 +│", last)
    run = json.loads(shell.run("coalition settlement run show last --json"))
    assert run["state"] == "SETTLED"
    assert [event["action"] for event in run["events"]] == ["PROPOSE", "APPROVE", "INSTRUCT", *["CONFIRM"] * 2]
    assert len({event["key"] for event in run["events"]}) == 2
    assert "WRONG_STATE" in shell.run("coalition settlement run propose --window 1", status=1)
    assert "WRONG_STATE" in shell.run("coalition settlement run abort last --note late", status=1)
    assert "No runs go by 'abcdef'" in shell.run("coalition settlement run show abcdef", status=2)


def test_run_that_nobody_likes_is_given_up(shell: Shell) -> None:
    """Who does not confirm the positions approves nothing; an aborted run leaves its window to a later one."""
    shell.run("coalition hub close-window --dir hub")
    propose = "coalition settlement run propose --window 2 --json"
    while not re.search(r"2 │ CLOSED ", shell.run("coalition settlement windows")):
        time.sleep(0.05)
    run_id = json.loads(shell.run(propose))["run_id"]
    assert "Are these positions right?" in shell.run(
        f"coalition settlement run approve {run_id[:30]} --key 2", status=1, typed="n\n"
    )
    key = json.loads(shell.run("coalition settlement run show last --json"))["events"][0]["key"]
    aborted = shell.run(f"coalition settlement run abort last --note nobody --key {key[:6]} --json")
    assert json.loads(aborted)["events"][-1]["note"] == "nobody"
    assert re.search(r"2 │ ABORTED ", shell.run("coalition settlement windows"))
    assert "is no single key of the profile" in shell.run(f"{propose} --key 9", status=2)


def test_dispute_goes_its_way_as_the_guide_says(shell: Shell) -> None:
    """From the florist's claim to the adjustment in the journal, by the commands of all three."""
    shell.network.profile("florist")
    shell.network.profile("grocer")
    (line,) = json.loads(shell.run("coalition settlement lines --window 1 --kind redeem --json"))
    lines = section("Disputes", "sh").replace("--entry 42", f"--entry {line['sequence']}").splitlines()
    states = [re.match(r"Dispute \S+: ([A-Z]+)", shell.run(line)) for line in lines]
    assert [found and found[1] for found in states] == [
        *("RAISED", "REJECTED", "ESCALATED", "RULED", "ACCEPTED", "ADJUSTED", "ADJUSTED"),
    ]


def test_payments_go_out_and_come_in_as_the_guide_says(shell: Shell) -> None:
    """Accounts are given, files are written for banks, and what the banks then say settles a run."""
    for line in section("Paying", "sh").split("coalition settlement run files")[0].splitlines():
        shown = shell.run(line)
    assert "FR1420041010050500013M02606" in shown
    shell.run("coalition hub close-window --dir hub")
    while not re.search(r"3 │ CLOSED ", shell.run("coalition settlement windows")):
        time.sleep(0.05)
    for line in ("propose --window 2 --window 3", "approve last --key 2 --yes", "instruct last"):
        shell.run(f"coalition settlement run {line}")
    lines = section("Paying", "sh").splitlines()
    files = [line for line in lines if " files " in line]
    for line in files:
        assert "Wrote payments" in shell.run(line)
    run = json.loads(shell.run("coalition settlement run show last --json"))
    names = {f"run-{run['number']}-{payer}.{kind}" for payer in ("operator", "grocer") for kind in ("xml", "csv")}
    assert {path.name for path in (shell.folder / "payments").iterdir()} == names
    incoming, outgoing = sorted(run["instructions"], key=lambda item: bool(item["payer"] == "operator"))
    movements = [
        BankMovement(amount_minor=incoming["amount_minor"], bank_reference="1", text="for January"),
        BankMovement(amount_minor=-outgoing["amount_minor"], bank_reference="2", end_to_end_id=outgoing["reference"]),
        BankMovement(amount_minor=-5, bank_reference="3", text="charges"),
    ]
    statement = bank_statement(movements, account="DE75512108001245126199", currency="EUR")
    (shell.folder / "statement.xml").write_bytes(statement)
    imports = [line for line in lines if " run import " in line or " run payments " in line]
    printed = [shell.run(line) for line in imports]
    assert "Taken in: 3 new entries." in printed[0]
    assert "is SETTLING." in printed[0]
    assert re.search(r"payment [12], booked", printed[1])
    assert "names no payment" in printed[2]
    again = json.loads(shell.run(f"{imports[0]} --json"))
    assert (again["repeated_file"], again["known"]) == (True, 3)
    entries = json.loads(shell.run(f"{imports[2]} --json"))
    assign, aside = (line for line in lines if " assign " in line)
    for line, entry in ((assign, entries[1]), (aside, entries[0])):
        shell.run(line.replace("ENTRY", entry["entry_id"][:12]).replace("REFERENCE", incoming["reference"]))
    assert json.loads(shell.run(f"{imports[2]} --json")) == []
    assert json.loads(shell.run("coalition settlement run show last --json"))["state"] == "SETTLED"
    assert "No entries go by 'ffff'" in shell.run(assign.replace("ENTRY", "ffff"), status=2)
    both = aside.replace("--aside", "--aside --to RF00")
    assert "one of the two" in shell.run(both, status=2)


def test_other_terms_are_simulated(shell: Shell) -> None:
    """The guide's terms give the grocer's window another price; the margin grows by as much."""
    one, every = section("Other terms", "sh").splitlines()
    (shell.folder / "other-terms.toml").write_text(section("Other terms", "toml"), encoding="utf-8")
    shown = shell.run(one)
    assert "grocer   │ -3.000000 │ -3.300000 │  -0.300000 │" in shown
    assert "│ 0.300000 │  0.600000 │   0.300000 │" in shown
    shell.run(every)
    written = {path.name for path in (shell.folder / "simulation").iterdir()}
    assert written == {"all.json", "simulation-positions.csv", "simulation-margin.csv"}


def test_python_runs_as_it_stands(shell: Shell) -> None:
    """The guide's Python prints every party's position."""
    assert shell.python("In Python") == "florist 270\ngrocer -300\noperator 30\n"


def test_service_is_made_once(shell: Shell) -> None:
    """A second init is refused, or does nothing where that is wanted."""
    again = section("Running the service", "sh").splitlines()[1]
    assert "holds a settlement service already" in shell.run(again, status=1)
    assert "nothing was changed" in shell.run(f"{again} --if-missing")


def test_certificate_is_renewed(shell: Shell) -> None:
    """A new certificate by the same authority takes the place of the old one."""
    before = (shell.folder / "settlement" / "tls" / "server.pem").read_bytes()
    assert "Restart the service" in shell.run("coalition settlement renew-tls --dir settlement --authority hub/tls")
    assert (shell.folder / "settlement" / "tls" / "server.pem").read_bytes() != before


def test_wrong_settings_are_explained(shell: Shell) -> None:
    """A folder without a service, an address where nothing listens, and a party that is no auditor each say so."""
    assert "holds no settlement service" in shell.run("coalition settlement windows --dir elsewhere", status=1)
    gone = shell.run("coalition settlement windows --timeout 0.5 --address localhost:1", status=1)
    assert "Nothing listens at localhost:1" in gone
    shell.run("coalition hub add-partner baker --dir hub --out parties")
    refused = shell.run("coalition settlement init --dir other --profile parties/baker", status=1)
    assert "baker is no auditor" in refused
    assert not (shell.folder / "other").exists()
