"""`coalition partner`: what a merchant or charity does from a shell."""

from __future__ import annotations

import click

from partner_sdk.cli._checking import profile
from partner_sdk.cli._keys import apply, campaign, keygen, terms
from partner_sdk.cli._reading import balance, campaigns, history, parties, transaction
from partner_sdk.cli._writing import consent, donate, enrol, flush, issue, order_pack, redeem, resend, reverse

__all__ = ["partner"]


@click.group()
def partner() -> None:
    """Join a network, try things out, and look things up, as a merchant or charity.

    \b
    Joining:       keygen, apply, profile new, terms, profile check (coalition partner apply --help)
    Trying out:    enrol, issue, redeem, donate, reverse
    Paying ahead:  order-pack
    Looking up:    balance, history, transaction, parties, campaigns
    When offline:  flush, resend

    Tills and shops use the Python package instead: docs/merchants.md.
    """


for command in (
    keygen,
    apply,
    profile,
    terms,
    campaign,
    enrol,
    issue,
    redeem,
    donate,
    reverse,
    order_pack,
    balance,
    history,
    transaction,
    parties,
    campaigns,
    flush,
    resend,
    consent,
):
    partner.add_command(command)
