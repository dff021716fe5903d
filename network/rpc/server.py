"""The gRPC server: TLS, services, health, reflection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from coalition.envelope import ENVELOPE_BYTES_MAX
from coalition.tls import ServerTls
from coalition.v1 import (
    directory_service_pb2,
    directory_service_pb2_grpc,
    journal_pb2,
    journal_pb2_grpc,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    operator_service_pb2,
    operator_service_pb2_grpc,
)
from network.listening import parse_address, unavailable
from network.rpc.directory import DirectoryServicer
from network.rpc.interceptor import CallInterceptor
from network.rpc.journal import JournalServicer
from network.rpc.ledger import LedgerServicer
from network.rpc.operator import OperatorServicer
from network.telemetry.calls import CallMetrics
from network.telemetry.tracing import Tracing

#: Room for an envelope that is too large by little, so that the error about its size is ours and says what to do.
MESSAGE_BYTES_MAX: Final = ENVELOPE_BYTES_MAX + (256 << 10)

SERVICES: Final = (
    ledger_service_pb2.DESCRIPTOR.services_by_name["LedgerService"].full_name,
    directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"].full_name,
    journal_pb2.DESCRIPTOR.services_by_name["JournalService"].full_name,
    operator_service_pb2.DESCRIPTOR.services_by_name["OperatorService"].full_name,
)

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    # A client that vanished without a word is noticed; one that is idle for long connects anew.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.max_connection_idle_ms", 3_600_000),
)


@dataclass(frozen=True, slots=True)
class Servicers:
    """What answers the calls of each service."""

    ledger: LedgerServicer
    directory: DirectoryServicer
    journal: JournalServicer
    operator: OperatorServicer


class _ByName:
    """A server to which generated code adds methods that are looked up when they are called.

    Generated code would also register each of them, and grpc.aio waits for the next call of every registered method
    apart: for each call it would look at all of them.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers: Final = server.add_generic_rpc_handlers

    def add_registered_method_handlers(
        self, service: str, handlers: dict[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        """They have been added by their names."""


class RpcServer:
    """A server that listens once it is started."""

    def __init__(
        self,
        servicers: Servicers,
        tls: ServerTls,
        listen: str,
        *,
        calls_max: int,
        metrics: CallMetrics,
        tracing: Tracing,
        shared_port: bool = False,
    ) -> None:
        """`listen` is HOST:PORT; port 0 takes a free one. With `shared_port`, the system spreads connections over all
        processes that listen there. Raises ListenError."""
        self._server = grpc.aio.server(
            interceptors=(CallInterceptor(metrics, tracing),),
            # Otherwise two hubs on one port would share it without a word.
            options=(*_OPTIONS, ("grpc.so_reuseport", int(shared_port))),
            maximum_concurrent_rpcs=calls_max,
        )
        by_name = cast(grpc.aio.Server, _ByName(self._server))
        ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server(servicers.ledger, by_name)
        directory_service_pb2_grpc.add_DirectoryServiceServicer_to_server(servicers.directory, by_name)
        journal_pb2_grpc.add_JournalServiceServicer_to_server(servicers.journal, by_name)
        operator_service_pb2_grpc.add_OperatorServiceServicer_to_server(servicers.operator, by_name)
        self._health = health_aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, by_name)
        health_service = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
        reflection.enable_server_reflection((*SERVICES, health_service, reflection.SERVICE_NAME), self._server)
        self.address = self._listen(listen, tls)

    async def start(self) -> None:
        """Serve, and say so to those who ask after its health."""
        await self._server.start()
        for service in SERVICES:
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    async def announce_stop(self) -> None:
        """Report the server as not serving; calls are still answered."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace_s: float) -> None:
        """Take no new calls, and give those under way `grace_s` seconds."""
        await self._server.stop(grace_s)

    def _listen(self, listen: str, tls: ServerTls) -> str:
        host, _ = parse_address(listen, "0.0.0.0:7700")
        credentials = grpc.ssl_server_credentials([(tls.key, tls.certificate)])
        try:
            bound = self._server.add_secure_port(listen, credentials)
        except RuntimeError:
            bound = 0
        if bound == 0:
            raise unavailable(listen)
        return f"{host}:{bound}"
