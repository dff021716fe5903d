"""Many callers at once on one client, blocking and awaited, against a real hub."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.ids import id_from_text
from partner_sdk import AsyncClient, Client, Draft, Outcome, PartyStatus, drafts, new_transaction_id
from partner_sdk._operator_drafts import close_window
from partner_sdk._writing import write
from partner_sdk.errors import (
    ConfigurationError,
    ConsentRequired,
    HolderUnknown,
    IdConflict,
    InDoubt,
    KindNotAllowed,
    PartySuspended,
    Rejection,
    Timeout,
)
from partner_sdk.testing import LocalNetwork
from tests.faults.line import Line

CALLERS = 12


@pytest.fixture
def line(network: LocalNetwork) -> Iterator[Line]:
    with Line(network.hub.address) as line:
        yield line


def together(client: Client, todo: Sequence[Draft[Any]]) -> list[Any]:
    """What each of the drafts comes to when a thread each writes it, all at once."""
    start = threading.Barrier(len(todo))

    def one(draft: Draft[Any]) -> Any:
        start.wait()
        return client._driver.run(write(client._session, draft))

    with ThreadPoolExecutor(len(todo)) as pool:
        futures = [pool.submit(one, draft) for draft in todo]
        return [future.exception() or future.result() for future in futures]


def awaited(network: LocalNetwork, todo: Sequence[Draft[Any]]) -> list[Any]:
    """The same with a task each, in one event loop."""

    async def main() -> list[Any]:
        async with network.async_client("grocer") as client:
            writes = (client._driver.run(write(client._session, draft)) for draft in todo)
            return list(await asyncio.gather(*writes, return_exceptions=True))

    return asyncio.run(main())


def envelopes_of(network: LocalNetwork, outcomes: Sequence[Outcome]) -> Counter[bytes]:
    """How many of the outcomes each envelope brought."""
    wanted = {id_from_text(outcome.transaction_id) for outcome in outcomes}
    parts = network.operator.follow_journal(follow=False)
    return Counter(entry.envelope_digest for part in parts for entry in part.entries if entry.transaction_id in wanted)


@pytest.mark.parametrize("shell", ["blocking", "awaiting"])
def test_travel_together(network: LocalNetwork, grocer: Client, shell: str) -> None:
    """Calls at the same time need fewer envelopes than they are, and each gets its own result."""
    anna = network.member()
    todo = [drafts.issue(anna.holder_id, points) for points in range(1, CALLERS + 1)]
    results = together(grocer, todo) if shell == "blocking" else awaited(network, todo)
    assert [result.points for result in results] == list(range(1, CALLERS + 1))
    assert len({result.transaction_id for result in results}) == CALLERS
    assert len(envelopes_of(network, results)) < CALLERS
    assert grocer.balance(anna.holder_id).available == sum(range(1, CALLERS + 1))


def test_gathering_can_be_switched_off(network: LocalNetwork) -> None:
    """With `gather=False` every transaction has an envelope of its own."""
    anna = network.member()
    with Client.from_profile(network.profile("grocer"), network.passphrase, gather=False) as client:
        assert not client.connection.gather
        results = together(client, [drafts.issue(anna.holder_id, 1) for _ in range(CALLERS)])
    assert sorted(envelopes_of(network, results).values()) == [1] * CALLERS


@dataclass(frozen=True)
class Wish:
    """What a caller writes: one of a few contents, under an id of its own or under one that others use as well."""

    content: str
    shared_id: int | None

    def draft(self, holder_id: str, ids: Sequence[str]) -> Draft[Any]:
        chosen = None if self.shared_id is None else ids[self.shared_id]
        made: dict[str, Callable[[], Draft[Any]]] = {
            "one": lambda: drafts.issue(holder_id, 1, transaction_id=chosen),
            "two": lambda: drafts.issue(holder_id, 2, transaction_id=chosen),
            "to nobody": lambda: drafts.issue("nobody-at-all", 1, transaction_id=chosen),
            "too many": lambda: drafts.redeem(holder_id, 21, transaction_id=chosen),
            "not allowed": lambda: close_window(1, transaction_id=chosen),
        }
        return made[self.content]()


#: What the ledger says to each content when nothing was committed under its id; points, or an error.
ALONE = {"one": 1, "two": 2, "to nobody": HolderUnknown, "too many": ConsentRequired, "not allowed": KindNotAllowed}
WISHES = st.builds(Wish, st.sampled_from(sorted(ALONE)), st.none() | st.integers(0, 2))


def check(wishes: Sequence[Wish], ids: Sequence[str], results: Sequence[Any]) -> int:
    """Each result is what a lone call would have got, in some order of the calls; gives the points that were issued."""
    issued = 0
    by_id: dict[object, list[tuple[Wish, Any]]] = defaultdict(list)
    for position, (wish, result) in enumerate(zip(wishes, results, strict=True)):
        by_id[("own", position) if wish.shared_id is None else wish.shared_id].append((wish, result))
    for shared, calls in by_id.items():
        # Whichever content was committed first is answered to all who ask for it; to the others the id is taken.
        decided = [(wish, outcome) for wish, result in calls if (outcome := outcome_of(result)) is not None]
        committed = {wish.content for wish, _ in decided}
        assert len(committed) <= 1, calls
        assert bool(committed) == any(wish.content != "not allowed" for wish, _ in calls), calls
        assert [outcome.replayed for _, outcome in decided].count(False) == len(committed), calls
        assert len({outcome.sequence for _, outcome in decided}) == len(committed), calls
        for wish, result in calls:
            alone = ALONE[wish.content]
            if wish.content in committed:
                assert result.points == alone if isinstance(alone, int) else type(result) is alone, calls
            else:
                assert type(result) in ({IdConflict, alone} if committed else {KindNotAllowed}), calls
                assert not isinstance(shared, int) or result.transaction_ids == (ids[shared],)
                assert len(result.transaction_ids) == 1
        issued += sum(ALONE[content] for content in committed if isinstance(ALONE[content], int))  # type: ignore[misc]
    return issued


def outcome_of(result: Any) -> Outcome | None:
    """What the ledger decided, accepted or rejected; None when the hub refused it."""
    if isinstance(result, Rejection):
        return result.outcome
    return result if isinstance(result, Outcome) else None


@settings(max_examples=30)
@given(wishes=st.lists(WISHES, min_size=2, max_size=20), blocking=st.booleans())
def test_each_gets_what_it_would_have_got_alone(
    network: LocalNetwork, grocer: Client, wishes: list[Wish], blocking: bool
) -> None:
    """Whatever neighbours write, nothing is lost, nothing is done twice, and no refusal hits another than its own."""
    holder_id = network.member().holder_id
    ids = [new_transaction_id(network.clock) for _ in range(3)]
    todo = [wish.draft(holder_id, ids) for wish in wishes]
    results = together(grocer, todo) if blocking else awaited(network, todo)
    issued = check(wishes, ids, results)
    assert grocer.balance(holder_id).available == issued
    for outcome in filter(None, map(outcome_of, results)):
        found = grocer.transaction(outcome.transaction_id).outcome
        assert (found.sequence, found.reason, found.balance) == (outcome.sequence, outcome.reason, outcome.balance)


def test_a_suspended_party_still_hears_of_what_was_committed(network: LocalNetwork, grocer: Client) -> None:
    """New transactions are refused, each with its own error; those that were committed before are answered."""
    anna = network.member()
    ids = [new_transaction_id(network.clock) for _ in range(4)]
    before = [grocer.issue(anna.holder_id, 1, transaction_id=chosen) for chosen in ids[:2]]
    todo = [drafts.issue(anna.holder_id, 1, transaction_id=chosen) for chosen in (*ids, None, None, None)]
    network.operator.set_party_status("grocer", PartyStatus.SUSPENDED, "a test")
    try:
        results = together(grocer, todo)
    finally:
        network.operator.set_party_status("grocer", PartyStatus.ACTIVE, "a test")
    assert [(result.sequence, result.replayed) for result in results[:2]] == [(one.sequence, True) for one in before]
    assert [type(result) for result in results[2:]] == [PartySuspended] * 5
    assert [result.transaction_ids for result in results[2:4]] == [(ids[2],), (ids[3],)]
    assert len({result.transaction_ids for result in results[2:]}) == 5


@pytest.mark.parametrize("shell", ["blocking", "awaiting"])
def test_lost_answers_leave_each_in_doubt_about_its_own(network: LocalNetwork, line: Line, shell: str) -> None:
    """Who was under way can send its own envelope again; who was not is told that nothing was sent. None is booked
    twice, and none is lost."""
    anna = network.member()
    connection = replace(network.connection("grocer", timeout_s=1.0), address=line.address)
    line_of = {"blocking": _lose_blocking, "awaiting": _lose_awaiting}
    results = line_of[shell](connection, line, [drafts.issue(anna.holder_id, 2**n) for n in range(CALLERS)])
    assert {type(result) for result in results} <= {InDoubt, Timeout}
    doubts = [(position, result) for position, result in enumerate(results) if isinstance(result, InDoubt)]
    assert doubts
    client = network.client("grocer")
    for position, doubt in doubts:
        (outcome,) = client.resend(doubt.envelope)
        assert (outcome.points, outcome.transaction_id) == (2**position, *doubt.transaction_ids)  # type: ignore[attr-defined]
    assert client.balance(anna.holder_id).available == sum(2**position for position, _ in doubts)


def _lose_blocking(connection: Any, line: Line, todo: Sequence[Draft[Any]]) -> list[Any]:
    with Client(connection) as client:
        client.parties()
        line.lose_answers()
        return together(client, todo)


def _lose_awaiting(connection: Any, line: Line, todo: Sequence[Draft[Any]]) -> list[Any]:
    async def main() -> list[Any]:
        async with AsyncClient(connection) as client:
            await client.parties()
            line.lose_answers()
            writes = (client._driver.run(write(client._session, draft)) for draft in todo)
            return list(await asyncio.gather(*writes, return_exceptions=True))

    return asyncio.run(main())


def test_cancelled_tasks_take_no_answer_with_them(network: LocalNetwork, line: Line) -> None:
    """Cancelling some callers, those that carry an envelope among them, leaves the others their answers and no task."""
    anna = network.member()
    connection = replace(network.connection("grocer", timeout_s=30.0), address=line.address)

    async def main() -> list[Any]:
        async with AsyncClient(connection) as client:
            await client.parties()
            line.lose_answers()
            tasks = [asyncio.create_task(client.issue(anna.holder_id, 1)) for _ in range(CALLERS)]
            await asyncio.sleep(0.1)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.sleep(0.1)
            line.mend()
            results = list(await asyncio.gather(*tasks, return_exceptions=True))
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return results

    results = asyncio.run(main())
    assert [type(result) for result in results[::2]] == [asyncio.CancelledError] * (CALLERS // 2)
    assert [result.points for result in results[1::2]] == [1] * (CALLERS // 2)


def test_closing_lets_nobody_wait(network: LocalNetwork, line: Line) -> None:
    """Threads that wait in a client that is closed end at once: those under way in doubt, the others not sent."""
    anna = network.member()
    threads = threading.active_count()
    client = Client(replace(network.connection("grocer", timeout_s=30.0), address=line.address))
    gathering = client._session.gathering
    assert gathering is not None
    client.parties()
    line.lose_answers()
    todo = [drafts.issue(anna.holder_id, 1) for _ in range(CALLERS)]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(together, client, todo)
        deadline_s = time.monotonic() + 30.0
        while len(gathering._under_way) < 2:
            assert time.monotonic() < deadline_s, "two envelopes are on their way"
        then = pool.submit(together, client, todo)
        while len(gathering._waiting) < CALLERS:
            assert time.monotonic() < deadline_s, "the others wait"
        client.close()
        kinds = Counter(type(result) for result in (*first.result(10.0), *then.result(10.0)))
    assert set(kinds) == {InDoubt, ConfigurationError}
    assert kinds[ConfigurationError] >= CALLERS
    assert threading.active_count() <= threads + 2, "of the line's, at most"


def test_closing_ends_tasks_with_an_error_of_this_sdk(network: LocalNetwork, line: Line) -> None:
    """A task that waits for an answer when its client is closed was not cancelled, and does not look so."""
    anna = network.member()

    async def main() -> list[Any]:
        client = AsyncClient(replace(network.connection("grocer", timeout_s=30.0), address=line.address))
        await client.parties()
        line.lose_answers()
        tasks = [asyncio.create_task(client.issue(anna.holder_id, 1)) for _ in range(CALLERS)]
        await asyncio.sleep(0.1)
        tasks += [asyncio.create_task(client.issue(anna.holder_id, 1)) for _ in range(CALLERS)]
        await asyncio.sleep(0.1)
        await client.close()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    kinds = Counter(type(result) for result in asyncio.run(main()))
    assert kinds == {InDoubt: CALLERS, ConfigurationError: CALLERS}


def test_a_client_belongs_to_one_event_loop(network: LocalNetwork) -> None:
    """Used in a second loop, it says so at once instead of waiting for what happens in the first."""
    client = network.async_client("grocer")
    asyncio.run(client.parties())
    with pytest.raises(ConfigurationError, match="another event loop"):
        asyncio.run(client.issue(network.member().holder_id, 1))


INTERRUPTED = """
import os, signal, sys, threading
from partner_sdk import Client
with Client.from_env() as client:
    client.parties()
    print("ready", flush=True)
    sys.stdin.readline()
    points = []
    others = [threading.Thread(target=lambda: points.append(client.issue(sys.argv[1], 1).points)) for _ in range(9)]
    for later in (*others, threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))):
        threading.Timer(0.1, later.start).start()
    try:
        client.issue(sys.argv[1], 1)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    sys.stdin.readline()
    for other in others:
        other.join()
    print(sum(points), flush=True)
"""


def test_an_interrupted_thread_takes_no_answer_with_it(network: LocalNetwork, line: Line) -> None:
    """Ctrl-C ends the main thread's call, and the calls of the other threads go on."""
    environment = {
        **os.environ,
        "COALITION_PROFILE": str(network.profile("grocer")),
        "COALITION_PASSPHRASE": network.passphrase,
        "COALITION_ADDRESS": line.address,
    }
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, network.member().holder_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for expected, act in (("ready", line.lose_answers), ("interrupted", line.mend)):
            assert process.stdout.readline().strip() == expected
            act()
            process.stdin.write("\n")
            process.stdin.flush()
        assert (process.stdout.readline().strip(), process.wait(30)) == ("9", 0)


FORKED = """
import os, sys
from partner_sdk import Client, ConfigurationError
with Client.from_profile(sys.argv[1], sys.argv[2]) as client:
    client.parties()
    child = os.fork()
    if child == 0:
        try:
            client.issue("anna", 1)
        except ConfigurationError as error:
            os._exit(7 if "forked" in str(error) else 1)
        os._exit(2)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    client.parties()
"""


def test_a_client_belongs_to_one_process(network: LocalNetwork) -> None:
    """A forked process that uses its parent's client hears so at once, and the parent goes on."""
    arguments = [sys.executable, "-W", "ignore", "-c", FORKED, str(network.profile("grocer")), network.passphrase]
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert (result.stdout.split(), result.returncode) == (["7"], 0)
