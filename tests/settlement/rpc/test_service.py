"""The service over the network: who may read what, decisions, errors, waiting, health, and an orderly end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from sqlalchemy import text

from coalition.errors import Refused, reason_name
from coalition.ids import transaction_id
from coalition.status import from_rpc_error
from coalition.tokens import HUB, LIFETIME_S
from coalition.v1 import network_pb2
from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.settlement_service_pb2_grpc import SettlementServiceStub
from partner_sdk._settlement_run_models import run_of
from settlement.rpc.servicer import WAITING_MAX
from settlement.rpc.streams import STREAMS_MAX
from tests.settlement.books import take_in
from tests.settlement.decisions import ABORT, APPROVE, CONFIRM, INSTRUCT, PROPOSE, Person
from tests.settlement.journals import key_of
from tests.settlement.rpc.conftest import CHECKER, KEYS, MAKER, NOW_US, Running, metadata_of

RUN_ID = transaction_id(1_500_000_000_000, b"0123456789")


def refusal(running: Running, *arguments: Any, **options: Any) -> Refused:
    """What a call is refused with."""
    with pytest.raises(grpc.RpcError) as error:
        running.call(*arguments, **options)
    refused = from_rpc_error(error.value)
    assert refused is not None, error.value
    return refused


def window(running: Running, party_id: str) -> Any:
    """Window 1 as a party sees it."""
    return running.call("GetWindow", pb.GetWindowRequest(number=1), party_id)


@pytest.mark.parametrize("party_id", ["operator", "auditor"])
def test_operator_and_auditor_see_everything(running: Running, party_id: str) -> None:
    """Nothing of a window is hidden from those who look after the network."""
    books = window(running, party_id)
    assert [(owed.debtor, owed.creditor, owed.points, owed.amount_micros) for owed in books.obligations] == [
        ("florist", "grocer", 100, 600_000),
        ("florist", "operator", 0, 900_000),
        ("florist", "school", 50, 300_000),
        ("grocer", "florist", 300, 2_400_000),
        ("grocer", "operator", 0, 900_000),
        ("operator", "grocer", 0, 300_000),
        ("operator", "school", 0, 50_000),
    ]
    assert [(owed.debtor, owed.creditor, owed.points, owed.amount_micros) for owed in books.bilateral] == [
        ("grocer", "florist", 200, 1_800_000),
        ("florist", "operator", 0, 900_000),
        ("florist", "school", 50, 300_000),
        ("grocer", "operator", 0, 600_000),
        ("operator", "school", 0, 50_000),
    ]
    assert [(position.party_id, position.amount_micros, position.payable_minor) for position in books.positions] == [
        ("florist", 600_000, 60),
        ("grocer", -2_400_000, -240),
        ("operator", 1_450_000, 145),
        ("school", 350_000, 35),
    ]
    assert [activity.party_id for activity in books.activity] == ["florist", "grocer", "school"]
    assert (books.currency, books.currency_exponent) == ("USD", 2)
    assert books.window.state == pb.WINDOW_STATE_CLOSED


@pytest.mark.parametrize("party_id", ["grocer", "florist", "school", "idle"])
def test_party_sees_only_what_it_is_part_of(running: Running, party_id: str) -> None:
    """Of obligations a party sees those it owes or is owed, and of positions and activity its own."""
    everything, own = window(running, "operator"), window(running, party_id)
    for name in ("obligations", "bilateral"):
        mine = [owed for owed in getattr(everything, name) if party_id in (owed.debtor, owed.creditor)]
        assert list(getattr(own, name)) == mine
    for name in ("positions", "activity"):
        mine = [figures for figures in getattr(everything, name) if figures.party_id == party_id]
        assert list(getattr(own, name)) == mine
    assert own.window == everything.window


def pages_of(running: Running, party_id: str, number: int = 1) -> Iterator[Any]:
    """The pages of a window, one by one."""
    request = pb.GetWindowRequest(number=number)
    while True:
        page: Any = running.call("GetWindow", request, party_id)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


@pytest.mark.parametrize("party_id", ["operator", "grocer", "idle"])
@pytest.mark.parametrize("rows", [1, 4, 100])
def test_pages_make_up_the_window(running: Running, party_id: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows a page has, all of them together are the window as the caller sees it."""
    whole = window(running, party_id)
    monkeypatch.setattr("settlement.rpc.window_pages.PAGE_ROWS_MAX", rows)
    pages = list(pages_of(running, party_id))
    tables = ("positions", "activity", "obligations", "bilateral")
    together = pb.GetWindowResponse()
    for page in pages:
        assert sum(len(getattr(page, name)) for name in tables) <= rows
        assert page.window == whole.window
        together.MergeFrom(page)
    together.next_page_token = ""
    assert together == whole
    assert len(pages) == max(1, -(-sum(len(getattr(whole, name)) for name in tables) // rows))


def test_pages_of_an_open_window_are_of_one_moment(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens while somebody turns pages is not on them; who begins anew sees it."""
    known = len(running.journal.entries)
    running.journal.redeem("florist", {"grocer": 10})
    take_in(running.intake, running.journal.entries[known:])
    before: Any = running.call("GetWindow", pb.GetWindowRequest(number=2), "operator")
    monkeypatch.setattr("settlement.rpc.window_pages.PAGE_ROWS_MAX", 2)
    pages = pages_of(running, "operator", 2)
    together = next(pages)
    running.journal.redeem("school", {"grocer": 10})
    take_in(running.intake, running.journal.entries[known + 1 :])
    for page in pages:
        together.MergeFrom(page)
    together.next_page_token = ""
    assert together == before
    assert len(list(pages_of(running, "operator", 2))) > 3


def test_pages_are_kept_for_a_while(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a few windows at a time, and of the window for which they were read."""
    monkeypatch.setattr("settlement.rpc.window_pages.PAGE_ROWS_MAX", 2)
    first: Any = running.call("GetWindow", pb.GetWindowRequest(number=1), "operator")
    other = pb.GetWindowRequest(number=2, page_token=first.next_page_token)
    assert reason_name(refusal(running, "GetWindow", other, "operator").reason) == "WRONG_STATE"
    for _ in range(4):
        running.call("GetWindow", pb.GetWindowRequest(number=1), "auditor")
    late = pb.GetWindowRequest(number=1, page_token=first.next_page_token)
    assert "again from its first page" in refusal(running, "GetWindow", late, "operator").message
    wrong = pb.GetWindowRequest(number=1, page_token="7")
    assert reason_name(refusal(running, "GetWindow", wrong, "operator").reason) == "FIELD_INVALID"


def test_everybody_sees_windows_and_progress(running: Running) -> None:
    """How far the journal was read, and which windows there are, is no secret among parties."""
    progress = running.call("GetProgress", pb.GetProgressRequest(), "idle")
    assert progress == pb.GetProgressResponse(
        sequence=len(running.journal.entries),
        log_root=running.intake.progress.log_root,
        committed_us=running.journal.entries[-1].committed_us,
        caller_kind=network_pb2.PARTY_KIND_PARTNER,
        operator="operator",
        currency="USD",
        currency_exponent=2,
    )
    windows = running.call("ListWindows", pb.ListWindowsRequest(), "idle")
    assert [item.state for item in windows.windows] == [pb.WINDOW_STATE_CLOSED, pb.WINDOW_STATE_OPEN]


def decide(running: Running, person: Any, action: Any, **fields: Any) -> Any:
    """A decision, sent with the operator's token."""
    if action == CONFIRM:
        run = run_of(running.call("GetRun", pb.GetRunRequest(run_id=RUN_ID), "operator").run)
        fields = {"standings": run.standings_digest(fields["party_id"]), **fields}
    decision = person.decides(action, run_id=RUN_ID, decided_us=NOW_US, **fields)
    return running.call("DecideRun", pb.DecideRunRequest(decision=decision), "operator").run


def test_run_is_settled_over_the_network(running: Running) -> None:
    """Maker and checker settle a window, and each party follows its own part of it only."""
    run = decide(running, MAKER, PROPOSE, windows=(1,))
    decide(running, CHECKER, APPROVE, positions=run.positions)
    decide(running, MAKER, INSTRUCT)
    for party_id in ("florist", "grocer"):
        decide(running, CHECKER, CONFIRM, party_id=party_id)
    own = running.call("GetRun", pb.GetRunRequest(run_id=RUN_ID), "grocer").run
    positions = pb.RunPositions.FromString(own.positions)
    assert own.state == pb.RUN_STATE_SETTLING
    assert [position.party_id for position in positions.positions] == ["grocer"]
    assert list(own.confirmed) == ["grocer"]
    assert [event.party_id for event in own.events] == ["", "", "", "grocer"]
    nothing = running.call("ListRuns", pb.ListRunsRequest(), "idle").runs[0]
    assert not pb.RunPositions.FromString(nothing.positions).positions
    assert not nothing.confirmed
    decide(running, CHECKER, CONFIRM, party_id="school", note="last")
    seen = running.call("GetRun", pb.GetRunRequest(run_id=RUN_ID), "auditor").run
    assert seen.state == pb.RUN_STATE_SETTLED
    assert list(seen.confirmed) == ["florist", "grocer", "operator", "school"]
    assert [event.public_key for event in seen.events[:2]] == [MAKER.key.public, CHECKER.key.public]
    assert window(running, "idle").window.state == pb.WINDOW_STATE_SETTLED


def test_runs_come_in_pages(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first, as many as are wanted; the last page has no token, and a token that nobody gave is refused."""
    for number in range(5):
        run_id = transaction_id(1_500_000_000_000 + number, b"0123456789")
        for action, note in ((PROPOSE, f"run {number}"), (ABORT, "enough")):
            windows = (1,) if action == PROPOSE else ()
            decision = MAKER.decides(action, run_id=run_id, windows=windows, note=note, decided_us=NOW_US)
            running.call("DecideRun", pb.DecideRunRequest(decision=decision), "operator")
    sizes, notes, token = [], [], ""
    while not sizes or token:
        request = pb.ListRunsRequest(page_size=2, page_token=token)
        page: Any = running.call("ListRuns", request, "idle")
        token = page.next_page_token
        sizes.append(len(page.runs))
        notes += [run.events[0].note for run in page.runs]
    assert (sizes, notes) == ([2, 2, 1], [f"run {number}" for number in (4, 3, 2, 1, 0)])
    assert len(running.call("ListRuns", pb.ListRunsRequest(), "idle").runs) == 5
    # Runs so large that one fills a page; a caller that sees next to nothing of them makes as much work as any.
    monkeypatch.setattr("settlement.rpc.run_messages._PAGE_BYTES", 1)
    for party_id in ("idle", "operator"):
        page = running.call("ListRuns", pb.ListRunsRequest(), party_id)
        assert ([run.number for run in page.runs], page.next_page_token) == ([5], "5")
    last: Any = running.call("ListRuns", pb.ListRunsRequest(page_token="2"), "idle")
    assert ([run.number for run in last.runs], last.next_page_token) == ([1], "")
    for wrong in ("x", "-1", "9" * 19, "\N{SUPERSCRIPT TWO}"):
        refused = refusal(running, "ListRuns", pb.ListRunsRequest(page_token=wrong), "operator")
        assert reason_name(refused.reason) == "FIELD_INVALID"


def test_checklist_is_for_those_who_see_all(running: Running) -> None:
    """It names parties, so that none of them sees it; of an unknown run there is none."""
    decide(running, MAKER, PROPOSE, windows=(1,))
    for party_id in ("operator", "auditor"):
        found: Any = running.call("GetChecklist", pb.GetChecklistRequest(run_id=RUN_ID), party_id)
        assert [item.name for item in found.items if item.blocking and not item.passed] == []
        assert found.checked_us == NOW_US
    refused = refusal(running, "GetChecklist", pb.GetChecklistRequest(run_id=RUN_ID), "grocer")
    assert reason_name(refused.reason) == "PERMISSION_DENIED"
    assert refusal(running, "GetChecklist", pb.GetChecklistRequest(run_id=b"x"), "operator").reason


@pytest.mark.parametrize("party_id", ["grocer", "auditor"])
def test_only_the_operator_decides(running: Running, party_id: str) -> None:
    """A party cannot move a run, even with a decision that the operator signed."""
    decision = MAKER.decides(PROPOSE, run_id=RUN_ID, windows=(1,), decided_us=NOW_US)
    refused = refusal(running, "DecideRun", pb.DecideRunRequest(decision=decision), party_id)
    assert reason_name(refused.reason) == "PERMISSION_DENIED"
    assert not running.call("ListRuns", pb.ListRunsRequest(), "operator").runs


def test_operator_token_does_not_replace_the_signature(running: Running) -> None:
    """A decision by a key that is not the operator's is refused, whoever sends it."""
    decision = MAKER.decides(PROPOSE, run_id=RUN_ID, windows=(1,), decided_us=NOW_US)
    decision.signature.public_key = key_of("grocer").public
    assert reason_name(refusal(running, "DecideRun", pb.DecideRunRequest(decision=decision), "operator").reason) == (
        "SIGNATURE_INVALID"
    )
    with pytest.raises(grpc.RpcError) as error:
        decide(running, MAKER, ABORT, note="there is none")
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": key_of("stranger")},
        {"service": HUB},
        {"network_id": "other-network"},
        {"age_s": LIFETIME_S + 60},
        {"age_s": -600},
    ],
)
def test_wrong_tokens_are_refused(running: Running, wrong: dict[str, Any]) -> None:
    """Another's key, a token for the hub or another network, an old one and one from the future prove nothing."""
    refused = refusal(running, "ListWindows", pb.ListWindowsRequest(), "grocer", **wrong)
    assert reason_name(refused.reason) == "UNAUTHENTICATED"
    assert refused.message.endswith(f"has read the journal up to entry {len(running.journal.entries)}.")


def test_no_method_answers_without_a_token(running: Running) -> None:
    """Every method of the service wants to know who asks."""
    service = pb.DESCRIPTOR.services_by_name["SettlementService"]
    for method in service.methods:
        request = getattr(pb, method.input_type.name)()
        assert reason_name(refusal(running, method.name, request).reason) == "UNAUTHENTICATED"


def test_strangers_and_removed_keys_are_refused(running: Running) -> None:
    """A party that is not registered, and a key that was given up, open nothing from that entry on."""
    assert (
        reason_name(refusal(running, "ListWindows", pb.ListWindowsRequest(), "nobody", key=key_of("nobody")).reason)
        == "UNAUTHENTICATED"
    )
    known = len(running.journal.entries)
    running.journal.remove_key("grocer", KEYS["grocer"].public)
    take_in(running.intake, running.journal.entries[known:])
    assert reason_name(refusal(running, "ListWindows", pb.ListWindowsRequest(), "grocer").reason) == "UNAUTHENTICATED"


def test_what_is_not_there_is_not_found(running: Running) -> None:
    """Unknown windows and runs are named."""
    for method, request in (
        ("GetWindow", pb.GetWindowRequest(number=9)),
        ("GetWindow", pb.GetWindowRequest(number=2**64 - 1)),
        ("GetRun", pb.GetRunRequest(run_id=RUN_ID)),
        ("GetRun", pb.GetRunRequest()),
    ):
        assert reason_name(refusal(running, method, request, "operator").reason) == "NOT_FOUND"


def test_waiting_for_an_entry_ends_when_it_comes(running: Running) -> None:
    """A call may wait for the journal: it is answered when the entry was taken in, or shortly before its deadline."""
    known = len(running.journal.entries)
    request = pb.GetProgressRequest(wait_for_sequence=known + 1)
    started = time.monotonic()
    assert running.call("GetProgress", request, "operator", timeout_s=0.7).sequence == known
    assert time.monotonic() - started < 0.7
    running.journal.redeem("florist", {"grocer": 1})
    later = threading.Timer(0.2, take_in, (running.intake, running.journal.entries[known:]))
    later.start()
    assert running.call("GetProgress", request, "operator", timeout_s=30).sequence == known + 1
    later.join()


def test_waiting_calls_do_not_starve_others(running: Running) -> None:
    """However many wait for the journal, others are answered; beyond the limit waiting is refused."""
    far = pb.GetProgressRequest(wait_for_sequence=10**6)
    with running.channel() as channel, ThreadPoolExecutor(1) as pool:
        stub = SettlementServiceStub(channel)
        metadata = metadata_of("operator")
        waiting = [stub.GetProgress.future(far, timeout=20, metadata=metadata) for _ in range(3 * WAITING_MAX)]
        answer = pool.submit(running.call, "ListWindows", pb.ListWindowsRequest(), "operator").result(10)
        assert answer.windows
        running.intake.stop("enough of this")
        reasons = []
        for call in waiting:
            with pytest.raises(grpc.RpcError) as error:
                call.result()
            refused = from_rpc_error(error.value)
            assert refused is not None
            reasons.append(reason_name(refused.reason))
    assert reasons.count("WRONG_STATE") >= WAITING_MAX
    assert reasons.count("OVERLOADED") == len(reasons) - reasons.count("WRONG_STATE")


def test_parties_are_not_told_about_others_when_the_journal_is_wrong(running: Running) -> None:
    """Everybody learns that nothing more is taken in; only operator and auditor learn why."""
    running.intake.stop("Entry 20: grocer did what it may not.")
    everybody, operator = (
        refusal(running, "GetProgress", pb.GetProgressRequest(), party_id).message for party_id in ("idle", "operator")
    )
    assert "after entry 17" in everybody
    assert "grocer" not in everybody
    assert operator.endswith("after entry 17: Entry 20: grocer did what it may not.")


def test_unexpected_failures_give_an_id_and_nothing_away(running: Running) -> None:
    """A fault of the service is INTERNAL with an id to quote; its text stays in the log."""
    with running.database.write() as connection:
        connection.execute(text("DROP TABLE sums"))
    refused = refusal(running, "GetWindow", pb.GetWindowRequest(number=1), "operator")
    assert reason_name(refused.reason) == "INTERNAL"
    assert refused.facts["error_id"] in refused.message
    assert "sums" not in refused.message


def test_request_id_of_the_caller_is_kept(running: Running) -> None:
    """A plain request id comes back with the answer; another one is replaced."""
    for sent, kept in (("till-7-000123", True), ("no\tgood", False)):
        with running.channel() as channel:
            metadata = (*metadata_of("operator"), ("x-request-id", sent.replace("\t", " ")))
            _, call = SettlementServiceStub(channel).ListWindows.with_call(
                pb.ListWindowsRequest(), timeout=10, metadata=metadata
            )
            returned = dict(call.trailing_metadata())["x-request-id"]
        assert (returned == sent) is kept


def test_errors_fit_into_metadata(running: Running) -> None:
    """However long and strange what was sent, the caller learns the reason, and not that the answer was too large."""
    long_id = refusal(running, "GetRun", pb.GetRunRequest(run_id=b"x" * 100_000), "grocer")
    assert reason_name(long_id.reason) == "NOT_FOUND"
    elsewhere = Person(1, "\N{GRINNING FACE}" * 900).decides(PROPOSE, windows=(1,))
    refused = refusal(running, "DecideRun", pb.DecideRunRequest(decision=elsewhere), "operator")
    assert reason_name(refused.reason) == "WRONG_NETWORK"


def test_health_and_reflection_are_open(running: Running) -> None:
    """Orchestrators and tools ask without a token, and learn when the journal was found to be wrong."""
    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    with running.channel() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", "coalition.v1.SettlementService"):
            assert health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5).status == serving
        running.server.set_healthy(False)
        assert health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == not_serving
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([request]), timeout=5)
        names = [service.name for service in next(answers).list_services_response.service]
    assert "coalition.v1.SettlementService" in names


def test_open_streams_leave_room_for_calls(running: Running) -> None:
    """Strangers who open streams without a token and keep them open do not keep parties from being answered."""
    end = threading.Event()

    def questions() -> Iterator[Any]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        end.wait(20)

    with running.channel() as channel:
        reflect = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        kept = [reflect(questions()) for _ in range(STREAMS_MAX)]
        assert all(map(next, kept))
        for stream in [reflect(questions()) for _ in range(20)]:
            with pytest.raises(grpc.RpcError, match="streams are open already"):
                next(stream)
        assert running.call("ListWindows", pb.ListWindowsRequest(), "grocer", timeout_s=3)
        end.set()
        deadline = time.monotonic() + 10
        while True:
            try:
                assert next(reflect(iter([reflection_pb2.ServerReflectionRequest(list_services="")])))
                break
            except grpc.RpcError:
                assert time.monotonic() < deadline, "streams that have ended give their places back"
                time.sleep(0.05)


def test_plain_text_gets_no_answer(running: Running) -> None:
    """The service speaks TLS only."""
    with grpc.insecure_channel(f"localhost:{running.port}") as channel, pytest.raises(grpc.RpcError):
        SettlementServiceStub(channel).ListWindows(pb.ListWindowsRequest(), timeout=2, metadata=metadata_of("operator"))


def test_stop_lets_running_calls_finish(running: Running) -> None:
    """What is being answered when the service stops is answered; nothing new is taken."""
    far = pb.GetProgressRequest(wait_for_sequence=10**6)
    with running.channel() as channel:
        waiting = SettlementServiceStub(channel).GetProgress.future(far, timeout=1.5, metadata=metadata_of("operator"))
        time.sleep(0.3)
        running.server.stop(5)
        assert waiting.result().sequence == len(running.journal.entries)


def test_taken_port_is_named(running: Running) -> None:
    """A second service at the same address does not start."""
    with pytest.raises(OSError, match=f"Cannot listen at localhost:{running.port}"):
        running.server.start(f"localhost:{running.port}")
