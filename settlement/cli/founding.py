"""Making the service's folder, and its certificate anew."""

from __future__ import annotations

from pathlib import Path

import click

from coalition import tls
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
from settlement.store.database import Database
from settlement.store.migrate import migrate

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
