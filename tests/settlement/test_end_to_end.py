"""A real hub and real settlement services: late, stopped and killed ones agree with one that ran throughout."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from coalition.clock import US_PER_S
from partner_sdk import Client
from partner_sdk.errors import PermissionDenied
from partner_sdk.settlement import PartyActivity, SettlementClient, WindowReport
from partner_sdk.testing import CHARITIES, PARTNERS, LocalNetwork
from partner_sdk.testing._processes import Service, command
from settlement.clearing.activity import Activity, activity_in
from settlement.clearing.books import Books, recompute
from settlement.clearing.netting import bilateral, multilateral
from settlement.clearing.obligations import Owed, Pair, owed_in
from tests.settlement.business import Business


@pytest.fixture
def second(network: LocalNetwork, tmp_path: Path) -> Iterator[Service]:
    """Another settlement service for the same network, which has not been started."""
    environment = {"COALITION_PASSPHRASE": network.passphrase}
    place = ("settlement", "init", "--dir", str(tmp_path), "--authority", str(network.folder / "hub" / "tls"))
    arguments = command(*place, "--profile", str(network.profile("settlement")))
    subprocess.run(arguments, env={**os.environ, **environment}, check=True, capture_output=True, timeout=60)
    service = Service("settlement", tmp_path, environment, ("--clock-file", str(network.folder / "clock")))
    yield service
    service.stop()


def client_of(network: LocalNetwork, service: Service) -> SettlementClient:
    """The operator's client of a service."""
    return SettlementClient(replace(network.connection("operator", timeout_s=60), settlement_address=service.address))


def reports(network: LocalNetwork, service: Service) -> dict[int, WindowReport]:
    """Every window of a service that has caught up with the hub."""
    with client_of(network, service) as client:
        client.progress(wait_for_sequence=log_size(network))
        return {window.number: client.window(window.number) for window in client.windows()}


def log_size(network: LocalNetwork) -> int:
    """How many entries the journal has."""
    with Client(network.connection("operator")) as hub:
        return hub.checkpoint().size


def replay(network: LocalNetwork) -> Books:
    """The books recomputed from the journal alone."""
    with Client(network.connection("settlement")) as hub:
        return recompute(entry for part in hub.follow_journal(follow=False) for entry in part.entries)


def stated(report: WindowReport) -> dict[Pair, Owed]:
    """What a service says that parties owe."""
    return {Pair(owed.debtor, owed.creditor): Owed(owed.points, owed.amount_micros) for owed in report.obligations}


def told(figures: PartyActivity) -> Activity:
    """A party's figures."""
    return Activity(
        figures.issued,
        figures.accepted,
        figures.redeemed,
        figures.redeemed_own,
        figures.expired,
        figures.donated,
        figures.adjusted,
    )


@pytest.mark.long
def test_late_stopped_and_killed_services_agree(network: LocalNetwork, second: Service) -> None:
    """However often a service was away, its figures are those of the service that ran throughout, of a replay of the
    journal, and of the hub's own trial balance; and every window's positions sum to zero."""
    business = Business(network, seed=7)
    business.steps(25)
    second.start()
    business.steps(15)
    second.kill()
    business.change_terms()
    business.close_window()
    business.pass_time(3)
    business.steps(25)
    second.start()
    business.correct()
    network.hub.kill()
    network.hub.start()
    business.steps(10)
    second.kill()
    second.start()
    business.close_window()
    business.change_terms()
    business.pass_time(35)
    second.stop()
    business.steps(20)
    business.close_window()
    business.steps(5)
    second.start()

    throughout, interrupted, books = reports(network, network.settlement), reports(network, second), replay(network)
    assert interrupted == throughout
    assert set(throughout) == set(books.windows) == {1, 2, 3, 4}
    for number, report in throughout.items():
        assert stated(report) == owed_in(books.totals[number], "operator")
        assert {item.party_id: told(item) for item in report.activity} == activity_in(books.totals[number])
        check_netting(report)
    check_against_hub(network, throughout)
    check_statements(network, throughout)


def check_statements(network: LocalNetwork, windows: dict[int, WindowReport]) -> None:
    """Every party reads its own statements, proves them with the hub's key, and finds what the reports say."""
    closing: dict[str, int] = {}
    for number, report in windows.items():
        nets = {position.party_id: position.amount_micros for position in report.positions}
        for party_id in (*PARTNERS, *CHARITIES, "operator"):
            with SettlementClient(network.connection(party_id)) as client:
                figures = client.statement(number, lines=True).figures
            assert figures.net_micros == nets.get(party_id, 0)
            if figures.points is not None:
                assert figures.points.opening == closing.get(party_id, 0)
                closing[party_id] = figures.points.closing
    with SettlementClient(network.connection("florist")) as client, pytest.raises(PermissionDenied):
        client.statement(1, party_id="grocer")
    outstanding = {item.issuer: item.in_lots + item.in_holds for item in network.operator.trial_balance().issuers}
    assert {party_id: points for party_id, points in closing.items() if points} == {
        party_id: points for party_id, points in outstanding.items() if points
    }


def check_netting(report: WindowReport) -> None:
    """Nets equal the gross, and everything sums to zero."""
    owed = stated(report)
    netted = {Pair(item.debtor, item.creditor): Owed(item.points, item.amount_micros) for item in report.bilateral}
    assert netted == bilateral(owed)
    assert {item.party_id: item.amount_micros for item in report.positions if item.amount_micros} == {
        party_id: amount for party_id, amount in multilateral(owed).items() if amount
    }
    assert sum(item.amount_micros for item in report.positions) == 0
    assert sum(item.payable_minor for item in report.positions) == 0
    assert sum(item.carried_out_micros for item in report.positions) == 0
    for item in report.positions:
        assert item.amount_micros + item.carried_in_micros == item.payable_minor * 10_000 + item.carried_out_micros


def check_against_hub(network: LocalNetwork, windows: dict[int, WindowReport]) -> None:
    """The hub counts points by itself, and comes to the same."""
    balance = network.operator.trial_balance()
    assert balance.balances
    for totals in balance.issuers:
        figures = [item for report in windows.values() for item in report.activity if item.party_id == totals.issuer]
        assert sum(item.issued for item in figures) == totals.issued - totals.issue_reversed
        assert sum(item.redeemed for item in figures) == totals.redeemed - totals.redeem_reversed
        assert sum(item.expired for item in figures) == totals.expired
        assert sum(item.adjusted for item in figures) == totals.adjusted
    raised = {campaign.charity: campaign.raised_points for campaign in network.operator.campaigns()}
    for charity in CHARITIES:
        figures = [item for report in windows.values() for item in report.activity if item.party_id == charity]
        assert sum(item.donated for item in figures) == raised[charity]
    assert {item.issuer for item in balance.issuers} <= {*PARTNERS, *CHARITIES}


def test_log_has_request_and_party_and_no_secrets(network: LocalNetwork) -> None:
    """Every line of a call names request and party; positions, keys and tokens are not in the log."""
    with client_of(network, network.settlement) as client:
        client.progress(wait_for_sequence=log_size(network))
        client.windows()
    lines = [json.loads(line) for line in network.settlement.log.read_text(encoding="utf-8").splitlines()]
    calls = [line for line in lines if line["event"] == "call"]
    assert calls
    for line in calls:
        assert len(line["request_id"]) >= 8
        assert line["party"] in {*PARTNERS, *CHARITIES, "operator"}
        assert set(line) <= {
            *("event", "level", "timestamp", "request_id", "party", "method", "status", "duration_ms", "reason"),
        }
    text = network.settlement.log.read_text(encoding="utf-8")
    assert "Bearer" not in text
    assert "PRIVATE" not in text
    known = {"call", "started", "followed", "stopped", "hub_unreadable", "alert_began", "alert_ended"}
    assert {line["event"] for line in lines} <= known


def test_service_lags_by_little(network: LocalNetwork) -> None:
    """What the hub has committed is in the books within moments."""
    network.clock.advance(seconds=60)
    network.client("grocer").enrol(f"lag-{network.clock() // US_PER_S}")
    with client_of(network, network.settlement) as client:
        progress = client.progress(wait_for_sequence=log_size(network))
    assert progress.committed_at is not None
    assert network.now - progress.committed_at < timedelta(seconds=1)
