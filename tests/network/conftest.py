"""A real hub in this process, on a real port.

    def test_something(hub: RunningHub) -> None:
        hub.submit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
        balance = hub.ask("grocer", hub.ledger.GetBalance, GetBalanceRequest(holder_id="anna"))

`hub` is a hub of the town (tests/network/town.py): its parties are registered and have terms, the clock stands still at
the town's beginning until `hub.town.now_us` is set or `hub.clock` moved. It runs in a thread of its own with its own
event loop; `running_hub(folder)` gives one without the fixture, `hub_folder(folder)` the folder alone, for tests that
start it themselves.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from google.protobuf.message import Message

from coalition.clock import US_PER_S, FileClock
from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.receipt import open_receipt
from coalition.status import from_rpc_error
from coalition.tokens import HUB, METADATA_KEY, authorization, make_token
from coalition.v1 import network_pb2, outcome_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.directory_service_pb2_grpc import DirectoryServiceStub
from coalition.v1.journal_pb2_grpc import JournalServiceStub
from coalition.v1.ledger_service_pb2 import SubmitRequest
from coalition.v1.ledger_service_pb2_grpc import LedgerServiceStub
from coalition.v1.network_pb2 import Policy
from coalition.v1.operator_service_pb2_grpc import OperatorServiceStub
from coalition.v1.outcome_pb2 import Outcome
from network.config import HubConfig, Limits
from network.founding import Place, found_network
from network.genesis import Founding
from network.hub import Hub
from network.logs import route_logs
from network.opening import open_hub
from network.telemetry.tracing import NO_TRACING, Tracing
from tests.databases import Databases
from tests.network.town import CHARITY, NETWORK_ID, PARTNERS, POLICY, START_US, Town, key_of

#: The town's policy, with figures that these tests count on.
HUB_POLICY: Final = Policy.FromString(POLICY.SerializeToString() + Policy(expiry_months=2).SerializeToString())
PASSPHRASE: Final = "a passphrase for tests"
AUDITOR: Final = "auditor"
CALL_S: Final = 10.0


class ClockedTown(Town):
    """A town whose time is a hub's clock."""

    def __init__(self, clock: FileClock) -> None:
        self._clock = clock
        super().__init__()

    @property
    def now_us(self) -> int:  # type: ignore[override]
        return self._clock()

    @now_us.setter
    def now_us(self, moment_us: int) -> None:
        # A town begins at its beginning, but time that has gone on does not come back.
        self._clock.set(max(moment_us, self._clock()))


class RunningHub:
    """A hub that serves, and a client of every party."""

    def __init__(
        self, config: HubConfig, clock: FileClock, address: str, metrics_address: str | None, stop: Callable[[], None]
    ) -> None:
        self.config = config
        self.clock = clock
        self.address = address
        self.metrics_address = metrics_address
        self.stop = stop
        self.town = ClockedTown(clock)
        self.hub_key: bytes = key_of("hub").public
        self._channel = self.channel()
        self.ledger = LedgerServiceStub(self._channel)
        self.directory = DirectoryServiceStub(self._channel)
        self.journal = JournalServiceStub(self._channel)
        self.operator = OperatorServiceStub(self._channel)

    def channel(self) -> grpc.Channel:
        """A channel that trusts this hub's authority."""
        authority = (self.config.tls / "ca.pem").read_bytes()
        return grpc.secure_channel(self.address, grpc.ssl_channel_credentials(root_certificates=authority))

    def token(self, party_id: str, key: SigningKey | None = None) -> tuple[tuple[str, str], ...]:
        """The metadata by which a party shows who it is."""
        now_s = self.clock() // US_PER_S
        token = make_token(party_id, key or key_of(party_id), network_id=NETWORK_ID, service=HUB, now_s=now_s)
        return ((METADATA_KEY, authorization(token)),)

    def ask(self, party_id: str, method: Callable[..., Any], request: Message) -> Any:
        """What a method answers to a party; "" asks without a token. Raises the Refused that it ends with."""
        metadata = self.token(party_id) if party_id else ()
        try:
            return method(request, timeout=CALL_S, metadata=metadata)
        except grpc.RpcError as error:
            raise refusal(error) from None

    def send(self, data: bytes) -> Any:
        """The SubmitResponse to an envelope's bytes. Raises the Refused that it ends with."""
        return self.ask("", self.ledger.Submit, SubmitRequest(envelope=data))

    def submit(
        self, author: str, *transactions: pb.Transaction, keys: Sequence[SigningKey] | None = None, **header: Any
    ) -> tuple[Outcome, ...]:
        """The outcomes of transactions in one envelope, once the receipt is verified."""
        envelope = self.town.envelope(author, *transactions, keys=keys, **header)
        response = self.send(self.town.data(author, *transactions, keys=keys, **header))
        _, outcomes = open_receipt(
            response.receipt,
            response.outcomes,
            network_id=NETWORK_ID,
            hub_keys=[self.hub_key],
            digest=envelope.digest,
            transaction_ids=[transaction.transaction_id for transaction in transactions],
        )
        return outcomes

    def commit(self, author: str, *transactions: pb.Transaction, keys: Sequence[SigningKey] | None = None) -> None:
        """Submit what must be accepted."""
        for outcome in self.submit(author, *transactions, keys=keys):
            assert outcome.status == outcome_pb2.OUTCOME_STATUS_ACCEPTED, outcome

    def close(self) -> None:
        self._channel.close()
        self.stop()


def refusal(error: grpc.RpcError) -> Refused:
    """The refusal that a call ended with; any other end is a failure."""
    refused = from_rpc_error(error)
    assert refused is not None, error
    return refused


def hub_folder(folder: Path, database: str | None = None) -> tuple[HubConfig, FileClock]:
    """A new hub of the town, not running, with a clock that stands still. `database`: the URL of one of PostgreSQL."""
    clock = FileClock(folder.parent / f"{folder.name}.clock", START_US)
    founding = Founding(NETWORK_ID, "Europe/Berlin", "EUR", 2, HUB_POLICY)
    config = found_network(
        founding,
        Place(folder, (), "localhost:7700", folder.parent / f"{folder.name}.clock"),
        PASSPHRASE,
        clock,
        database=database,
        hub_key=key_of("hub"),
        operator_keys=[key_of("operator"), key_of("operator-2")],
    )
    return config, clock


@contextmanager
def serving(
    config: HubConfig,
    clock: FileClock,
    limits: Limits | None = None,
    *,
    steward: bool = False,
    metrics: str | None = None,
    tracing: Tracing = NO_TRACING,
) -> Iterator[RunningHub]:
    """Run the hub in a folder, in a thread of its own. `metrics`: where Prometheus may ask."""
    if limits is not None:
        config = replace(config, limits=limits)
    ready: Future[tuple[Hub, Callable[[], object]]] = Future()

    async def serve() -> None:
        hub = Hub(
            open_hub(config, PASSPHRASE),
            clock=clock,
            listen="localhost:0",
            steward=steward,
            metrics=metrics,
            tracing=tracing,
        )
        await hub.start()
        asked_to_stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        ready.set_result((hub, lambda: loop.call_soon_threadsafe(asked_to_stop.set)))
        await asked_to_stop.wait()
        await hub.stop()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=run, name="hub", daemon=True)
    thread.start()
    try:
        hub, ask_to_stop = ready.result(30)
    except BaseException:
        thread.join()
        raise

    def stop() -> None:
        if thread.is_alive():
            ask_to_stop()
        thread.join(30)
        assert not thread.is_alive()

    running = RunningHub(config, clock, hub.address, hub.metrics_address, stop)
    try:
        yield running
    finally:
        running.close()


@contextmanager
def running_hub(
    folder: Path,
    limits: Limits | None = None,
    *,
    database: str | None = None,
    metrics: str | None = None,
    tracing: Tracing = NO_TRACING,
) -> Iterator[RunningHub]:
    """A new hub whose parties are the town's, with an auditor."""
    config, clock = hub_folder(folder, database)
    with serving(config, clock, limits, metrics=metrics, tracing=tracing) as hub:
        register_parties(hub)
        yield hub


def register_parties(hub: RunningHub) -> None:
    """The town's, with their terms, and an auditor."""
    town = hub.town
    kinds = dict.fromkeys(PARTNERS, network_pb2.PARTY_KIND_PARTNER) | {CHARITY: network_pb2.PARTY_KIND_CHARITY}
    hub.commit("operator", *(town.register(name, kind) for name, kind in kinds.items()))
    hub.commit("operator", *(town.terms(name) for name in kinds), town.campaign())
    hub.commit("operator", town.register(AUDITOR, network_pb2.PARTY_KIND_AUDITOR))


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """Logs go where pytest catches them, not to standard output."""
    route_logs()


def on_server(databases: Databases) -> str | None:
    """A database for a hub that has none in its folder."""
    return None if databases.engine == "sqlite" else databases.current()


@pytest.fixture
def hub(tmp_path: Path, databases: Databases) -> Iterator[RunningHub]:
    """A hub of the town, for one test alone."""
    with running_hub(tmp_path / "hub", database=on_server(databases)) as running:
        yield running


@pytest.fixture(scope="module")
def shared_hub(tmp_path_factory: pytest.TempPathFactory, shared_databases: Databases) -> Iterator[RunningHub]:
    """A hub of the town, for the tests of one module, which must not disturb each other."""
    with running_hub(tmp_path_factory.mktemp("shared") / "hub", database=on_server(shared_databases)) as running:
        yield running
