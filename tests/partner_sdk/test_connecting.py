"""Whatever is wrong with a connection is said in words that tell what to do, and in time."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from coalition.clock import FileClock
from coalition.keys import SigningKey
from coalition.tls import load_server_tls, make_tls
from partner_sdk import Client, Connection
from partner_sdk.errors import (
    AuthorUnknown,
    ClockSkew,
    ConfigurationError,
    InDoubt,
    KeyUnknown,
    ReceiptInvalid,
    Timeout,
    Unauthenticated,
    Unreachable,
    WrongNetwork,
)
from partner_sdk.testing import LocalNetwork


def changed(network: LocalNetwork, **changes: Any) -> Client:
    """The grocer's client with something wrong."""
    return Client(replace(network.connection("grocer"), timeout_s=1.0, **changes))


@contextmanager
def in_time(seconds: float = 2.5) -> Iterator[None]:
    """Within the deadline, and a little."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def test_nobody_listens(network: LocalNetwork) -> None:
    """A wrong port: says that nothing listens there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"localhost:{free.getsockname()[1]}"
    client = changed(network, address=address)
    with client, in_time(), pytest.raises(Unreachable, match=f"Nothing listens at {address}"):
        client.issue("anna", 1)
    client = changed(network, address=address)
    with client, in_time(), pytest.raises(Unreachable, match="Nothing listens"):
        client.network()
    client = changed(network, address=address)
    with client, in_time(), pytest.raises(Unreachable, match="Nothing listens"):
        list(client.own_journal())


def test_the_name_is_unknown(network: LocalNetwork) -> None:
    """A wrong name: says that it is unknown."""
    client = changed(network, address="no-such-host.invalid:7700")
    with client, in_time(), pytest.raises(Unreachable, match=r"The name no-such-host\.invalid"):
        client.issue("anna", 1)


def test_the_certificate_is_of_another_authority(network: LocalNetwork, tmp_path: Path) -> None:
    """A wrong certificate authority: says so at once, for it will not mend itself."""
    make_tls(tmp_path, "other", ["localhost"])
    client = changed(network, tls_ca=(tmp_path / "ca.pem").read_bytes())
    with client, in_time(), pytest.raises(Unreachable, match=r"certificate of .* is not trusted: .*tls_ca"):
        client.issue("anna", 1)


def test_the_system_does_not_know_the_authority(network: LocalNetwork) -> None:
    """Without a pinned authority the system's are asked, which do not know this one."""
    client = changed(network, tls_ca=None)
    with client, in_time(), pytest.raises(Unreachable, match="is not trusted"):
        client.network()


def test_the_certificate_is_for_another_name(network: LocalNetwork) -> None:
    """A certificate for another name is not trusted, and the name that was expected is told."""
    client = changed(network, server_name="hub.example")
    with client, in_time(), pytest.raises(Unreachable, match=r"is for hub.example"):
        client.network()


def test_a_certificates_other_name_can_be_given(network: LocalNetwork) -> None:
    """An address that is not in the certificate works with the name that is."""
    address = network.hub.address.replace("localhost", "127.0.0.1")
    with changed(network, address=address, server_name="localhost") as client:
        assert client.network().network_id == network.network_id


def test_another_service_listens(network: LocalNetwork, tmp_path: Path) -> None:
    """What does not speak TLS, or is no hub, is called another service."""
    plain = grpc.server(ThreadPoolExecutor(1))
    address = f"localhost:{plain.add_insecure_port('localhost:0')}"
    plain.start()
    client = changed(network, address=address)
    with client, in_time(), pytest.raises(Unreachable, match="does not speak TLS"):
        client.issue("anna", 1)
    plain.stop(0).wait()

    make_tls(tmp_path, "other", ["localhost"])
    tls = load_server_tls(tmp_path)
    other = grpc.server(ThreadPoolExecutor(1))
    credentials = grpc.ssl_server_credentials([(tls.key, tls.certificate)])
    address = f"localhost:{other.add_secure_port('localhost:0', credentials)}"
    other.start()
    client = changed(network, address=address, tls_ca=(tmp_path / "ca.pem").read_bytes())
    with client, in_time(), pytest.raises(Unreachable, match="is not this service"):
        client.issue("anna", 1)
    other.stop(0).wait()


def test_somebody_listens_and_says_nothing(network: LocalNetwork) -> None:
    """What takes the connection and never answers is given up at the deadline."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        client = changed(network, address=f"localhost:{silent.getsockname()[1]}")
        with client, in_time(4), pytest.raises((Unreachable, Timeout)):
            client.network()
        client = changed(network, address=f"localhost:{silent.getsockname()[1]}")
        with client, in_time(4), pytest.raises((Unreachable, InDoubt)):
            client.issue("anna", 1)


def test_the_key_is_not_the_partys(network: LocalNetwork) -> None:
    """A key that is not registered: writes and reads both say so."""
    stranger = SigningKey.generate()
    with changed(network, keys=(stranger,)) as client:
        with pytest.raises(KeyUnknown, match="is not a key of grocer"):
            client.issue("anna", 1)
        with pytest.raises(Unauthenticated, match="not signed by an active key of 'grocer'"):
            client.balance("anna")


def test_the_party_is_not_registered(network: LocalNetwork) -> None:
    """A party that nobody admitted is told to ask the operator."""
    with changed(network, party_id="newcomer") as client, pytest.raises(AuthorUnknown, match="operator"):
        client.issue("anna", 1)


def test_the_network_is_another(network: LocalNetwork) -> None:
    """A wrong network id: writes say which network this is, reads that the token is for another."""
    with changed(network, network_id="other.test") as client:
        with pytest.raises(WrongNetwork, match=r"other\.test"):
            client.issue("anna", 1)
        with pytest.raises(Unauthenticated, match=network.network_id):
            client.balance("anna")


def test_the_hub_is_another(network: LocalNetwork) -> None:
    """An answer that is not signed by a pinned key is not believed; its bytes are there to ask again with."""
    anna = network.member()
    client = changed(network, hub_keys=(SigningKey.generate().public,))
    with client, pytest.raises(ReceiptInvalid, match="not the hub's") as caught:
        client.issue(anna.holder_id, 1)
    (outcome,) = network.client("grocer").resend(caught.value.envelope)
    assert outcome.replayed


def test_the_clock_is_wrong(network: LocalNetwork, tmp_path: Path) -> None:
    """A clock that is far ahead: says to set it."""
    ahead = FileClock(tmp_path / "clock", network.clock() + 3_600_000_000)
    with changed(network, clock=ahead) as client:
        with pytest.raises(ClockSkew):
            client.issue("anna", 1)
        with pytest.raises(Unauthenticated, match="clock"):
            client.balance("anna")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"network_id": ""}, "network id is missing"),
        ({"party_id": "The Grocer"}, "not a party id"),
        ({"address": "https://hub.example"}, "host:port"),
        ({"address": "hub.example"}, "host:port"),
        ({"address": "hub.example:99999"}, "host:port"),
        ({"settlement_address": "nowhere"}, "settlement service's address"),
        ({"hub_keys": ()}, "No key of the hub"),
        ({"hub_keys": (b"short",)}, "32 bytes"),
        ({"keys": ()}, "no key to sign with"),
        ({"timeout_s": 0}, "positive"),
        ({"lifetime_s": -1}, "positive"),
        ({"tls_ca": b"nonsense"}, "PEM"),
    ],
)
def test_a_connection_that_cannot_work_is_refused_at_once(
    network: LocalNetwork, changes: dict[str, Any], text: str
) -> None:
    """What is wrong in itself is an error when it is given, and a ValueError."""
    with pytest.raises(ConfigurationError, match=text) as caught:
        replace(network.connection("grocer"), **changes)
    assert isinstance(caught.value, ValueError)


def test_two_keys_must_be_two(network: LocalNetwork) -> None:
    """The same key twice is no second signature."""
    connection = network.connection("grocer")
    with pytest.raises(ConfigurationError, match="different"):
        replace(connection, keys=(*connection.keys, *connection.keys))


def test_secrets_are_not_shown(network: LocalNetwork) -> None:
    """The text of a connection has no private key in it."""
    connection: Connection = network.connection("grocer")
    assert connection.keys[0].seed().hex() not in repr(connection)
    assert "SigningKey(" in repr(connection)


def test_a_closed_client_says_so(network: LocalNetwork) -> None:
    """A call after closing is an error that says what to do."""
    client = changed(network)
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        client.network()


def test_async_says_the_same(network: LocalNetwork) -> None:
    """The asyncio client looks for the cause as well, without blocking the loop."""

    async def main() -> None:
        async with network.async_client("grocer") as client:
            other = type(client)(replace(client.connection, address="localhost:1", timeout_s=1.0))
            async with other:
                with pytest.raises(Unreachable, match="Nothing listens at localhost:1"):
                    await other.network()

    asyncio.run(main())


def test_a_killed_hub_leaves_a_write_in_doubt_until_it_is_resent(shaky: LocalNetwork) -> None:
    """After a power cut the till knows that it does not know, and resending settles it without doubling."""
    anna = shaky.member()
    client = shaky.client("grocer", timeout_s=1.0)
    client.issue(anna.holder_id, 1)
    shaky.hub.kill()
    with pytest.raises((InDoubt, Unreachable)) as caught:
        client.issue(anna.holder_id, 2)
    shaky.hub.start()
    client = client.with_timeout(10)
    if isinstance(caught.value, InDoubt):
        (outcome,) = client.resend(caught.value.envelope)
        assert outcome.transaction_id == caught.value.transaction_ids[0]
        (again,) = client.resend(caught.value.envelope)
        assert (again.replayed, again.sequence) == (True, outcome.sequence)
        assert client.balance(anna.holder_id).available == 3
    else:
        assert client.balance(anna.holder_id).available == 1


def test_a_restarting_hub_is_waited_for(shaky: LocalNetwork) -> None:
    """A call during a restart is answered when the hub is back, within the deadline."""
    anna = shaky.member()
    client = shaky.client("grocer", timeout_s=20)
    shaky.hub.stop()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.issue, anna.holder_id, 5)
        shaky.hub.start()
        assert waiting.result(20).balance.available == 5
