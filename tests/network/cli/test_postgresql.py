"""`coalition hub` with a database on a PostgreSQL server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from coalition.clock import FileClock
from network.config import ConfigError, load_config
from network.opening import open_hub
from network.store.engine import parse_url
from tests.databases import Databases
from tests.network.cli.conftest import Run
from tests.network.conftest import PASSPHRASE
from tests.network.town import START_US

pytestmark = pytest.mark.engines("postgresql")


@pytest.fixture
def url(databases: Databases) -> str:
    """Of an empty database."""
    return databases.empty()


@pytest.fixture
def administrator(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Whoever made the database."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection


def tables(administrator: psycopg.Connection[Any]) -> list[str]:
    rows = administrator.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [name for (name,) in rows]


def init(run: Run, folder: Path, url: str, **environment: str) -> Any:
    return run("init", "--dir", folder, "--network-id", "town", "--database", url, **environment)


def test_network_is_made_in_an_empty_database(run: Run, tmp_path: Path, url: str) -> None:
    """The folder holds keys and settings, the database the journal, and all commands find it there."""
    made = init(run, tmp_path / "hub", url)
    assert made.code == 0, made.err
    assert parse_url(url).name in made.out
    assert not (tmp_path / "hub" / "hub.sqlite").exists()
    assert load_config(tmp_path / "hub").database == url
    report = run("verify", "--dir", tmp_path / "hub", "--json").json()
    assert (report["ok"], report["entries"], report["network_id"]) == (True, 1, "town")


def test_environment_leads_to_the_database(run: Run, tmp_path: Path, url: str, databases: Databases) -> None:
    """A URL with a password need not stand in any file: init keeps the rest of it, and says so."""
    secret = f"{url}&password=hidden"
    made = run("init", "--dir", tmp_path / "hub", "--network-id", "town", COALITION_DATABASE_URL=secret)
    assert made.code == 0, made.err
    assert "set COALITION_DATABASE_URL, or use PGPASSFILE" in made.out
    files = [path for path in (tmp_path / "hub").rglob("*") if path.is_file()]
    assert all(b"hidden" not in path.read_bytes() for path in files)
    assert "hidden" not in made.out
    assert run("verify", "--dir", tmp_path / "hub").code == 0
    other = run("verify", "--dir", tmp_path / "hub", COALITION_DATABASE_URL=databases.empty())
    assert "the schema's version" in other.err


def test_two_networks_from_the_same_are_the_same_on_both_engines(run: Run, tmp_path: Path, url: str) -> None:
    """With the same keys, policy and time a network has the same root, wherever its database is."""
    FileClock(tmp_path / "clock", START_US)
    run("init", "--dir", tmp_path / "first", "--network-id", "town")
    keys = tmp_path / "first" / "keys"
    same = (
        *("--network-id", "town", "--clock-file", tmp_path / "clock", "--hub-key", keys / "hub.pem"),
        *("--operator-key", keys / "operator-1.pem", "--operator-key", keys / "operator-2.pem"),
    )
    assert run("init", "--dir", tmp_path / "file", *same).code == 0
    assert run("init", "--dir", tmp_path / "server", *same, "--database", url).code == 0
    roots = {run("verify", "--dir", tmp_path / name, "--json").json()["root"] for name in ("file", "server")}
    assert len(roots) == 1


def test_database_of_something_else_is_left_alone(
    run: Run, tmp_path: Path, url: str, administrator: psycopg.Connection[Any]
) -> None:
    """What holds tables of somebody is refused, by init and by serve, and nothing is made in it."""
    administrator.execute("CREATE TABLE customers (id int)")
    refused = init(run, tmp_path / "hub", url)
    assert refused.code == 1
    assert "holds something else: customers. Make one for the network alone, with createdb." in refused.err
    assert not (tmp_path / "hub" / "hub.toml").exists()
    assert run("init", "--dir", tmp_path / "hub", "--network-id", "town").code == 0
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("COALITION_DATABASE_URL", url)
        with pytest.raises(ConfigError, match="holds no network"):
            open_hub(load_config(tmp_path / "hub"), PASSPHRASE)
    assert tables(administrator) == ["customers"]


def test_database_of_a_network_is_left_alone(run: Run, tmp_path: Path, url: str) -> None:
    """Whoever wants a second hub is told how to get it, and whoever wants a second network as well."""
    assert init(run, tmp_path / "hub", url).code == 0
    refused = init(run, tmp_path / "other", url)
    assert refused.code == 1
    assert "holds the network 'town' already" in refused.err
    assert "copy the folder of the first one" in refused.err
    shutil.copytree(tmp_path / "hub", tmp_path / "second")
    opened = open_hub(load_config(tmp_path / "second"), PASSPHRASE)
    opened.store.close()
    assert opened.network.network_id == "town"


def test_attempt_that_was_cut_short_is_taken_up(run: Run, tmp_path: Path, databases: Databases) -> None:
    """Tables without a network are what an earlier init left; the next one goes on from there."""
    url = databases.current()
    assert init(run, tmp_path / "hub", url).code == 0
    assert run("verify", "--dir", tmp_path / "hub").code == 0


def test_server_makes_the_backups(run: Run, tmp_path: Path, url: str) -> None:
    """`backup` copies files only, and names what copies a server's database."""
    init(run, tmp_path / "hub", url)
    told = run("backup", tmp_path / "copy", "--dir", tmp_path / "hub")
    assert told.code == 1
    assert "pg_dump" in told.err
    assert "pg_basebackup" in told.err
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("hub.sqlite", "URL that this version cannot use"),
        ("sqlite:////tmp/hub.sqlite", "--database is for PostgreSQL"),
        ("postgresql://hub:hidden@/town?host=/nowhere", "cannot be opened: connection .*failed"),
        ("postgresql://hub:hidden@host/town?nonsense=1", "none that PostgreSQL's own clients understand"),
    ],
)
def test_mistake_is_told_without_the_password(run: Run, tmp_path: Path, database: str, message: str) -> None:
    """What cannot be used is refused in a sentence, and leaves no hub behind."""
    ran = init(run, tmp_path / "hub", database)
    assert ran.code == 1
    assert "hidden" not in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "hub" / "hub.toml").exists()
    assert re.search(message, ran.err), ran.err
