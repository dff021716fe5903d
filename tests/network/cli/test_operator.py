"""What the operator does from a shell, against a running hub."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import tomllib
from pathlib import Path

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import new_nonce
from coalition.keyfile import load_key
from coalition.keys import SigningKey, fingerprint
from coalition.v1 import network_pb2
from coalition.v1.directory_service_pb2 import GetPartyRequest, ListTermsRequest, Party
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import PartyApplication, PartyKeyChange, Terms
from tests.network.cli.conftest import Run
from tests.network.conftest import PASSPHRASE, RunningHub, serving
from tests.network.town import NETWORK_ID, key_of


def party(hub: RunningHub, party_id: str) -> Party:
    found = hub.ask("operator", hub.directory.GetParty, GetPartyRequest(party_id=party_id)).party
    assert isinstance(found, Party)
    return found


def text_form(letter: str, signed: SignedDocument) -> str:
    """The form in which the SDK writes documents (its format is fixed by vectors of its own)."""
    head, data = f"CP1{letter}", signed.SerializeToString()
    checksum = hashlib.sha256(head.encode() + data).digest()[:4]
    return f"{head}:{base64.b32encode(data + checksum).decode().rstrip('=')}\n"


def application(party_id: str, key: SigningKey) -> SignedDocument:
    message = PartyApplication(
        network_id=NETWORK_ID,
        party_id=party_id,
        kind=network_pb2.PARTY_KIND_PARTNER,
        display_name=party_id.title(),
        public_keys=[key.public],
    )
    return sign_document(dsse.PARTY_APPLICATION, message, key)


def test_added_party_can_use_its_profile_at_once(operate: Run, hub: RunningHub, tmp_path: Path) -> None:
    """A profile with key and certificate is written, and its key is the registered one."""
    ran = operate("add-partner", "bakery", "--display-name", "The Bakery", "--out", tmp_path / "parties")
    assert ran.code == 0, ran.err
    folder = tmp_path / "parties/bakery"
    profile = tomllib.loads((folder / "profile.toml").read_text())
    assert (profile["network_id"], profile["party_id"], profile["address"]) == (NETWORK_ID, "bakery", hub.address)
    assert profile["hub_keys"] == [base64.b64encode(hub.hub_key).decode()]
    key = load_key(folder / profile["key"], PASSPHRASE)
    assert (folder / profile["tls_ca"]).read_bytes() == (hub.config.tls / "ca.pem").read_bytes()
    found = party(hub, "bakery")
    assert (found.display_name, list(found.public_keys)) == ("The Bakery", [key.public])


def test_party_s_key_may_have_its_own_passphrase(operate: Run, tmp_path: Path) -> None:
    """The party's key is locked with the passphrase of the party, where one is given."""
    secret = tmp_path / "secret"
    secret.write_text("the bakery's own\n")
    ran = operate(
        *("add-partner", "bakery", "--kind", "auditor", "--out", tmp_path),
        COALITION_PARTNER_PASSPHRASE_FILE=str(secret),
    )
    assert ran.code == 0, ran.err
    load_key(tmp_path / "bakery/key.pem", "the bakery's own")


def test_adding_twice_is_an_error_unless_allowed(operate: Run, hub: RunningHub, tmp_path: Path) -> None:
    """The second call fails, or with --if-missing does nothing; an interrupted one is gone on with."""
    arguments = ("add-partner", "bakery", "--out", tmp_path)
    assert operate(*arguments, "--json").json()["made"] is True
    assert "is there already" in operate(*arguments).err
    assert operate(*arguments, "--if-missing", "--json").json()["made"] is False
    (tmp_path / "bakery/profile.toml").unlink()
    assert operate(*arguments, "--if-missing", "--json").json()["made"] is False
    assert (tmp_path / "bakery/profile.toml").is_file()
    assert len(party(hub, "bakery").public_keys) == 1


def test_name_that_another_party_has_is_refused(operate: Run, tmp_path: Path) -> None:
    """A party is never registered over another one, and a name that cannot be is refused before anything is made."""
    taken = operate("add-partner", "grocer", "--out", tmp_path)
    assert taken.code == 1
    assert "already, with another key" in taken.err
    impossible = operate("add-partner", "The Bakery", "--out", tmp_path)
    assert "is no party id" in impossible.err
    assert not (tmp_path / "The Bakery").exists()


@pytest.mark.parametrize("form", ["text", "bytes"])
def test_application_is_registered(operate: Run, hub: RunningHub, tmp_path: Path, form: str) -> None:
    """A party that keeps its key to itself is registered by its signed application, in either form."""
    signed = application("bakery", key_of("bakery"))
    path = tmp_path / "application"
    path.write_bytes(text_form("A", signed).encode() if form == "text" else signed.SerializeToString())
    assert operate("register", path, "--json").json()["party_id"] == "bakery"
    assert list(party(hub, "bakery").public_keys) == [key_of("bakery").public]
    again = operate("register", path)
    assert again.code == 1
    assert "PARTY_EXISTS" in again.err


def test_damaged_document_is_refused(operate: Run, tmp_path: Path) -> None:
    """A document that is cut off, of another kind, or forged is told apart and not sent."""
    text = text_form("A", application("bakery", key_of("bakery")))
    forged = application("bakery", key_of("bakery"))
    forged.signature.signature = bytes(64)
    for content, message in (
        (text[:-10].encode(), "cut off or damaged"),
        (text.replace("CP1A", "CP1T").encode(), "an application of a party is needed"),
        (forged.SerializeToString(), "SIGNATURE_INVALID"),
        (b"what is this", "MALFORMED"),
    ):
        (tmp_path / "application").write_bytes(content)
        ran = operate("register", tmp_path / "application")
        assert ran.code == 1
        assert message in ran.err


def test_suspended_and_reinstated(operate: Run, hub: RunningHub) -> None:
    """A party is suspended with a reason and reinstated."""
    assert operate("suspend", "grocer", "--reason", "unpaid", "--json").json()["status"] == "suspended"
    assert party(hub, "grocer").status == network_pb2.PARTY_STATUS_SUSPENDED
    assert operate("reinstate", "grocer", "--reason", "paid").code == 0
    assert party(hub, "grocer").status == network_pb2.PARTY_STATUS_ACTIVE
    unknown = operate("suspend", "nobody", "--reason", "x")
    assert "PARTY_UNKNOWN (party_id = nobody)" in unknown.err


TERMS = """
effective_on = 2024-01-10
price_micros = 12_000
reimbursement_micros = 9_000
issue_fee_micros = 500
outstanding_points_max = 1_000_000
"""


def test_terms_are_signed_and_published(operate: Run, hub: RunningHub, tmp_path: Path) -> None:
    """Figures in TOML or JSON are signed with the party's profile; a signed document is published as it is."""
    operate("add-partner", "bakery", "--out", tmp_path)
    path = tmp_path / "terms.toml"
    path.write_text(TERMS)
    unsigned = operate("set-terms", path)
    assert "is not signed" in unsigned.err
    ran = operate("set-terms", path, "--sign-with", tmp_path / "bakery/profile.toml")
    assert ran.code == 0, ran.err
    later = {"effective_on": "2024-02-01", "price_micros": 13_000}
    (tmp_path / "terms.json").write_text(json.dumps(later))
    assert operate("set-terms", tmp_path / "terms.json", "--sign-with", tmp_path / "bakery/profile.toml").code == 0
    signed = Terms(network_id=NETWORK_ID, party_id="bakery", effective_on="2024-03-01", price_micros=14_000)
    key = load_key(tmp_path / "bakery/key.pem", PASSPHRASE)
    (tmp_path / "terms.txt").write_text(text_form("T", sign_document(dsse.TERMS, signed, key)))
    assert operate("set-terms", tmp_path / "terms.txt").code == 0
    found = hub.ask("operator", hub.directory.ListTerms, ListTermsRequest(party_id="bakery")).terms
    assert [(terms.effective_on, terms.price_micros) for terms in found] == [
        ("2024-01-10", 12_000),
        ("2024-02-01", 13_000),
        ("2024-03-01", 14_000),
    ]


def test_terms_say_how_they_are_funded(operate: Run, hub: RunningHub, tmp_path: Path) -> None:
    """Packs and warnings are figures like the others; one that belongs to another funding is refused by name."""
    operate("add-partner", "bakery", "--out", tmp_path)
    path, profile = tmp_path / "terms.toml", tmp_path / "bakery/profile.toml"
    packs = TERMS + 'funding = "FUNDING_PACKS"\npack_points = 5_000\nreorder_points = 700\nalarm_bps = 9_000\n'
    path.write_text(packs + "prefunded_bps = 1\n")
    refused = operate("set-terms", path, "--sign-with", profile)
    assert "terms.prefunded_bps is for PREFUNDED_SHARE only" in refused.err
    path.write_text(packs)
    assert operate("set-terms", path, "--sign-with", profile).code == 0
    (found,) = hub.ask("operator", hub.directory.ListTerms, ListTermsRequest(party_id="bakery")).terms
    assert (found.funding, found.pack_points, found.reorder_points, found.alarm_bps) == (
        network_pb2.FUNDING_PACKS,
        5_000,
        700,
        9_000,
    )
    path.write_text(TERMS + 'funding = "GIFTS"\n')
    assert "GIFTS" in operate("set-terms", path, "--sign-with", profile).err


def test_terms_without_notice_are_rejected(operate: Run, tmp_path: Path) -> None:
    """The ledger's reason and its facts reach the shell."""
    operate("add-partner", "bakery", "--out", tmp_path)
    (tmp_path / "terms.toml").write_text(TERMS)
    arguments = ("set-terms", tmp_path / "terms.toml", "--sign-with", tmp_path / "bakery/profile.toml")
    assert operate(*arguments).code == 0
    again = operate(*arguments)
    assert again.code == 1
    assert "NOTICE_TOO_SHORT (effective_on = 2024-01-10, earliest = 2024-01-17)" in again.err


def test_campaign_is_opened(operate: Run, tmp_path: Path) -> None:
    """A charity's campaign opens with its fund."""
    operate("add-partner", "library", "--kind", "charity", "--out", tmp_path)
    path = tmp_path / "campaign.toml"
    path.write_text(
        'campaign_id = "books"\nfund_id = "fund-books"\ntitle = "New books"\ngoal_points = 5000\n'
        "starts_on = 2024-01-10\nends_on = 2024-06-30\n"
    )
    ran = operate("open-campaign", path, "--sign-with", tmp_path / "library/profile.toml", "--json")
    assert ran.json()["fund_id"] == "fund-books"
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("goal = 5000\n")
    assert "wrong.toml" in operate("open-campaign", wrong, "--sign-with", tmp_path / "library/profile.toml").err


def test_window_is_closed_once(operate: Run) -> None:
    """The open window is found and closed; closing it again by its number is rejected."""
    assert operate("close-window", "--json").json()["window"] == 1
    assert operate("close-window", "--json").json()["window"] == 2
    assert "WINDOW_NOT_OPEN (window = 1, open = 3)" in operate("close-window", "--window", 1).err


def test_sweep_and_trial_balance(operate: Run, hub: RunningHub) -> None:
    """A sweep says what it did, and the trial balance adds up."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
    hub.clock.advance(days=82)
    assert operate("sweep", "--json").json()["points_expired"] == 100
    answer = operate("trial-balance", "--json").json()
    assert answer["balances"] is True
    (grocer,) = answer["issuers"]
    assert (grocer["issued"], grocer["expired"], grocer["in_lots"]) == (100, 100, 0)
    assert "grocer" in operate("trial-balance").out


def test_trial_balance_that_does_not_add_up_fails(operate: Run, hub: RunningHub) -> None:
    """A wrong total is named, with exit code 1."""
    hub.commit("grocer", hub.town.enrol("anna"), hub.town.issue("anna", 100))
    with sqlite3.connect(hub.config.database_file) as connection:
        connection.execute("UPDATE totals SET issued = 99")
    connection.close()
    ran = operate("trial-balance")
    assert ran.code == 1
    assert "grocer do not add up" in ran.err


def test_status_shows_the_network(operate: Run, hub: RunningHub) -> None:
    """Name, head, window, parties and keys, for people and for programs."""
    answer = operate("status", "--json").json()
    assert (answer["network_id"], answer["entries"], answer["window"]) == (NETWORK_ID, 11, 1)
    assert {item["party_id"]: item["keys"] for item in answer["parties"]}["grocer"] == [
        fingerprint(key_of("grocer").public)
    ]
    text = operate("status").out
    for word in (NETWORK_ID, answer["root"], "grocer", "school", "charity"):
        assert word in text


def test_health_tells_serving_from_not(run: Run, hub: RunningHub) -> None:
    """Exit code 0 while the hub serves, 1 when nothing listens."""
    assert run("health", "--dir", hub.config.folder, "--address", hub.address).code == 0
    hub.stop()
    ran = run("health", "--dir", hub.config.folder, "--address", hub.address)
    assert ran.code == 1
    assert "cannot be reached" in ran.err


def test_wrong_passphrase_and_missing_folder_are_told(operate: Run, run: Run, tmp_path: Path) -> None:
    """Each cause has its sentence."""
    assert "passphrase is wrong" in operate("status", COALITION_PASSPHRASE="another").err
    assert "holds no hub" in run("status", "--dir", tmp_path / "nothing").err


def test_operator_s_key_changes_places(operate: Run, hub: RunningHub) -> None:
    """A new operator key takes the old one's file and force; the old one is kept under its fingerprint."""
    path = hub.config.folder / "keys/operator-1.pem"
    ran = operate("rotate-keys", "operator", "--key", path)
    assert ran.code == 0, ran.err
    new = load_key(path, PASSPHRASE)
    assert set(party(hub_with(hub, new), "operator").public_keys) == {new.public, key_of("operator-2").public}
    kept = path.with_name(f"operator-1.pem.{fingerprint(key_of('operator').public)}")
    assert load_key(kept, PASSPHRASE).public == key_of("operator").public
    assert operate("status").code == 0


def hub_with(hub: RunningHub, operator_key: SigningKey) -> RunningHub:
    """The same hub, asked with another key of the operator."""
    token = hub.token("operator", operator_key)
    hub.token = lambda party_id, key=None: token  # type: ignore[method-assign, assignment, misc]
    return hub


def test_hub_s_key_changes_while_both_are_in_force(operate: Run, hub: RunningHub) -> None:
    """After a rotation and a restart the hub signs with the new key; the old one is removed afterwards."""
    folder = hub.config.folder
    ran = operate("rotate-keys", "hub", "--json")
    added = base64.b64decode(ran.json()["added"])
    assert set(party(hub, "hub").public_keys) == {key_of("hub").public, added}
    assert operate("suspend", "grocer", "--reason", "signed by the old key").code == 0
    hub.close()
    with serving(hub.config, hub.clock) as again:
        where = ("--address", again.address)
        assert operate("reinstate", "grocer", "--reason", "signed by the new key", *where).code == 0
        removed = operate("rotate-keys", "hub", "--remove", fingerprint(key_of("hub").public), *where)
        assert removed.code == 0, removed.err
        assert list(party(again, "hub").public_keys) == [added]
        assert operate("status", *where).code == 0
    assert len(tomllib.loads((folder / "profiles/operator.toml").read_text())["hub_keys"]) == 2


def test_party_s_own_change_is_published(operate: Run, hub: RunningHub, tmp_path: Path) -> None:
    """A change that the party has signed is carried out as it stands."""
    change = PartyKeyChange(
        network_id=NETWORK_ID,
        party_id="grocer",
        add_keys=[key_of("till 2").public],
        remove_keys=[key_of("grocer").public],
        nonce=new_nonce(),
    )
    path = tmp_path / "change.txt"
    path.write_text(text_form("R", sign_document(dsse.PARTY_KEY_CHANGE, change, key_of("grocer"))))
    assert operate("rotate-keys", "grocer", "--change", path).code == 0
    assert list(party(hub, "grocer").public_keys) == [key_of("till 2").public]


def test_party_that_lost_its_key_gets_another(operate: Run, hub: RunningHub) -> None:
    """With the keys of two people of the operator a new key is added, and the lost one removed."""
    new = base64.b64encode(key_of("found again").public).decode()
    assert operate("rotate-keys", "grocer", "--recover", new).code == 0
    assert operate("rotate-keys", "grocer", "--remove", fingerprint(key_of("grocer").public)).code == 0
    assert list(party(hub, "grocer").public_keys) == [key_of("found again").public]
    assert "has no key 'abc'" in operate("rotate-keys", "grocer", "--remove", "abc").err
    assert "is not the base64" in operate("rotate-keys", "grocer", "--recover", "abc").err
    assert "one of" in operate("rotate-keys", "grocer", "--recover", new, "--remove", "abc").err
    assert "Say which key" in operate("rotate-keys", "grocer").err
    assert "LAST_KEY" in operate("rotate-keys", "grocer", "--remove", fingerprint(key_of("found again").public)).err


def test_interrupted_rotation_is_gone_on_with(operate: Run, hub: RunningHub) -> None:
    """A rotation that ended between the entry and the files is completed with the key that it had made."""
    path = hub.config.folder / "keys/operator-1.pem"
    assert operate("rotate-keys", "operator", "--key", path).code == 0
    new = load_key(path, PASSPHRASE)
    kept = path.with_name(f"operator-1.pem.{fingerprint(key_of('operator').public)}")
    path.rename(path.with_name("operator-1.pem.new"))
    kept.rename(path)
    profile = hub.config.operator_profile
    profile.write_text(profile.read_text().replace("operator-1.pem", "operator-1.pem.new"))
    assert operate("rotate-keys", "operator", "--key", path).code == 0
    assert load_key(path, PASSPHRASE).public == new.public
