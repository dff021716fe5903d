"""`coalition hub rotate-keys`."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import click

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import new_nonce
from coalition.keyfile import load_key
from coalition.keys import fingerprint, is_public_key
from coalition.v1 import network_pb2
from coalition.v1.directory_service_pb2 import GetPartyRequest, Party
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import PartyKeyChange
from coalition.v1.transaction_pb2 import SetPartyKeys, Transaction
from network.cli._answers import print_json
from network.cli._documents import read_signed
from network.cli._failures import explained
from network.cli._keyswap import KeySwap
from network.cli._operator import Operator
from network.cli._options import PARTNER_PASSPHRASE, operator_options, partner_passphrase, passphrase
from network.cli._profiles import add_hub_key
from network.cli._session import operator_of
from network.config import ConfigError, load_config

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("rotate-keys")
@click.argument("name")
@click.option("--key", "key_file", type=_FILE, help="The party's key file: a new key takes the old one's place in it.")
@click.option("--change", type=_FILE, help="A change of keys that the party has signed.")
@click.option("--recover", metavar="BASE64", help="Add this public key for a party that lost its own.")
@click.option("--remove", metavar="FINGERPRINT", help="Remove a key, by the fingerprint that `status --json` shows.")
@click.option(
    "--partner-passphrase-file",
    type=_FILE,
    envvar=f"{PARTNER_PASSPHRASE}_FILE",
    help="The passphrase of the party's key. Default: the operator's own.",
)
@operator_options
@explained
def rotate_keys(
    name: str,
    key_file: Path | None,
    change: Path | None,
    recover: str | None,
    remove: str | None,
    partner_passphrase_file: Path | None,
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Change the keys of the party NAME: its own keys, or those of `operator` and `hub`.

    \b
    A key that is at hand:       --key FILE      (hub: keys/hub.pem is the default)
    A change that came by mail:  --change FILE
    A party that lost its keys:  --recover BASE64, then --remove FINGERPRINT for each lost one

    The hub's old key stays in force until it is removed: give the new one to every party (hub_keys in its profile),
    restart the hub, and then remove the old one. Removing and recovering need no word of the party; recovering, and any
    change of the operator's own keys, needs the keys of two people of the operator.
    """
    ways = [way for way in (key_file, change, recover, remove) if way is not None]
    if len(ways) > 1:
        raise ConfigError("Give one of --key, --change, --recover and --remove.")
    with operator_of(folder, profile, address, passphrase_file) as operator:
        party: Party = operator.ask(operator.directory.GetParty, GetPartyRequest(party_id=name)).party
        is_hub = party.kind == network_pb2.PARTY_KIND_HUB
        if not ways and is_hub:
            key_file = load_config(folder).hub_key
        if key_file is not None:
            secret = passphrase(passphrase_file)
            if not is_hub and name != operator.profile.party_id:
                secret = partner_passphrase(partner_passphrase_file, secret)
            sequence, added = _swap(operator, party, key_file, secret, keep_old=is_hub)
            if is_hub:
                add_hub_key(profile or load_config(folder).operator_profile, added)
            _tell(name, sequence, as_json, added=added, restart=is_hub)
        elif change is not None:
            signed, content = read_signed(change, dsse.PARTY_KEY_CHANGE, PartyKeyChange)
            sequence = _set_keys(operator, name, [*content.add_keys], [*content.remove_keys], signed)
            _tell(name, sequence, as_json)
        elif recover is not None:
            added = _public_key(recover)
            sequence = operator.submit(_transaction(name, [added], []), keys=operator.keys).sequence
            _tell(name, sequence, as_json, added=added)
        elif remove is not None:
            _tell(name, _set_keys(operator, name, [], [_find_key(party, remove)]), as_json)
        else:
            raise ConfigError("Say which key: --key, --change, --recover or --remove.")


def _swap(operator: Operator, party: Party, key_file: Path, secret: str, *, keep_old: bool) -> tuple[int | None, bytes]:
    """Put a new key into the file and into force. The sequence of the entry, if it needed a new one; the new key."""
    swap = KeySwap(key_file, secret)
    new = swap.new_key()
    sequence = None
    if new.public not in party.public_keys:
        old = load_key(key_file, secret)
        removed = [] if keep_old else [old.public]
        change = PartyKeyChange(
            network_id=operator.profile.network_id,
            party_id=party.party_id,
            add_keys=[new.public],
            remove_keys=removed,
            nonce=new_nonce(),
        )
        signed = sign_document(dsse.PARTY_KEY_CHANGE, change, old)
        sequence = _set_keys(operator, party.party_id, [new.public], removed, signed)
    swap.finish()
    return sequence, new.public


def _set_keys(
    operator: Operator,
    name: str,
    add: list[bytes],
    remove: list[bytes],
    change: SignedDocument | None = None,
) -> int:
    # Nobody alone changes who speaks for the operator itself.
    keys = operator.keys if name == operator.profile.party_id else None
    return operator.submit(_transaction(name, add, remove, change), keys=keys).sequence


def _transaction(name: str, add: list[bytes], remove: list[bytes], change: SignedDocument | None = None) -> Transaction:
    return Transaction(set_party_keys=SetPartyKeys(party_id=name, add_keys=add, remove_keys=remove, change=change))


def _find_key(party: Party, wanted: str) -> bytes:
    found = [key for key in party.public_keys if fingerprint(key) == wanted]
    if len(found) != 1:
        known = ", ".join(fingerprint(key) for key in party.public_keys)
        raise ConfigError(f"{party.party_id} has no key {wanted!r}; it has {known}.")
    return found[0]


def _public_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if not is_public_key(key):
        raise ConfigError(f"{text!r} is not the base64 of an Ed25519 public key.")
    return key


def _tell(name: str, sequence: int | None, as_json: bool, *, added: bytes | None = None, restart: bool = False) -> None:
    if as_json:
        shown = None if added is None else base64.b64encode(added).decode()
        print_json({"party_id": name, "sequence": sequence, "added": shown})
        return
    entry = "before" if sequence is None else f"by entry {sequence}"
    click.echo(f"The keys of {name} were changed, {entry}.")
    if added is not None:
        click.echo(f"New key: {base64.b64encode(added).decode()} (fingerprint {fingerprint(added)})")
    if restart:
        click.echo("Give it to every party for the hub_keys of its profile, restart the hub, then remove the old key.")
