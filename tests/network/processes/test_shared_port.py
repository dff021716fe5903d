"""A hub's port belongs to its processes, whether one of them listens at the moment or not."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing

import pytest

from network.listening import ListenError
from network.processes.shared_port import SharedPort


def listener(port: int, *, shared: bool) -> socket.socket:
    """As a server makes one. Raises OSError."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
    try:
        made.bind(("127.0.0.1", port))
        made.listen()
    except OSError:
        made.close()
        raise
    return made


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def test_several_may_listen_and_nobody_else() -> None:
    """Those who share the port may listen there; another program may not, nor another hub, while anybody keeps it."""
    with ExitStack() as stack:
        kept = stack.enter_context(closing(SharedPort("localhost:0")))
        port = port_of(kept.address)
        for _ in range(2):
            with pytest.raises(OSError, match="in use"):
                listener(port, shared=False)
            with pytest.raises(ListenError, match=f"{kept.address} cannot be listened on"):
                SharedPort(kept.address)
            stack.enter_context(listener(port, shared=True))


def test_port_is_free_again_at_once() -> None:
    """What lingers of connections does not keep the next hub from the port."""
    with closing(SharedPort("127.0.0.1:0")) as kept:
        port = port_of(kept.address)
        with listener(port, shared=True) as serving, socket.create_connection(("127.0.0.1", port)) as client:
            connection, _ = serving.accept()
            # Who closes first is the one whose side lingers.
            connection.close()
            assert client.recv(1) == b""
    SharedPort(kept.address).close()


@pytest.mark.parametrize("listen", ["192.0.2.1:7700", "localhost", ":7700"])
def test_address_that_cannot_be_is_told(listen: str) -> None:
    """Addresses of other machines, and what is none at all, are refused by name."""
    with pytest.raises(ListenError, match=listen):
        SharedPort(listen)
