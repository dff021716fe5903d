"""The schedule, and closing windows by it."""

from __future__ import annotations

from typing import Any

import click

from partner_sdk.operator import Operator
from settlement.cli.ending import Ending
from settlement.cli.options import Caller, as_json, calling, print_json
from settlement.report.schedule import schedule_json, schedule_tables
from settlement.report.tables import moment_text, show
from settlement.scheduled_closing import Look, close_if_due, watch


@click.command()
@calling
@click.option(
    "--next", "closings", type=click.IntRange(1, 60), default=6, show_default=True, help="How many closings to come."
)
@as_json
def schedule(caller: Caller, closings: int, json_wanted: bool) -> None:
    """When windows close, and when payments are due.

    The table [schedule] in the service's settlement.toml sets it. It closes nothing by itself: see close-due.
    """
    with caller.client() as client:
        found = client.schedule(closings=closings)
    if json_wanted:
        print_json(schedule_json(found))
    else:
        show(schedule_tables(found))


@click.command("close-due")
@calling
@click.option("--watch", "watching", is_flag=True, help="Go on, and close every window when it is due.")
@click.option(
    "--poll",
    "poll_s",
    type=click.FloatRange(0.1, 3_600),
    default=60.0,
    show_default=True,
    help="With --watch: seconds between two looks, at most.",
)
@as_json
def close_due(caller: Caller, watching: bool, poll_s: float, json_wanted: bool) -> None:
    """Close the open window at the hub if the schedule says that it is due. With the operator's profile.

    Run it by cron as often as you like, or once with --watch: a window is closed once, whoever else closes it, and
    however often a call is repeated. A window that is closed late is one window; missed closings are not made up for.
    """
    with caller.client() as settlement, Operator(caller.connection) as hub:
        if not watching:
            _tell(close_if_due(settlement, hub), json_wanted)
            return
        said = None
        for look in watch(lambda: close_if_due(settlement, hub), Ending().wait, poll_s, _troubled):
            # A line for each window, when it begins to be waited for and when it is closed.
            if said != (said := (look.schedule.window, look.closed)):
                _tell(look, json_wanted)


def _troubled(error: Exception, pause_s: float) -> None:
    click.echo(f"{error} Trying again in {pause_s:g} s.", err=True)


def _tell(look: Look, json_wanted: bool) -> None:
    if json_wanted:
        print_json(_json(look))
        return
    window, due = look.schedule.window, moment_text(look.schedule.due_at)
    if not look.closed:
        click.echo(f"Window {window} is due at {due}.")
        return
    last = "" if look.sequence is None else f"; entry {look.sequence} is its last"
    payments = "" if look.payments_due_on is None else f" Its payments are due on {look.payments_due_on}."
    how = "had been closed before" if look.before else "is closed"
    click.echo(f"Window {window}, due at {due}, {how}{last}.{payments}")


def _json(look: Look) -> dict[str, Any]:
    return {
        "window": look.schedule.window,
        "due_at": look.schedule.due_at.isoformat(),
        "closed": look.closed,
        "closed_before": look.before,
        "sequence": look.sequence,
        "payments_due_on": None if look.payments_due_on is None else look.payments_due_on.isoformat(),
    }
