"""`coalition hub init`: a hub from a shell, and every mistake in a sentence."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from coalition.clock import FileClock
from coalition.keyfile import load_key, save_key
from coalition.tls import load_server_tls
from network.config import load_config
from network.opening import open_hub
from tests.network.cli.conftest import Run
from tests.network.conftest import PASSPHRASE
from tests.network.town import START_US, key_of


def test_init_makes_a_hub_and_says_what_comes_next(run: Run, tmp_path: Path) -> None:
    """The files are named, and the next command."""
    ran = run("init", "--dir", tmp_path / "hub", "--network-id", "points.example")
    assert ran.code == 0
    for name in ("keys/hub.pem", "keys/operator-1.pem", "keys/operator-2.pem", "tls/ca.pem", "hub.toml"):
        assert name in ran.out
        assert (tmp_path / "hub" / name).is_file()
    assert f"coalition hub serve --dir {tmp_path / 'hub'}" in ran.out


def test_init_twice_is_an_error_unless_allowed(run: Run, tmp_path: Path) -> None:
    """Without --if-missing the second call fails; with it, it changes nothing; another network's name is refused."""
    arguments = ("init", "--dir", tmp_path / "hub", "--network-id", "points.example")
    assert run(*arguments).code == 0
    key = (tmp_path / "hub/keys/hub.pem").read_bytes()
    again = run(*arguments)
    assert again.code == 1
    assert "holds a hub already" in again.err
    allowed = run(*arguments, "--if-missing", "--json", COALITION_PASSPHRASE=None)
    assert allowed.json()["made"] is False
    assert (tmp_path / "hub/keys/hub.pem").read_bytes() == key
    other = run("init", "--dir", tmp_path / "hub", "--network-id", "another", "--if-missing")
    assert other.code == 1
    assert "not of 'another'" in other.err


def test_options_end_up_in_the_network(run: Run, tmp_path: Path) -> None:
    """Zone, currency, policy, clock and address are where they belong."""
    FileClock(tmp_path / "clock", START_US)
    (tmp_path / "policy.json").write_text('{"expiry_months": 6}')
    ran = run(
        *("init", "--dir", tmp_path / "hub", "--network-id", "punkte"),
        *("--time-zone", "Asia/Tokyo", "--currency", "JPY", "--currency-exponent", "0"),
        *("--policy", tmp_path / "policy.json", "--clock-file", tmp_path / "clock"),
        *("--host", "hub.example", "--host", "192.0.2.7", "--json"),
    )
    answer = ran.json()
    opened = open_hub(load_config(tmp_path / "hub"), PASSPHRASE)
    reference = opened.store.reference()
    opened.store.close()
    assert (opened.network.time_zone, opened.network.currency, opened.network.currency_exponent) == (
        "Asia/Tokyo",
        "JPY",
        0,
    )
    assert reference.policy("2024-01-10").expiry_months == 6
    profile = tomllib.loads(Path(answer["profile"]).read_text())
    assert profile["address"] == "hub.example:7700"
    assert (Path(answer["profile"]).parent / profile["clock_file"]).resolve() == tmp_path / "clock"
    assert b"BEGIN CERTIFICATE" in load_server_tls(tmp_path / "hub/tls").certificate


def test_own_keys_are_used(run: Run, tmp_path: Path) -> None:
    """Keys that the founder brings along become the hub's and the operator's."""
    for name in ("hub", "operator", "operator-2"):
        save_key(tmp_path / f"{name}.pem", key_of(name), PASSPHRASE)
    ran = run(
        *("init", "--dir", tmp_path / "hub", "--network-id", "town", "--hub-key", tmp_path / "hub.pem"),
        *("--operator-key", tmp_path / "operator.pem", "--operator-key", tmp_path / "operator-2.pem"),
    )
    assert ran.code == 0, ran.err
    assert load_key(tmp_path / "hub/keys/operator-2.pem", PASSPHRASE).public == key_of("operator-2").public
    alone = run(
        *("init", "--dir", tmp_path / "other", "--network-id", "town", "--operator-key", tmp_path / "operator.pem")
    )
    assert "--operator-key 2 times" in alone.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--network-id", "not a name"), "network_id"),
        (("--network-id", "town", "--time-zone", "Nowhere"), "is not a time zone"),
        (("--network-id", "town", "--host", "no_host!"), "neither a host name nor an IP address"),
    ],
)
def test_mistake_is_told_in_a_sentence(run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """What cannot be is refused with exit code 1, without a traceback and without a hub."""
    ran = run("init", "--dir", tmp_path / "hub", *arguments)
    assert ran.code == 1
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "hub/hub.toml").exists()


def test_passphrase_comes_from_a_file(run: Run, tmp_path: Path) -> None:
    """COALITION_PASSPHRASE_FILE names a file whose last line end does not count."""
    secret = tmp_path / "passphrase"
    secret.write_text("from a file\n")
    arguments = ("init", "--dir", tmp_path / "hub", "--network-id", "town")
    ran = run(*arguments, COALITION_PASSPHRASE=None, COALITION_PASSPHRASE_FILE=str(secret))
    assert ran.code == 0, ran.err
    load_key(tmp_path / "hub/keys/hub.pem", "from a file")
    secret.write_text("\n")
    other = ("init", "--dir", tmp_path / "other", "--network-id", "town", "--passphrase-file", secret)
    empty = run(*other, COALITION_PASSPHRASE=None)
    assert "is empty" in empty.err


def test_folder_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    """A path below a file is no folder, and the sentence names it."""
    (tmp_path / "file").write_text("")
    ran = run("init", "--dir", tmp_path / "file/hub", "--network-id", "town")
    assert ran.code == 1
    assert str(tmp_path / "file") in ran.err


def test_passphrase_is_needed(run: Run, tmp_path: Path) -> None:
    """Without a terminal to ask at, the missing passphrase is told with the variable to set."""
    ran = run("init", "--dir", tmp_path / "hub", "--network-id", "town", COALITION_PASSPHRASE=None)
    assert ran.code == 1
    assert "COALITION_PASSPHRASE" in ran.err
