"""`coalition hub close-window`, `sweep` and `trial-balance`."""

from __future__ import annotations

from pathlib import Path

import click

from coalition.v1 import ledger_service_pb2, outcome_pb2
from coalition.v1 import operator_service_pb2 as pb
from coalition.v1.operator_service_pb2 import IssuerTotals
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import CloseWindow, Transaction
from network.cli._answers import print_json, print_table
from network.cli._failures import explained
from network.cli._operator import SWEEP_S, CallFailed, Operator
from network.cli._options import operator_options
from network.cli._session import operator_of

_FIGURES = tuple(
    field.name.removesuffix("_points") for field in IssuerTotals.DESCRIPTOR.fields if field.name != "issuer"
)


@click.command("close-window")
@click.option("--window", type=click.IntRange(min=1), help="Its number, to be sure. Default: whichever is open.")
@operator_options
@explained
def close_window(
    window: int | None,
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Close the open settlement window: the next entry belongs to the next one."""
    with operator_of(folder, profile, address, passphrase_file) as operator:
        number = window or open_window(operator)
        outcome = operator.submit(Transaction(close_window=CloseWindow(window=number)))
    if as_json:
        print_json({"window": number, "sequence": outcome.sequence})
    else:
        click.echo(f"Window {number} is closed; entry {outcome.sequence} is its last.")


@click.command()
@operator_options
@explained
def sweep(
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Do now what the hub does every minute: release holds, expire points, give what pledges have accrued."""
    with operator_of(folder, profile, address, passphrase_file) as operator:
        swept = operator.ask(operator.operator.Sweep, pb.SweepRequest(), SWEEP_S)
    if as_json:
        print_json(
            {
                "holds_released": swept.holds_released,
                "points_expired": swept.points_expired,
                "points_donated": swept.points_donated,
                "log_size": swept.log_size,
            }
        )
    else:
        click.echo(
            f"Released {swept.holds_released:,} holds, expired {swept.points_expired:,} points, donated "
            f"{swept.points_donated:,} points. The journal has {swept.log_size:,} entries."
        )


@click.command("trial-balance")
@operator_options
@explained
def trial_balance(
    folder: Path,
    address: str | None,
    profile: Path | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Show what happened to each issuer's points and where they are; exit code 1 when that does not add up."""
    with operator_of(folder, profile, address, passphrase_file) as operator:
        answer = operator.ask(operator.operator.GetTrialBalance, pb.GetTrialBalanceRequest())
    wrong = [item.issuer for item in answer.issuers if not _balances(item)]
    if as_json:
        issuers = [totals_row(item) for item in answer.issuers]
        print_json({"sequence": answer.sequence, "balances": not wrong, "issuers": issuers})
    else:
        rows = [tuple(totals_row(item).values()) for item in answer.issuers]
        columns = ("issuer", *(name.replace("_", " ") for name in _FIGURES))
        print_table(f"Trial balance as of entry {answer.sequence:,}", columns, rows, numbers=len(_FIGURES))
    if wrong:
        raise CallFailed(f"The points of {', '.join(wrong)} do not add up. Run `coalition hub verify`.")


def open_window(operator: Operator) -> int:
    """The number of the open window: that of the newest entry, or the next if that entry closed it."""
    answer = operator.ask(
        operator.ledger.ListTransactions, ledger_service_pb2.ListTransactionsRequest(page_size=1, descending=True)
    )
    (newest,) = answer.records
    closes = Transaction.FromString(newest.transaction).HasField("close_window")
    accepted = Outcome.FromString(newest.outcome).status == outcome_pb2.OUTCOME_STATUS_ACCEPTED
    window: int = newest.window
    return window + 1 if closes and accepted else window


def totals_row(item: IssuerTotals) -> dict[str, str | int]:
    """An issuer's figures by name, as in the protocol without `_points`."""
    return {"issuer": item.issuer, **{name: getattr(item, f"{name}_points") for name in _FIGURES}}


def _balances(item: IssuerTotals) -> bool:
    moved = (
        item.issued_points
        - item.issue_reversed_points
        - item.redeemed_points
        + item.redeem_reversed_points
        - item.expired_points
        + item.adjusted_points
    )
    return moved == item.in_lots_points + item.in_holds_points - item.arrears_points
