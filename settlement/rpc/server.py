"""The gRPC server: TLS, health, reflection, limits, and an orderly end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from coalition.tls import ServerTls
from coalition.v1.settlement_service_pb2_grpc import add_SettlementServiceServicer_to_server
from settlement.rpc.interceptor import CallInterceptor
from settlement.rpc.names import SERVICE
from settlement.rpc.servicer import SettlementServicer
from settlement.rpc.streams import StreamLimit

_THREADS: Final = 24
#: Calls beyond this are refused with RESOURCE_EXHAUSTED; some wait for the journal, so there are more than threads.
_CALLS_MAX: Final = 64
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 1 << 20),
    # Two services on one port would share it without a word.
    ("grpc.so_reuseport", 0),
    # A client that vanished without a word is noticed, and gives its threads back; an idle one connects anew.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.max_connection_idle_ms", 3_600_000),
)


class Offer(NamedTuple):
    """One more service of the protocol on the same port."""

    #: Its full name.
    name: str
    #: Adds whoever answers it to a server, as generated code does.
    add_to: Callable[[grpc.Server], None]


class Server:
    """Serves one SettlementServicer, and what else is offered."""

    def __init__(self, servicer: SettlementServicer, tls: ServerTls, offers: Iterable[Offer] = ()) -> None:
        self._health = health.HealthServicer()
        self._server = grpc.server(
            ThreadPoolExecutor(_THREADS, thread_name_prefix="rpc"),
            interceptors=[StreamLimit(), CallInterceptor()],
            maximum_concurrent_rpcs=_CALLS_MAX,
            options=_OPTIONS,
        )
        self._tls = tls
        add_SettlementServiceServicer_to_server(servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._names = [SERVICE]
        for offer in offers:
            offer.add_to(self._server)
            self._names.append(offer.name)
        shown = (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(shown, self._server)

    def start(self, listen: str) -> int:
        """Listen at `host:port` and give the port, which is chosen for port 0. Raises OSError when that is taken."""
        credentials = grpc.ssl_server_credentials([(self._tls.key, self._tls.certificate)])
        try:
            port = self._server.add_secure_port(listen, credentials)
        except RuntimeError as error:
            raise OSError(
                f"Cannot listen at {listen}. Is the port taken, and is the address this machine's?"
            ) from error
        self.set_healthy(True)
        self._server.start()
        return port

    def set_healthy(self, healthy: bool) -> None:
        """What the health service answers from now on."""
        serving = health_pb2.HealthCheckResponse.SERVING if healthy else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", *self._names):
            self._health.set(name, serving)

    def stop(self, grace_s: float) -> None:
        """Take no more calls, finish those that run, at most for `grace_s` seconds."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_s).wait()
