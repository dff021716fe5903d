"""A hub's folder: where its files lie, and the limits in `hub.toml`."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from coalition.ids import is_network_id
from network.store.engine import database_url, kept, parse_url
from network.store.errors import StoreError

CONFIG_FILE: Final = "hub.toml"
#: Goes before what hub.toml says, so that no file need hold a password.
DATABASE_VARIABLE: Final = "COALITION_DATABASE_URL"


class ConfigError(Exception):
    """A folder that holds no hub, or a setting that cannot work. The text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hub bears. Reaching one is an error that says which, and when to try again."""

    #: Reading calls of one party, per second.
    reads_per_second: int = 1_000
    #: Envelopes of one party, per second.
    envelopes_per_second: int = 5_000
    #: Calls without a token from one address, per second.
    open_calls_per_second: int = 200
    #: How many seconds' worth of calls may come at once after a pause.
    burst_s: int = 2
    #: Envelopes of one party that are admitted and not answered.
    envelopes_in_flight: int = 2_048
    #: Their bytes.
    bytes_in_flight: int = 64 << 20
    #: Envelopes of one stream that wait for their answers.
    stream_in_flight: int = 256
    #: Streams of the journal of one party.
    streams: int = 32
    #: Streams of envelopes from one address.
    submit_streams: int = 256
    #: Calls that the hub serves at once, of all parties.
    calls: int = 4_096
    #: Reading calls that wait for a thread, of all parties.
    reads_waiting: int = 512
    #: Threads that read the database.
    read_threads: int = 4
    #: The longest that a read may take, in seconds.
    read_timeout_s: int = 10
    #: Envelopes that wait for the writer, of all parties.
    queue_envelopes: int = 8_192
    #: Their bytes.
    queue_bytes: int = 256 << 20
    #: How far in the future an envelope may have been made, in seconds.
    clock_skew_s: int = 300
    #: One-time codes of one holder that are valid at once.
    codes_per_holder: int = 3
    #: Wrong codes for one holder before its codes are locked.
    code_tries: int = 5
    #: How long they stay locked, in seconds.
    code_lock_s: int = 900
    #: How long a shutdown waits for what was admitted, in seconds.
    shutdown_grace_s: int = 20


@dataclass(frozen=True, slots=True)
class HubConfig:
    """A hub's settings. Paths are below `folder` unless `hub.toml` says otherwise."""

    folder: Path
    network_id: str
    #: The key that signs receipts, checkpoints and the hub's own transactions.
    hub_key: Path
    #: The database's URL, which may hold a password.
    database: str = field(repr=False)
    #: The four files of coalition.tls.
    tls: Path
    limits: Limits = field(default_factory=Limits)

    @property
    def database_file(self) -> Path | None:
        """Where the database lies, if it is a file."""
        return parse_url(self.database).file

    @property
    def operator_profile(self) -> Path:
        """By which the operator's commands reach the hub."""
        return self.folder / "profiles" / "operator.toml"


def is_initialised(folder: Path) -> bool:
    """Whether a hub was made in the folder. `hub.toml` is the last file that init puts in place."""
    return (folder / CONFIG_FILE).is_file()


def load_config(folder: Path) -> HubConfig:
    """Read `hub.toml`. Raises ConfigError."""
    path = folder / CONFIG_FILE
    if not is_initialised(folder):
        raise ConfigError(
            f"{folder} holds no hub: {CONFIG_FILE} is missing. Make one: coalition hub init --dir {folder}"
        )
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    limits = settings.pop("limits", {})
    known = {"network_id", "hub_key", "database", "tls"}
    if DATABASE_VARIABLE in os.environ:
        settings["database"] = os.environ[DATABASE_VARIABLE]
    _refuse_unknown(path, "", settings, known)
    for name in sorted(known):
        if not isinstance(settings.get(name), str):
            raise ConfigError(f"{path}: {name} is missing or no text.")
    if not is_network_id(settings["network_id"]):
        raise ConfigError(f"{path}: network_id {settings['network_id']!r} is no network id.")
    try:
        database = database_url(settings["database"], folder)
    except StoreError as error:
        raise ConfigError(f"{path}, or the environment: {error}") from error
    return HubConfig(
        folder=folder,
        network_id=settings["network_id"],
        hub_key=folder / settings["hub_key"],
        database=database,
        tls=folder / settings["tls"],
        limits=_limits(path, limits),
    )


def write_config(config: HubConfig, path: Path) -> None:
    """Write `hub.toml` for a hub whose files lie where they do by default. Replaces the file in one step."""
    text = f"""\
# Made by `coalition hub init`. docs/operators.md explains every setting.
network_id = "{config.network_id}"
hub_key = "{_relative(config, config.hub_key)}"
database = {_database(config)}
tls = "{_relative(config, config.tls)}"

# Limits that differ from their defaults, for example:
# reads_per_second = 1000
[limits]
"""
    for item in fields(Limits):
        value = getattr(config.limits, item.name)
        if value != item.default:
            text += f"{item.name} = {value}\n"
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _database(config: HubConfig) -> str:
    file = config.database_file
    # A JSON string is a TOML one too.
    return json.dumps(kept(config.database) if file is None else _relative(config, file))


def _relative(config: HubConfig, path: Path) -> str:
    for folder in (config.folder, config.folder.resolve()):
        if path.is_relative_to(folder):
            return str(path.relative_to(folder))
    return str(path)


def _limits(path: Path, settings: Any) -> Limits:
    if not isinstance(settings, dict):
        raise ConfigError(f"{path}: limits is a table, [limits].")
    _refuse_unknown(path, "limits.", settings, {item.name for item in fields(Limits)})
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{path}: limits.{name} must be a whole number of 1 or more, not {value!r}.")
    return Limits(**settings)


def _refuse_unknown(path: Path, where: str, settings: dict[str, Any], known: set[str]) -> None:
    for name in sorted(settings.keys() - known):
        raise ConfigError(f"{path}: there is no setting {where}{name}. Known: {', '.join(sorted(known))}.")
