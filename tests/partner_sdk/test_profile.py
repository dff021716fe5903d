"""Profiles: a file that says which hub, as whom, and where the keys are."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from coalition.keyfile import save_key
from coalition.keys import SigningKey
from partner_sdk import Client, Profile
from partner_sdk.errors import ConfigurationError
from partner_sdk.testing import LocalNetwork

KEY = SigningKey.from_seed(bytes(32))
HUB_KEY = base64.b64encode(KEY.public).decode()


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile with its key beside it."""
    save_key(tmp_path / "key.pem", KEY, "secret")
    path = tmp_path / "grocer.toml"
    Profile(
        network_id="points.example",
        party_id="grocer",
        address="hub.example:7700",
        hub_keys=(KEY.public,),
        key=tmp_path / "key.pem",
    ).save(path)
    return path


def test_survives_saving_and_loading(tmp_path: Path) -> None:
    """Everything that is saved is loaded again; paths below the profile's folder are relative in the file."""
    profile = Profile(
        network_id="points.example",
        party_id="grocer",
        address="hub.example:7700",
        hub_keys=(KEY.public, bytes(32)),
        key=tmp_path / "keys" / 'key "1".pem',
        extra_keys=(tmp_path / "second.pem",),
        tls_ca=tmp_path / "ca.pem",
        server_name="hub",
        settlement_address="settlement.example:7800",
        settlement_tls_ca=Path("/elsewhere/ca.pem"),
        clock_file=tmp_path / "clock",
    )
    profile.save(tmp_path / "grocer.toml")
    assert Profile.load(tmp_path / "grocer.toml") == profile
    text = (tmp_path / "grocer.toml").read_text()
    assert str(tmp_path) not in text
    assert "/elsewhere/ca.pem" in text
    with pytest.raises(FileExistsError):
        profile.save(tmp_path / "grocer.toml")


def test_is_found_by_path_folder_or_name(profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path, a folder with a profile.toml, or a name in the profiles' folder."""
    expected = Profile.load(profile)
    assert Profile.find(profile) == expected
    home = tmp_path / "config" / "coalition"
    home.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    expected.save(home / "grocer.toml")
    assert Profile.find("grocer") == expected
    party = tmp_path / "party"
    party.mkdir()
    expected.save(party / "profile.toml")
    assert Profile.find(party) == expected
    with pytest.raises(ConfigurationError, match=r"pharmacy\.toml is not there.*as in pharmacy\.toml"):
        Profile.find("pharmacy")


def test_makes_a_connection(profile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The passphrase is an argument, in the environment, or in a file that the environment names."""
    assert Profile.load(profile).connection("secret", timeout_s=3).timeout_s == 3
    for name in ("COALITION_PASSPHRASE", "COALITION_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match=r"needs its passphrase: .*COALITION_PASSPHRASE"):
        Profile.load(profile).connection()
    (tmp_path / "passphrase").write_text("secret\n")
    monkeypatch.setenv("COALITION_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    assert Profile.load(profile).connection().keys[0].public == KEY.public
    monkeypatch.setenv("COALITION_PASSPHRASE", "wrong")
    with pytest.raises(ConfigurationError, match="damaged, or the passphrase is wrong"):
        Profile.load(profile).connection()
    monkeypatch.delenv("COALITION_PASSPHRASE")
    monkeypatch.setenv("COALITION_PASSPHRASE_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ConfigurationError, match=r"passphrase file .* cannot be read"):
        Profile.load(profile).connection()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network_id = ", "is not TOML"),
        ('network_id = "x"', "lacks party_id, address, hub_keys, key"),
        (
            f'network_id = 7\nparty_id = "a"\naddress = "h:1"\nhub_keys = ["{HUB_KEY}"]\nkey = "k"',
            "network_id is a text",
        ),
        ('network_id = "x"\nparty_id = "a"\naddress = "h:1"\nhub_keys = "x"\nkey = "k"', "hub_keys is a list"),
        ('network_id = "x"\nparty_id = "a"\naddress = "h:1"\nhub_keys = ["x"]\nkey = "k"', "not the base64"),
        (
            f'network_id = "x"\nparty_id = "a"\naddress = "h:1"\nhub_keys = ["{HUB_KEY}"]\nkey = "k"\nkeys = "x"',
            "'keys', which there is not",
        ),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path: Path, text: str, message: str) -> None:
    """Every mistake is named, with the file that has it."""
    path = tmp_path / "grocer.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        Profile.load(path)
    assert str(path) in str(caught.value) or "hub key" in str(caught.value)


def test_missing_files_are_named(profile: Path, tmp_path: Path) -> None:
    """A key, certificate or clock that is not there is named."""
    text = profile.read_text()
    for line, named in (
        ('tls_ca = "no-ca.pem"\n', "no-ca.pem"),
        ('clock_file = "no-clock"\n', "no-clock"),
        ('extra_keys = ["no-key.pem"]\n', "no-key.pem"),
    ):
        profile.write_text(text + line)
        with pytest.raises(ConfigurationError, match=named):
            Profile.load(profile).connection("secret")
    (tmp_path / "no-clock").write_text("not eight bytes long")
    profile.write_text(text + 'clock_file = "no-clock"\n')
    with pytest.raises(ConfigurationError, match="not a clock file"):
        Profile.load(profile).connection("secret")


def test_the_environment_overrides(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Single variables count more than the profile, and can stand without one."""
    found = Profile.from_env({"COALITION_PROFILE": str(profile), "COALITION_ADDRESS": "other.example:7700"})
    assert (found.address, found.party_id) == ("other.example:7700", "grocer")
    whole = Profile.from_env(
        {
            "COALITION_NETWORK_ID": "points.example",
            "COALITION_PARTY_ID": "grocer",
            "COALITION_ADDRESS": "hub.example:7700",
            "COALITION_HUB_KEYS": f"{HUB_KEY}, {base64.b64encode(bytes(32)).decode()}",
            "COALITION_KEY": str(profile.with_name("key.pem")),
        }
    )
    assert whole.hub_keys == (KEY.public, bytes(32))
    with pytest.raises(ConfigurationError, match=r"COALITION_PROFILE\) lacks network_id"):
        Profile.from_env({"COALITION_PARTY_ID": "grocer"})
    with pytest.raises(ConfigurationError, match="There is no profile: set COALITION_PROFILE"):
        Profile.from_env({})
    monkeypatch.setenv("COALITION_PROFILE", str(profile))
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    with Client.from_env(timeout_s=2) as client:
        assert (client.connection.party_id, client.connection.timeout_s) == ("grocer", 2)


def test_clients_come_from_profiles(network: LocalNetwork) -> None:
    """A profile and its passphrase are all that a client needs."""
    with Client.from_profile(network.profile("florist"), network.passphrase) as client:
        assert client.issue(network.member().holder_id, 3).balance.available == 3
        assert client.with_timeout(4).connection.timeout_s == 4
