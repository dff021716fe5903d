"""`coalition hub renew-tls`."""

from __future__ import annotations

from pathlib import Path

import click

from coalition.tls import SERVER_DAYS
from coalition.tls import renew_tls as renew
from network.cli._failures import explained
from network.cli._options import folder_option
from network.config import ConfigError, load_config
from network.founding import LOCAL_HOSTS


@click.command("renew-tls")
@click.option("--host", "hosts", multiple=True, help="A name or IP address for the certificate, besides localhost.")
@folder_option
@explained
def renew_tls(hosts: tuple[str, ...], folder: Path) -> None:
    """Make a new certificate for the server. Clients notice nothing; the hub takes it at its next start."""
    config = load_config(folder)
    try:
        renew(config.tls, [*LOCAL_HOSTS, *hosts])
    except ValueError as error:
        raise ConfigError(f"{error}.") from error
    click.echo(f"{config.tls / 'server.pem'} is new and good for {SERVER_DAYS} days. Restart the hub.")
