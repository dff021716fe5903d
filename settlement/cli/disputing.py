"""Disputing lines: raising, answering, deciding, adjusting."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from partner_sdk.operator import Operator
from partner_sdk.settlement import Dispute, DisputeAttachment, DisputeReason, DisputeState, SettlementClient
from settlement.cli.options import Caller, as_json, calling, print_json
from settlement.report.disputes import dispute_json, dispute_tables, disputes_table
from settlement.report.money import MICRO_DIGITS
from settlement.report.tables import show

_LAST: Final = "last"
_REASONS: Final = [reason.value for reason in DisputeReason]

F = TypeVar("F", bound=Callable[..., Any])

_key = click.option(
    "--key",
    metavar="NUMBER|FINGERPRINT",
    default="1",
    show_default=True,
    help="Which of the profile's keys signs: 1 is its key, 2 the first of its extra_keys.",
)
_dispute_id = click.argument("dispute_id", metavar="DISPUTE")
_text = click.option("--text", required=True, help="Why. Both sides and the operator read it. Up to 1,000 characters.")
_remark = click.option("--text", default="", help="A remark. Both sides and the operator read it.")
_files = click.option(
    "--attach",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file whose name, size and SHA-256 are signed; the file itself stays with you. May be repeated.",
)


class Amount(click.ParamType[int]):
    """Units of the currency with up to six decimals, as micro-units."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Raises UsageError."""
        if isinstance(value, int):
            return value
        try:
            micros = Decimal(value).scaleb(MICRO_DIGITS)
        except InvalidOperation:
            micros = Decimal(-1)
        if not micros.is_finite() or micros < 0 or micros != int(micros):
            self.fail(f"{value!r} is not an amount such as 12.50, with at most {MICRO_DIGITS} decimals.", param, ctx)
        return int(micros)


@click.group()
def dispute() -> None:
    """Dispute a line of the settlement: raise, answer, decide, adjust.

    \b
    A party to an entry says that another party to it owes it more. That one answers, and may offer an amount; it
    accepts or rejects. What is not answered in time, or is escalated, the operator decides, by two people where money
    moves. What is accepted is written into the journal by `adjust`.
    DISPUTE is a dispute's id as `dispute show` prints it, the beginning of it, or `last` for the newest.
    """


@dispute.command("raise")
@calling
@_key
@click.option("--entry", "sequence", required=True, type=click.IntRange(1), help="The entry that is disputed.")
@click.option("--with", "respondent", required=True, metavar="PARTY", help="The other side of that line.")
@click.option("--reason", required=True, type=click.Choice(_REASONS))
@click.option("--amount", "amount_micros", type=Amount(), default=0, help="What that party is to owe you more.")
@click.option("--points", type=click.IntRange(0), default=0, help="How many points are wrong.")
@_text
@_files
@as_json
def raise_it(
    caller: Caller,
    key: str,
    sequence: int,
    respondent: str,
    reason: str,
    amount_micros: int,
    points: int,
    text: str,
    files: tuple[Path, ...],
    json_wanted: bool,
) -> None:
    """Dispute a line. Give an amount, or points and leave the amount to the answer."""
    with caller.client(key) as client:
        raised = client.raise_dispute(
            sequence,
            respondent,
            reason,
            text,
            amount_micros=amount_micros,
            points=points,
            attachments=_attachments(files),
        )
        _print(client, raised, json_wanted)


@dispute.command()
@calling
@_key
@_dispute_id
@_text
@click.option("--offer", "offer_micros", type=Amount(), default=0, help="What you offer; the raiser may accept it.")
@_files
@as_json
def answer(
    caller: Caller,
    key: str,
    dispute_id: str,
    text: str,
    offer_micros: int,
    files: tuple[Path, ...],
    json_wanted: bool,
) -> None:
    """Say how you see it, once; offer an amount if you like."""
    with caller.client(key) as client:
        seen = _find(client, dispute_id)
        found = client.answer_dispute(seen, text, offer_micros=offer_micros, attachments=_attachments(files))
        _print(client, found, json_wanted)


@dispute.command()
@calling
@_key
@_dispute_id
@_remark
@as_json
def accept(caller: Caller, key: str, dispute_id: str, text: str, json_wanted: bool) -> None:
    """Accept the claim against you, or the offer that was made to you."""
    with caller.client(key) as client:
        _print(client, client.accept_dispute(_find(client, dispute_id), text), json_wanted)


@dispute.command()
@calling
@_key
@_dispute_id
@_text
@_files
@as_json
def reject(caller: Caller, key: str, dispute_id: str, text: str, files: tuple[Path, ...], json_wanted: bool) -> None:
    """Accept nothing of a claim against you; what you had offered is taken back."""
    with caller.client(key) as client:
        seen = _find(client, dispute_id)
        _print(client, client.reject_dispute(seen, text, attachments=_attachments(files)), json_wanted)


@dispute.command()
@calling
@_key
@_dispute_id
@_text
@_files
@as_json
def escalate(caller: Caller, key: str, dispute_id: str, text: str, files: tuple[Path, ...], json_wanted: bool) -> None:
    """Ask the operator to decide."""
    with caller.client(key) as client:
        seen = _find(client, dispute_id)
        _print(client, client.escalate_dispute(seen, text, attachments=_attachments(files)), json_wanted)


@dispute.command()
@calling
@_key
@_dispute_id
@_remark
@as_json
def withdraw(caller: Caller, key: str, dispute_id: str, text: str, json_wanted: bool) -> None:
    """Give up a dispute that you raised."""
    with caller.client(key) as client:
        _print(client, client.withdraw_dispute(_find(client, dispute_id), text), json_wanted)


@dispute.command()
@calling
@_key
@_dispute_id
@click.option("--amount", "amount_micros", type=Amount(), required=True, help="What is owed; 0 dismisses.")
@_text
@_files
@as_json
def rule(
    caller: Caller,
    key: str,
    dispute_id: str,
    amount_micros: int,
    text: str,
    files: tuple[Path, ...],
    json_wanted: bool,
) -> None:
    """As the operator, decide an escalated dispute. An amount needs the confirmation of a second person."""
    with caller.client(key) as client:
        seen = _find(client, dispute_id)
        _print(client, client.rule_dispute(seen, amount_micros, text, attachments=_attachments(files)), json_wanted)


@dispute.command()
@calling
@_key
@_dispute_id
@_remark
@click.option("--yes", is_flag=True, help="Do not ask; the dispute was looked at before.")
@as_json
def confirm(caller: Caller, key: str, dispute_id: str, text: str, yes: bool, json_wanted: bool) -> None:
    """As a second person of the operator, confirm a ruling."""
    with caller.client(key) as client:
        seen = _find(client, dispute_id)
        if not yes:
            _show(client, seen, err=True)
            click.confirm("Is this ruling right?", abort=True, err=True)
        _print(client, client.confirm_ruling(seen, text), json_wanted)


@dispute.command()
@calling
@_dispute_id
@as_json
def adjust(caller: Caller, dispute_id: str, json_wanted: bool) -> None:
    """As the operator, write what was accepted into the journal, signed with two keys of the profile.

    It is an obligation in the open window and is settled with that. Doing it again does nothing.
    """
    with caller.client() as client:
        found = _find(client, dispute_id)
        if found.state is not DisputeState.ADJUSTED:
            with Operator(caller.connection) as operator:
                written = operator.adjust_dispute(found)
            client.progress(wait_for_sequence=written.sequence)
            found = client.dispute(found.dispute_id)
        _print(client, found, json_wanted)


@dispute.command("show")
@calling
@click.argument("dispute_id", metavar="[DISPUTE]", required=False)
@click.option("--window", type=click.IntRange(1), help="Only disputes about lines of this window.")
@click.option("--open", "open_only", is_flag=True, help="Only those in which somebody has something to do.")
@as_json
def show_dispute(
    caller: Caller, dispute_id: str | None, window: int | None, open_only: bool, json_wanted: bool
) -> None:
    """Show a dispute with all that happened in it; without DISPUTE, list them."""
    with caller.client() as client:
        if dispute_id is not None:
            _print(client, _find(client, dispute_id), json_wanted)
            return
        found = list(client.disputes(window=window or 0, open_only=open_only))
    if json_wanted:
        print_json([dispute_json(item) for item in found])
    else:
        show([disputes_table(found)])


def _find(client: SettlementClient, text: str) -> Dispute:
    """The dispute whose id begins so, or the newest one for `last`, with its events."""
    if len(text) == len("01890a5d-ac96-774b-bcce-b302099a8057"):
        return client.dispute(text)
    listed = list(client.disputes())
    found = listed[-1:] if text == _LAST else [item for item in listed if item.dispute_id.startswith(text.lower())]
    if len(found) != 1:
        raise click.BadParameter(
            f"{len(found) or 'No'} disputes go by {text!r}. List them: coalition settlement dispute show",
            param_hint="DISPUTE",
        )
    return client.dispute(found[0].dispute_id)


def _attachments(files: tuple[Path, ...]) -> list[DisputeAttachment]:
    return [DisputeAttachment.of(path.name, path.read_bytes()) for path in files]


def _print(client: SettlementClient, found: Dispute, json_wanted: bool) -> None:
    if json_wanted:
        print_json(dispute_json(found))
    else:
        _show(client, found, err=False)


def _show(client: SettlementClient, found: Dispute, *, err: bool) -> None:
    show(dispute_tables(found, client.window(found.window).currency), err=err)
