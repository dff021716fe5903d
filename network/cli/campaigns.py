"""`coalition hub open-campaign`."""

from __future__ import annotations

from pathlib import Path

import click

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1.network_pb2 import CampaignOffer
from coalition.v1.transaction_pb2 import OpenCampaign, Transaction
from network.cli._answers import print_json
from network.cli._documents import is_unsigned, read_figures, read_signed
from network.cli._failures import explained
from network.cli._options import operator_options
from network.cli._partners import partner_key, partner_passphrase_option, sign_with_option
from network.cli._session import operator_of


@click.command("open-campaign")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@sign_with_option
@partner_passphrase_option
@operator_options
@explained
def open_campaign(
    file: Path,
    sign_with: Path | None,
    partner_passphrase_file: Path | None,
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Open the campaign in FILE and its fund, at the wish of the charity that signed it.

    FILE is a signed document of the charity; or JSON or TOML with campaign_id, fund_id, title, goal_points, starts_on,
    ends_on, together with --sign-with.
    """
    if is_unsigned(file):
        charity, key = partner_key(sign_with, file, passphrase_file, partner_passphrase_file)
        offer = read_figures(file, CampaignOffer(network_id=charity.network_id, charity=charity.party_id))
        signed = sign_document(dsse.CAMPAIGN, offer, key)
    else:
        signed, offer = read_signed(file, dsse.CAMPAIGN, CampaignOffer)
    with operator_of(folder, profile, address, passphrase_file) as operator:
        outcome = operator.submit(Transaction(open_campaign=OpenCampaign(campaign=signed)))
    if as_json:
        print_json({"campaign_id": offer.campaign_id, "fund_id": offer.fund_id, "sequence": outcome.sequence})
    else:
        click.echo(
            f"{offer.title} of {offer.charity} takes donations into the fund {offer.fund_id} from {offer.starts_on} to "
            f"{offer.ends_on}, by entry {outcome.sequence}."
        )
