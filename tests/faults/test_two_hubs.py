"""Two hubs over one database: one journal, whichever of them is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc
import pytest

from coalition.v1.ledger_service_pb2 import SubmitRequest
from coalition.v1.ledger_service_pb2_grpc import LedgerServiceStub
from partner_sdk import Client, Connection, PartyKind, drafts
from partner_sdk._sealed import prepare, seal_one
from partner_sdk.operator import PartyApplication, TermsOffer
from partner_sdk.testing import LocalNetwork
from tests.faults.books import check
from tests.faults.choices import Choices
from tests.faults.hubs import HubProcess
from tests.faults.tills import Till, Worker, at_work, open_channel, shared_members

pytestmark = pytest.mark.long

CALL_S: Final = 20.0


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    with LocalNetwork(policy={"redeem_points_per_day_max": 0}) as network:
        yield network


@pytest.fixture(scope="module")
def other(network: LocalNetwork) -> Iterator[HubProcess]:
    with HubProcess(network, "other") as other:
        yield other


def test_both_write_one_journal(network: LocalNetwork, other: HubProcess) -> None:
    """Tills at both hubs, with the same members, fill one journal without a gap, and every receipt is right."""
    members = shared_members(network, 8)
    setup = network.operator.checkpoint().size

    def till(number: int, connection: Connection) -> Worker:
        return Till(Choices(network, connection.party_id, f"till-{number}", members), connection)

    workers = [
        till(1, network.connection("grocer")),
        till(2, other.connection("grocer")),
        till(3, network.connection("pharmacy")),
        till(4, other.connection("florist")),
    ]
    with at_work(workers) as see_progress:
        for _ in range(10):
            see_progress()
    check(network, workers, setup)
    with Client(other.connection("grocer")) as client:
        assert client.checkpoint() == network.operator.checkpoint()


def test_retry_through_the_other_hub_gets_the_first_outcome(network: LocalNetwork, other: HubProcess) -> None:
    """The same bytes, sent to both hubs at the same moment, are committed once, and both tell the first outcome."""
    anna = network.member()
    connection = network.connection("grocer")
    together = threading.Barrier(2)

    def send(channel: grpc.Channel, envelope: bytes) -> tuple[list[bytes], list[int]]:
        together.wait(CALL_S)
        response = LedgerServiceStub(channel).Submit(SubmitRequest(envelope=envelope), timeout=CALL_S)
        return list(response.outcomes), list(response.replayed)

    with (
        open_channel(connection) as here,
        open_channel(other.connection("grocer")) as there,
        ThreadPoolExecutor(2) as pool,
    ):
        for points in range(1, 41):
            sealed = seal_one(connection, [prepare(connection, drafts.issue(anna.holder_id, points))])
            answers = [pool.submit(send, channel, sealed.envelope) for channel in (here, there)]
            (first, replayed), (second, replayed_too) = (answer.result(CALL_S) for answer in answers)
            assert first == second
            assert sorted([replayed, replayed_too]) == [[], [0]]
    assert network.client("grocer").balance(anna.holder_id).balance.available == sum(range(1, 41))


def test_what_one_hub_learns_the_other_knows(network: LocalNetwork, other: HubProcess) -> None:
    """A party that was admitted at one hub writes at the other at once, and members are known at both."""
    key = network.key("baker")
    operator = network.operator
    application = PartyApplication.sign(
        [key], network_id=network.network_id, party_id="baker", kind=PartyKind.PARTNER, display_name="Baker"
    )
    operator.register_party(application)
    terms = TermsOffer.sign(
        key,
        network_id=network.network_id,
        party_id="baker",
        effective_on=network.today,
        price_micros=10_000,
        reimbursement_micros=9_000,
    )
    operator.publish_terms(terms)
    with Client(other.connection("baker")) as baker:
        baker.enrol("zoe")
        assert baker.issue("zoe", 5).balance.available == 5
    assert network.client("grocer").issue("zoe", 6).balance.available == 11


def test_one_goes_on_when_the_other_dies(network: LocalNetwork, other: HubProcess) -> None:
    """Whichever hub is killed, the tills go on with the other, the same bytes first, and nothing is lost or doubled."""
    members = shared_members(network, 8)
    setup = network.operator.checkpoint().size

    def till(party_id: str, first: HubProcess | LocalNetwork, second: HubProcess | LocalNetwork) -> Worker:
        choices = Choices(network, party_id, f"survivor-{party_id}", members)
        return Till(choices, first.connection(party_id), second.connection(party_id))

    workers = [
        till("grocer", network, other),
        till("pharmacy", other, network),
        till("florist", other, network),
    ]
    with at_work(workers) as see_progress:
        for hub in (other, network.hub) * 2:
            see_progress()
            hub.kill()
            see_progress()
            hub.start()
        see_progress()
    assert sum(worker.record.resent for worker in workers) > 0
    check(network, workers, setup)
