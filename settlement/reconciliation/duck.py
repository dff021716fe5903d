"""DuckDB, locked down: it sees the files that it is given and nothing else, and stays within its memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from settlement.reconciliation.limits import Limits


def locked_down(folder: Path, readable: Sequence[Path], limits: Limits) -> duckdb.DuckDBPyConnection:
    """An empty database in memory that spills into `folder` and can read the files named, and no others.

    No extension is fetched or loaded, and nothing of this can be undone later.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": limits.threads,
            "memory_limit": f"{limits.memory_bytes}B",
            "temp_directory": str(folder),
            "max_temp_directory_size": f"{8 * limits.memory_bytes}B",
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_unsigned_extensions": False,
            # Variables of the program that calls are no tables.
            "python_enable_replacements": False,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET allowed_paths = ?", [[str(path) for path in readable]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
