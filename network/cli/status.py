"""`coalition hub status`."""

from __future__ import annotations

from pathlib import Path

import click

from coalition.keys import fingerprint
from coalition.note import NoteError, checkpoint_origin, open_checkpoint
from coalition.v1 import directory_service_pb2, journal_pb2, network_pb2, operator_service_pb2
from network.cli._answers import print_json, print_table
from network.cli._failures import explained
from network.cli._operator import CallFailed, Operator
from network.cli._options import operator_options
from network.cli._session import operator_of
from network.cli.windows import open_window, totals_row


@click.command()
@operator_options
@explained
def status(
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Show the network: the journal's signed head, the parties, the points."""
    with operator_of(folder, profile, address, passphrase_file) as operator:
        network = operator.ask(operator.directory.GetNetwork, directory_service_pb2.GetNetworkRequest())
        size, root = _head(operator)
        window = open_window(operator)
        parties = operator.ask(operator.directory.ListParties, directory_service_pb2.ListPartiesRequest()).parties
        totals = operator.ask(operator.operator.GetTrialBalance, operator_service_pb2.GetTrialBalanceRequest()).issuers
    rows = [
        (
            party.party_id,
            network_pb2.PartyKind.Name(party.kind).removeprefix("PARTY_KIND_").lower(),
            party.display_name,
            network_pb2.PartyStatus.Name(party.status).removeprefix("PARTY_STATUS_").lower(),
            ", ".join(fingerprint(key) for key in party.public_keys),
        )
        for party in parties
    ]
    if as_json:
        names = ("party_id", "kind", "display_name", "status", "keys")
        print_json(
            {
                "network_id": network.network_id,
                "time_zone": network.time_zone,
                "currency": network.currency,
                "entries": size,
                "root": root,
                "window": window,
                "parties": [
                    dict(zip(names, row, strict=True)) | {"keys": [fingerprint(key) for key in party.public_keys]}
                    for party, row in zip(parties, rows, strict=True)
                ],
                "issuers": [totals_row(item) for item in totals],
            }
        )
        return
    click.echo(f"Network {network.network_id}, {network.currency}, {network.time_zone}")
    click.echo(f"Journal {size:,} entries, root {root} (signed by the hub)")
    click.echo(f"Settlement window {window} is open")
    print_table("Parties", ("party", "kind", "name", "status", "keys"), rows)
    outstanding = sum(item.in_lots_points + item.in_holds_points for item in totals)
    click.echo(f"Points outstanding {outstanding:,}; see `coalition hub trial-balance`.")


def _head(operator: Operator) -> tuple[int, str]:
    """Size and root of the log, from a checkpoint that a pinned key has signed."""
    note = operator.ask(operator.journal.GetCheckpoint, journal_pb2.GetCheckpointRequest()).checkpoint
    for key in operator.profile.hub_keys:
        try:
            checkpoint = open_checkpoint(note, checkpoint_origin(operator.profile.network_id), key)
        except NoteError:
            continue
        return checkpoint.size, checkpoint.root.hex()
    raise CallFailed("The checkpoint is not signed by a hub key of the profile. Compare hub_keys with the hub's.")
