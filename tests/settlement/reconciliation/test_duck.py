"""DuckDB sees what it is given and nothing else, and nothing in it can change that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from settlement.reconciliation.duck import locked_down
from settlement.reconciliation.limits import Limits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are."""
    return tmp_path_factory.mktemp("duck")


@pytest.fixture(scope="module")
def connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """One that may read one file."""
    pq.write_table(pa.table({"a": [1, 2]}), folder / "given.parquet")
    pq.write_table(pa.table({"a": [3]}), folder / "other.parquet")
    (folder / "spill").mkdir()
    connection = locked_down(folder / "spill", [folder / "given.parquet"], Limits(memory_mib=64, threads=1))
    yield connection
    connection.close()


def test_only_what_is_given_is_read(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The file that was named, and not its neighbour."""
    given = connection.execute("SELECT sum(a) FROM read_parquet($path)", {"path": str(folder / "given.parquet")})
    assert given.fetchall() == [(3,)]
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT * FROM read_parquet($path)", {"path": str(folder / "other.parquet")})


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '/tmp/leak.csv'",
        "ATTACH '/tmp/leak.db'",
        "EXPORT DATABASE '/tmp/leak'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('https://example.com/x.csv')",
        "SET memory_limit = '64GB'",
        "SET threads = 64",
        "SET temp_directory = '/'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_paths = ['/etc/passwd']",
        "RESET allowed_paths",
    ],
)
def test_nothing_else_is_reached(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """No other file, no network, no extension, no other setting."""
    with pytest.raises(duckdb.Error):
        connection.execute(statement)


def test_variables_of_the_program_are_no_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """A name in a statement is never looked up among what the program holds."""
    secrets = pa.table({"a": [1]})
    assert secrets.num_rows == 1
    with pytest.raises(duckdb.Error, match="secrets does not exist"):
        connection.execute("SELECT * FROM secrets")


def test_what_does_not_fit_goes_to_disk(connection: duckdb.DuckDBPyConnection) -> None:
    """Into the folder that was named, within the memory that was allowed."""
    connection.execute("CREATE TEMP TABLE wide AS SELECT i, md5(i::VARCHAR) AS text FROM range(1000000) r(i)")
    assert connection.execute("SELECT count(DISTINCT text) FROM wide").fetchall() == [(1_000_000,)]
