"""Commands that write: what a till does, by hand."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import click

from coalition.form.checks import PACKS_MAX
from coalition.keyfile import KeyFileError, load_key
from partner_sdk._holder_documents import Consent
from partner_sdk._outcomes import Outcome
from partner_sdk._vocabulary import Kind
from partner_sdk.cli._keys import public_key
from partner_sdk.cli._options import Caller, calling, explained, json_option, passphrase, passphrase_option
from partner_sdk.cli._printing import points as in_points
from partner_sdk.cli._printing import print_json
from partner_sdk.errors import ConfigurationError
from partner_sdk.outbox import Outbox
from partner_sdk.wallet import Wallet

_POINTS = click.IntRange(1)
_PACKS = click.IntRange(1, PACKS_MAX)

reference_option = click.option("--reference", default="", help="Your own reference, a receipt number for example.")
id_option = click.option(
    "--transaction-id", help="A UUIDv7 of your own choice; the same one never does the same thing twice."
)
consent_option = click.option(
    "--consent", metavar="TEXT", help="The holder's consent as its QR code has it (CP1C:...); - reads it from stdin."
)


@click.command()
@click.argument("holder")
@click.option("--alias", default="", help="A card number or the like by which to find it.")
@click.option(
    "--public-key", "public_keys", multiple=True, metavar="BASE64", help="Of the member's wallet; repeatable."
)
@id_option
@calling
def enrol(caller: Caller, holder: str, alias: str, public_keys: tuple[str, ...], transaction_id: str | None) -> None:
    """Open the account HOLDER for a member. The id is a pseudonym: nothing in it may name the person."""
    keys = [public_key(text) for text in public_keys]
    with caller.client() as client:
        result = client.enrol(holder, public_keys=keys, alias=alias, transaction_id=transaction_id)
    _tell(caller, result, f"{holder} is enrolled")


@click.command()
@click.argument("holder")
@click.argument("points", type=_POINTS)
@click.option("--reason", default="purchase", show_default=True, help="Why, in your own words.")
@reference_option
@id_option
@calling
def issue(caller: Caller, holder: str, points: int, reason: str, reference: str, transaction_id: str | None) -> None:
    """Issue POINTS to HOLDER."""
    with caller.client() as client:
        result = client.issue(holder, points, reason=reason, reference=reference, transaction_id=transaction_id)
    _tell(caller, result, f"{in_points(points)} issued to {holder}, who has {in_points(result.balance.available)} now")


@click.command()
@click.argument("holder")
@click.argument("points", type=_POINTS)
@consent_option
@reference_option
@id_option
@calling
def redeem(
    caller: Caller, holder: str, points: int, consent: str | None, reference: str, transaction_id: str | None
) -> None:
    """Take POINTS of HOLDER in payment, with the holder's consent."""
    with caller.client() as client:
        result = client.redeem(
            holder, points, consent=_consent(consent), reference=reference, transaction_id=transaction_id
        )
    _tell(caller, result, f"{in_points(points)} of {holder} redeemed; {in_points(result.balance.available)} left")


@click.command()
@click.argument("holder")
@click.argument("fund")
@click.argument("points", type=_POINTS)
@consent_option
@reference_option
@id_option
@calling
def donate(
    caller: Caller,
    holder: str,
    fund: str,
    points: int,
    consent: str | None,
    reference: str,
    transaction_id: str | None,
) -> None:
    """Give POINTS of HOLDER to FUND, with the holder's consent."""
    scanned = _consent(consent)
    if scanned is None:
        raise ConfigurationError("A donation needs --consent.")
    with caller.client() as client:
        result = client.donate(
            holder, fund, points, consent=scanned, reference=reference, transaction_id=transaction_id
        )
    _tell(caller, result, f"{in_points(points)} of {holder} given to {fund}")


@click.command()
@click.argument("original")
@click.argument("points", type=_POINTS)
@reference_option
@id_option
@calling
def reverse(caller: Caller, original: str, points: int, reference: str, transaction_id: str | None) -> None:
    """Undo POINTS of the transaction ORIGINAL: an issue, a redemption or a capture of yours."""
    with caller.client() as client:
        result = client.reverse(original, points, reference=reference, transaction_id=transaction_id)
    undone = "redemption" if result.original.kind is Kind.REDEEM else result.original.kind
    text = f"{in_points(points)} of the {undone} were undone"
    if result.became_arrears:
        text += f"; {in_points(result.became_arrears)} were spent already and are owed now"
    _tell(caller, result, text)


@click.command("order-pack")
@click.argument("packs", type=_PACKS)
@reference_option
@id_option
@calling
def order_pack(caller: Caller, packs: int, reference: str, transaction_id: str | None) -> None:
    """Order PACKS packs of points and owe their price, where your terms are funded by packs."""
    with caller.client() as client:
        result = client.order_pack(packs, reference=reference, transaction_id=transaction_id)
    _tell(caller, result, f"{packs} {'pack' if packs == 1 else 'packs'} of points ordered")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@calling
def resend(caller: Caller, file: Path) -> None:
    """Send the envelope in FILE again. It was kept because nobody knew whether it had been committed."""
    with caller.client() as client:
        outcomes = client.resend(file.read_bytes())
    if caller.as_json:
        print_json(outcomes)
        return
    for outcome in outcomes:
        said = f"rejected: {outcome.error}" if outcome.error else "accepted"
        before = ", and had been before" if outcome.replayed else ""
        click.echo(f"{outcome.transaction_id}: {said} by entry {outcome.sequence}{before}.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@calling
def flush(caller: Caller, file: Path) -> None:
    """Send what the outbox in FILE keeps, and say what became of each transaction."""
    with caller.client() as client, Outbox(file, client.connection) as outbox:
        deliveries = []
        for delivery in client.flush(outbox):
            deliveries.append(delivery)
            if not caller.as_json:
                click.echo(f"{delivery.transaction_id}: {delivery.error or 'accepted'}")
        if caller.as_json:
            print_json(
                [
                    {"transaction_id": item.transaction_id, "error": str(item.error) if item.error else None}
                    for item in deliveries
                ]
            )
        elif not deliveries:
            click.echo("Nothing was waiting.")


@click.command()
@click.argument("key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--network-id", required=True)
@click.option("--holder", required=True, help="Whose points.")
@click.option("--acceptor", required=True, help="The party that may use it.")
@click.option("--points-max", required=True, type=_POINTS, help="The most points that may be taken.")
@click.option("--fund", help="For a donation to this fund; otherwise it is for a redemption.")
@click.option("--minutes", type=click.IntRange(1), default=5, show_default=True, help="How long it may be used.")
@passphrase_option
@json_option
def consent(
    key: Path,
    network_id: str,
    holder: str,
    acceptor: str,
    points_max: int,
    fund: str | None,
    minutes: int,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Sign a consent with a holder's KEY, as a wallet does, and print its text. For trying things out."""
    with explained(as_json):
        try:
            wallet = Wallet(network_id, holder, load_key(key, passphrase(passphrase_file)))
        except KeyFileError as error:
            raise ConfigurationError(str(error)) from error
        lifetime = timedelta(minutes=minutes)
        if fund is None:
            signed = wallet.consent_to_redeem(acceptor, points_max, valid_for=lifetime)
        else:
            signed = wallet.consent_to_donate(acceptor, fund, points_max, valid_for=lifetime)
        if as_json:
            print_json({"text": signed.text(), "expires_at": signed.expires_at})
        else:
            click.echo(signed.text())


def _consent(text: str | None) -> Consent | None:
    if text is None:
        return None
    return Consent.from_text(sys.stdin.read() if text == "-" else text)


def _tell(caller: Caller, result: Outcome, text: str) -> None:
    if caller.as_json:
        print_json(result)
    else:
        again = " It had been committed before." if result.replayed else ""
        click.echo(f"{text}. Transaction {result.transaction_id}, entry {result.sequence}.{again}")
