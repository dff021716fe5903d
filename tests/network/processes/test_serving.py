"""A hub of several processes serves as one, through whatever happens to any of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from coalition.errors import reason_name
from coalition.status import from_rpc_error
from coalition.v1 import network_pb2
from coalition.v1.directory_service_pb2 import ListPartiesRequest
from coalition.v1.journal_pb2 import StreamEntriesRequest
from coalition.v1.ledger_service_pb2 import GetBalanceRequest, SubmitRequest
from coalition.v1.outcome_pb2 import Outcome
from network.listening import ListenError
from network.processes.shared_port import SharedPort
from network.store.reads import StoreReads
from network.store.store import Store
from tests.network.conftest import AUDITOR, CALL_S
from tests.network.processes.served import Connection, Served, is_alive, until

WORKERS = 3
#: What is heard sooner than this was told, not looked up.
AT_ONCE_S = 0.5


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("served"), "--workers", str(WORKERS)) as served:
        yield served


@pytest.fixture
def served(shared: Served) -> Served:
    """A hub with three fronts, which runs."""
    if not shared.runs:
        shared.start()
    return shared


@contextmanager
def writing(connection: Connection, holder_id: str) -> Iterator[list[float]]:
    """A thread that gives the holder a point again and again. Yields when it was answered, in seconds, until now."""
    ended = threading.Event()
    answered: list[float] = []

    def write() -> None:
        while not ended.is_set():
            connection.commit("grocer", connection.town.issue(holder_id, 1))
            answered.append(time.monotonic())

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(write)
        try:
            yield answered
        finally:
            ended.set()
        work.result(CALL_S)


def next_answer(answered: Sequence[float]) -> None:
    """Return when there is one more."""
    count = len(answered)
    until(lambda: len(answered) > count)


def send_all(connection: Connection, envelopes: Sequence[bytes]) -> list[Any]:
    """Send all of them at once; the calls under way."""
    return [connection.ledger.Submit.future(SubmitRequest(envelope=data), timeout=CALL_S) for data in envelopes]


def points_of(connection: Connection, holder_id: str) -> int:
    answer = connection.ask("grocer", connection.ledger.GetBalance, GetBalanceRequest(holder_id=holder_id))
    return int(answer.balance.available_points)


def is_free(address: str) -> bool:
    """Whether a new hub may listen there."""
    try:
        SharedPort(address).close()
    except ListenError:
        return False
    return True


def heard_s_of(connection: Connection, sequence: int, began: threading.Event) -> float:
    """When a follower of this front hears of an entry, on the monotonic clock."""
    request = StreamEntriesRequest(from_sequence=sequence, follow=True)
    stream = connection.journal.StreamEntries(request, timeout=CALL_S, metadata=connection.token(AUDITOR))
    # The headers come with the first entries; by then it waits for them.
    began.set()
    next(stream)
    heard_s = time.monotonic()
    stream.cancel()
    return heard_s


def test_all_fronts_answer_at_one_address(served: Served) -> None:
    """Connections to the one address lead to every front."""
    with served.connections() as connections:
        assert len(connections) == WORKERS
        assert connections.keys() == served.fronts() == served.serving()


def test_what_one_front_commits_all_know_at_once(served: Served) -> None:
    """A party that was registered through one front writes and reads through every other at once."""
    with served.connections() as connections:
        first, *others = connections.values()
        for number, other in enumerate(others * 3):
            name = f"newcomer-{number}"
            first.commit("operator", first.town.register(name, network_pb2.PARTY_KIND_PARTNER))
            other.commit(name, other.town.enrol(f"member-of-{name}"))
            assert other.ask(name, other.directory.ListParties, ListPartiesRequest()).parties


def test_followers_on_every_front_hear_at_once(served: Served) -> None:
    """Whichever front commits, who follows the journal at any front hears of it sooner than it would look by itself."""
    with served.connections() as connections, ThreadPoolExecutor(WORKERS) as pool:
        slowest_s = []
        for number, front in enumerate(connections.values()):
            [outcome] = front.submit("grocer", front.town.enrol(f"heard-{number}"))
            began = [threading.Event() for _ in connections]
            following = [
                pool.submit(heard_s_of, connection, outcome.sequence + 1, event)
                for connection, event in zip(connections.values(), began, strict=True)
            ]
            assert all(event.wait(CALL_S) for event in began)
            time.sleep(0.2)
            front.commit("grocer", front.town.issue(f"heard-{number}", 1))
            committed_s = time.monotonic()
            slowest_s.append(max(future.result(CALL_S) for future in following) - committed_s)
        assert min(slowest_s) < AT_ONCE_S


def test_front_that_is_killed_comes_back_and_nothing_is_lost(served: Served) -> None:
    """Under load a front is killed in the midst of its calls. Each of them is committed once or not yet; the same bytes
    through another front get the first outcome; and another front takes its place at the same address."""
    with served.connections() as connections:
        (killed, dying), (_, living), *_ = connections.items()
        town = served.town
        living.commit("grocer", town.enrol("kill-anna"), town.enrol("kill-bert"))
        envelopes = [town.data("grocer", town.issue("kill-anna", 1)) for _ in range(300)]
        descriptors = len(list(Path(f"/proc/{served.pid}/fd").iterdir()))
        with writing(living, "kill-bert") as answered:
            calls = send_all(dying, envelopes)
            until(lambda: any(call.done() for call in calls))
            os.kill(killed, signal.SIGKILL)
            outcomes = [call.result().outcomes if call.exception() is None else None for call in calls]
            again = [living.send(data) for data in envelopes]
            until(lambda: len(served.serving()) == WORKERS)
            next_answer(answered)
        assert any(outcomes)
        assert not all(outcomes)
        for first, second in zip(outcomes, again, strict=True):
            assert first in (None, second.outcomes)
        assert points_of(living, "kill-anna") == 300
        assert points_of(living, "kill-bert") == len(answered)
    assert killed not in served.fronts()
    assert not is_alive(killed)
    assert len(list(Path(f"/proc/{served.pid}/fd").iterdir())) <= descriptors
    with served.connections() as connections:
        assert connections.keys() == served.serving()


def test_front_that_cannot_begin_is_tried_again(served: Served) -> None:
    """As long as something keeps a front from serving it is started again and again, less often each time, and serves
    once it can."""
    certificate = served.config.tls / "server.pem"
    certificate.rename(certificate.with_suffix(".away"))
    try:
        os.kill(next(iter(served.serving())), signal.SIGKILL)
        until(lambda: any(event["event"] == "a front cannot begin" for event in served.events()))
    finally:
        certificate.with_suffix(".away").rename(certificate)
    until(lambda: len(served.serving()) == WORKERS)
    *_, first, second = (event["again_in_s"] for event in served.events() if event["event"] == "a front ended")
    assert second == 2 * first


def test_front_that_is_frozen_stops_nobody_else(served: Served) -> None:
    """While one front stands still the others go on; when it goes on it knows all that was committed, and answers."""
    with served.connections() as connections:
        (frozen, waiting), (_, living), *_ = connections.items()
        living.commit("grocer", served.town.enrol("freeze-anna"))
        os.kill(frozen, signal.SIGSTOP)
        try:
            late = waiting.ledger.Submit.future(
                SubmitRequest(envelope=served.town.data("grocer", served.town.issue("freeze-anna", 100))),
                timeout=CALL_S,
            )
            with writing(living, "freeze-anna") as answered:
                until(lambda: len(answered) >= 50)
            assert not late.done()
        finally:
            os.kill(frozen, signal.SIGCONT)
        [outcome] = map(Outcome.FromString, late.result().outcomes)
        assert outcome.balance.available_points == 100 + len(answered)
        assert points_of(waiting, "freeze-anna") == 100 + len(answered)


def test_no_front_has_the_passphrase(served: Served) -> None:
    """What unlocks the keys does not stand in the environment of those who talk to strangers."""
    for front in served.fronts():
        assert b"PASSPHRASE" not in Path(f"/proc/{front}/environ").read_bytes()


def test_writer_that_is_killed_takes_its_fronts_along(served: Served) -> None:
    """Without the process that writes no front goes on, and a new hub may listen at the same port at once."""
    fronts = served.fronts()
    served.end(signal.SIGKILL)
    killed_s = time.monotonic()
    until(lambda: not any(map(is_alive, fronts)) and is_free(served.address))
    assert time.monotonic() - killed_s < 1


def test_stop_finishes_what_every_front_has_admitted(served: Served) -> None:
    """Told to stop under load, the hub ends with 0; who was answered finds it in the journal, and all others were told
    that it is unavailable."""
    with served.connections() as connections:
        town = served.town
        next(iter(connections.values())).commit("grocer", town.enrol("stop-anna"))
        data = [[town.data("grocer", town.issue("stop-anna", 1)) for _ in range(200)] for _ in connections]
        calls = [send_all(connection, each) for connection, each in zip(connections.values(), data, strict=True)]
        until(lambda: all(any(call.done() for call in each) for each in calls))
        assert served.end(signal.SIGTERM) == 0
        answered = 0
        for call in (call for each in calls for call in each):
            error = call.exception(CALL_S)
            answered += error is None
            if error is not None:
                assert isinstance(error, grpc.RpcError)
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
                refused = from_rpc_error(error)
                assert refused is None or reason_name(refused.reason) == "SHUTTING_DOWN"
    with closing(Store(served.config.database)) as store:
        account = StoreReads(store).account("stop-anna")
    assert account is not None
    assert account.holder.points == answered
