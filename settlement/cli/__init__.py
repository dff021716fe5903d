"""`coalition settlement`: run the settlement service, read its books, and decide on settlement runs."""

from __future__ import annotations

from typing import Final

import click

from coalition.commands import LateGroup

_PLACES: Final = {
    "init": "settlement.cli.founding:init",
    "serve": "settlement.cli.serving:serve",
    "health": "settlement.cli.health:health",
    "renew-tls": "settlement.cli.founding:renew_tls",
    "status": "settlement.cli.reading:status",
    "windows": "settlement.cli.reading:windows",
    "report": "settlement.cli.reading:report",
    "lines": "settlement.cli.lines:lines",
    "entry": "settlement.cli.lines:entry",
    "statement": "settlement.cli.statements:statement",
    "verify-statement": "settlement.cli.statements:verify_statement_file",
    "books": "settlement.cli.books:books",
    "verify": "settlement.cli.verifying:verify",
    "run": "settlement.cli.running:run",
    "account": "settlement.cli.accounts:account",
    "schedule": "settlement.cli.closing:schedule",
    "close-due": "settlement.cli.closing:close_due",
    "simulate": "settlement.cli.simulating:simulate",
    "dispute": "settlement.cli.disputing:dispute",
    "alerts": "settlement.cli.alerting:alerts",
    "acknowledge": "settlement.cli.alerting:acknowledge",
    "reconcile": "settlement.cli.reconciling:reconcile",
    "reconciliations": "settlement.cli.reconciling:reconciliations",
    "mapping": "settlement.cli.reconciling:records_mapping",
    "console": "settlement.cli.console:console",
}


@click.group(name="settlement", cls=LateGroup, places=_PLACES)
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
