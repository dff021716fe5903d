"""What needs somebody's attention."""

from __future__ import annotations

import json
from typing import Final

import click

from partner_sdk.settlement import AlertSeverity
from settlement.cli.options import Caller, as_json, calling, print_json
from settlement.report.alerts import alert_json, alert_line, alerts_table
from settlement.report.tables import show

#: With --fail-on: there are such alerts. Other failures end with 1 or 2.
EXIT_ALERTS: Final = 4


@click.command()
@calling
@click.option("--follow", is_flag=True, help="Go on: a line for each alert that begins, is noted on, or ends.")
@click.option("--ended", "ended_too", is_flag=True, help="Those that have ended as well, the newest first.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in AlertSeverity]),
    help=f"For scripts: exit status {EXIT_ALERTS} when an alert of this severity or a worse one lasts.",
)
@as_json
def alerts(caller: Caller, follow: bool, ended_too: bool, fail_on: str | None, json_wanted: bool) -> None:
    """What needs attention now, the worst first: limits, packs, payments, disputes, differences, the journal.

    A party sees alerts about itself, operator and auditors all. With --follow and --json, each line is one alert.
    """
    if follow and (ended_too or fail_on):
        raise click.UsageError("--follow goes on for ever; it goes with neither --ended nor --fail-on.")
    with caller.client() as client:
        if follow:
            for alert in client.follow_alerts():
                click.echo(json.dumps(alert_json(alert)) if json_wanted else alert_line(alert))
            return
        found = client.alerts(ended_too=ended_too)
    if json_wanted:
        print_json([alert_json(alert) for alert in found])
    else:
        show([alerts_table(found, ended_too=ended_too)])
    if fail_on is not None:
        least = AlertSeverity(fail_on).number
        if any(alert.lasts and alert.severity.number >= least for alert in found):
            raise SystemExit(EXIT_ALERTS)


@click.command()
@calling
@click.argument("number", type=click.IntRange(1))
@click.option("--note", required=True, help="What is being done about it. Up to 200 characters.")
@click.option(
    "--key",
    metavar="NUMBER|FINGERPRINT",
    default="1",
    show_default=True,
    help="Which of the profile's keys signs: 1 is its key, 2 the first of its extra_keys.",
)
@as_json
def acknowledge(caller: Caller, number: int, note: str, key: str, json_wanted: bool) -> None:
    """As the operator, note on an alert that it was seen. It lasts until its cause is gone."""
    with caller.client(key) as client:
        found = [alert for alert in client.alerts() if alert.number == number]
        if not found:
            raise click.BadParameter(
                f"No alert {number} lasts. List them: coalition settlement alerts", param_hint="NUMBER"
            )
        noted = client.acknowledge_alert(found[0], note)
    if json_wanted:
        print_json(alert_json(noted))
    else:
        show([alerts_table([noted], ended_too=False)])
