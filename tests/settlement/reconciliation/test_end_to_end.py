"""A partner's own records against a real hub and a real settlement service: by the SDK and by the command."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from partner_sdk import Kind
from partner_sdk.cli import main
from partner_sdk.errors import FieldInvalid, NotFound, PermissionDenied, Rejection, WrongState
from partner_sdk.settlement import (
    AlertKind,
    AsyncSettlementClient,
    CorrectionAction,
    DifferenceKind,
    ReconcileStage,
    Reconciliation,
    RecordsMapping,
    SettlementClient,
)
from partner_sdk.testing import LocalNetwork

MAPPING = RecordsMapping(
    points="Points",
    id="Transaction",
    kind="Type",
    reference="Receipt",
    time="Time",
    kinds={"EARN": Kind.ISSUE, "BURN": Kind.REDEEM, "REFUND": Kind.REVERSE},
)


@dataclass
class Shop:
    """A grocer with a month of business, and what its own books say about it."""

    network: LocalNetwork
    folder: Path
    rows: list[dict[str, Any]]

    def file(self, *, without: int | None = None, change: dict[int, dict[str, Any]] | None = None) -> bytes:
        """The records as CSV, without one row, or with other cells in some."""
        lines = [",".join(self.rows[0])]
        for place, row in enumerate(self.rows):
            if place != without:
                lines.append(",".join(map(str, {**row, **(change or {}).get(place, {})}.values())))
        return "\n".join(lines).encode()

    def run(self, *words: str, typed: str | None = None, party_id: str = "grocer") -> Result:
        """A command of the grocer."""
        environment = {
            "COALITION_PROFILE": str(self.network.profile(party_id)),
            "COALITION_PASSPHRASE": self.network.passphrase,
        }
        return CliRunner().invoke(main, ["settlement", *words], env=environment, input=typed)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Ten issues, a redemption, a rejected one, and a reversal, in window 1, which is closed."""
    with LocalNetwork(settlement=True) as network:
        grocer, anna = network.client("grocer"), network.member("anna")
        rows = []

        def book(word: str, outcome: Any, points: int, reference: str) -> None:
            moment = network.now.strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.append(
                {
                    "Transaction": outcome.transaction_id,
                    "Type": word,
                    "Points": points,
                    "Receipt": reference,
                    "Time": moment,
                }
            )
            network.clock.advance(seconds=600)

        for number in range(10):
            book("EARN", grocer.issue("anna", 100 + number, reference=f"R{number}"), 100 + number, f"R{number}")
        consent = anna.consent_to_redeem("grocer", 50)
        book("BURN", grocer.redeem("anna", 50, consent=consent, reference="=B1"), 50, "=B1")
        book("REFUND", grocer.reverse(rows[0]["Transaction"], 30), 30, "V1")
        with pytest.raises(Rejection):
            grocer.redeem("anna", 99_999, consent=anna.consent_to_redeem("grocer", 99_999))
        network.client("florist").issue("anna", 7)
        network.operator.close_window(1)
        network.settlement_client().progress(wait_for_sequence=network.operator.checkpoint().size)
        yield Shop(network, tmp_path_factory.mktemp("shop"), rows)


def test_what_agrees_agrees(shop: Shop) -> None:
    """Every row is found, progress is told, and nothing is remembered or recorded without being asked for."""
    stages = []

    async def compare() -> Reconciliation:
        async with AsyncSettlementClient(shop.network.connection("grocer")) as client:
            return await client.reconcile(
                shop.file(), mapping=MAPPING, windows=[1], on_progress=lambda progress: stages.append(progress.stage)
            )

    found = asyncio.run(compare())
    assert (found.rows, found.matched_by_id, found.difference_count, found.differences) == (12, 12, 0, ())
    assert (found.party_id, found.windows, found.reconciliation_id) == ("grocer", (1,), None)
    assert found.mapping == MAPPING
    assert list(dict.fromkeys(stages)) == list(ReconcileStage)
    with shop.network.settlement_client("grocer") as client:
        assert client.records_mapping() is None
        assert list(client.reconciliations()) == []


def test_differences_come_with_both_sides(shop: Shop, tmp_path: Path) -> None:
    """One row is missing, one has other points, one is unknown to the hub; the last closed window is meant."""
    path = tmp_path / "march.csv"
    path.write_bytes(
        shop.file(
            without=3,
            change={5: {"Points": 90}, 7: {"Transaction": "018f0000-0000-7000-8000-000000000001", "Receipt": "X"}},
        )
    )
    with shop.network.settlement_client("grocer") as client:
        found = client.reconcile(path, mapping=MAPPING)
    assert found.counts == {
        DifferenceKind.MISSING_AT_HUB: 1,
        DifferenceKind.MISSING_AT_PARTNER: 2,
        DifferenceKind.AMOUNT_DIFFERS: 1,
    }
    assert found.file_name == "march.csv"
    amount = next(item for item in found.differences if item.kind is DifferenceKind.AMOUNT_DIFFERS)
    assert (amount.row, amount.record_points, amount.entry_points) == (6, 90, 105)
    assert (amount.record_kind, amount.entry_kind, amount.window) == (Kind.ISSUE, Kind.ISSUE, 1)
    assert amount.transaction_id == shop.rows[5]["Transaction"]
    assert amount.correction.action is CorrectionAction.REVERSE_AT_HUB
    assert amount.record_at is not None
    assert amount.entry_at is not None
    assert abs((amount.record_at - amount.entry_at).total_seconds()) < 2


def test_files_that_cannot_be_used_change_nothing(shop: Shop) -> None:
    """The error says where and what to do; the next file is read as if it had not been."""
    with shop.network.settlement_client("grocer") as client:
        with pytest.raises(FieldInvalid, match="Column 'Points' has no whole numbers of points in: row 6: 'many'"):
            client.reconcile(shop.file(change={4: {"Points": "many"}}), mapping=MAPPING, record=True)
        with pytest.raises(FieldInvalid, match="names no column for ids, references or times"):
            client.reconcile(shop.file(), mapping=RecordsMapping(points="Points"))
        with pytest.raises(FieldInvalid, match="The file is empty"):
            client.reconcile(b"", mapping=MAPPING)
        with pytest.raises(NotFound, match="no window 9"):
            client.reconcile(shop.file(), mapping=MAPPING, windows=[9])
        with pytest.raises(WrongState, match="Window 2 is open"):
            client.reconcile(shop.file(), mapping=MAPPING, windows=[2], record=True)
        with pytest.raises(WrongState, match="Nobody has said yet"):
            client.reconcile(shop.file())
        assert list(client.reconciliations()) == []


def test_a_party_reconciles_for_itself_and_the_operator_for_all(shop: Shop) -> None:
    """Others' records are nobody's business, and an auditor looks only."""
    with shop.network.settlement_client("florist") as florist:
        with pytest.raises(PermissionDenied):
            florist.reconcile(shop.file(), mapping=MAPPING, party_id="grocer")
        with pytest.raises(PermissionDenied):
            list(florist.reconciliations(party_id="grocer"))
    with shop.network.settlement_client("settlement") as auditor, pytest.raises(PermissionDenied):
        auditor.reconcile(shop.file(), mapping=MAPPING, party_id="grocer")
    with shop.network.settlement_client() as operator, pytest.raises(NotFound, match="no party"):
        operator.reconcile(shop.file(), mapping=MAPPING, party_id="nobody")


def open_for(operator: SettlementClient, party_ids: list[str]) -> bool:
    """Whether alerts of open differences come to be about these parties; the service looks now and again."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        alerts = [alert for alert in operator.alerts() if alert.kind is AlertKind.DIFFERENCES_OPEN]
        if [alert.party_id for alert in alerts] == party_ids:
            return True
        time.sleep(0.2)
    return False


def test_what_is_recorded_shows(shop: Shop) -> None:
    """It is listed, fetched again as it was, raises an alert, and is superseded by the next about its windows."""
    with shop.network.settlement_client("grocer") as client, shop.network.settlement_client() as operator:
        found = client.reconcile(shop.file(without=2), mapping=MAPPING, windows=[1], record=True)
        assert found.reconciliation_id is not None
        assert client.reconciliation(found.reconciliation_id) == found
        assert [item.reconciliation_id for item in operator.reconciliations(party_id="grocer")] == [
            found.reconciliation_id
        ]
        assert (found.recorded_by, found.superseded) == ("grocer", False)
        with shop.network.settlement_client("florist") as florist:
            assert list(florist.reconciliations()) == []
            with pytest.raises(NotFound):
                florist.reconciliation(found.reconciliation_id)
        assert open_for(operator, ["grocer"])
        again = operator.reconcile(shop.file(), mapping=MAPPING, windows=[1], party_id="grocer", record=True)
        assert again.recorded_by == "operator"
        assert [item.superseded for item in client.reconciliations()] == [False, True]
        assert open_for(operator, [])


def test_the_command_asks_once_and_remembers(shop: Shop, tmp_path: Path) -> None:
    """What it guesses is shown; without a yes nothing is compared; afterwards it does not ask again."""
    path = tmp_path / "records.csv"
    path.write_bytes(shop.file())
    refused = shop.run("reconcile", str(path), typed="n\n")
    assert refused.exit_code == 2
    for text in ("How the records are read", "kind 'EARN'", "issue", "Are the records read rightly?"):
        assert text in refused.output
    assert "Nothing was compared" in refused.output
    agreed = shop.run("reconcile", str(path), typed="y\n")
    assert (agreed.exit_code, "agree, by id" in agreed.output) == (0, True), agreed.output
    mapping = json.loads(shop.run("mapping", "--json").output)
    assert mapping["kinds"] == {"EARN": "issue", "BURN": "redeem", "REFUND": "reverse"}


def test_the_command_writes_files(shop: Shop, tmp_path: Path) -> None:
    """Differences as CSV, XLSX and Parquet, corrections as JSON and CSV; a reference is never a formula."""
    path = tmp_path / "records.csv"
    path.write_bytes(shop.file(without=1, change={10: {"Points": 55}}))
    outs = [tmp_path / f"differences.{ending}" for ending in ("csv", "xlsx", "parquet")]
    words = [word for out in outs for word in ("--out", str(out))]
    done = shop.run("reconcile", str(path), *words, "--corrections", str(tmp_path / "todo.json"), "--record")
    assert done.exit_code == 1, done.output
    assert "read rightly" not in done.output
    with outs[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["difference"], row["row"], row["reference"]) for row in rows] == [
        ("AMOUNT_DIFFERS", "11", "'=B1"),
        ("MISSING_AT_PARTNER", "", "R1"),
    ]
    sheet = openpyxl.load_workbook(outs[1]).active
    cells = {cell.value: sheet.cell(2, cell.column) for cell in sheet[1]}
    assert (cells["reference"].value, cells["reference"].data_type) == ("'=B1", "s")
    assert (cells["record_points"].value, cells["record_points"].data_type) == (55, "n")
    table = pq.read_table(outs[2]).to_pylist()
    assert (table[0]["reference"], table[0]["entry_points"]) == ("=B1", 50)
    todo = json.loads((tmp_path / "todo.json").read_text(encoding="utf-8"))
    assert [item["action"] for item in todo["corrections"]] == ["CORRECT_BOOKS", "CORRECT_BOOKS"]
    listed = shop.run("reconciliations")
    assert "open" in listed.output
    again = shop.run("reconciliations", "last", "--json", "--corrections", str(tmp_path / "todo.csv"))
    assert json.loads(again.stdout)["counts"]["AMOUNT_DIFFERS"] == 1
    assert (tmp_path / "todo.csv").read_text(encoding="utf-8").count("\n") == 3
