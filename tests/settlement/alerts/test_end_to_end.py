"""Alerts of a real service: they begin and end once, whoever looks, and a restart repeats nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest
from click.testing import CliRunner

from partner_sdk.cli import main
from partner_sdk.errors import PermissionDenied, WrongState
from partner_sdk.operator import TermsOffer
from partner_sdk.settlement import Alert, AlertKind, AlertSeverity, AsyncSettlementClient, SettlementClient
from partner_sdk.testing import LocalNetwork
from partner_sdk.testing._processes import command
from partner_sdk.wallet import Wallet
from settlement.cli.alerting import EXIT_ALERTS

NEAR, REACHED = AlertKind.LIMIT_NEAR, AlertKind.LIMIT_REACHED


class Limited:
    """A network in which the grocer may have 1,000 points outstanding, and is warned from 800 on."""

    def __init__(self, network: LocalNetwork) -> None:
        self.network = network
        self.operator: SettlementClient = network.settlement_client()
        self.grocer: SettlementClient = network.settlement_client("grocer")
        self.anna: Wallet = network.member("anna")
        terms = TermsOffer.sign(
            network.key("grocer"),
            network_id=network.network_id,
            party_id="grocer",
            effective_on=network.today + timedelta(days=2),
            price_micros=10_000,
            reimbursement_micros=9_000,
            outstanding_points_max=1_000,
            alarm_bps=8_000,
        )
        network.operator.publish_terms(terms)
        network.clock.advance(days=2)

    def issue(self, points: int) -> None:
        """The grocer issues points."""
        self.network.client("grocer").issue("anna", points)

    def redeem(self, points: int) -> None:
        """Anna spends points of the grocer there."""
        consent = self.anna.consent_to_redeem("grocer", points)
        self.network.client("grocer").redeem("anna", points, consent=consent)

    def wait_for(self, *expected: AlertKind, outstanding: int | None = None) -> tuple[Alert, ...]:
        """What lasts, once it is that, with so many points."""
        self.operator.progress(wait_for_sequence=self.network.operator.checkpoint().size)
        deadline = time.monotonic() + 10
        while True:
            found = self.operator.alerts()
            points = [alert.figures["outstanding_points"] for alert in found]
            if tuple(alert.kind for alert in found) == expected and outstanding in (None, *points):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def restart(self) -> None:
        """The service is stopped and started again, at another port."""
        self.network.settlement.stop()
        self.network.settlement.start()
        self.operator, self.grocer = self.network.settlement_client(), self.network.settlement_client("grocer")

    def told(self) -> list[tuple[str, str]]:
        """What the service's logs say about alerts."""
        lines = map(json.loads, self.network.settlement.log.read_text(encoding="utf-8").splitlines())
        return [(line["event"], line["kind"]) for line in lines if line["event"].startswith("alert_")]

    def command(self, line: str, *, status: int = 0) -> str:
        """A command of the grocer."""
        environment = {
            "COALITION_PROFILE": str(self.network.profile("grocer")),
            "COALITION_PASSPHRASE": self.network.passphrase,
            "COALITION_SETTLEMENT_ADDRESS": self.network.settlement.address,
        }
        done = CliRunner().invoke(main, f"settlement {line}".split(), env=environment)
        assert done.exit_code == status, done.output
        return done.output


@pytest.fixture(scope="module")
def limited() -> Iterator[Limited]:
    """Nothing is the matter yet."""
    with LocalNetwork(settlement=True, policy={"notice_days": 1}) as network:
        yield Limited(network)


def test_crossings_are_told_once_and_restarts_repeat_nothing(limited: Limited) -> None:
    """Over the alarm, a restart, over the limit, back below: four changes, for lists, followers and the log alike."""
    limited.issue(799)
    limited.wait_for()
    limited.issue(1)
    (near,) = limited.wait_for(NEAR)
    assert (near.party_id, near.severity, near.lasts) == ("grocer", AlertSeverity.WARNING, True)
    assert near.figures == {"outstanding_points": 800, "outstanding_points_max": 1_000, "alarm_points": 800}
    limited.issue(100)
    limited.wait_for(NEAR, outstanding=900)
    assert limited.command("alerts --fail-on critical").count("LIMIT_NEAR") == 1
    assert "900 points outstanding" in " ".join(limited.command("alerts --fail-on warning", status=EXIT_ALERTS).split())
    limited.restart()
    (again,) = limited.wait_for(NEAR, outstanding=900)
    assert (again.number, again.raised_at, again.change) == (near.number, near.raised_at, near.change)
    limited.issue(100)
    (reached,) = limited.wait_for(REACHED)
    assert "it can issue no more" in reached.text
    limited.redeem(500)
    limited.wait_for()
    ended = limited.grocer.alerts(ended_too=True)
    assert [(alert.kind, alert.lasts) for alert in ended] == [(REACHED, False), (NEAR, False)]
    assert limited.told() == [
        ("alert_began", "LIMIT_NEAR"),
        ("alert_ended", "LIMIT_NEAR"),
        ("alert_began", "LIMIT_REACHED"),
        ("alert_ended", "LIMIT_REACHED"),
    ]
    assert limited.network.settlement_client("florist").alerts(ended_too=True) == ()


def test_followers_hear_of_everything_across_a_restart(limited: Limited) -> None:
    """Who goes on after the last change misses nothing of what came while the service was away, and hears all once."""
    limited.wait_for()
    last = limited.operator.alerts(ended_too=True)[0].change
    limited.issue(400)
    limited.wait_for(NEAR)
    heard = limited.grocer.follow_alerts(after_change=last)
    began = next(heard)
    assert (began.kind, began.lasts) == (NEAR, True)
    limited.network.settlement.stop()
    limited.redeem(400)
    limited.network.settlement.start()
    limited.operator, limited.grocer = limited.network.settlement_client(), limited.network.settlement_client("grocer")
    ended = next(limited.grocer.follow_alerts(after_change=began.change))
    assert (ended.number, ended.lasts) == (began.number, False)
    limited.wait_for()


def test_command_follows_line_by_line(limited: Limited) -> None:
    """`--follow` says what begins and ends, one JSON object a line for machines."""
    limited.issue(400)
    limited.wait_for(NEAR)
    arguments = ("settlement", "alerts", "--follow", "--json", "--profile", str(limited.network.profile("grocer")))
    address = {"COALITION_SETTLEMENT_ADDRESS": limited.network.settlement.address}
    environment = {**os.environ, "COALITION_PASSPHRASE": limited.network.passphrase, **address}
    with subprocess.Popen(command(*arguments), env=environment, stdout=subprocess.PIPE) as following:
        assert following.stdout is not None
        began = json.loads(following.stdout.readline())
        limited.redeem(400)
        ended = json.loads(following.stdout.readline())
        following.terminate()
    assert (began["kind"], began["ended_at"]) == ("LIMIT_NEAR", None)
    assert (ended["number"], ended["ended_at"]) == (began["number"], limited.network.now.isoformat())
    limited.wait_for()


def test_notes_are_seen_by_all_who_see_the_alert(limited: Limited) -> None:
    """The operator notes, the party reads, and asyncio does the same; an alert that has ended takes no note."""
    limited.issue(400)
    (near,) = limited.wait_for(NEAR)
    noted = limited.operator.acknowledge_alert(near, "New terms are with their lawyers")
    assert [note.text for note in noted.notes] == ["New terms are with their lawyers"]
    assert noted.notes[0].public_key == limited.network.key("operator").public

    async def main() -> list[Alert]:
        async with AsyncSettlementClient(limited.network.connection("grocer")) as client:
            assert (await client.alerts())[0].notes == noted.notes
            async for alert in client.follow_alerts():
                return [alert]
        return []

    assert [alert.notes for alert in asyncio.run(main())] == [noted.notes]
    with pytest.raises(PermissionDenied):
        limited.grocer.acknowledge_alert(near, "not ours to note")
    assert "may not acknowledge alerts" in limited.command(f"acknowledge {near.number} --note no", status=1)
    following = limited.grocer.follow_alerts()
    assert next(following).number == near.number
    limited.redeem(400)
    assert [alert.lasts for alert in islice(following, 1)] == [False]
    with pytest.raises(WrongState):
        limited.operator.acknowledge_alert(near, "too late")
