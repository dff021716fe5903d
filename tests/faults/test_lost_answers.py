"""A hub that dies after its commit and before its answer has arrived: the same bytes get the first outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, TypeVar

import pytest

from partner_sdk import Client, InDoubt, Outcome, drafts
from partner_sdk.testing import LocalNetwork
from tests.faults.books import read_journal, verify
from tests.faults.line import Line

pytestmark = pytest.mark.long

WAIT_S: Final = 30.0
T = TypeVar("T")


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    with LocalNetwork() as network:
        yield network
        verify(network)


@pytest.fixture
def line(network: LocalNetwork) -> Iterator[Line]:
    with Line(network.hub.address) as line:
        yield line


def client_over(network: LocalNetwork, line: Line, timeout_s: float = WAIT_S) -> Client:
    connection = replace(network.connection("grocer", timeout_s=timeout_s), address=line.address)
    client = Client(connection)
    client.parties()
    return client


def dies_before_its_answer(network: LocalNetwork, line: Line, commits: int, call: Callable[[], T]) -> T:
    """What `call` comes to when the hub commits so many entries, loses its answer, dies, and comes back."""
    operator = network.operator
    size = operator.checkpoint().size
    line.lose_answers()
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(call)
        deadline = time.monotonic() + WAIT_S
        while operator.checkpoint().size < size + commits:
            assert time.monotonic() < deadline, "the hub commits what it was sent"
            time.sleep(0.005)
        assert not result.done(), "the answer does not arrive"
        network.hub.kill()
        line.mend()
        network.hub.start()
        return result.result(WAIT_S)


def committed(network: LocalNetwork, transaction_id: str) -> list[int]:
    return [entry.sequence for entry in read_journal(network) if entry.transaction_id.hex() == transaction_id]


def test_call_gets_the_first_outcome(network: LocalNetwork, line: Line) -> None:
    """A client that is still waiting sends the same bytes by itself, and is told that they had been committed."""
    anna = network.member()
    with client_over(network, line) as client:
        result = dies_before_its_answer(network, line, 1, lambda: client.issue(anna.holder_id, 7))
        assert (result.replayed, result.balance.available) == (True, 7)
        assert committed(network, result.transaction_id.replace("-", "")) == [result.sequence]
        assert client.balance(anna.holder_id).balance.available == 7


def test_stream_gets_the_first_outcomes(network: LocalNetwork, line: Line) -> None:
    """A stream that broke is opened again, and what it had sent is answered with its first outcomes, in order."""
    anna = network.member()
    todo = [drafts.issue(anna.holder_id, points) for points in range(1, 31)]

    def send(client: Client) -> list[Outcome]:
        return list(client.submit_stream(todo, envelope_size=10))

    with client_over(network, line) as client:
        outcomes = dies_before_its_answer(network, line, 30, lambda: send(client))
        assert all(outcome.replayed for outcome in outcomes)
        sequences = [outcome.sequence for outcome in outcomes]
        assert sequences == list(range(sequences[0], sequences[0] + 30))
        assert client.balance(anna.holder_id).balance.available == sum(range(1, 31))


def test_rejection_is_the_first_outcome_too(network: LocalNetwork, line: Line) -> None:
    """What the ledger rejected before it died stays rejected, with the same reason, though the points are there now."""
    anna = network.member()
    todo = [
        drafts.redeem(anna.holder_id, 5, consent=anna.consent_to_redeem("grocer", 5)),
        drafts.issue(anna.holder_id, 5),
    ]
    with client_over(network, line) as client:
        redeemed, issued = dies_before_its_answer(network, line, 2, lambda: client.submit(todo))
        assert (redeemed.reason, redeemed.replayed) == ("INSUFFICIENT_POINTS", True)
        assert (issued.accepted, issued.replayed) == (True, True)


def test_who_gave_up_waiting_may_ask_again_later(network: LocalNetwork, line: Line) -> None:
    """The error of a client without patience has the bytes, and any client of the party gets the outcome for them."""
    anna = network.member()

    def give_up(client: Client) -> InDoubt:
        with pytest.raises(InDoubt, match="may have been committed or not") as caught:
            client.issue(anna.holder_id, 9)
        return caught.value

    with client_over(network, line, timeout_s=1.0) as client:
        line.lose_answers()
        doubt = give_up(client)
    network.hub.kill()
    network.hub.start()
    network.clock.advance(days=2)
    outcomes = [network.client("grocer").resend(doubt.envelope) for _ in range(2)]
    assert [outcome.replayed for (outcome,) in outcomes] == [True, True]
    assert [outcome.transaction_id for (outcome,) in outcomes] == list(doubt.transaction_ids) * 2
    assert network.client("grocer").balance(anna.holder_id).balance.available == 9
