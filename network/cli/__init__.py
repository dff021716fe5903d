"""`coalition hub`: making a hub, running it, and what its operator does from a shell."""

from __future__ import annotations

from typing import Final

import click

from coalition.commands import LateGroup

_PLACES: Final = {
    "init": "network.cli.init:init",
    "serve": "network.cli.serve:serve",
    "health": "network.cli.health:health",
    "status": "network.cli.status:status",
    "verify": "network.cli.verify:verify",
    "backup": "network.cli.backup:backup",
    "add-partner": "network.cli.parties:add_partner",
    "register": "network.cli.parties:register",
    "suspend": "network.cli.parties:suspend",
    "reinstate": "network.cli.parties:reinstate",
    "rotate-keys": "network.cli.keys:rotate_keys",
    "renew-tls": "network.cli.tls:renew_tls",
    "set-terms": "network.cli.terms:set_terms",
    "open-campaign": "network.cli.campaigns:open_campaign",
    "close-window": "network.cli.windows:close_window",
    "sweep": "network.cli.windows:sweep",
    "trial-balance": "network.cli.windows:trial_balance",
}


@click.group(name="hub", cls=LateGroup, places=_PLACES)
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
