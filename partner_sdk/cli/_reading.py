"""Commands that read."""

from __future__ import annotations

from itertools import islice

import click

from partner_sdk._records import Record
from partner_sdk._vocabulary import Kind
from partner_sdk.cli._options import Caller, calling
from partner_sdk.cli._printing import print_facts, print_json, print_table


@click.command()
@click.argument("holder", default="")
@click.option("--alias", default="", help="Find the holder by its card number or the like.")
@calling
def balance(caller: Caller, holder: str, alias: str) -> None:
    """Show the points of HOLDER, with every expiry."""
    with caller.client() as client:
        found = client.balance(holder, alias=alias)
    if caller.as_json:
        print_json(found)
        return
    figures = found.balance
    print_facts(
        [
            ("holder", found.holder_id),
            ("available", figures.available),
            ("pending", figures.pending),
            ("held", figures.held),
            ("arrears", figures.arrears),
        ]
    )
    if found.lots:
        click.echo()
        rows = [
            (lot.points, lot.expires_on or "never", lot.available_on or "now", lot.issuer or "others")
            for lot in found.lots
        ]
        print_table(("points", "expires", "available", "issuer"), rows)


@click.command()
@click.argument("holder", default="")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in Kind]), help="Repeatable.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@calling
def history(caller: Caller, holder: str, kinds: tuple[str, ...], limit: int) -> None:
    """Show your newest transactions, all or those of HOLDER."""
    with caller.client() as client:
        records = list(
            islice(client.history(holder, kinds=kinds, newest_first=True, page_size=min(limit, 1_000)), limit)
        )
    if caller.as_json:
        print_json(records)
        return
    print_table(
        ("entry", "when", "kind", "holder", "points", "outcome", "transaction"), [_row(item) for item in records]
    )


def _row(record: Record) -> tuple[object, ...]:
    outcome = record.outcome
    return (
        record.sequence,
        outcome.committed_at,
        outcome.kind,
        record.details.get("holder_id"),
        record.details.get("points"),
        outcome.reason or "accepted",
        outcome.transaction_id,
    )


@click.command()
@click.argument("transaction_id")
@calling
def transaction(caller: Caller, transaction_id: str) -> None:
    """Show one of your transactions and what the ledger decided."""
    with caller.client() as client:
        found = client.transaction(transaction_id)
    if caller.as_json:
        print_json(found)
        return
    outcome = found.outcome
    print_facts(
        [
            ("transaction", outcome.transaction_id),
            ("kind", outcome.kind),
            ("entry", found.sequence),
            ("window", found.window),
            ("committed", outcome.committed_at),
            ("outcome", "accepted" if outcome.error is None else f"rejected: {outcome.error}"),
            *((name, value if isinstance(value, int) else str(value)) for name, value in found.details.items()),
        ]
    )


@click.command()
@calling
def parties(caller: Caller) -> None:
    """Show who takes part."""
    with caller.client() as client:
        found = client.parties()
    if caller.as_json:
        print_json(found)
        return
    rows = [(party.party_id, party.kind, party.status, party.display_name) for party in found]
    print_table(("party", "kind", "status", "name"), rows)


@click.command()
@calling
def campaigns(caller: Caller) -> None:
    """Show the charities' campaigns and what they have raised."""
    with caller.client() as client:
        found = client.campaigns()
    if caller.as_json:
        print_json(found)
        return
    rows = [
        (item.campaign_id, item.charity, item.fund_id, item.raised_points, item.goal_points, item.ends_on, item.title)
        for item in found
    ]
    print_table(("campaign", "charity", "fund", "raised", "goal", "until", "title"), rows)
