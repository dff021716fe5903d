"""The group and its commands."""

from __future__ import annotations

import click

from network.cli.backup import backup
from network.cli.campaigns import open_campaign
from network.cli.health import health
from network.cli.init import init
from network.cli.keys import rotate_keys
from network.cli.parties import add_partner, register, reinstate, suspend
from network.cli.serve import serve
from network.cli.status import status
from network.cli.terms import set_terms
from network.cli.tls import renew_tls
from network.cli.verify import verify
from network.cli.windows import close_window, sweep, trial_balance


@click.group(name="hub")
def hub() -> None:
    """Make and run a hub, and do what its operator does.

    \b
    A first hub, step by step:
      coalition hub init --dir hub --network-id points.example
      coalition hub serve --dir hub --listen localhost:7700
      coalition hub add-partner grocer --kind partner --dir hub --out parties

    Keys at rest are encrypted. Their passphrase is taken from COALITION_PASSPHRASE, from the file that
    COALITION_PASSPHRASE_FILE or --passphrase-file names, or asked for.
    """


for command in (
    init,
    serve,
    health,
    status,
    verify,
    backup,
    add_partner,
    register,
    suspend,
    reinstate,
    rotate_keys,
    renew_tls,
    set_terms,
    open_campaign,
    close_window,
    sweep,
    trial_balance,
):
    hub.add_command(command)
