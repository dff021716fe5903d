"""Making a network: all of it or nothing, twice the same from the same, and never over what is there."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from coalition.clock import FileClock
from coalition.errors import Refused, reason_name
from coalition.keyfile import KeyFileError, load_key
from network import founding
from network.config import ConfigError, is_initialised, load_config
from network.founding import Place, found_network
from network.genesis import Founding
from network.opening import open_hub
from network.policy import default_policy
from network.store.engine import sqlite_url
from network.verify import verify_database
from tests.network.town import START_US, key_of

PASSPHRASE = "a passphrase"


def a_founding(**fields: Any) -> Founding:
    values: dict[str, Any] = {
        "network_id": "town",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "currency_exponent": 2,
        "policy": default_policy(),
    }
    return Founding(**(values | fields))


def found(folder: Path, **fields: Any) -> None:
    clock = FileClock(folder.parent / "clock", START_US)
    found_network(
        a_founding(**fields),
        Place(folder, (), "localhost:7700", None),
        PASSPHRASE,
        clock,
        hub_key=key_of("hub"),
        operator_keys=[key_of("operator"), key_of("operator-2")],
    )


def test_new_hub_has_all_its_parts(tmp_path: Path) -> None:
    """Keys, certificates, settings, database and profile are there, and nothing else."""
    found(tmp_path / "hub")
    assert sorted(str(path.relative_to(tmp_path / "hub")) for path in (tmp_path / "hub").rglob("*")) == [
        "hub.sqlite",
        "hub.toml",
        "keys",
        "keys/hub.pem",
        "keys/operator-1.pem",
        "keys/operator-2.pem",
        "profiles",
        "profiles/operator.toml",
        "tls",
        "tls/ca.key",
        "tls/ca.pem",
        "tls/server.key",
        "tls/server.pem",
    ]


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    """Nobody else may read keys or the database, and keys need the passphrase."""
    found(tmp_path / "hub")
    for name in ("keys/hub.pem", "keys/operator-1.pem", "keys/operator-2.pem", "tls/server.key", "hub.sqlite"):
        assert stat.S_IMODE((tmp_path / "hub" / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE((tmp_path / "hub").stat().st_mode) == 0o700
    assert load_key(tmp_path / "hub/keys/hub.pem", PASSPHRASE).public == key_of("hub").public
    with pytest.raises(KeyFileError):
        load_key(tmp_path / "hub/keys/hub.pem", "another")


def test_journal_begins_with_the_genesis(tmp_path: Path) -> None:
    """The database verifies, and holds one entry that names the network."""
    found(tmp_path / "hub")
    report = verify_database(
        sqlite_url(tmp_path / "hub/hub.sqlite"), network_id="town", hub_keys=[key_of("hub").public]
    )
    assert report.ok, report.failures
    assert (report.entries, report.network_id) == (1, "town")


def test_same_founding_gives_the_same_journal(tmp_path: Path) -> None:
    """With the same keys, policy and time two networks have the same root."""
    roots = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found(tmp_path / name / "hub")
        roots.append(verify_database(sqlite_url(tmp_path / name / "hub/hub.sqlite")).root)
    assert roots[0] == roots[1]


def test_existing_hub_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds a hub is refused, and not a byte in it changes."""
    found(tmp_path / "hub")
    before = {path: path.read_bytes() for path in (tmp_path / "hub").rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match="holds a hub already"):
        found(tmp_path / "hub")
    assert {path: path.read_bytes() for path in (tmp_path / "hub").rglob("*") if path.is_file()} == before


def test_somebody_else_s_files_are_left_alone(tmp_path: Path) -> None:
    """A folder with keys but no settings is no leftover of an attempt: it is refused, not cleared."""
    (tmp_path / "hub/keys").mkdir(parents=True)
    (tmp_path / "hub/keys/hub.pem").write_text("precious")
    with pytest.raises(ConfigError, match=r"holds keys but no hub\.toml"):
        found(tmp_path / "hub")
    assert (tmp_path / "hub/keys/hub.pem").read_text() == "precious"


def test_existing_empty_folder_is_used(tmp_path: Path) -> None:
    """A folder that is there already, a mounted volume for example, is filled where it is."""
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub/lost+found").mkdir()
    inode = (tmp_path / "hub").stat().st_ino
    found(tmp_path / "hub")
    assert (tmp_path / "hub").stat().st_ino == inode
    assert is_initialised(tmp_path / "hub")


@pytest.mark.parametrize("step", range(5))
def test_attempt_that_died_half_way_is_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Wherever an attempt ends before the last file is in place, the folder does not look like a hub, and the next
    attempt makes one."""
    folder = tmp_path / "hub"
    moved: list[Path] = []
    rename = Path.rename

    def rename_until_the_end(path: Path, target: Path) -> Path:
        if len(moved) == step:
            raise OSError("the disk has failed")
        moved.append(path)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename_until_the_end)
        with pytest.raises(OSError, match="the disk has failed"):
            found(folder)
    assert not is_initialised(folder)
    with pytest.raises(ConfigError, match="holds no hub"):
        load_config(folder)
    found(folder)
    opened = open_hub(load_config(folder), PASSPHRASE)
    opened.store.close()
    assert opened.network.network_id == "town"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"network_id": "has blanks in it"}, "network_id"),
        ({"time_zone": "Middle/Earth"}, "time_zone"),
        ({"currency": "euro"}, "currency"),
        ({"currency_exponent": 7}, "currency_exponent"),
        ({"operator_name": ""}, "display_name"),
    ],
)
def test_wrong_figures_make_nothing(tmp_path: Path, fields: dict[str, Any], field: str) -> None:
    """A founding that cannot work is refused by field before anything is made."""
    with pytest.raises(Refused) as caught:
        found(tmp_path / "hub", **fields)
    assert reason_name(caught.value.reason) == "FIELD_INVALID"
    assert any(violation.field.endswith(field) for violation in caught.value.violations)
    assert not (tmp_path / "hub").exists()


def test_default_policy_is_valid_and_thrifty() -> None:
    """What holds by default costs the operator nothing: no reimbursement lies above the lowest price."""
    policy = default_policy()
    assert policy.reimbursement_ceiling_micros <= policy.price_floor_micros
    assert policy.cause_reimbursement_micros <= policy.price_floor_micros


def test_start_with_the_wrong_passphrase_says_so(tmp_path: Path) -> None:
    """A wrong passphrase is told in a sentence that names the file."""
    found(tmp_path / "hub")
    with pytest.raises(KeyFileError, match=r"hub\.pem is damaged, or the passphrase is wrong"):
        open_hub(load_config(tmp_path / "hub"), "another")


def test_start_without_the_database_makes_no_new_one(tmp_path: Path) -> None:
    """A missing database is an error, never an empty network."""
    found(tmp_path / "hub")
    (tmp_path / "hub/hub.sqlite").unlink()
    with pytest.raises(ConfigError, match="is missing"):
        open_hub(load_config(tmp_path / "hub"), PASSPHRASE)
    assert not (tmp_path / "hub/hub.sqlite").exists()


def test_start_with_another_network_s_database_is_refused(tmp_path: Path) -> None:
    """Settings and database must be of one network."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found(tmp_path / name / "hub", network_id=name)
    shutil.copyfile(tmp_path / "two/hub/hub.sqlite", tmp_path / "one/hub/hub.sqlite")
    with pytest.raises(ConfigError, match="is of network 'two'"):
        open_hub(load_config(tmp_path / "one/hub"), PASSPHRASE)


def test_start_with_a_newer_database_is_refused(tmp_path: Path) -> None:
    """A database that a later version has used is left alone."""
    found(tmp_path / "hub")
    with sqlite3.connect(tmp_path / "hub/hub.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(Exception, match="newer one"):
        open_hub(load_config(tmp_path / "hub"), PASSPHRASE)


def test_start_with_a_key_that_is_not_in_force_is_refused(tmp_path: Path) -> None:
    """A hub whose key the network does not know would sign what nobody believes."""
    found(tmp_path / "hub")
    shutil.copyfile(tmp_path / "hub/keys/operator-1.pem", tmp_path / "hub/keys/hub.pem")
    with pytest.raises(ConfigError, match="is not in force"):
        open_hub(load_config(tmp_path / "hub"), PASSPHRASE)


def test_parts_are_moved_in_an_order_that_ends_with_the_settings() -> None:
    """The file that makes a folder a hub's is the last one."""
    assert founding._PARTS[-1] == "hub.toml"
