"""`coalition hub add-partner`, `register`, `suspend` and `reinstate`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import is_party_id
from coalition.keyfile import load_key, save_key
from coalition.keys import SigningKey
from coalition.v1 import network_pb2
from coalition.v1.directory_service_pb2 import ListPartiesRequest, Party
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import PartyApplication, PartyKind, PartyStatus
from coalition.v1.transaction_pb2 import RegisterParty, SetPartyStatus, Transaction
from network.cli._answers import print_json
from network.cli._documents import read_signed
from network.cli._failures import explained
from network.cli._operator import Operator
from network.cli._options import PARTNER_PASSPHRASE, operator_options, partner_passphrase, passphrase
from network.cli._profiles import party_profile
from network.cli._session import operator_of
from network.config import ConfigError
from network.founding import write_profile

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("add-partner")
@click.argument("name")
@click.option("--kind", type=click.Choice(["partner", "charity", "auditor"]), default="partner", show_default=True)
@click.option("--display-name", help="The name that people see. Default: NAME.")
@click.option("--out", type=_FOLDER, default=".", help="Writes OUT/NAME/profile.toml.")
@click.option(
    "--partner-passphrase-file",
    type=_FILE,
    envvar=f"{PARTNER_PASSPHRASE}_FILE",
    help="The passphrase of the party's key. Default: the operator's own.",
)
@click.option("--if-missing", is_flag=True, help="Do nothing when the profile is there already.")
@operator_options
@explained
def add_partner(
    name: str,
    kind: str,
    display_name: str | None,
    out: Path,
    partner_passphrase_file: Path | None,
    if_missing: bool,
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Make a key for the party NAME, register it, and write the profile by which it reaches the hub.

    For a start, and for parties of the operator's own, such as a settlement service. A partner who keeps its key to
    itself makes it alone and sends an application: see `coalition hub register`.
    """
    if not is_party_id(name):
        raise ConfigError(f"{name!r} is no party id: 2 to 32 lower-case letters, digits or hyphens, a letter first.")
    place = out / name
    done = place / "profile.toml"
    if done.is_file():
        if not if_missing:
            raise ConfigError(f"{done} is there already. Pass --if-missing to keep it.")
        _tell(name, done, None, as_json)
        return
    secret = passphrase(passphrase_file)
    with operator_of(folder, profile, address, passphrase_file) as operator:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = _key_of_party(place / "key.pem", partner_passphrase(partner_passphrase_file, secret))
        sequence = _register_once(operator, name, kind, display_name or name, key)
        if operator.profile.tls_ca is not None:
            shutil.copyfile(operator.profile.tls_ca, place / "ca.pem")
        # Last, because it says that the party is complete.
        write_profile(done, party_profile(operator, name, place))
    _tell(name, done, sequence, as_json)


@click.command()
@click.argument("application", type=_FILE)
@operator_options
@explained
def register(
    application: Path,
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Admit the party whose signed APPLICATION this is."""
    signed, content = read_signed(application, dsse.PARTY_APPLICATION, PartyApplication)
    with operator_of(folder, profile, address, passphrase_file) as operator:
        outcome = operator.submit(Transaction(register_party=RegisterParty(application=signed)))
    if as_json:
        print_json({"party_id": content.party_id, "sequence": outcome.sequence})
    else:
        click.echo(f"{content.party_id} ({content.display_name}) is registered, by entry {outcome.sequence}.")


@click.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; stands in the journal for ever.")
@operator_options
@explained
def suspend(
    name: str,
    reason: str,
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Suspend a party: it may read, and write nothing until it is reinstated."""
    with operator_of(folder, profile, address, passphrase_file) as operator:
        _set_status(operator, name, network_pb2.PARTY_STATUS_SUSPENDED, reason, as_json)


@click.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; stands in the journal for ever.")
@operator_options
@explained
def reinstate(
    name: str,
    reason: str,
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Let a suspended party write again."""
    with operator_of(folder, profile, address, passphrase_file) as operator:
        _set_status(operator, name, network_pb2.PARTY_STATUS_ACTIVE, reason, as_json)


def _key_of_party(path: Path, secret: str) -> SigningKey:
    """The party's key, which an attempt before this one may have made."""
    if path.exists():
        return load_key(path, secret)
    key = SigningKey.generate()
    save_key(path, key, secret)
    return key


def _register_once(operator: Operator, name: str, kind: str, display_name: str, key: SigningKey) -> int | None:
    """Register the party unless it is, with this key. The sequence of the entry, if there is a new one."""
    found = _find_party(operator, name)
    if found is not None:
        if key.public in found.public_keys:
            return None
        raise ConfigError(f"There is a party {name!r} already, with another key. Choose another name.")
    application = PartyApplication(
        network_id=operator.profile.network_id,
        party_id=name,
        kind=PartyKind.Value(f"PARTY_KIND_{kind.upper()}"),
        display_name=display_name,
        public_keys=[key.public],
    )
    signed: SignedDocument = sign_document(dsse.PARTY_APPLICATION, application, key)
    return operator.submit(Transaction(register_party=RegisterParty(application=signed))).sequence


def _find_party(operator: Operator, name: str) -> Party | None:
    parties = operator.ask(operator.directory.ListParties, ListPartiesRequest()).parties
    return next((party for party in parties if party.party_id == name), None)


def _set_status(operator: Operator, name: str, status: PartyStatus.ValueType, reason: str, as_json: bool) -> None:
    change = SetPartyStatus(party_id=name, status=status, reason=reason)
    outcome = operator.submit(Transaction(set_party_status=change))
    word = PartyStatus.Name(status).removeprefix("PARTY_STATUS_").lower()
    if as_json:
        print_json({"party_id": name, "status": word, "sequence": outcome.sequence})
    else:
        click.echo(f"{name} is {word}, by entry {outcome.sequence}.")


def _tell(name: str, profile: Path, sequence: int | None, as_json: bool) -> None:
    if as_json:
        print_json({"party_id": name, "profile": str(profile), "made": sequence is not None, "sequence": sequence})
    elif sequence is None:
        click.echo(f"{name} was registered before; its profile is {profile}.")
    else:
        click.echo(f"{name} is registered, by entry {sequence}. Its profile is {profile}; give it the folder.")
