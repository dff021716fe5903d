"""Where Prometheus asks: the metrics of one process on a port of its own, over plain HTTP.

It tells no secrets, but how much business there is and who follows the journal: it is for the operator's own network.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, start_http_server

from network.listening import parse_address, unavailable


class MetricsServer:
    """Answers from a thread of its own, as soon as it is made."""

    def __init__(self, listen: str, registry: CollectorRegistry) -> None:
        """`listen` is HOST:PORT; port 0 takes a free one. Raises ListenError."""
        host, port = parse_address(listen, "localhost:9464")
        try:
            self._server, self._thread = start_http_server(port, host.strip("[]"), registry)
        except OSError as error:
            raise unavailable(listen) from error
        #: Where it listens, HOST:PORT.
        self.address = f"{host}:{self._server.server_port}"

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
