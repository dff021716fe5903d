"""Which run a command is about."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import click

from partner_sdk.settlement import Run, SettlementClient

_LAST = "last"

run_argument = click.argument("run_id", metavar="RUN")


def find_run(client: SettlementClient, text: str) -> Run:
    """The run whose id begins so, or the newest one for `last`. Raises BadParameter."""
    found: Sequence[Run]
    if text == _LAST:
        found = list(islice(client.runs(page_size=1), 1))
    else:
        found = [run for run in client.runs() if run.run_id.startswith(text.lower())]
    if len(found) != 1:
        raise click.BadParameter(
            f"{len(found) or 'No'} runs go by {text!r}. List them: coalition settlement run show", param_hint="RUN"
        )
    return found[0]
