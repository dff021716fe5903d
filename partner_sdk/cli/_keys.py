"""Becoming a party: a key, an application, signed terms and campaigns, a profile."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from coalition.keyfile import KeyFileError, load_key, save_key
from coalition.keys import PUBLIC_KEY_BYTES, SigningKey, fingerprint
from partner_sdk._party_documents import CampaignOffer, PartyApplication, TermsOffer
from partner_sdk._profile import Profile
from partner_sdk._signed import Signed
from partner_sdk._vocabulary import Funding, PartyKind
from partner_sdk.cli._options import Caller, calling, explained, json_option, passphrase, passphrase_option
from partner_sdk.cli._printing import print_json
from partner_sdk.errors import ConfigurationError

_FILE = click.Path(dir_okay=False, path_type=Path)
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("file", type=_FILE)
@passphrase_option
@json_option
def keygen(file: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Make a new key in FILE, encrypted with a passphrase. Keep a copy of both, in different places."""
    with explained(as_json):
        key = SigningKey.generate()
        save_key(file, key, passphrase(passphrase_file, confirm=True))
        public = base64.b64encode(key.public).decode()
        if as_json:
            print_json({"file": str(file), "public_key": public, "fingerprint": fingerprint(key.public)})
        else:
            click.echo(f"Made {file}. Its public key is {public} (fingerprint {fingerprint(key.public)}).")


@click.command()
@click.argument("key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--network-id", required=True, help="The network to join; its operator tells the id.")
@click.option("--party-id", required=True, help="The id that you would like: a-z, 0-9 and hyphens.")
@click.option("--kind", type=click.Choice(["partner", "charity", "auditor"]), default="partner", show_default=True)
@click.option("--display-name", required=True, help="The name that people see.")
@click.option("--out", type=_FILE, help="Write the application to this file. Default: print it.")
@passphrase_option
@json_option
def apply(
    key: Path,
    network_id: str,
    party_id: str,
    kind: str,
    display_name: str,
    out: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Make the application that the network's operator needs to admit you, signed with KEY.

    \b
    A new partner, step by step:
      coalition partner keygen key.pem
      coalition partner apply key.pem --network-id points.example --party-id grocer \\
          --display-name "Green Grocer" --out application.txt
    Send application.txt to the operator, who answers with the hub's address, certificate and key:
      coalition partner profile new grocer.toml --network-id points.example --party-id grocer --key key.pem \\
          --address hub.points.example:7700 --tls-ca ca.pem --hub-key BASE64
      coalition partner terms --profile grocer.toml --price-micros 10000 ... --out terms.txt
    Send terms.txt as well, and when it is published:
      coalition partner profile check --profile grocer.toml
    """
    with explained(as_json):
        application = PartyApplication.sign(
            [_load(key, passphrase_file)],
            network_id=network_id,
            party_id=party_id,
            kind=PartyKind(kind),
            display_name=display_name,
        )
        _hand_over(application, out, as_json)


@click.command()
@click.option("--effective-on", type=_DAY, required=True, help="First day on which they hold: 2025-12-31.")
@click.option("--price-micros", type=int, required=True, help="Owed for each of your points redeemed elsewhere.")
@click.option(
    "--reimbursement-micros", type=int, default=0, show_default=True, help="Received for each point accepted."
)
@click.option("--issue-fee-micros", type=int, default=0, show_default=True, help="Owed for each point issued.")
@click.option(
    "--prefunded-bps", type=int, default=0, show_default=True, help="Share of the price owed at once, 1/10000."
)
@click.option("--outstanding-points-max", type=int, default=0, show_default=True, help="0: no limit.")
@click.option(
    "--funding",
    type=click.Choice([funding.replace("_", "-") for funding in Funding]),
    help="When the price is paid in. Default: on redemption, or the prefunded share when issued.",
)
@click.option("--pack-points", type=int, default=0, help="Points in a pack; with --funding packs.")
@click.option("--reorder-points", type=int, default=0, help="Be told to order below so many; with --funding packs.")
@click.option("--alarm-bps", type=int, default=0, help="Be warned at this share of the most outstanding, 1/10000.")
@click.option("--out", type=_FILE, help="Write them to this file. Default: print them.")
@calling
def terms(caller: Caller, effective_on: datetime, funding: str | None, out: Path | None, **rates: int) -> None:
    """Sign terms for the operator to publish. Rates are millionths of the settlement currency per point."""
    connection = caller.connection()
    offer = TermsOffer.sign(
        connection.keys[0],
        network_id=connection.network_id,
        party_id=connection.party_id,
        effective_on=effective_on.date(),
        funding=None if funding is None else Funding(funding.replace("-", "_")),
        **rates,
    )
    _hand_over(offer, out, caller.as_json)


@click.command()
@click.argument("campaign_id")
@click.option("--fund-id", required=True, help="The account that it opens, for ever.")
@click.option("--title", required=True, help="The name that people see.")
@click.option("--goal-points", type=int, required=True)
@click.option("--starts-on", type=_DAY, required=True, help="First day on which donations are taken.")
@click.option("--ends-on", type=_DAY, required=True, help="Last day on which donations are taken.")
@click.option("--out", type=_FILE, help="Write it to this file. Default: print it.")
@calling
def campaign(
    caller: Caller,
    campaign_id: str,
    fund_id: str,
    title: str,
    goal_points: int,
    starts_on: datetime,
    ends_on: datetime,
    out: Path | None,
) -> None:
    """Sign the campaign of a charity for the operator to open."""
    connection = caller.connection()
    offer = CampaignOffer.sign(
        connection.keys[0],
        network_id=connection.network_id,
        campaign_id=campaign_id,
        charity=connection.party_id,
        fund_id=fund_id,
        title=title,
        goal_points=goal_points,
        starts_on=starts_on.date(),
        ends_on=ends_on.date(),
    )
    _hand_over(offer, out, caller.as_json)


@click.command("new")
@click.argument("file", type=_FILE)
@click.option("--network-id", required=True)
@click.option("--party-id", required=True)
@click.option("--address", required=True, metavar="HOST:PORT", help="Where the hub listens.")
@click.option("--hub-key", "hub_keys", required=True, multiple=True, metavar="BASE64", help="The hub's public key.")
@click.option("--key", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--extra-key", "extra_keys", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Default: the system's.")
@click.option("--server-name", help="The name in the hub's certificate, if it is not the host in the address.")
@click.option("--settlement-address", metavar="HOST:PORT", help="Where the settlement service listens.")
@json_option
def new_profile(file: Path, hub_keys: tuple[str, ...], as_json: bool, **values: Any) -> None:
    """Write a profile to FILE: which hub, as whom, and where the keys are. It holds no secret itself."""
    with explained(as_json):
        Profile(hub_keys=tuple(map(public_key, hub_keys)), **values).save(file)
        if as_json:
            print_json({"file": str(file)})
        else:
            click.echo(f"Wrote {file}. Next: coalition partner profile check --profile {file}")


def _hand_over(document: Signed, out: Path | None, as_json: bool) -> None:
    if out is not None:
        with out.open("x", encoding="ascii") as file:
            file.write(document.text() + "\n")
    if as_json:
        print_json({"text": document.text(), "file": None if out is None else str(out)})
    elif out is None:
        click.echo(document.text())
    else:
        click.echo(f"Wrote {out}. Send it to the network's operator.")


def _load(file: Path, passphrase_file: Path | None) -> SigningKey:
    try:
        return load_key(file, passphrase(passphrase_file))
    except KeyFileError as error:
        raise ConfigurationError(str(error)) from error


def public_key(text: str) -> bytes:
    """The raw public key in base64 text. Raises ConfigurationError."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        raise ConfigurationError(f"{text!r} is not the base64 of a raw Ed25519 public key of 32 bytes.")
    return key
