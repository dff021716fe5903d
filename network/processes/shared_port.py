"""A port on which several processes of one hub listen, and nobody else, whether they live at the moment or not."""

from __future__ import annotations

import socket
from typing import Final

from network.listening import parse_address, unavailable


class SharedPort:
    """Keeps a port without listening there. Processes of the same user may, with SO_REUSEPORT: the system spreads
    connections over those that do."""

    def __init__(self, listen: str) -> None:
        """`listen` is HOST:PORT; port 0 takes a free one. Raises ListenError, also when another hub shares the port."""
        host, port = parse_address(listen, "0.0.0.0:7700")
        try:
            family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, socket.SOCK_STREAM) as alone:
                # What lingers of an earlier hub's connections does not count; who listens or keeps the port does.
                alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                alone.bind(address)
                alone.listen()
                address = alone.getsockname()
            self._socket: Final = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            raise unavailable(listen) from None
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise unavailable(listen) from None
        #: HOST:PORT, with the host as it was given.
        self.address: Final = f"{host}:{address[1]}"

    def close(self) -> None:
        """Let others have it."""
        self._socket.close()
