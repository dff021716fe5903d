"""Lists say where they end, and pages say what they do not know."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import UploadFile

from partner_sdk.errors import Internal
from partner_sdk.settlement import (
    Alert,
    AlertKind,
    AlertSeverity,
    BankEntry,
    Dispute,
    DisputeReason,
    DisputeState,
    EntryState,
    Reconciliation,
    RecordsMapping,
    Window,
    WindowState,
)
from settlement.console.pages import accounts, alerts, disputes, payments, reconciliations, reconciling, windows
from settlement.console.visit import Problem
from tests.settlement.console.pages.visits import MOMENT, Service, text_of, visit_to

OPEN = Window(1, WindowState.OPEN, 31, None, MOMENT, None)
STOPPED = Internal("The journal does not hold together.")


def test_stopped_service_is_not_asked_to_count() -> None:
    """How many entries the open window has nobody knows then, and a dash stands there."""
    visit = visit_to(Service(OPEN, stopped=STOPPED), "/windows")
    page = text_of(windows.show_list(visit))
    assert '<td class="figure">–</td>' in page
    assert "−30" not in page
    service: Any = Service(OPEN, stopped=STOPPED)
    service.runs = lambda **_asked: iter(())
    assert "Entries 31 to –, opened" in text_of(windows.show_one(visit_to(service, "/windows/1", number=1)))


def test_stopped_service_does_not_make_an_operator_a_stranger() -> None:
    """Whether the person may see bank entries is not known; what is owed through whom neither."""
    page = text_of(payments.show(visit_to(Service(OPEN, stopped=STOPPED), "/payments")))
    assert "Bank entries cannot be shown now" in page
    assert "are for the operator and auditors" not in page
    with pytest.raises(Problem, match="does not hold together"):
        _ = visit_to(Service(OPEN, stopped=STOPPED)).operator


def dispute(number: int) -> Dispute:
    """The one of that number."""
    return Dispute(
        dispute_id=str(number),
        number=number,
        state=DisputeState.RAISED,
        raiser="grocer",
        respondent="florist",
        sequence=5,
        window=1,
        reason=DisputeReason.WRONG_AMOUNT,
        claimed_points=0,
        claimed_micros=0,
        raised_at=MOMENT,
        since=MOMENT,
        due_at=None,
        offered_micros=0,
        ruled_micros=0,
        accepted_micros=0,
        adjustments=(),
        problem="",
        events=(),
        seen_digest=b"",
    )


@pytest.mark.parametrize(("most", "caption"), [(3, "The newest 3 disputes,"), (4, ">4 disputes,")])
def test_newest_disputes_are_listed(monkeypatch: pytest.MonkeyPatch, most: int, caption: str) -> None:
    """The service names the oldest first."""
    monkeypatch.setattr(disputes, "_LISTED_MAX", most)
    service: Any = Service(OPEN)
    service.disputes = lambda **_asked: iter(map(dispute, range(1, 5)))
    page = text_of(disputes.show_list(visit_to(service, "/disputes")))
    assert caption in page
    shown = [number for number in (4, 3, 2, 1) if f"Dispute {number}<" in page]
    assert shown == [4, 3, 2, 1][:most]
    assert page.index("Dispute 4<") < page.index("Dispute 3<")


def entry(number: int) -> BankEntry:
    """One that names no payment."""
    fields: dict[str, Any] = dict.fromkeys(BankEntry.__slots__, "")
    fields |= {"entry_id": str(number), "number": number, "amount_minor": 1, "credit": True, "matches": 0}
    fields |= {"state": EntryState.UNMATCHED, "reason": None, "run_id": None, "effect": None, "decided_by": bytes(32)}
    return BankEntry(**{**fields, "returned": False, "rejected": False, "instruction": 0, "decided_at": MOMENT})


def test_old_entry_that_is_not_matched_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for somebody, however many came since; of another it is said how far was looked."""
    monkeypatch.setattr(payments, "_SEARCHED_MAX", 2)
    service: Any = Service(OPEN)
    service.runs = lambda **_asked: iter(())
    service.bank_entries = lambda *, unmatched, **_asked: map(entry, (2, 1) if unmatched else (9, 8, 7, 2, 1))
    assert "Bank entry 1 " in text_of(payments.show_entry(visit_to(service, "/payments/1", entry_id="1")))
    service.bank_entries = lambda **_asked: map(entry, range(9, 0, -1))
    with pytest.raises(Problem, match="not among the newest 2"):
        payments.show_entry(visit_to(service, "/payments/1", entry_id="1"))


def test_cut_lists_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parties with accounts, and alerts."""
    monkeypatch.setattr(accounts, "_PARTIES_MAX", 1)
    monkeypatch.setattr(accounts, "_parties", lambda _visit: ["florist", "grocer"])
    monkeypatch.setattr(alerts, "_SHOWN_MAX", 1)
    service: Any = Service(OPEN)
    service.bank_accounts = lambda *_party: ()
    assert "only the first 1 by name" in text_of(accounts.show(visit_to(service, "/accounts")))
    figures = {"unpaid_minor": 250}
    due = Alert(
        *(1, AlertKind.PAYMENT_OVERDUE, AlertSeverity.WARNING, "grocer", None, "RF1", "Pay.", figures),
        *(MOMENT, None, (), 1),
    )
    service.alerts = lambda **_asked: (due, replace(due, number=2))
    page = text_of(alerts.show(visit_to(service, "/alerts")))
    assert "Only the worst 1 alerts are listed." in page
    assert "unpaid 2.50 EUR" in page


RECORDED = Reconciliation(
    reconciliation_id="r1",
    party_id="grocer",
    windows=(1,),
    file_name="till.csv",
    file_digest=bytes(32),
    rows=1,
    rows_left_out=0,
    entries=1,
    matched_by_id=1,
    matched_by_reference=0,
    matched_by_time=0,
    agreed_declined=0,
    counts={},
    sequence=9,
    mapping=RecordsMapping(points="points"),
    recorded_by="grocer",
    recorded_at=datetime(2025, 1, 31, tzinfo=UTC),
    superseded=False,
)


def test_reconciliation_is_superseded_as_soon_as_another_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its differences are fetched once; whether it still counts is asked each time."""
    service: Any = Service(OPEN)
    asked: list[str] = []
    service.reconciliation = lambda wanted: asked.append(wanted) or RECORDED
    listed = [RECORDED]
    service.reconciliations = lambda **_asked: iter(listed)
    visit = visit_to(service, "/reconciliations/r1", reconciliation_id="r1")
    assert "superseded" not in text_of(reconciliations.show_recorded(visit))
    listed[:] = [replace(RECORDED, reconciliation_id="r2"), replace(RECORDED, superseded=True)]
    assert "; superseded" in text_of(reconciliations.show_recorded(visit))
    assert asked == ["r1"]
    monkeypatch.setattr(reconciliations, "_LISTED_MAX", 1)
    assert "only the newest 1 are listed" in text_of(reconciliations.show_list(visit_to(service, "/reconciliations")))


def test_file_that_takes_too_long_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a failure of the console."""
    monkeypatch.setattr(reconciliations, "_WAIT_S", 0)
    visit = visit_to(Service(OPEN), "/", token="t", name="differences", kind="csv")
    gate = threading.Event()
    visit.console.jobs.start("result-t", "waits", lambda _: gate.wait(10))
    with pytest.raises(Problem, match="not here yet"):
        reconciliations.send_result(visit)
    gate.set()


def test_file_that_has_no_room_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder goes with it."""

    class Full(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OSError, match="No space left"):
        reconciling._on_disk(UploadFile(Full(), filename="till.csv"))
    assert list(tmp_path.iterdir()) == []
