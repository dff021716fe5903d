"""`coalition hub init`."""

from __future__ import annotations

from pathlib import Path

import click

from coalition.clock import system_clock
from coalition.keyfile import load_key
from network.cli._answers import print_json
from network.cli._failures import explained
from network.cli._operator import open_clock
from network.cli._options import json_option, passphrase, passphrase_option
from network.config import DATABASE_VARIABLE, ConfigError, HubConfig, is_initialised, load_config
from network.founding import OPERATOR_KEYS, Place, found_network
from network.genesis import Founding
from network.policy import default_policy, read_policy
from network.store.engine import kept, parse_url

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_INDENT = " " * 26


@click.command()
@click.option("--dir", "folder", type=_FOLDER, required=True, help="Where to make it.")
@click.option("--network-id", required=True, help="The network's name for ever, for example points.example.")
@click.option("--operator-name", default="Operator", show_default=True, help="The operator's name, for people.")
@click.option("--time-zone", default="Europe/Berlin", show_default=True, help="Dates follow it, for ever.")
@click.option("--currency", default="EUR", show_default=True, help="The settlement currency, ISO 4217, for ever.")
@click.option(
    "--currency-exponent", type=click.IntRange(0, 4), default=2, show_default=True, help="Its decimal digits."
)
@click.option("--policy", type=_FILE, help="JSON with what differs from the default policy (docs/operators.md).")
@click.option("--host", "hosts", multiple=True, help="A name or IP address for the certificate, besides localhost.")
@click.option("--address", metavar="HOST:PORT", help="For the operator's profile. Default: the first host, port 7700.")
@click.option(
    "--database",
    metavar="URL",
    envvar=DATABASE_VARIABLE,
    help="An empty PostgreSQL database instead of a file in the folder, such as postgresql://hub@db.example/coalition. "
    f"Also taken from {DATABASE_VARIABLE}.",
)
@click.option("--clock-file", type=_FILE, help="Take the time from this file (tests and simulations).")
@click.option("--hub-key", type=_FILE, help="Use this key for the hub instead of making one.")
@click.option("--operator-key", "operator_keys", type=_FILE, multiple=True, help="Use these two keys for the operator.")
@click.option("--if-missing", is_flag=True, help="Do nothing when the folder holds a hub already.")
@passphrase_option
@json_option
@explained
def init(
    folder: Path,
    network_id: str,
    operator_name: str,
    time_zone: str,
    currency: str,
    currency_exponent: int,
    policy: Path | None,
    hosts: tuple[str, ...],
    address: str | None,
    database: str | None,
    clock_file: Path | None,
    hub_key: Path | None,
    operator_keys: tuple[Path, ...],
    if_missing: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Make a network and its hub: keys, certificates, settings, and a journal that begins with the network's rules.

    What --network-id, --time-zone and --currency say can never be changed; the policy can, with notice.
    """
    if is_initialised(folder) and if_missing:
        config = load_config(folder)
        if config.network_id != network_id:
            raise ConfigError(f"{folder} holds a hub of network {config.network_id!r}, not of {network_id!r}.")
        _tell(config, as_json, made=False)
        return
    if operator_keys and len(operator_keys) != OPERATOR_KEYS:
        raise ConfigError(f"Give --operator-key {OPERATOR_KEYS} times, or not at all.")
    if database is not None and parse_url(database).file is not None:
        raise ConfigError("--database is for PostgreSQL. Without it the database is a file in the folder.")
    secret = passphrase(passphrase_file, confirm=True)
    founding = Founding(
        network_id=network_id,
        time_zone=time_zone,
        currency=currency,
        currency_exponent=currency_exponent,
        policy=default_policy() if policy is None else read_policy(policy),
        operator_name=operator_name,
    )
    place = Place(folder, hosts, address or f"{hosts[0] if hosts else 'localhost'}:7700", clock_file)
    try:
        config = found_network(
            founding,
            place,
            secret,
            system_clock if clock_file is None else open_clock(clock_file),
            database=database,
            hub_key=None if hub_key is None else load_key(hub_key, secret),
            operator_keys=[load_key(path, secret) for path in operator_keys],
        )
    except ValueError as error:
        raise ConfigError(f"{error}.") from error
    _tell(config, as_json, made=True)


def _tell(config: HubConfig, as_json: bool, *, made: bool) -> None:
    folder = config.folder
    if as_json:
        print_json(
            {
                "made": made,
                "network_id": config.network_id,
                "folder": str(folder),
                "profile": str(config.operator_profile),
                "tls_ca": str(config.tls / "ca.pem"),
            }
        )
        return
    if not made:
        click.echo(f"{folder} holds a hub of network {config.network_id} already; nothing was changed.")
        return
    click.echo(
        f"""\
Made the network {config.network_id} in {folder}:
  keys/hub.pem            signs receipts and checkpoints; stays here
  keys/operator-1.pem     two people's keys for the operator; what matters most needs both.
  keys/operator-2.pem       Give each to its person and keep a copy where neither gets lost
  tls/ca.pem              what clients trust; tls/ca.key renews the server's certificate
{_database_line(config)}
  hub.toml                settings
  profiles/operator.toml  by which the operator's commands reach the hub

Next: coalition hub serve --dir {folder} --listen localhost:7700"""
    )


def _database_line(config: HubConfig) -> str:
    what = "the journal and everything that follows from it"
    if config.database_file is not None:
        return f"  hub.sqlite              {what}"
    line = f"  {parse_url(config.database).name}\n{_INDENT}{what}"
    if kept(config.database) != config.database:
        line += f"; its password stands nowhere here:\n{_INDENT}set {DATABASE_VARIABLE}, or use PGPASSFILE"
    return line
