"""The lines behind a window's figures, and the journal's entries behind the lines."""

from __future__ import annotations

from itertools import islice

import click

from partner_sdk.settlement import Line, LineKind
from settlement.cli.options import Caller, as_json, calling, print_json
from settlement.report.lines import line_json, proof_json
from settlement.report.money import micros_text
from settlement.report.tables import moment_text, rows_table, show
from settlement.report.window import Rows

_COLUMNS = ("entry", "committed", "kind", "issuer", "counterparty", "points", "counterparty_gets", "operator_gets")


@click.command()
@calling
@click.option("--window", type=click.IntRange(1), help="Of this window only.")
@click.option("--party", "party_id", help="Where this party is issuer or counterparty. A party sees its own only.")
@click.option("--issuer", help="Points of this issuer.")
@click.option("--acceptor", "counterparty", help="Accepted by this party, or given to it.")
@click.option("--kind", type=click.Choice([kind.value for kind in LineKind]), help="What happened.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many at most.")
@as_json
def lines(
    caller: Caller,
    window: int | None,
    party_id: str | None,
    issuer: str | None,
    counterparty: str | None,
    kind: str | None,
    limit: int,
    json_wanted: bool,
) -> None:
    """The lines that a window's figures are the sums of, in the journal's order.

    A line is points of one issuer that one entry moved, with what its counterparty and the operator get for them; what
    they give is negative. `coalition settlement entry NUMBER` shows an entry with its proof.
    """
    with caller.client() as client:
        found = client.lines(
            window=window,
            party_id=party_id,
            issuer=issuer,
            counterparty=counterparty,
            kind=LineKind(kind) if kind else None,
            page_size=min(limit + 1, 500),
        )
        shown = list(islice(found, limit + 1))
    more = len(shown) > limit
    if json_wanted:
        print_json([line_json(line) for line in shown[:limit]])
        return
    show([rows_table("Lines", _rows(shown[:limit]), _COLUMNS)])
    if more:
        click.echo(f"There are more than {limit}. See them with --limit, or narrow the choice.")


@click.command()
@calling
@click.argument("sequence", type=click.IntRange(1), metavar="NUMBER")
@as_json
def entry(caller: Caller, sequence: int, json_wanted: bool) -> None:
    """An entry of the journal with its lines, proved to stand in the log that the hub signed.

    The proof is checked here, against the hub's keys in your profile: from the entry's hash along its audit path to the
    root in the hub's checkpoint (RFC 6962).
    """
    with caller.client() as client:
        found = client.entry(sequence)
    if json_wanted:
        print_json(proof_json(found))
        return
    show([rows_table(f"Entry {found.sequence} in window {found.window}", _rows(found.lines), _COLUMNS)])
    signed = found.checkpoint
    click.echo(f"Leaf {found.leaf_hash.hex()}")
    click.echo(f"leads in {len(found.path)} steps to the root {signed.root.hex()},")
    click.echo(f"which the hub signed for a log of {signed.size} entries. The proof is right.")


def _rows(found: list[Line] | tuple[Line, ...]) -> Rows:
    return [
        {
            "entry": str(line.sequence),
            "committed": moment_text(line.committed_at),
            "kind": line.kind.value,
            "issuer": line.issuer,
            "counterparty": line.counterparty or "–",
            "points": line.points,
            "counterparty_gets": micros_text(_sign(line) * (line.direct_micros + line.topup_micros)),
            "operator_gets": micros_text(
                _sign(line) * (line.margin_micros + line.fee_micros - line.topup_micros)
                + line.paid_in_micros
                - line.paid_back_micros
            ),
        }
        for line in found
    ]


def _sign(line: Line) -> int:
    return -1 if line.kind.turned else 1
