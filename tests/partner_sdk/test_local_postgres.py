"""The PostgreSQL server for tests runs for whoever starts it, root included, and leaves nothing behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from partner_sdk.testing import LocalNetworkError, LocalPostgres, new_database
from partner_sdk.testing._postgresql import installed, psql


def test_starts_and_cleans_up() -> None:
    """Inside the block there is a server that keeps what it commits, also over a crash; afterwards there is nothing."""
    with LocalPostgres(durable=True, settings={"max_connections": "20"}) as server:
        folder, url = server.folder, server.create_database()
        assert folder.stat().st_mode & 0o077 == 0
        with psycopg.connect(url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW max_connections").fetchone() == ("20",)
            connection.execute("CREATE TABLE kept (id int)")
        server.stop()
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        with pytest.raises(LocalNetworkError, match='"kept" does not exist'):
            psql(server.url(), "SELECT * FROM kept")
    assert not folder.exists()


def test_programs_may_lie_where_nobody_else_can_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment in root's own folder will do."""
    package = installed().parent
    for part in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(part), tmp_path / "site" / part)
    tmp_path.chmod(0o700)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert installed().is_relative_to(tmp_path)
    with LocalPostgres() as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_database_on_a_server_that_runs_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """DATABASE_URL names it; the database is new, and gone afterwards."""
    with LocalPostgres() as server:
        monkeypatch.setenv("DATABASE_URL", server.url())
        with new_database() as url, psycopg.connect(url) as connection:
            assert connection.info.dbname in url
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url)
