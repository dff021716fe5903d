"""`coalition hub health`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from network.cli._answers import print_json
from network.cli._failures import explained
from network.cli._operator import CallFailed, call_failed, open_channel
from network.cli._options import folder_option, json_option
from network.config import load_config

_CALL_S = 4.0


@click.command()
@folder_option
@click.option("--address", default="localhost:7700", show_default=True, metavar="HOST:PORT", help="Where it listens.")
@json_option
@explained
def health(folder: Path, address: str, as_json: bool) -> None:
    """Ask whether the hub serves. Exit code 0: it does. Needs no key."""
    config = load_config(folder)
    with open_channel(address, config.tls / "ca.pem") as channel:
        try:
            # The stub's methods are made at run time, which its types do not say.
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_CALL_S)
        except grpc.RpcError as error:
            raise call_failed(error, address) from error
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise CallFailed(f"The hub at {address} is {status}.")
    if as_json:
        print_json({"address": address, "status": status})
    else:
        click.echo(f"The hub at {address} is serving.")
