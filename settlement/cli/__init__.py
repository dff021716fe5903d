"""`coalition settlement`: run the settlement service, read its books, and decide on settlement runs."""

from __future__ import annotations

import click

from settlement.cli.accounts import account
from settlement.cli.alerting import acknowledge, alerts
from settlement.cli.books import books
from settlement.cli.closing import close_due, schedule
from settlement.cli.console import console
from settlement.cli.disputing import dispute
from settlement.cli.lines import entry, lines
from settlement.cli.reading import report, status, windows
from settlement.cli.reconciling import reconcile, reconciliations, records_mapping
from settlement.cli.running import run
from settlement.cli.serving import health, init, renew_tls, serve
from settlement.cli.simulating import simulate
from settlement.cli.statements import statement, verify_statement_file
from settlement.cli.verifying import verify


@click.group()
def settlement() -> None:
    """Who owes whom: run the settlement service, read its books, settle.

    \b
    The service follows a hub's journal as an auditor, verifies all of it, and adds up who owes whom in each window.
    Windows are closed at the hub; here they are netted, looked at, and settled by two people:

    \b
      coalition settlement init --dir settlement --profile auditor.toml
      coalition settlement serve --dir settlement --listen localhost:7800
      coalition settlement windows --profile operator.toml
      coalition settlement report --profile operator.toml --window 1
      coalition settlement run propose --profile operator.toml --window 1
      coalition settlement run approve --profile second-person.toml RUN
    """


for command in (
    init,
    serve,
    health,
    renew_tls,
    status,
    windows,
    report,
    lines,
    entry,
    statement,
    verify_statement_file,
    books,
    verify,
    run,
    account,
    schedule,
    close_due,
    simulate,
    dispute,
    alerts,
    acknowledge,
    reconcile,
    reconciliations,
    records_mapping,
):
    settlement.add_command(command)
settlement.add_command(console)
