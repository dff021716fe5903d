"""Serving the console on this machine's loopback address."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

import uvicorn

from coalition.keys import fingerprint
from partner_sdk.settlement import SettlementClient
from settlement.console.app import PLACES, build
from settlement.console.door import IDLE_S_DEFAULT, Door
from settlement.console.guard import ENTER
from settlement.console.jobs import Jobs
from settlement.console.rendering import Renderer
from settlement.console.reports import Reports
from settlement.console.visit import Console, Person

_LOOPBACK: Final = "127.0.0.1"
_REQUESTS_MAX: Final = 64
_STOP_S: Final = 5
_HEAD_BYTES_MAX: Final = 16 << 10


class ConsoleServer:
    """One person's console."""

    def __init__(
        self,
        client: SettlementClient,
        announce: Callable[[str], None],
        *,
        port: int = 0,
        idle_s: float = IDLE_S_DEFAULT,
    ) -> None:
        """`announce` gets each link to tell the person; port 0 is any free one. Raises OSError when the port is taken.

        The client's first key is the person's, and signs what they decide.
        """
        connection = client.connection
        person = Person(connection.network_id, connection.party_id, fingerprint(connection.keys[0].public))
        self._socket = _listen(port)
        #: Where it listens.
        self.port: Final[int] = self._socket.getsockname()[1]
        self._jobs = Jobs()
        self._door = Door(lambda token: announce(f"{self.address}{ENTER}?token={token}"), idle_s)
        app = build(Console(client, person, Renderer(PLACES), Reports(client), self._jobs), self._door, self.port)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=_REQUESTS_MAX,
                timeout_graceful_shutdown=_STOP_S,
                h11_max_incomplete_event_size=_HEAD_BYTES_MAX,
            )
        )

    @property
    def address(self) -> str:
        """What the browser's addresses begin with."""
        return f"http://{_LOOPBACK}:{self.port}"

    def serve(self) -> None:
        """Offer the first link and answer until `stop`, SIGTERM or Ctrl-C."""
        self._door.offer()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self._jobs.close()

    def lock(self) -> None:
        """End the session and offer a new link, as the page's own button does."""
        self._door.leave()

    def stop(self) -> None:
        """Have `serve` return. May be called from another thread."""
        self._server.should_exit = True


def _listen(port: int) -> socket.socket:
    """Listening already, so that a link that is opened at once finds somebody."""
    listener = socket.create_server((_LOOPBACK, port))
    listener.setblocking(False)
    return listener
