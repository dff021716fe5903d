"""The whole path once: from a purchase to a settled window, over the command line, the SDK and both services.

Every figure can be followed with a pencil. The clock begins on 15 January 2025; points last to the end of the next
month; a point costs its issuer a cent, of which the acceptor gets nine tenths and the operator the rest.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from partner_sdk import Client, InclusionProof
from partner_sdk.errors import InsufficientPoints
from partner_sdk.journal import check_inclusion
from partner_sdk.operator import IssuerTotals
from partner_sdk.settlement import RunState, SettlementClient, WindowReport, WindowState
from partner_sdk.testing import LocalNetwork
from partner_sdk.testing._processes import command
from partner_sdk.wallet import Wallet

LAST_DAY = date(2025, 2, 28)


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    with LocalNetwork(settlement=True, policy={"expiry_months": 1}) as network:
        yield network


class Story:
    """Who takes part, and what they have by now."""

    def __init__(self, network: LocalNetwork) -> None:
        self.network = network
        self.operator = network.operator
        self.grocer, self.pharmacy, self.florist, self.school = map(
            network.client, ("grocer", "pharmacy", "florist", "school")
        )
        self.anna: Wallet = network.member("anna")
        self.ben: Wallet = network.member("ben", at="pharmacy")

    def points(self, holder_id: str) -> int:
        return self.operator.balance(holder_id).balance.available

    def lots(self, holder_id: str) -> dict[str | None, int]:
        return {lot.issuer: lot.points for lot in self.operator.balance(holder_id).lots}

    def buy(self) -> str:
        """Anna promises the school a tenth of what she earns, and earns; so does Ben. The id of her first purchase."""
        offer = self.anna.pledge("school-fund", share_bps=1_000, points_max=1_000, ends_on=date(2025, 12, 31))
        self.grocer.pledge(type(offer).from_text(offer.text()))
        first = self.grocer.issue("anna", 200, reference="receipt 1", purchase_amount_minor=20_000)
        assert first.expires_on == LAST_DAY
        self.pharmacy.issue("anna", 100)
        self.grocer.issue("ben", 80)
        return first.transaction_id

    def spend(self) -> str:
        """Anna spends elsewhere what she earned at the grocer, at once and when flowers come. The id of the first."""
        redeemed = self.pharmacy.redeem("anna", 120, consent=self.anna.consent_to_redeem("pharmacy", 150))
        assert [(part.issuer, part.points) for part in redeemed.allocations] == [("grocer", 120)]
        held = self.florist.hold("anna", 40, consent=self.anna.consent_to_redeem("florist", 40))
        assert (held.balance.available, held.balance.held) == (140, 40)
        self.florist.capture(held.hold_id, 25)
        assert self.lots("anna") == {"grocer": 55, "pharmacy": 100}
        return redeemed.transaction_id

    def bring_back(self, purchase_id: str, redemption_id: str) -> None:
        """Half the purchase goes back, though its points are spent: she owes 45, which the next purchase repays."""
        reversed_issue = self.grocer.reverse(purchase_id, 100)
        assert (reversed_issue.became_arrears, reversed_issue.balance.available) == (45, 100)
        self.pharmacy.reverse(redemption_id, 20)
        assert self.lots("anna") == {"grocer": 20, "pharmacy": 100}
        assert self.grocer.issue("anna", 60).arrears_repaid == 45
        assert self.lots("anna") == {"grocer": 35, "pharmacy": 100}

    def give(self) -> None:
        """A gift to the shelter; and the sweep gives the school a tenth of 200 - 100 + 100 + 60 points."""
        consent = self.anna.consent_to_donate("florist", "shelter-fund", 30)
        self.florist.donate("anna", "shelter-fund", 30, consent=consent)
        assert self.operator.sweep().points_donated == 26
        assert self.lots("school-fund") == {"pharmacy": 26}
        (campaign,) = self.operator.campaigns("school")
        assert (campaign.raised_points, campaign.available_points) == (26, 26)

    def spend_otherwise(self) -> None:
        """Ben reads out a code; a charity accepts points, and spends its fund's; the pharmacy gets its own back."""
        code = self.pharmacy.create_code(self.ben.code_request(50)).code
        vouched = self.pharmacy.exchange_code(code, 50, holder_id="ben")
        assert self.pharmacy.redeem("ben", 50, consent=vouched).balance.available == 30
        self.school.redeem("anna", 10, consent=self.anna.consent_to_redeem("school", 10))
        fund = self.network.fund("school")
        self.florist.redeem("school-fund", 20, consent=fund.consent_to_redeem("florist", 20))
        own = self.pharmacy.redeem("anna", 34, consent=self.anna.consent_to_redeem("pharmacy", 34))
        assert [(part.issuer, part.points) for part in own.allocations] == [("pharmacy", 34)]

    def let_expire(self) -> None:
        """On 1 March what members did not spend is worth nothing, swept or not; what funds have stays."""
        assert (self.points("anna"), self.points("ben")) == (35, 30)
        self.network.clock.advance(days=45)
        assert self.network.today == date(2025, 3, 1)
        with pytest.raises(InsufficientPoints, match="anna has 0 points available, 1 asked"):
            self.florist.redeem("anna", 1, consent=self.anna.consent_to_redeem("florist", 1))
        assert self.operator.sweep().points_expired == 65
        assert (self.points("school-fund"), self.points("shelter-fund")) == (6, 30)

    def close(self) -> int:
        """The operator closes the first window; the size of the journal with it."""
        return self.operator.close_window(1).sequence


def test_from_a_purchase_to_a_settled_window(network: LocalNetwork, tmp_path: Path) -> None:
    """What members earn, spend, return, give and lose is what the hub totals, what settlement nets to zero, what
    finance reads, and what anybody can verify."""
    story = Story(network)
    purchase_id = story.buy()
    redemption_id = story.spend()
    story.bring_back(purchase_id, redemption_id)
    story.give()
    story.spend_otherwise()
    story.let_expire()
    size = story.close()
    check_totals(story)
    with network.settlement_client() as finance:
        finance.progress(wait_for_sequence=size)
        check_window(finance.window(1))
        check_printed(network, tmp_path)
        settle(network, finance)
    check_journal(network, story.grocer.prove(story.grocer.transaction(purchase_id).sequence), tmp_path)


def check_totals(story: Story) -> None:
    trial = story.operator.trial_balance()
    assert trial.balances
    assert {item.issuer: item for item in trial.issuers} == {
        "grocer": IssuerTotals("grocer", 340, 100, 195, 20, 65, 0, 0, 0, 0),
        "pharmacy": IssuerTotals("pharmacy", 100, 0, 64, 0, 0, 0, 36, 0, 0),
    }


def check_window(report: WindowReport) -> None:
    assert report.window.state is WindowState.CLOSED
    owed = {(item.debtor, item.creditor): (item.points, item.amount_micros) for item in report.bilateral}
    assert owed == {
        ("grocer", "pharmacy"): (150, 1_350_000),
        ("grocer", "florist"): (25, 225_000),
        # The rest of the price; its points are those above.
        ("grocer", "operator"): (0, 175_000),
        ("pharmacy", "school"): (10, 90_000),
        ("pharmacy", "florist"): (20, 180_000),
        ("pharmacy", "operator"): (0, 30_000),
    }
    amounts = {item.party_id: item.amount_micros for item in report.positions if item.amount_micros}
    assert amounts == {
        "grocer": -1_750_000,
        "pharmacy": 1_050_000,
        "florist": 405_000,
        "school": 90_000,
        "operator": 205_000,
    }
    assert sum(item.amount_micros for item in report.positions) == 0
    assert sum(item.payable_minor for item in report.positions) == 0
    assert sum(item.carried_out_micros for item in report.positions) == 0


def check_printed(network: LocalNetwork, folder: Path) -> None:
    """The command prints the window and writes it, with the same figures."""
    printed = run(
        network,
        *("settlement", "report", "--window", "1", "--profile", str(network.profile("operator"))),
        *("--csv", str(folder), "--json", str(folder / "window.json")),
    )
    assert all(party_id in printed for party_id in ("grocer", "pharmacy", "florist", "school", "operator"))
    with (folder / "window-1-positions.csv").open(encoding="utf-8") as file:
        rows = {row["party"]: row["amount"] for row in csv.DictReader(file)}
    assert (rows["grocer"], rows["pharmacy"]) == ("-1.750000", "1.050000")
    written = json.loads((folder / "window.json").read_text(encoding="utf-8"))
    assert written["window"]["number"] == 1


def settle(network: LocalNetwork, finance: SettlementClient) -> None:
    """Two people of the operator settle the window."""
    proposed = finance.propose([1])
    second = replace(network.connection("operator"), keys=(network.key("operator-2"),))
    with SettlementClient(second) as other:
        run = other.approve(proposed)
    run = finance.instruct(run)
    for position in run.positions:
        if position.payable_minor and position.party_id != "operator":
            run = finance.confirm(run, position.party_id)
    assert run.state is RunState.SETTLED
    assert [window.state for window in finance.windows()] == [WindowState.SETTLED, WindowState.OPEN]


def check_journal(network: LocalNetwork, proof: InclusionProof, folder: Path) -> None:
    """The purchase is in the log that the hub signed, and the hub's database is what that log says."""
    check_inclusion(proof.entry, proof.sequence, proof.path, proof.checkpoint)
    (folder / "checkpoint").write_text(proof.note, encoding="utf-8")
    hub = str(network.folder / "hub")
    said = json.loads(run(network, "hub", "verify", "--dir", hub, "--json", "--checkpoint", str(folder / "checkpoint")))
    with Client(network.connection("settlement")) as auditor:
        entries = [entry for part in auditor.follow_journal(follow=False) for entry in part.entries]
        assert (said["ok"], said["root"]) == (True, auditor.checkpoint().root.hex())
    assert said["entries"] == len(entries) == proof.checkpoint.size


def run(network: LocalNetwork, *arguments: str) -> str:
    """What a command prints. It must end well."""
    done = subprocess.run(
        command(*arguments),
        env={**os.environ, "COALITION_PASSPHRASE": network.passphrase},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
