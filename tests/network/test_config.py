"""`hub.toml`: read strictly, every mistake named."""

from __future__ import annotations

from pathlib import Path

import pytest

from network.config import ConfigError, HubConfig, Limits, load_config, write_config
from network.policy import default_policy, read_policy
from network.store.engine import sqlite_url

GOOD = 'network_id = "town"\nhub_key = "keys/hub.pem"\ndatabase = "hub.sqlite"\ntls = "tls"\n'


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Settings come back as they were written, paths below the folder."""
    limits = Limits(reads_per_second=7)
    database = sqlite_url(tmp_path / "hub.sqlite")
    config = HubConfig(tmp_path, "town", tmp_path / "keys/hub.pem", database, tmp_path / "tls", limits)
    write_config(config, tmp_path / "hub.toml")
    assert 'database = "hub.sqlite"' in (tmp_path / "hub.toml").read_text()
    assert load_config(tmp_path) == config


def test_password_of_a_database_is_not_written(tmp_path: Path) -> None:
    """hub.toml says where the database is, and the settings do not show more when they are printed."""
    url = "postgresql://hub:secret@db.example/coalition?sslmode=require"
    config = HubConfig(tmp_path, "town", tmp_path / "keys/hub.pem", url, tmp_path / "tls")
    write_config(config, tmp_path / "hub.toml")
    assert "secret" not in (tmp_path / "hub.toml").read_text() + repr(config)
    assert load_config(tmp_path).database == "postgresql://hub@db.example/coalition?sslmode=require"
    assert load_config(tmp_path).database_file is None


@pytest.mark.parametrize("setting", ['database = "hub.sqlite"\n', ""])
def test_environment_says_where_the_database_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    """What the environment says goes before hub.toml, which need not say anything then."""
    monkeypatch.setenv("COALITION_DATABASE_URL", "postgresql://hub:secret@db.example/coalition")
    (tmp_path / "hub.toml").write_text(GOOD.replace('database = "hub.sqlite"\n', setting))
    assert load_config(tmp_path).database == "postgresql://hub:secret@db.example/coalition"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    """A database elsewhere is found there."""
    (tmp_path / "hub.toml").write_text(GOOD.replace("hub.sqlite", "/srv/hub.sqlite"))
    assert load_config(tmp_path).database_file == Path("/srv/hub.sqlite")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network_id =", "cannot be read"),
        (GOOD.replace("tls =", "tsl ="), "no setting tsl"),
        (GOOD.replace('"town"', "7"), "network_id is missing or no text"),
        (GOOD.replace('"town"', '"no town!"'), "is no network id"),
        (GOOD.replace("hub.sqlite", "mysql://hub:secret@host/hub"), r"hub\.toml, or the environment: .*such as"),
        (GOOD + "[limits]\nreads = 5\n", r"no setting limits\.reads"),
        (GOOD + "[limits]\nstreams = 0\n", r"limits\.streams must be a whole number of 1 or more"),
        (GOOD + "[limits]\nstreams = true\n", r"limits\.streams must be a whole number"),
        (GOOD + 'limits = "none"\n', "limits is a table"),
    ],
)
def test_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Each mistake is told with the file and the setting."""
    (tmp_path / "hub.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path)


def test_policy_file_changes_what_it_names(tmp_path: Path) -> None:
    """What the file does not name stays as it is by default."""
    path = tmp_path / "policy.json"
    path.write_text('{"expiry_months": 6, "transaction_points_max": "500"}')
    policy = read_policy(path)
    assert (policy.expiry_months, policy.transaction_points_max) == (6, 500)
    assert policy.notice_days == default_policy().notice_days


@pytest.mark.parametrize("text", ["{", "[]", '{"expiry": 6}', '{"expiry_months": "soon"}', '{"expiry_months": 1.5}'])
def test_wrong_policy_file_is_told(tmp_path: Path, text: str) -> None:
    """A policy file that is not understood is refused with its name."""
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"policy\.json"):
        read_policy(path)
