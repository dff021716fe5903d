"""`coalition settlement health`: on its own, as it is asked every few seconds and need import little."""

from __future__ import annotations

from pathlib import Path

import click
import grpc
from grpc_health.v1 import health_pb2

from coalition import tls
from settlement.cli.options import DEFAULT_ADDRESS, as_json, failing_clearly, folder_option, print_json
from settlement.config import load_config
from settlement.rpc.names import SERVICE

_HEALTH_TIMEOUT_S = 4.0


@click.command()
@folder_option
@click.option("--address", default=DEFAULT_ADDRESS, show_default=True, metavar="HOST:PORT")
@as_json
@failing_clearly
def health(folder: Path, address: str, json_wanted: bool) -> None:
    """Whether the service answers and follows a sound journal: exit status 0, else 1."""
    authority = tls.TlsFiles(load_config(folder).tls).authority.read_bytes()
    with grpc.secure_channel(address, grpc.ssl_channel_credentials(authority)) as channel:
        check: grpc.UnaryUnaryMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=_HEALTH_TIMEOUT_S)
        except grpc.RpcError as error:
            raise click.ClickException(f"No answer from {address} ({_why(error)}).") from error
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise click.ClickException(f"The settlement service at {address} is {status}; its log says why.")
    if json_wanted:
        print_json({"address": address, "status": status})
    else:
        click.echo(f"The settlement service at {address} is serving.")


def _why(error: grpc.RpcError) -> str:
    assert isinstance(error, grpc.Call | grpc.aio.AioRpcError), "what a channel raises is a call"
    return f"{error.code().name}: {error.details()}"
