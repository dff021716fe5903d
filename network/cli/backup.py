"""`coalition hub backup`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import click

from network.cli._answers import print_json
from network.cli._failures import explained
from network.cli._options import folder_option, json_option
from network.config import ConfigError, load_config
from network.store.engine import parse_url


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@folder_option
@json_option
@explained
def backup(file: Path, folder: Path, as_json: bool) -> None:
    """Copy the database file into FILE, whole and consistent, while the hub goes on serving. Needs no key.

    A database on a PostgreSQL server is copied with pg_dump or pg_basebackup.

    The folders keys and tls and the file hub.toml change seldom; copy them by hand.
    """
    config = load_config(folder)
    database = config.database_file
    if database is None:
        raise ConfigError(
            f"The database {parse_url(config.database).name} is on a PostgreSQL server, whose own programs copy it: "
            "pg_dump as it is at one moment, pg_basebackup with an archive of the write-ahead log so that nothing is "
            "lost. docs/operators.md shows both."
        )
    if not database.is_file():
        raise ConfigError(f"The database {database} is missing.")
    if file.exists():
        raise ConfigError(f"{file} is there already. Choose another name.")
    fresh = file.with_name(file.name + ".part")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(fresh)) as target:
            # In one step: with a write-ahead log it holds nobody up, and in several it begins anew after every commit.
            source.backup(target)
            entries = target.execute("SELECT sequence FROM head").fetchone()[0]
    except sqlite3.Error as error:
        fresh.unlink(missing_ok=True)
        raise ConfigError(f"The database {database} cannot be copied: {error}") from error
    fresh.rename(file)
    if as_json:
        print_json({"file": str(file), "entries": entries})
    else:
        click.echo(f"{file} holds {entries:,} entries. Check it: coalition hub verify --dir {folder} --database {file}")
