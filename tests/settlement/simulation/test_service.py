"""Simulations over the network, by the SDK and from a shell."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from coalition.keyfile import save_key
from coalition.tls import load_server_tls, make_tls
from coalition.v1 import network_pb2
from partner_sdk import Connection, Funding, Profile
from partner_sdk.cli import main
from partner_sdk.errors import FieldInvalid, NotFound, PartyUnknown, PermissionDenied, RateOutOfRange, Unreachable
from partner_sdk.settlement import SettlementClient, SimulatedPosition, SupposedTerms
from settlement.desk import Desk
from settlement.intake import Intake
from settlement.rpc.access import Gatekeeper
from settlement.rpc.server import Server
from settlement.rpc.servicer import SettlementServicer
from settlement.rpc.simulation import simulation_offer
from settlement.run_desk import RunDesk
from settlement.simulation.simulator import Simulator
from tests.settlement.books import new_database, take_in
from tests.settlement.journals import NETWORK, coalition_of_three, key_of

NOW_US = 1_500_000_000_000_000
PASSPHRASE = "open sesame"
CHEAPER = SupposedTerms(party_id="grocer", price_micros=10_000, reimbursement_micros=6_000, issue_fee_micros=300)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The operator's way to a service that has two windows, of which the first is closed."""
    folder = tmp_path_factory.mktemp("service")
    journal = coalition_of_three(floor_micros=10_000, ceiling_micros=9_000, operator_keys=(key_of("operator").public,))
    journal.party("auditor", network_pb2.PARTY_KIND_AUDITOR, (key_of("auditor").public,))
    journal.issue("florist", 1_000)
    journal.redeem("grocer", {"florist": 300})
    journal.close()
    journal.redeem("grocer", {"florist": 100})
    journal.redeem("school", {"florist": 100})
    database = new_database(folder)
    intake = Intake(database, NETWORK)
    take_in(intake, journal.entries)
    files = make_tls(folder / "tls", "Test", ["localhost"])
    gatekeeper = Gatekeeper(intake, lambda: NOW_US)
    server = Server(
        SettlementServicer(Desk(database, intake), RunDesk(database, intake, lambda: NOW_US), intake, gatekeeper),
        load_server_tls(folder / "tls"),
        [simulation_offer(Simulator(database), gatekeeper)],
    )
    port = server.start("localhost:0")
    yield Connection(
        network_id=NETWORK,
        party_id="operator",
        address="localhost:1",
        hub_keys=(key_of("hub").public,),
        keys=(key_of("operator"),),
        tls_ca=files.authority.read_bytes(),
        settlement_address=f"localhost:{port}",
        clock=lambda: NOW_US,
    )
    server.stop(5)
    database.close()


@pytest.fixture
def operator(connection: Connection) -> Iterator[SettlementClient]:
    with SettlementClient(connection) as client:
        yield client


def of(connection: Connection, party_id: str) -> SettlementClient:
    """Another party's client."""
    return SettlementClient(replace(connection, party_id=party_id, keys=(key_of(party_id),)))


def test_windows_side_by_side(operator: SettlementClient, connection: Connection) -> None:
    """Positions, differences and margins, exact; auditors see the same."""
    told: list[tuple[int, int]] = []
    found = operator.simulate([CHEAPER], progress=lambda done, total: told.append((done, total)))

    assert (found.currency, found.currency_exponent, [window.number for window in found.windows]) == ("USD", 2, [1, 2])
    first = found.windows[0]
    assert first.positions[1] == SimulatedPosition("grocer", 300 * 9_000, 300 * 6_000)
    assert first.positions[1].difference_micros == -300 * 3_000
    assert (first.margin_micros, first.simulated_margin_micros) == (300 * 3_000, 300 * 6_000)
    assert sum(position.difference_micros for position in first.positions) == 0
    assert told[-1] == (found.sequence, found.sequence)
    with of(connection, "auditor") as auditor:
        assert auditor.simulate([CHEAPER], windows=[2]).windows == found.windows[1:]


def test_a_cause_rate_and_a_first_day(operator: SettlementClient) -> None:
    """What charities would receive; terms of a day after all business change nothing."""
    found = operator.simulate([replace(CHEAPER, effective_on=date(2018, 1, 1))], cause_reimbursement_micros=9_000)
    school = {position.party_id: position.difference_micros for position in found.windows[1].positions}["school"]
    assert school == 100 * 2_000
    assert found.windows[0].positions == operator.simulate([], cause_reimbursement_micros=7_000).windows[0].positions


def test_packs_are_supposed_for_nobody_who_ordered_none(operator: SettlementClient) -> None:
    """Without an order, points under packs are owed on redemption."""
    packs = SupposedTerms(
        party_id="florist", price_micros=12_000, reimbursement_micros=8_000, funding=Funding.PACKS, pack_points=100
    )
    on_redemption = replace(packs, funding=Funding.ON_REDEMPTION, pack_points=0)
    assert operator.simulate([packs]) == operator.simulate([on_redemption])


def test_others_may_not(connection: Connection) -> None:
    """A party would see the positions of others."""
    with of(connection, "grocer") as grocer, pytest.raises(PermissionDenied, match="grocer may not simulate"):
        grocer.simulate([CHEAPER])


def test_what_cannot_be_supposed(operator: SettlementClient, connection: Connection) -> None:
    """Each reason is an exception of its own; so is a service that is not there."""
    with pytest.raises(FieldInvalid, match="must say what is supposed"):
        operator.simulate([])
    with pytest.raises(FieldInvalid, match="simulate: "):
        operator.simulate([replace(CHEAPER, price_micros=2**63)])
    with pytest.raises(PartyUnknown, match="No party baker"):
        operator.simulate([replace(CHEAPER, party_id="baker")])
    with pytest.raises(RateOutOfRange, match=r"terms\[0\]\.reimbursement_micros is 9001; the policy allows 0 to 9000"):
        operator.simulate([replace(CHEAPER, reimbursement_micros=9_001)])
    with pytest.raises(NotFound, match="no window 3"):
        operator.simulate([CHEAPER], windows=[3])
    gone = replace(connection, settlement_address="localhost:1")
    with SettlementClient(gone) as nobody, pytest.raises(Unreachable, match="localhost:1"):
        nobody.simulate([CHEAPER])


Run = Callable[..., str]


@pytest.fixture
def run(connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `coalition settlement simulate …` as the operator, in an empty folder; gives what it prints."""
    monkeypatch.chdir(tmp_path)
    save_key(tmp_path / "key.pem", key_of("operator"), PASSPHRASE)
    (tmp_path / "ca.pem").write_bytes(connection.tls_ca or b"")
    (tmp_path / "clock").write_bytes(NOW_US.to_bytes(8, "little"))
    Profile(
        network_id=NETWORK,
        party_id="operator",
        address="localhost:1",
        hub_keys=connection.hub_keys,
        key=Path("key.pem"),
        tls_ca=Path("ca.pem"),
        settlement_address=connection.settlement_address,
        clock_file=Path("clock"),
    ).save(tmp_path / "operator.toml")

    def invoke(*arguments: str, code: int = 0) -> str:
        words = ["settlement", "simulate", "--profile", "operator.toml", *arguments]
        with capture_logs():
            done = CliRunner().invoke(main, words, env={"COALITION_PASSPHRASE": PASSPHRASE})
        assert done.exit_code == code, done.output + repr(done.exception)
        return done.stdout if code == 0 else done.stderr

    return invoke


ONE = 'party_id = "grocer"\nprice_micros = 10_000\nreimbursement_micros = 6_000\nissue_fee_micros = 300\n'
SEVERAL = {
    "cause_reimbursement_micros": 9_000,
    "terms": [
        {"party_id": "grocer", "price_micros": 10_000, "reimbursement_micros": 6_000, "alarm_bps": 9_000},
        {
            "party_id": "florist",
            "effective_on": "2017-01-01",
            "price_micros": 12_000,
            "reimbursement_micros": 8_000,
            "funding": "FUNDING_PREFUNDED_SHARE",
            "prefunded_bps": 5_000,
        },
    ],
}


def test_tables_csv_and_json(run: Run) -> None:
    """One party's terms in TOML: tables by default, files where they are wanted."""
    Path("terms.toml").write_text(ONE)
    shown = run("--terms", "terms.toml", "--all", "--csv", "out", "--json", "out/simulation.json")

    assert "grocer   │  2.700000 │  1.800000 │  -0.900000 │" in shown
    assert "All together" in shown
    assert "The operator's margin, USD" in shown
    with Path("out/simulation-positions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    grocers = [row for row in rows if row["party"] == "grocer"]
    assert grocers[0] == {
        "window": "1",
        "party": "grocer",
        "amount": "2.700000",
        "simulated": "1.800000",
        "difference": "-0.900000",
    }
    assert Path("out/simulation-margin.csv").read_text(encoding="utf-8").splitlines()[:2] == [
        "window,margin,simulated,difference",
        "1,0.900000,1.800000,0.900000",
    ]
    found = json.loads(Path("out/simulation.json").read_text(encoding="utf-8"))
    assert found == json.loads(run("--terms", "terms.toml", "--all", "--json", "-"))
    assert [window["window"] for window in found["windows"]] == [1, 2]
    assert found["together"]["margin"] == {"margin": "1.700000", "simulated": "2.900000", "difference": "1.200000"}
    one = run("--terms", "terms.toml", "--window", "2")
    assert "Window 2" in one
    assert "Window 1" not in one
    assert "All together" not in one


def test_several_parties_and_the_cause_rate(run: Run) -> None:
    """A JSON file with a list, in which the florist's terms are those in force."""
    Path("terms.json").write_text(json.dumps(SEVERAL))
    found = json.loads(run("--terms", "terms.json", "--window", "2", "--json", "-"))
    differences = {row["party"]: row["difference"] for row in found["windows"][0]["positions"]}
    assert differences == {"florist": "0.000000", "grocer": "-0.300000", "operator": "0.100000", "school": "0.200000"}
    assert "school" in run("--cause-micros", "9000", "--window", "2")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1", "cannot be read as json"),
        ("[]", "must be a table of names and values"),
        ('{"terms": {}}', "terms must be a list of tables"),
        ('{"terms": [7]}', "terms[0] must be a table"),
        ('{"terms": [], "price_micros": 1}', "there is no price_micros. Known: cause_effective_on"),
        ('{"party_id": "grocer", "price": 1}', "there is no price. Known: alarm_bps"),
        ('{"party_id": "grocer", "price_micros": 1}', "reimbursement_micros is missing"),
        ('{"price_micros": 1, "reimbursement_micros": 1}', "party_id is missing"),
        ('{"party_id": 7, "price_micros": 1, "reimbursement_micros": 1}', "party_id must be text"),
        (
            '{"party_id": "grocer", "price_micros": 1.5, "reimbursement_micros": 1}',
            "price_micros is 1.5; it must",
        ),
        ('{"party_id": "grocer", "price_micros": true, "reimbursement_micros": 1}', "price_micros is True"),
        (
            '{"party_id": "grocer", "price_micros": 1, "reimbursement_micros": 1, "funding": "gifts"}',
            "funding is 'gifts'; it must be one of: on_redemption, prefunded_share, packs",
        ),
        (
            '{"party_id": "grocer", "price_micros": 1, "reimbursement_micros": 1, "effective_on": "1.1.17"}',
            "effective_on is '1.1.17'; it must be a date",
        ),
        ('{"cause_reimbursement_micros": "9"}', "cause_reimbursement_micros is '9'"),
        (
            '{"party_id": "grocer", "price_micros": 1, "reimbursement_micros": 1}',
            "terms[0].price_micros is 1; the policy allows 10000",
        ),
    ],
)
def test_a_wrong_file_is_explained(run: Run, text: str, problem: str) -> None:
    """What is wrong, where, and what it could be."""
    Path("terms.json").write_text(text)
    assert problem in run("--terms", "terms.json", "--all", code=1)


def test_a_wrong_call_is_explained(run: Run) -> None:
    """Which windows, and what is supposed, once."""
    Path("terms.json").write_text(json.dumps(SEVERAL))
    assert "Name windows with --window" in run("--terms", "terms.json", code=2)
    assert "Name windows with --window" in run("--terms", "terms.json", "--all", "--window", "1", code=2)
    assert "Say what is supposed" in run("--all", code=2)
    assert "supposed more than once" in run("--terms", "terms.json", "--cause-micros", "1", "--all", code=2)
