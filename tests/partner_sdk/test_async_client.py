"""The asyncio client does what the blocking one does, by the same core."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from partner_sdk import AsyncBatch, AsyncClient, Batch, Client, IssueResult, drafts
from partner_sdk._awaiting_shell import AwaitingShell
from partner_sdk._blocking_shell import BlockingShell
from partner_sdk.errors import ConfigurationError, InsufficientPoints
from partner_sdk.operator import AsyncOperator, Operator
from partner_sdk.settlement import AsyncSettlementClient, SettlementClient
from partner_sdk.testing import LocalNetwork

T = TypeVar("T")

PAIRS: list[tuple[type[Any], type[Any]]] = [
    (Client, AsyncClient),
    (Operator, AsyncOperator),
    (SettlementClient, AsyncSettlementClient),
    (Batch, AsyncBatch),
]


def run(network: LocalNetwork, work: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
    """Do some work with a client of the grocer."""

    async def main() -> T:
        async with network.async_client("grocer") as client:
            return await work(client)

    return asyncio.run(main())


def public(kind: type[Any]) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize(("blocking", "awaiting"), PAIRS)
def test_both_have_the_same_methods(blocking: type[Any], awaiting: type[Any]) -> None:
    """Every public method is there in both forms, with the same parameters, words and result."""
    assert public(blocking).keys() == public(awaiting).keys()
    for name, method in public(blocking).items():
        twin = getattr(awaiting, name)
        assert inspect.getdoc(method), name
        if not callable(method) or name in ("close", "send", "batch"):
            continue
        assert inspect.getdoc(method) == inspect.getdoc(twin), name
        one, other = inspect.signature(method), inspect.signature(twin)
        assert list(one.parameters.values()) == list(other.parameters.values()), name
        assert str(one.return_annotation) == str(other.return_annotation).replace("AsyncIterator", "Iterator"), name
        if issubclass(blocking, BlockingShell) and name not in ("from_env", "from_profile", "with_timeout"):
            assert inspect.iscoroutinefunction(twin) or "AsyncIterator" in str(other.return_annotation), name
    assert issubclass(awaiting, AwaitingShell) == issubclass(blocking, BlockingShell)


def test_help_shows_what_was_declared() -> None:
    """`help()` and editors see the parameters and words of the declaration, with `self` in front."""
    signature = inspect.signature(Client.issue)
    assert list(signature.parameters)[:3] == ["self", "holder_id", "points"]
    assert str(signature.return_annotation) == "IssueResult"
    assert (Client.issue.__doc__ or "").startswith("Issue new points to a holder.")
    assert str(inspect.signature(Client.history).return_annotation) == "Iterator[Record]"


def test_writes_and_reads(network: LocalNetwork) -> None:
    """Writes give the same typed results, reads the same values."""
    anna = network.member(points=10)

    async def work(client: AsyncClient) -> None:
        result = await client.issue(anna.holder_id, 5)
        assert isinstance(result, IssueResult)
        assert result.balance.available == 15
        assert (await client.balance(anna.holder_id)).available == 15
        records = [record async for record in client.history(anna.holder_id, page_size=1)]
        assert [record.outcome.kind for record in records] == ["enrol", "issue", "issue"]
        with pytest.raises(InsufficientPoints):
            await client.redeem(anna.holder_id, 16, consent=anna.consent_to_redeem("grocer", 16))

    run(network, work)


def test_many_calls_at_once(network: LocalNetwork) -> None:
    """Concurrent calls of one client are answered each with its own."""
    anna = network.member()

    async def work(client: AsyncClient) -> list[IssueResult]:
        return await asyncio.gather(*(client.issue(anna.holder_id, points) for points in range(1, 51)))

    results = run(network, work)
    assert [result.points for result in results] == list(range(1, 51))
    assert network.client("grocer").balance(anna.holder_id).available == 1_275


def test_batches(network: LocalNetwork) -> None:
    """A batch is sent at the end of its block."""
    anna = network.member()

    async def work(client: AsyncClient) -> None:
        async with client.batch(atomic=True) as batch:
            first, second = batch.issue(anna.holder_id, 5), batch.issue(anna.holder_id, 6)
        assert (first.result().balance.available, second.result().balance.available) == (5, 11)

    run(network, work)


def test_streams_in_bulk(network: LocalNetwork) -> None:
    """Outcomes of a stream come in the order of the drafts."""
    anna = network.member()

    async def work(client: AsyncClient) -> list[int]:
        stream = client.submit_stream((drafts.issue(anna.holder_id, 1) for _ in range(25)), envelope_size=4)
        return [outcome.sequence async for outcome in stream]

    sequences = run(network, work)
    assert sequences == list(range(sequences[0], sequences[0] + 25))


def test_follows_the_journal(network: LocalNetwork) -> None:
    """A follower gets what is committed while it waits, and can stop when it likes."""
    anna = network.member()

    async def work(client: AsyncClient) -> None:
        async with AsyncOperator(network.connection("operator")) as operator:
            end = (await operator.checkpoint()).size
            state = None
            async for part in operator.follow_journal():
                state = part.state
                if state.size == end:
                    issuing = asyncio.create_task(client.issue(anna.holder_id, 7))
                elif state.size > end:
                    break
            result = await issuing
            assert state is not None
            assert result.sequence <= state.size

    run(network, work)


def test_stops_waiting_when_cancelled(network: LocalNetwork) -> None:
    """A cancelled task ends at once, though its stream would wait for new entries."""

    async def work(_: AsyncClient) -> None:
        async with AsyncOperator(network.connection("operator")) as operator:

            async def follow() -> None:
                async for _ in operator.follow_journal():
                    pass

            task = asyncio.create_task(follow())
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(network, work)


def test_a_closed_client_says_so(network: LocalNetwork) -> None:
    """A call after closing is an error that says what to do."""

    async def main() -> None:
        client = network.async_client("grocer")
        await client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            await client.network()

    asyncio.run(main())
