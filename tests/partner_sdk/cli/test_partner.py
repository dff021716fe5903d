"""`coalition partner`, as a merchant types it."""

from __future__ import annotations

import base64
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from coalition.keyfile import load_key, save_key
from coalition.keys import SigningKey
from partner_sdk import Profile
from partner_sdk.cli import main
from partner_sdk.operator import CampaignOffer, PartyApplication, TermsOffer
from partner_sdk.outbox import Outbox
from partner_sdk.testing import LocalNetwork
from partner_sdk.wallet import Consent, Wallet

Run = Callable[..., Result]


@pytest.fixture
def run(network: LocalNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `coalition partner …` as the grocer, in an empty folder; fails unless it ends with `code`."""
    monkeypatch.chdir(tmp_path)
    environment = {"COALITION_PASSPHRASE": network.passphrase, "COALITION_PROFILE": str(network.profile("grocer"))}

    def run(*arguments: str, code: int = 0, stdin: str | None = None, **variables: str) -> Result:
        result = CliRunner().invoke(main, ["partner", *arguments], input=stdin, env={**environment, **variables})
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return run


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


def test_earn_spend_and_undo(network: LocalNetwork, run: Run) -> None:
    """The whole life of some points by hand, with every answer readable and in JSON."""
    anna = network.member()
    assert "12 points issued to" in run("issue", anna.holder_id, "12", "--reference", "r1").stdout
    consent = anna.consent_to_redeem("grocer", 5).text()
    redeemed = answer(run("redeem", anna.holder_id, "5", "--consent", consent, "--json"))
    assert (redeemed["points"], redeemed["balance"]["available"], redeemed["kind"]) == (5, 7, "redeem")
    more = anna.consent_to_redeem("grocer", 1).text()
    assert "1 point of" in run("redeem", anna.holder_id, "1", "--consent", "-", stdin=f"{more}\n").stdout
    undone = run("reverse", redeemed["transaction_id"], "2").stdout
    assert "2 points of the redemption were undone" in undone
    shown = run("balance", anna.holder_id).stdout
    assert "available  8" in shown
    assert "2027-01-31" in shown
    assert answer(run("balance", anna.holder_id, "--json"))["lots"][0]["points"] == 8
    listed = run("history", anna.holder_id).stdout.splitlines()
    assert [line.split()[3] for line in listed[1:]] == ["reverse", "redeem", "redeem", "issue", "enrol"]
    assert len(answer(run("history", "--limit", "1", "--kind", "issue", "--json"))) == 1
    assert "accepted" in run("transaction", redeemed["transaction_id"]).stdout
    assert answer(run("transaction", redeemed["transaction_id"], "--json"))["outcome"]["points"] == 5


def test_spent_points_are_owed(network: LocalNetwork, run: Run) -> None:
    """Undoing an issue whose points are gone says what is owed now."""
    anna = network.member()
    issued = answer(run("issue", anna.holder_id, "12", "--json"))
    run("redeem", anna.holder_id, "10")
    assert "10 points were spent already" in run("reverse", issued["transaction_id"], "12").stdout


def test_enrols_and_donates(network: LocalNetwork, run: Run) -> None:
    """A member is enrolled with a card and a key, and gives to a school."""
    wallet = Wallet.generate(network.network_id, "gustav", clock=network.clock)
    key = base64.b64encode(wallet.public_key).decode()
    run("enrol", "gustav", "--alias", "card 5", "--public-key", key)
    run("issue", "gustav", "50")
    consent = wallet.consent_to_donate("grocer", "school-fund", 20).text()
    assert "20 points of gustav given" in run("donate", "gustav", "school-fund", "20", "--consent", consent).stdout
    assert "needs --consent" in run("donate", "gustav", "school-fund", "20", code=1).stderr
    assert "available  30" in run("balance", "--alias", "card 5").stdout
    assert "school-fund" in run("campaigns").stdout
    assert answer(run("campaigns", "--json"))[0]["fund_id"] == "school-fund"
    assert "Corner Pharmacy" in run("parties").stdout
    assert {party["party_id"] for party in answer(run("parties", "--json"))} >= {"grocer", "hub", "operator"}
    assert "not the base64" in run("enrol", "hans", "--public-key", "nonsense", code=1).stderr


def test_the_same_id_is_done_once(network: LocalNetwork, run: Run) -> None:
    """An id of one's own makes a command safe to repeat."""
    anna = network.member()
    first = answer(run("issue", anna.holder_id, "5", "--json"))
    again = run("issue", anna.holder_id, "5", "--transaction-id", first["transaction_id"])
    assert "had been committed before" in again.stdout


def test_errors_are_words_and_an_exit_code(network: LocalNetwork, run: Run) -> None:
    """No traceback for what the ledger, the hub or the profile says."""
    anna = network.member(points=1)
    refused = run("redeem", anna.holder_id, "20", code=1)
    assert refused.stderr == f"Error: {anna.holder_id} has 1 points available, 20 asked.\n"
    said = answer(run("redeem", anna.holder_id, "20", "--json", code=1))
    assert (said["error"], said["facts"]["available"]) == ("InsufficientPoints", "1")
    assert "is not a consent" in run("redeem", anna.holder_id, "1", "--consent", "nonsense", code=1).stderr
    assert "is not there" in run("balance", "anna", "--profile", "nobody", code=1).stderr
    assert "passphrase" in run("balance", "anna", COALITION_PASSPHRASE="", code=1).stderr
    assert "wrong" in run("balance", "anna", COALITION_PASSPHRASE="wrong", code=1).stderr
    Path("passphrase").write_text(network.passphrase + "\n")
    run("balance", anna.holder_id, "--passphrase-file", "passphrase", COALITION_PASSPHRASE="")


def test_joining(network: LocalNetwork, run: Run) -> None:
    """Key, application, profile, terms: what a newcomer hands over is what the operator publishes."""
    made = answer(run("keygen", "key.pem", "--json"))
    assert load_key(Path("key.pem"), network.passphrase).public == base64.b64decode(made["public_key"])
    assert oct(os.stat("key.pem").st_mode & 0o777) == "0o600"
    assert "key.pem is there already" in run("keygen", "key.pem", code=1).stderr
    joining = ("--network-id", network.network_id, "--party-id", "cinema")
    run("apply", "key.pem", *joining, "--display-name", "Roxy", "--out", "application.txt")
    network.operator.register_party(PartyApplication.from_text(Path("application.txt").read_text()))
    profile = Profile.load(network.profile("grocer"))
    hub_key = base64.b64encode(profile.hub_keys[0]).decode()
    run(
        *("profile", "new", "cinema.toml", *joining, "--key", "key.pem"),
        *("--address", profile.address, "--tls-ca", str(profile.tls_ca), "--hub-key", hub_key),
    )
    with open("cinema.toml", "a", encoding="utf-8") as file:
        file.write(f'clock_file = "{profile.clock_file}"\n')
    checked = run("profile", "check", "--profile", "cinema.toml", code=1).stdout.splitlines()
    assert [line.split()[0] for line in checked] == ["ok"] * 7 + ["WRONG"]
    assert "terms: none are in force" in checked[-1]
    rates = ("--price-micros", "10000", "--reimbursement-micros", "9000", "--effective-on", str(network.today))
    packs = ("--funding", "packs", "--pack-points", "5000", "--reorder-points", "700", "--alarm-bps", "9000")
    assert "alarm_bps needs" in run("terms", "--profile", "cinema.toml", *rates, *packs, code=1).stderr
    limit = ("--outstanding-points-max", "1000000")
    run("terms", "--profile", "cinema.toml", *rates, *packs, *limit, "--out", "terms.txt")
    network.operator.publish_terms(TermsOffer.from_text(Path("terms.txt").read_text()))
    assert "WRONG" not in run("profile", "check", "--profile", "cinema.toml").stdout
    assert all(item["right"] for item in answer(run("profile", "check", "--profile", "cinema.toml", "--json")))
    run("enrol", "ida", "--profile", "cinema.toml")
    assert "2 packs of points ordered" in run("order-pack", "2", "--profile", "cinema.toml").stdout
    assert answer(run("order-pack", "1", "--profile", "cinema.toml", "--json"))["kind"] == "order_pack"


def test_what_no_operator_would_publish_is_not_signed(network: LocalNetwork, run: Run) -> None:
    """A wrong party id, rate or key is an error before anything is handed over."""
    run("keygen", "key.pem")
    named = ("--network-id", "n", "--display-name", "X")
    assert "party_id must be" in run("apply", "key.pem", *named, "--party-id", "Not An Id", code=1).stderr
    assert "price_micros" in run("terms", "--effective-on", "2025-01-01", "--price-micros", "-1", code=1).stderr
    place = ("--network-id", "n", "--party-id", "p1", "--address", "h:1", "--key", "key.pem")
    assert "not the base64" in run("profile", "new", "x.toml", *place, "--hub-key", "abc", code=1).stderr


def test_signs_a_campaign(network: LocalNetwork, run: Run) -> None:
    """A charity signs its campaign, and the operator opens it."""
    text = run(
        *("campaign", "piano", "--profile", str(network.profile("school")), "--fund-id", "piano-fund"),
        *("--title", "A piano", "--goal-points", "5000", "--starts-on", "2025-01-15", "--ends-on", "2035-12-31"),
    ).stdout
    network.operator.open_campaign(CampaignOffer.from_text(text))
    assert "A piano" in run("campaigns").stdout


def test_shows_and_checks_profiles(network: LocalNetwork, run: Run, tmp_path: Path) -> None:
    """What a profile says, and what is wrong with it, in the order in which it matters."""
    assert "grocer" in run("profile", "show").stdout
    assert answer(run("profile", "show", "--json"))["party_id"] == "grocer"
    assert "is not trusted" in run("profile", "check", COALITION_SERVER_NAME="hub.example", code=1).stdout
    other_key = base64.b64encode(SigningKey.generate().public).decode()
    assert "none of the pinned keys" in run("profile", "check", COALITION_HUB_KEYS=other_key, code=1).stdout
    assert "WRONG  network" in run("profile", "check", COALITION_NETWORK_ID="other.test", code=1).stdout
    save_key(tmp_path / "new.pem", SigningKey.generate(), network.passphrase)
    unregistered = run("profile", "check", COALITION_KEY=str(tmp_path / "new.pem"), code=1).stdout
    assert "not signed by an active key" in unregistered
    assert "There is no profile" in run("profile", "check", COALITION_PROFILE="", code=1).stdout


def test_what_is_in_doubt_is_kept_and_resent(network: LocalNetwork, run: Run) -> None:
    """An envelope sent again is answered, and says that it had been committed."""
    anna = network.member()
    with Outbox("till.outbox", network.connection("grocer")) as outbox:
        outbox.issue(anna.holder_id, 7)
        envelope = outbox.next_waiting()
        outbox.issue("nobody-known", 7)
    assert envelope is not None
    Path("kept.envelope").write_bytes(envelope)
    assert "accepted by entry" in run("resend", "kept.envelope").stdout
    assert "and had been before" in run("resend", "kept.envelope").stdout
    assert answer(run("resend", "kept.envelope", "--json"))[0]["replayed"]
    flushed = run("flush", "till.outbox").stdout
    assert "accepted" in flushed
    assert "No holder nobody-known" in flushed
    assert "Nothing was waiting" in run("flush", "till.outbox").stdout
    assert answer(run("flush", "till.outbox", "--json")) == []
    Path("kept.envelope").write_bytes(b"nonsense")
    assert "Error" in run("resend", "kept.envelope", code=1).stderr


def test_an_unanswered_write_is_kept_in_a_file(run: Run, shaky: LocalNetwork, tmp_path: Path) -> None:
    """When nobody knows whether it was done, exit code 3 says so and a file has the bytes to send again."""
    anna = shaky.member()
    profile = ("--profile", str(shaky.profile("grocer")))
    os.kill(shaky.hub.process_id, signal.SIGSTOP)  # it is there, and says nothing
    try:
        result = run("issue", anna.holder_id, "5", *profile, "--timeout", "1", code=3)
        said = answer(run("issue", anna.holder_id, "6", *profile, "--timeout", "1", "--json", code=3))
    finally:
        os.kill(shaky.hub.process_id, signal.SIGCONT)
    kept = sorted(tmp_path.glob("in-doubt-*.envelope"))
    assert len(kept) == 2
    assert any(file.name in result.stderr for file in kept)
    assert said["error"] == "InDoubt"
    for file in kept:
        run("resend", str(file), *profile)
    assert "available  11" in run("balance", anna.holder_id, *profile).stdout


def test_signs_consents_for_trying_out(network: LocalNetwork, run: Run) -> None:
    """A consent made in the shell is one that a till reads."""
    run("keygen", "anna.pem")
    named = ("--network-id", network.network_id, "--holder", "anna", "--acceptor", "grocer", "--points-max", "5")
    consent = Consent.from_text(run("consent", "anna.pem", *named).stdout)
    assert (consent.holder_id, consent.points_max) == ("anna", 5)
    gift = answer(run("consent", "anna.pem", *named, "--fund", "school-fund", "--minutes", "9", "--json"))
    assert Consent.from_text(gift["text"]).recipient_id == "school-fund"
    Path("broken.pem").write_text("nonsense")
    assert "damaged" in run("consent", "broken.pem", *named, code=1).stderr


def test_help_teaches(run: Run) -> None:
    """Every command explains itself and all of its options."""
    shown = run("--help").stdout
    names = [line.split()[0] for line in shown.split("Commands:")[1].splitlines() if line.strip()]
    assert len(names) >= 18
    for name in names:
        help_text = run(name, "--help").stdout
        assert "Usage:" in help_text
        assert len(help_text.splitlines()) > 4
