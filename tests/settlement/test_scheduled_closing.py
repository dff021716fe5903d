"""Windows are closed on schedule: when they are due, once whoever tries, and by whoever goes on after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from coalition import tls
from coalition.ids import id_text
from partner_sdk import Connection, Kind, PartyKind
from partner_sdk import settlement as sdk
from partner_sdk.cli import main
from partner_sdk.errors import KindNotAllowed, NotFound, TransportError, Unreachable
from partner_sdk.operator import Operator, PartyApplication
from partner_sdk.settlement import SettlementClient
from partner_sdk.testing import LocalNetwork
from partner_sdk.testing._processes import command
from settlement import scheduled_closing
from settlement.agreed_method import agreed_method
from settlement.config import SettlementConfig
from settlement.schedule.rule import Method, Period, Schedule
from settlement.scheduled_closing import Look, close_if_due, closing_id, watch
from settlement.service import Service

DAILY = Schedule(Period.DAILY, cut_off_min=18 * 60, method=Method.BILATERAL, payment_days=2)


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    """A hub, and an auditor whose key is the grocer's."""
    with LocalNetwork() as network:
        application = PartyApplication.sign(
            [network.key("auditor")],
            network_id=network.network_id,
            party_id="auditor",
            kind=PartyKind.AUDITOR,
            display_name="Auditor",
        )
        network.operator.register_party(application)
        yield network


@pytest.fixture(scope="module")
def address(network: LocalNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A settlement service in this process; windows close every day at six."""
    folder = tmp_path_factory.mktemp("settlement")
    config = replace(SettlementConfig.default(folder, network.network_id, "unused"), schedule=DAILY)
    tls.issue_tls(config.tls, network.folder / "hub" / "tls", ("localhost",))
    service = Service(config, network.connection("auditor"), tls.load_server_tls(config.tls), network.clock)
    try:
        yield f"localhost:{service.start('localhost:0')}"
    finally:
        service.stop()


def connection(network: LocalNetwork, address: str, party_id: str = "operator") -> Connection:
    """A party's way to the hub and to the service."""
    return replace(network.connection(party_id, timeout_s=30), settlement_address=address)


@pytest.fixture
def settlement(network: LocalNetwork, address: str) -> Iterator[SettlementClient]:
    """The operator's client of the settlement service."""
    with SettlementClient(connection(network, address)) as client:
        yield client


@pytest.fixture
def hub(network: LocalNetwork, address: str) -> Iterator[Operator]:
    """The operator's client of the hub."""
    with Operator(connection(network, address)) as client:
        yield client


def to_the_cut_off(network: LocalNetwork, schedule: sdk.Schedule, *, seconds: int = 1) -> None:
    """Let time go by until so long after the open window is due."""
    target = schedule.due_at + timedelta(seconds=seconds)
    network.clock.advance(seconds=max(0, round((target - network.now).total_seconds())))


def closings(hub: Operator) -> list[tuple[int, str]]:
    """Every accepted closing in the journal: the window, and the transaction's id."""
    found = [record for record in hub.history(kinds=[Kind.CLOSE_WINDOW]) if record.outcome.error is None]
    return sorted((record.window, record.outcome.transaction_id) for record in found)


@dataclass
class Late:
    """A settlement service that has not read yet what happened since `seen`."""

    seen: sdk.Schedule

    def schedule(self, *, closings: int = 6) -> sdk.Schedule:
        return self.seen

    def progress(self, *, wait_for_sequence: int = 0) -> None:
        """It comes to that entry at once; how it says so does not matter."""


def test_every_party_sees_the_schedule(network: LocalNetwork, address: str, settlement: SettlementClient) -> None:
    """Words, the moment in UTC, closings to come and payment days; nothing in it is anybody's secret."""
    found = settlement.schedule(closings=3)

    assert (found.period, found.cut_off, found.time_zone, found.method) == (
        "daily",
        "18:00",
        "Europe/Berlin",
        "bilateral",
    )
    assert found.due_at.isoformat() == "2025-01-15T17:00:00+00:00"
    assert [item.closes_at - found.due_at for item in found.closings] == [timedelta(days=number) for number in range(3)]
    # Thursday, Friday and Saturday: two business days later.
    assert [item.payments_due_on.day for item in found.closings] == [17, 20, 21]
    for party_id in ("grocer", "school"):
        with SettlementClient(connection(network, address, party_id)) as client:
            assert replace(client.schedule(closings=3), now=found.now) == found


def test_before_its_time_a_window_stays_open(settlement: SettlementClient, hub: Operator) -> None:
    """A look changes nothing."""
    before = hub.checkpoint().size
    look = close_if_due(settlement, hub)
    assert (look.closed, look.schedule.is_due) == (False, False)
    assert hub.checkpoint().size == before


def test_two_at_once_close_once(
    network: LocalNetwork, address: str, settlement: SettlementClient, hub: Operator
) -> None:
    """Whoever closes a window does so by the same transaction; all are told the same."""
    number = settlement.schedule().window
    to_the_cut_off(network, settlement.schedule())
    together = threading.Barrier(4)

    def close() -> Look:
        with (
            SettlementClient(connection(network, address)) as reads,
            Operator(connection(network, address)) as writes,
        ):
            seen = Late(reads.schedule())
            together.wait(30)
            return close_if_due(seen, writes)  # type: ignore[arg-type]

    with ThreadPoolExecutor(4) as people:
        looks = [person.result(60) for person in [people.submit(close) for _ in range(4)]]

    assert [look.closed for look in looks] == [True] * 4
    assert len({look.sequence for look in looks}) == 1
    assert sorted(look.before for look in looks) == [False, True, True, True]
    assert [window for window, _ in closings(hub) if window == number] == [number]
    settlement.progress(wait_for_sequence=looks[0].sequence or 0)
    assert not close_if_due(settlement, hub).closed


def test_who_died_before_the_answer_goes_on(network: LocalNetwork, settlement: SettlementClient, hub: Operator) -> None:
    """A closing that was sent and never answered is not done again, and not to the next window."""
    seen = settlement.schedule()
    to_the_cut_off(network, seen)
    seen = replace(seen, is_due=True)
    first = hub.close_window(seen.window, transaction_id=closing_id(network.network_id, seen.window))

    again = close_if_due(Late(seen), hub)  # type: ignore[arg-type]

    assert (again.closed, again.before, again.sequence) == (True, True, first.sequence)
    settlement.progress(wait_for_sequence=first.sequence)
    assert settlement.schedule().window == seen.window + 1


def test_a_window_that_somebody_closed_is_left_alone(
    network: LocalNetwork, settlement: SettlementClient, hub: Operator
) -> None:
    """By hand, shortly before or after its cut-off: it is closed, and the next one is due a day later."""
    seen = settlement.schedule()
    to_the_cut_off(network, seen, seconds=-120)
    closed = hub.close_window(seen.window)
    to_the_cut_off(network, seen)

    late = close_if_due(Late(replace(seen, is_due=True)), hub)  # type: ignore[arg-type]

    assert (late.closed, late.before, late.sequence) == (True, True, None)
    settlement.progress(wait_for_sequence=closed.sequence)
    look = close_if_due(settlement, hub)
    assert (look.closed, look.schedule.window) == (False, seen.window + 1)
    assert look.schedule.due_at - seen.due_at == timedelta(days=1)


def test_the_hub_s_clock_has_the_last_word(settlement: SettlementClient, hub: Operator) -> None:
    """Where the service's clock is ahead, the window is not closed yet: it would be due again at once."""
    seen = replace(settlement.schedule(), is_due=True)
    assert not close_if_due(Late(seen), hub).closed  # type: ignore[arg-type]


def test_only_the_operator_closes(network: LocalNetwork, settlement: SettlementClient) -> None:
    """A party that runs the command is refused by the hub."""
    seen = settlement.schedule()
    to_the_cut_off(network, seen)
    with (
        Operator(network.connection("grocer")) as grocer,
        pytest.raises(KindNotAllowed),
    ):
        close_if_due(settlement, grocer)


def environment(network: LocalNetwork, address: str) -> dict[str, str]:
    """For commands of the operator."""
    return {
        "COALITION_PASSPHRASE": network.passphrase,
        "COALITION_PROFILE": str(network.profile("operator")),
        "COALITION_SETTLEMENT_ADDRESS": address,
    }


@pytest.fixture
def run(network: LocalNetwork, address: str) -> Callable[..., str]:
    """Runs a command of the operator, and gives what it prints."""

    def invoke(*arguments: str) -> str:
        # The service in this process would log into what the command prints.
        with capture_logs():
            result = CliRunner().invoke(main, ["settlement", *arguments], env=environment(network, address))
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


def test_cron_closes_what_is_due(
    network: LocalNetwork, settlement: SettlementClient, hub: Operator, run: Callable[..., str]
) -> None:
    """The command closes, says until when payments are due, and does nothing the second time."""
    to_the_cut_off(network, settlement.schedule())
    number = settlement.schedule().window

    told = run("close-due")
    assert told.startswith(f"Window {number}, due at 2025-01-")
    assert f"is closed; entry {hub.checkpoint().size} is its last. Its payments are due on 2025-01-" in told
    assert f"Window {number + 1} is due at" in run("close-due")
    nothing = json.loads(run("close-due", "--json"))
    assert (nothing["closed"], nothing["window"]) == (False, number + 1)
    shown = run("schedule", "--next", "2")
    assert shown.startswith("Windows close daily, at 18:00 Europe/Berlin")
    assert "Bilateral payments are due 2 business days later" in shown
    assert f"Window {number + 1} is due at 2025-01-" in shown
    assert "18:00:00 CET" in shown
    found = json.loads(run("schedule", "--json"))
    assert [item["window"] for item in found["unsettled"]] == list(range(1, number + 1))
    late = date.fromisoformat(found["unsettled"][-1]["payments_due_on"])
    assert late > date.fromisoformat(found["unsettled"][-1]["closed_at"][:10])


def test_run_is_proposed_by_the_method_of_the_schedule(settlement: SettlementClient, run: Callable[..., str]) -> None:
    """Unless another one is said; without a schedule that is multilateral."""
    proposed = json.loads(run("run", "propose", "--window", "1", "--json"))
    assert proposed["method"] == "BILATERAL"
    settlement.abort(settlement.run(proposed["run_id"]), note="once more")
    proposed = json.loads(run("run", "propose", "--window", "1", "--method", "gross", "--json"))
    assert proposed["method"] == "GROSS"
    settlement.abort(settlement.run(proposed["run_id"]), note="enough")

    class Unscheduled:
        def schedule(self, *, closings: int) -> sdk.Schedule:
            raise NotFound("No schedule is set.")

    assert agreed_method(Unscheduled()) is sdk.SettlementMethod.MULTILATERAL


def watching(network: LocalNetwork, address: str, log: Path) -> subprocess.Popen[bytes]:
    """`close-due --watch` in a process of its own."""
    words = command("settlement", "close-due", "--watch", "--poll", "0.2")
    with log.open("ab") as file:
        return subprocess.Popen(words, env=os.environ | environment(network, address), stdout=file, stderr=file)


def wait_for(settlement: SettlementClient, window: int, revive: Callable[[], None]) -> sdk.Schedule:
    """The schedule once a window is open."""
    deadline = time.monotonic() + 30
    while (schedule := settlement.schedule()).window < window:
        assert time.monotonic() < deadline, schedule
        time.sleep(0.1)
        revive()
    return schedule


def test_a_watch_closes_day_after_day(
    network: LocalNetwork, address: str, settlement: SettlementClient, hub: Operator, tmp_path: Path
) -> None:
    """Killed ones are followed by others, two at once close once, and one that is asked to stop stops."""
    first = settlement.schedule()
    log = tmp_path / "log"
    processes = [watching(network, address, log), watching(network, address, log)]

    def revive() -> None:
        # The clock may jump over a day in the midst of a call: then its token is too old, and that ends a watch.
        if processes[-1].poll() is not None:
            processes[-1] = watching(network, address, log)

    try:
        to_the_cut_off(network, first)
        second = wait_for(settlement, first.window + 1, revive)
        processes[0].kill()
        processes[0].wait(20)
        to_the_cut_off(network, second)
        third = wait_for(settlement, second.window + 1, revive)
        processes[1].kill()
        processes[1].wait(20)
        # Nobody is there for three closings; who comes then closes one window for them.
        network.clock.advance(days=3)
        processes.append(watching(network, address, log))
        fourth = wait_for(settlement, third.window + 1, revive)
        processes[2].send_signal(signal.SIGTERM)
        assert processes[2].wait(20) == 0
    finally:
        for process in processes:
            process.kill()
            process.wait(20)

    assert third.window == first.window + 2
    assert fourth.window == third.window + 1
    assert not fourth.is_due
    windows = [window for window, _ in closings(hub)]
    assert windows == list(range(1, fourth.window))
    by_schedule = dict(closings(hub))
    assert by_schedule[first.window] == closing_id(network.network_id, first.window)
    assert f"Window {third.window}, due at" in log.read_text(encoding="utf-8")


def test_trouble_passes(settlement: SettlementClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who watches tries again, later each time, and says why; what does not pass ends it."""
    monkeypatch.setattr(scheduled_closing, "_PAUSE_MIN_S", 0.01)
    seen = settlement.schedule()
    answers: list[Look | Exception] = [Unreachable("away"), TransportError("away"), Look(seen), KindNotAllowed("no")]
    told: list[tuple[str, float]] = []

    def look() -> Look:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    looks = watch(look, threading.Event().wait, 0.1, lambda error, pause_s: told.append((str(error), pause_s)))
    assert next(looks).schedule == seen
    with pytest.raises(KindNotAllowed):
        next(looks)
    assert told == [("away", 0.01), ("away", 0.02)]


def test_ids_follow_from_network_and_window() -> None:
    """Whoever computes one gets the same; every window of every network has its own."""
    ids = [closing_id(network, window) for network in ("here", "there") for window in (1, 2, 12)]
    assert len(set(ids)) == 6
    assert ids[0] == closing_id("here", 1)
    assert id_text(bytes.fromhex(ids[0].replace("-", ""))) == ids[0]
