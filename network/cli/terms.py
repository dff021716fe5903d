"""`coalition hub set-terms`."""

from __future__ import annotations

from pathlib import Path

import click

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1.network_pb2 import Terms
from coalition.v1.transaction_pb2 import PublishTerms, Transaction
from network.cli._answers import print_json
from network.cli._documents import is_unsigned, read_figures, read_signed
from network.cli._failures import explained
from network.cli._options import operator_options
from network.cli._partners import partner_key, partner_passphrase_option, sign_with_option
from network.cli._session import operator_of


@click.command("set-terms")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@sign_with_option
@partner_passphrase_option
@operator_options
@explained
def set_terms(
    file: Path,
    sign_with: Path | None,
    partner_passphrase_file: Path | None,
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Publish the terms in FILE, which bind the party that signed them.

    FILE is a signed document of the party; or JSON or TOML with effective_on, price_micros, reimbursement_micros,
    issue_fee_micros, prefunded_bps, outstanding_points_max, funding, pack_points, reorder_points, alarm_bps, together
    with --sign-with. Rates are millionths of the settlement currency per point: 10,000 is a cent. Funding is
    "FUNDING_ON_REDEMPTION", "FUNDING_PREFUNDED_SHARE" or "FUNDING_PACKS".
    """
    if is_unsigned(file):
        partner, key = partner_key(sign_with, file, passphrase_file, partner_passphrase_file)
        terms = read_figures(file, Terms(network_id=partner.network_id, party_id=partner.party_id))
        signed = sign_document(dsse.TERMS, terms, key)
    else:
        signed, terms = read_signed(file, dsse.TERMS, Terms)
    with operator_of(folder, profile, address, passphrase_file) as operator:
        outcome = operator.submit(Transaction(publish_terms=PublishTerms(terms=signed)))
    if as_json:
        print_json({"party_id": terms.party_id, "effective_on": terms.effective_on, "sequence": outcome.sequence})
    else:
        click.echo(f"{terms.party_id} has new terms from {terms.effective_on} on, by entry {outcome.sequence}.")
