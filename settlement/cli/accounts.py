"""Bank accounts: where a party is paid, and pays from."""

from __future__ import annotations

import click

from settlement.cli.options import Caller, as_json, calling, key_option, print_json
from settlement.report.payments import account_json, accounts_table
from settlement.report.tables import show


@click.group()
def account() -> None:
    """Your bank account, to which you are paid when windows are settled.

    \b
    Each party gives its own account, signed with its key, and may change it at any time; the operator and
    auditors see it, and who has to pay to it sees it in the file for its bank. A run pays to the accounts
    that were on file when it was proposed.

    \b
      coalition settlement account set --name "Grocer Ltd" --iban "DE89 3704 0044 0532 0130 00"
      coalition settlement account set --name "Grocer Inc" --number 123456789 --clearing USABA --member 021000021
      coalition settlement account show
    """


@account.command("set")
@calling
@key_option
@click.option("--name", "holder_name", required=True, help="Whose account it is, as the bank has it.")
@click.option("--iban", default="", help="The IBAN, with or without spaces.")
@click.option("--number", "account_id", default="", help="The bank's own number of the account, where it has no IBAN.")
@click.option("--bic", default="", help="The bank's BIC (SWIFT code). Not needed with an IBAN.")
@click.option("--clearing", "clearing_system", default="", help="ISO 20022 code of a clearing system, such as USABA.")
@click.option("--member", "member_id", default="", help="The bank's number in that clearing system.")
@click.option("--country", default="", help="The bank's country, two letters. Default: that of IBAN, BIC or clearing.")
@click.option("--currency", default="", help="The account's currency. Default: the settlement currency.")
@as_json
def set_account(
    caller: Caller,
    key: str,
    holder_name: str,
    iban: str,
    account_id: str,
    bic: str,
    clearing_system: str,
    member_id: str,
    country: str,
    currency: str,
    json_wanted: bool,
) -> None:
    """Say where you are paid, and pay from, from now on.

    Give an IBAN; or the account's number together with a BIC, or with a clearing system and the bank's number in it.
    """
    compact = iban.replace(" ", "").upper()
    with caller.client(key) as client:
        found = client.set_bank_account(
            holder_name=holder_name,
            iban=compact,
            account_id=account_id,
            bic=bic,
            clearing_system=clearing_system,
            member_id=member_id,
            country=country or compact[:2] or bic[4:6].upper() or clearing_system[:2],
            currency=currency or client.progress().currency,
        )
    if json_wanted:
        print_json(account_json(found))
    else:
        show([accounts_table(found.party_id, [found])])


@account.command("show")
@calling
@click.option("--party", "party_id", default="", help="Whose account. Default: that of the profile's party.")
@as_json
def show_account(caller: Caller, party_id: str, json_wanted: bool) -> None:
    """Show a party's account, and its earlier ones."""
    with caller.client() as client:
        found = client.bank_accounts(party_id)
    if json_wanted:
        print_json([account_json(item) for item in found])
    else:
        show([accounts_table(party_id or caller.connection.party_id, found)])
