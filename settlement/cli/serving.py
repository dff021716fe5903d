"""Making and running the service."""

from __future__ import annotations

import dataclasses
import signal
import threading
from pathlib import Path

import click
import grpc
from grpc_health.v1 import health_pb2

from coalition import tls
from coalition.clock import FileClock
from partner_sdk import Client, PartyKind, Profile
from settlement.cli.options import (
    DEFAULT_ADDRESS,
    as_json,
    failing_clearly,
    find_profile,
    folder_option,
    passphrase,
    passphrase_option,
    print_json,
    profile_path,
)
from settlement.config import SettlementConfig, is_initialised, load_config, write_config
from settlement.logs import LogFormat, configure_logs
from settlement.rpc.server import SERVICE
from settlement.service import Service
from settlement.store.database import Database
from settlement.store.migrate import migrate

_HEALTH_TIMEOUT_S = 4.0
_HOSTS = ("localhost", "127.0.0.1", "::1")

_hosts = click.option(
    "--host", "hosts", multiple=True, help="A name or IP address for the certificate, besides localhost; repeatable."
)
_authority = click.option(
    "--authority",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with the ca.pem and ca.key of the authority to sign the certificate, such as the hub's tls folder: "
    "clients then trust the service as they trust the hub. Default: an authority of its own.",
)


@click.command()
@folder_option
@click.option(
    "--profile", required=True, metavar="NAME|FILE", help="SDK profile of the auditor as which it reads the journal."
)
@_hosts
@_authority
@click.option("--if-missing", is_flag=True, help="Do nothing when the folder holds a service already.")
@click.option("--no-check", is_flag=True, help="Do not ask the hub whether the profile is right.")
@passphrase_option
@as_json
@failing_clearly
def init(
    folder: Path,
    profile: str,
    hosts: tuple[str, ...],
    authority: Path | None,
    if_missing: bool,
    no_check: bool,
    passphrase_file: Path | None,
    json_wanted: bool,
) -> None:
    """Make a settlement service: its folder, certificate and database.

    \b
    It needs a profile of a party that may read the whole journal. The hub's operator makes one:
      coalition hub add-partner settlement --kind auditor --dir hub --out parties
      coalition settlement init --dir settlement --profile parties/settlement
    """
    made = not is_initialised(folder)
    if made:
        found = find_profile(profile)
        if not no_check:
            _require_reader(found, passphrase(passphrase_file))
        config = SettlementConfig.default(folder, found.network_id, profile_path(profile))
        _make(config, hosts, authority)
    elif if_missing:
        config = load_config(folder)
    else:
        raise click.ClickException(f"{folder} holds a settlement service already. Pass --if-missing to keep it.")
    authority_file = tls.TlsFiles(config.tls).authority
    if json_wanted:
        answer = {"made": made, "network_id": config.network_id, "folder": str(folder), "tls_ca": str(authority_file)}
        print_json(answer)
    elif not made:
        click.echo(f"{folder} holds a settlement service of {config.network_id} already; nothing was changed.")
    else:
        click.echo(
            f"""\
Made a settlement service of {config.network_id} in {folder}:
  settlement.db    its books, which follow from the journal and from signed decisions
  tls/ca.pem       what those trust who call it
  settlement.toml  settings

Next: coalition settlement serve --dir {folder} --listen {DEFAULT_ADDRESS}"""
        )


def _make(config: SettlementConfig, hosts: tuple[str, ...], authority: Path | None) -> None:
    config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = tuple(dict.fromkeys((*hosts, *_HOSTS)))
    # An attempt before this one may have made them.
    if not tls.TlsFiles(config.tls).certificate.exists():
        try:
            if authority is None:
                tls.make_tls(config.tls, f"{config.network_id} settlement", names)
            else:
                tls.issue_tls(config.tls, authority, names)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--host") from error
    database = Database.in_file(config.database)
    migrate(database)
    database.close()
    write_config(config)


def _require_reader(profile: Profile, secret: str) -> None:
    """Ask the hub whether this party sees the whole journal. A wrong address, key or certificate shows on the way."""
    with Client(profile.connection(secret)) as client:
        party = client.party(profile.party_id)
    if party.kind not in (PartyKind.AUDITOR, PartyKind.OPERATOR):
        raise click.ClickException(f"{profile.party_id} is no auditor, so the hub would not show it the whole journal.")


@click.command()
@folder_option
@click.option("--listen", default=DEFAULT_ADDRESS, show_default=True, metavar="HOST:PORT", help="Port 0: any free one.")
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Answer Prometheus here, over plain HTTP. Port 0: any free one. Default: nowhere.",
)
@click.option(
    "--clock-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file to take the time from instead of the system: for tests and simulations.",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to write host:port into, once the service answers.",
)
@click.option("--log-format", type=click.Choice(["json", "console"]), default="json", show_default=True)
@passphrase_option
@failing_clearly
def serve(
    folder: Path,
    listen: str,
    metrics: str | None,
    clock_file: Path | None,
    ready_file: Path | None,
    log_format: LogFormat,
    passphrase_file: Path | None,
) -> None:
    """Follow the journal and answer, until SIGTERM or Ctrl-C.

    It goes on where it stopped, however it stopped. While the hub is away it waits for it; if the journal turns out to
    be wrong it takes in nothing more, says so in its log and in its health, and still answers what it had verified.
    """
    config = load_config(folder)
    connection = Profile.find(config.profile).connection(passphrase(passphrase_file))
    if clock_file is not None:
        connection = dataclasses.replace(connection, clock=_clock(clock_file))
    configure_logs(log_format)
    service = Service(config, connection, tls.load_server_tls(config.tls), connection.clock)
    asked_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.set())
    port = service.start(listen, metrics)
    try:
        if ready_file is not None:
            _write_at_once(ready_file, f"{listen.rpartition(':')[0]}:{port}\n")
        asked_to_stop.wait()
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        service.stop()


def _write_at_once(path: Path, text: str) -> None:
    """Whoever sees the file sees all of it."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _clock(path: Path) -> FileClock:
    try:
        return FileClock(path)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--clock-file") from error


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


@click.command("renew-tls")
@folder_option
@_hosts
@_authority
@as_json
@failing_clearly
def renew_tls(folder: Path, hosts: tuple[str, ...], authority: Path | None, json_wanted: bool) -> None:
    """Make a new certificate by the same authority. Takes effect when the service is started again."""
    try:
        files = tls.renew_tls(load_config(folder).tls, (*hosts, *_HOSTS), authority)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--host") from error
    if json_wanted:
        print_json({"certificate": str(files.certificate)})
    else:
        click.echo(f"{files.certificate} is new. Restart the service to use it.")
