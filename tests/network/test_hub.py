"""A hub as a whole: it serves, keeps what it was told, and shares a database with another."""

from __future__ import annotations

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from coalition.errors import Refused, reason_name
from coalition.v1 import network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.directory_service_pb2 import ListPartiesRequest
from coalition.v1.journal_pb2 import StreamEntriesRequest
from coalition.v1.ledger_service_pb2 import GetBalanceRequest
from network.rpc.server import SERVICES
from tests.databases import BOTH
from tests.network.conftest import AUDITOR, RunningHub, refusal, serving
from tests.network.town import key_of

pytestmark = pytest.mark.engines(*BOTH)


def test_points_are_there_after_a_restart(hub: RunningHub) -> None:
    """What a hub has acknowledged is there when it is stopped and started again."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
    hub.close()
    with serving(hub.config, hub.clock) as again:
        answer = again.ask("grocer", again.ledger.GetBalance, GetBalanceRequest(holder_id="anna"))
    assert answer.balance.available_points == 100
    assert answer.sequence == 13


def test_hub_says_that_it_serves(shared_hub: RunningHub) -> None:
    """Health is told for the server and for each of its services, to anybody who trusts the certificate."""
    with shared_hub.channel() as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", *SERVICES):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)  # type: ignore[attr-defined]
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_tools_can_ask_what_there_is(shared_hub: RunningHub) -> None:
    """Reflection names the services, health and itself."""
    with shared_hub.channel() as channel:
        services = set(ProtoReflectionDescriptorDatabase(channel).get_services())
    assert set(SERVICES) < services
    assert "grpc.health.v1.Health" in services


def test_hub_is_not_trusted_by_the_system_s_authorities(shared_hub: RunningHub) -> None:
    """Without the network's certificate there is no connection."""
    with grpc.secure_channel(shared_hub.address, grpc.ssl_channel_credentials()) as channel:
        try:
            grpc.channel_ready_future(channel).result(1)
        except grpc.FutureTimeoutError:
            return
    raise AssertionError("a stranger's certificate was trusted")


def test_what_one_hub_changes_the_other_goes_by(hub: RunningHub) -> None:
    """A party that one hub has registered can write, read and be followed at the other at once."""
    with serving(hub.config, hub.clock) as other:
        following = other.journal.StreamEntries(
            StreamEntriesRequest(from_sequence=12, follow=True), timeout=20, metadata=other.token(AUDITOR)
        )
        hub.commit("operator", hub.town.register("bakery", network_pb2.PARTY_KIND_PARTNER))
        hub.commit("operator", hub.town.terms("bakery"))
        assert len(next(following).envelopes) >= 1
        following.cancel()
        other.ask("bakery", other.directory.ListParties, ListPartiesRequest())
        other.commit("bakery", other.town.enrol("anna"), other.town.issue("anna", 7))
    answer = hub.ask("bakery", hub.ledger.GetBalance, GetBalanceRequest(holder_id="anna"))
    assert answer.balance.available_points == 7


def test_key_that_one_hub_has_removed_is_refused_by_the_other(hub: RunningHub) -> None:
    """A removed key writes nothing any more, at any hub."""
    with serving(hub.config, hub.clock) as other:
        change = pb.SetPartyKeys(
            party_id="grocer", add_keys=[key_of("new").public], remove_keys=[key_of("grocer").public]
        )
        both = [key_of("operator"), key_of("operator-2")]
        hub.commit("operator", hub.town.transaction(set_party_keys=change), keys=both)
        with pytest.raises(Refused) as caught:
            other.send(other.town.data("grocer", other.town.enrol("anna")))
        assert reason_name(caught.value.reason) == "KEY_REVOKED"
        other.commit("grocer", other.town.enrol("anna"), keys=[key_of("new")])


def test_key_that_one_hub_has_removed_reads_nothing_at_the_other(hub: RunningHub) -> None:
    """A second later a removed key reads nothing any more at any hub, and who follows there with it is cut off."""
    with serving(hub.config, hub.clock) as other:
        following = other.journal.StreamEntries(
            StreamEntriesRequest(from_sequence=1, follow=True), timeout=10, metadata=other.token(AUDITOR)
        )
        next(following)
        change = pb.SetPartyKeys(
            party_id=AUDITOR, add_keys=[key_of("new").public], remove_keys=[key_of(AUDITOR).public]
        )
        both = [key_of("operator"), key_of("operator-2")]
        hub.commit("operator", hub.town.transaction(set_party_keys=change), keys=both)
        # Its deadline is shorter than the time after which a follower looks for itself.
        with pytest.raises(grpc.RpcError) as ended:
            list(following)
        assert reason_name(refusal(ended.value).reason) == "UNAUTHENTICATED"
        with pytest.raises(Refused) as caught:
            other.ask(AUDITOR, other.directory.ListParties, ListPartiesRequest())
        assert reason_name(caught.value.reason) == "UNAUTHENTICATED"
