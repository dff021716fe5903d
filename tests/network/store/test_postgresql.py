"""What PostgreSQL is told, what its errors mean, and that no connection outlives its use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from network.store import tables
from network.store.engine import is_busy, kept, parse_url
from network.store.engine.postgresql import CUT_OFF_MS, LOCK_MS, prepare
from network.store.errors import StoreError
from network.store.head import lock_head, read_head
from network.store.sql import insert_rows
from network.store.store import Store

pytestmark = pytest.mark.engines("postgresql")

Failing = Callable[[Store, psycopg.Connection[Any]], None]


@pytest.fixture
def administrator(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else who is connected to the database and may do everything."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection


def end_others(administrator: psycopg.Connection[Any]) -> None:
    """End every other connection to the database, and wait until it is gone."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    administrator.execute(f"SELECT pg_terminate_backend(pid) {others}")
    while administrator.execute(f"SELECT 1 {others}").fetchall():
        time.sleep(0.01)


def failure(action: Callable[[], None]) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught:
        action()
    return caught.value


def test_session_is_bounded_and_durable(store: Store, administrator: psycopg.Connection[Any]) -> None:
    """The server gives up a frozen hub before anybody gives up waiting for it, and no commit is acknowledged early."""
    administrator.execute(f"ALTER DATABASE {administrator.info.dbname} SET synchronous_commit = off")
    end_others(administrator)
    with store.write() as connection:

        def setting(name: str) -> str:
            return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())

        assert setting("synchronous_commit") == "on"
        assert setting("transaction_isolation") == "read committed"
        assert setting("idle_in_transaction_session_timeout") == f"{CUT_OFF_MS // 1_000}s"
        assert setting("lock_timeout") == f"{LOCK_MS // 1_000}s"
        assert setting("statement_timeout") == "1min"
        if administrator.info.server_version >= 170000:
            assert setting("transaction_timeout") == "1min"
    assert CUT_OFF_MS < 5_000 < LOCK_MS
    with store.read() as connection:
        assert setting("transaction_isolation") == "repeatable read"
        assert setting("transaction_read_only") == "on"


def test_check_of_a_whole_database_may_take_its_time(url: str) -> None:
    """However large a table is, a look at all of it is not cut off; but the database cannot be changed by it."""
    engine = parse_url(url).checking()
    with engine.connect() as connection:
        shown = [
            connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_read_only")
        ]
    engine.dispose()
    assert shown == ["0", "0", "on"]


def test_connection_that_ended_between_transactions_disturbs_nobody(
    store: Store, administrator: psycopg.Connection[Any]
) -> None:
    """A server that was restarted costs the next transaction a new connection, not a failure."""
    with store.write() as connection:
        lock_head(connection)
    with store.read() as connection:
        read_head(connection)
    end_others(administrator)
    with store.write() as connection:
        lock_head(connection)
    with store.read() as connection:
        read_head(connection)


def wait_for_the_lock(store: Store, administrator: psycopg.Connection[Any]) -> None:
    with administrator.transaction():
        administrator.execute("SELECT sequence FROM head FOR UPDATE")
        with store.write() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = 10")
            lock_head(connection)


def run_out_of_time(store: Store, administrator: psycopg.Connection[Any]) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 10")
        connection.exec_driver_sql("SELECT pg_sleep(10)")


def be_ended(store: Store, administrator: psycopg.Connection[Any]) -> None:
    with store.write() as connection:
        lock_head(connection)
        end_others(administrator)
        lock_head(connection)


def freeze(store: Store, administrator: psycopg.Connection[Any]) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 10")
        lock_head(connection)
        time.sleep(0.2)
        lock_head(connection)


def freeze_before_the_commit(store: Store, administrator: psycopg.Connection[Any]) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 10")
        lock_head(connection)
        time.sleep(0.2)


def be_ended_before_the_commit(store: Store, administrator: psycopg.Connection[Any]) -> None:
    with store.write() as connection:
        lock_head(connection)
        end_others(administrator)


def meet_a_standby(store: Store, administrator: psycopg.Connection[Any]) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        insert_rows(connection, tables.nonces, [("a", b"1", 1)])


@pytest.mark.parametrize(
    "action",
    [
        wait_for_the_lock,
        run_out_of_time,
        be_ended,
        freeze,
        freeze_before_the_commit,
        be_ended_before_the_commit,
        meet_a_standby,
    ],
)
def test_what_passes_by_itself_is_busy(store: Store, administrator: psycopg.Connection[Any], action: Failing) -> None:
    """Nothing was committed, and the same again goes through: after somebody else's lock, a restart, a cut-off, a
    failover."""
    assert is_busy(failure(lambda: action(store, administrator)))
    with store.write() as connection:
        lock_head(connection)
        insert_rows(connection, tables.nonces, [("a", b"1", 1)])


def lose_the_connection_over_the_commit(store: Store, administrator: psycopg.Connection[Any]) -> None:
    administrator.execute(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(10); RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON nonces DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION dawdle()"
    )
    ending = threading.Timer(0.2, end_others, [administrator])
    try:
        with store.write() as connection:
            insert_rows(connection, tables.nonces, [("a", b"1", 1)])
            ending.start()
    finally:
        ending.join()


def be_wrong(store: Store, _administrator: psycopg.Connection[Any]) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")


def commit_what_failed(store: Store, _administrator: psycopg.Connection[Any]) -> None:
    with store.write() as connection, pytest.raises(DBAPIError):
        connection.exec_driver_sql("SELECT nothing FROM nowhere")


@pytest.mark.parametrize("action", [lose_the_connection_over_the_commit, be_wrong, commit_what_failed])
def test_what_may_have_been_committed_is_not_busy(
    store: Store, administrator: psycopg.Connection[Any], action: Failing
) -> None:
    """A commit whose answer was lost is in doubt, and a mistake does not pass by itself; the next one goes through."""
    assert not is_busy(failure(lambda: action(store, administrator)))
    with store.write() as connection:
        lock_head(connection)


def test_server_that_cannot_be_reached_is_busy_and_told(tmp_path: Any) -> None:
    """Whoever connects to nothing hears where, without the password, and may try again."""
    store = Store(f"postgresql://hub:hidden@/coalition?host={tmp_path}")

    def write() -> None:
        with store.write() as connection:
            lock_head(connection)

    error = failure(write)
    assert is_busy(error)
    with pytest.raises(StoreError, match=r"postgresql://hub@/coalition.*cannot be opened") as told:
        store.upgrade()
    for text in (str(error), repr(error), str(told.value), store.name):
        assert "hidden" not in text


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://hub@db.example/coalition", "postgresql://hub@db.example/coalition"),
        ("postgresql+psycopg://hub@/c?host=a:5432,b:5433", "postgresql://hub@a:5432,b:5433/c"),
        ("postgresql://hub@/c?host=a,b&port=5432,5433", "postgresql://hub@a:5432,b:5433/c"),
        ("postgres://hub:pass%20word@a,b/c?sslmode=require", "postgresql://hub@a,b/c"),
        ("postgresql://?service=points&password=secret", "postgresql:///?service=points"),
        ("postgresql://hub@[::1]:5432/c", "postgresql://hub@[::1]:5432/c"),
        ("postgresql:///c?host=/run/postgresql", "postgresql:///c?host=%2Frun%2Fpostgresql"),
    ],
)
def test_address_is_told_without_what_is_nobody_s_business(url: str, name: str) -> None:
    """People see who connects to which database where: one host or several, a folder of sockets, a service."""
    assert parse_url(url).name == name


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("postgresql://hub@a,b/c?sslmode=verify-full", "postgresql://hub@a,b/c?sslmode=verify-full"),
        ("postgresql://hub:secret@a:5432,b:5433/c?sslmode=require", "postgresql://hub@a:5432,b:5433/c?sslmode=require"),
        ("postgresql://hub@a/c?password=secret&sslpassword=secret", "postgresql://hub@a/c"),
        ("postgresql:///c?host=/run&port=5433&password=secret", "postgresql:///c?host=%2Frun&port=5433"),
    ],
)
def test_no_password_is_written_down(url: str, written: str) -> None:
    """What goes into hub.toml leads to the same place, and holds no secret."""
    assert kept(url) == written
    assert parse_url(written).name == parse_url(url).name


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub:secret@host/c?nonsense=secret",
        "postgresql://hub:sec%zzret@host/c",
        "postgresql://hub:secret@/c?host=a&host=b",
    ],
)
def test_bad_url_is_refused_without_being_quoted(url: str) -> None:
    """Any part of a URL that cannot be read may be a password."""
    with pytest.raises(StoreError, match=r"postgresql://hub@") as refused:
        parse_url(url)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_engine_may_lack_a_setting(url: str) -> None:
    """What an engine does not know it does without; what the hub needs most is told."""
    settings = {"transaction_timeout_of_the_future": "1", "lock_timeout": "no time at all", "statement_timeout": "7s"}
    with capture_logs() as logged, closing(psycopg.connect(url, autocommit=True)) as connection:
        prepare(connection, settings)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("7s",)
    assert [entry["setting"] for entry in logged] == ["lock_timeout"]
