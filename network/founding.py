"""Makes a network in a folder: keys, certificates, settings, a database whose journal begins, the operator's profile.

Everything is made in a folder of its own inside and then moved to its place, `hub.toml` last. What is there without it
was never a hub, and the next attempt clears it away, provided that this left its mark.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coalition.clock import Clock
from coalition.envelope import OpenedEnvelope
from coalition.keyfile import save_key
from coalition.keys import SigningKey
from coalition.tls import make_tls
from coalition.v1.outcome_pb2 import Outcome
from network.config import CONFIG_FILE, ConfigError, HubConfig, is_initialised, write_config
from network.genesis import OPERATOR_ID, Founding, genesis_envelope
from network.journal.commits import Commits
from network.journal.writer import Writer
from network.store.engine import sqlite_url
from network.store.store import Store

#: The people of the operator: what needs two signatures needs two of them.
OPERATOR_KEYS: Final = 2
LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")

_KEYS: Final = "keys"
_TLS: Final = "tls"
_DATABASE: Final = "hub.sqlite"
_PROFILES: Final = "profiles"
#: In the order in which they are put in place; the last one makes the folder a hub's.
_PARTS: Final = (_KEYS, _TLS, _DATABASE, _PROFILES, CONFIG_FILE)
#: Where they are made; while it is there without `hub.toml`, an attempt is under way or has failed.
_WORKSHOP: Final = ".init"
_COMMIT_S: Final = 60.0
_TABLES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hub is to be, and how it is reached."""

    folder: Path
    #: Host names and IP addresses for the certificate, besides those of this machine.
    hosts: tuple[str, ...]
    #: HOST:PORT for the operator's profile.
    address: str
    #: A FileClock, for tests and simulations; None: the machine's time.
    clock_file: Path | None


def found_network(
    founding: Founding,
    place: Place,
    passphrase: str,
    clock: Clock,
    *,
    database: str | None = None,
    hub_key: SigningKey | None = None,
    operator_keys: Sequence[SigningKey] = (),
) -> HubConfig:
    """Make a network and its hub's folder. Keys that are not given are made. `database` is the URL of an empty database
    of PostgreSQL; without it the database is a file in the folder.

    Raises ConfigError for a folder or database that is in use, StoreError for a database that cannot be used, Refused
    for figures that cannot work, ValueError for a bad host or an empty passphrase.
    """
    hub_key = hub_key or SigningKey.generate()
    keys = list(operator_keys) or [SigningKey.generate() for _ in range(OPERATOR_KEYS)]
    # Before anything is made: a mistake in the figures shall leave nothing behind.
    genesis = genesis_envelope(founding, hub_key, keys, clock())
    folder = place.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder):
        if is_initialised(folder):
            raise ConfigError(f"{folder} holds a hub already. Choose another folder, or pass --if-missing to keep it.")
        workshop = _clear(folder)
        made = _config(workshop, founding, database)
        _make_keys(workshop / _KEYS, hub_key, keys, passphrase)
        make_tls(workshop / _TLS, f"{founding.network_id} authority", [*LOCAL_HOSTS, *place.hosts])
        _begin_journal(made, hub_key, genesis, clock)
        _write_profile(workshop / _PROFILES, founding, place, hub_key.public, len(keys))
        write_config(made, workshop / CONFIG_FILE)
        parts = [part for part in _PARTS if part != _DATABASE or database is None]
        assert {path.name for path in workshop.iterdir()} == set(parts), "nothing else belongs to a new hub"
        for part in parts:
            _sync(workshop / part)
            (workshop / part).rename(folder / part)
        workshop.rmdir()
        _sync(folder)
    return _config(folder, founding, database)


def _config(folder: Path, founding: Founding, database: str | None) -> HubConfig:
    return HubConfig(
        folder,
        founding.network_id,
        folder / _KEYS / "hub.pem",
        sqlite_url(folder / _DATABASE) if database is None else database,
        folder / _TLS,
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Only one attempt at a time; the lock ends with the process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"A hub is being made in {folder} at this moment. Wait for it to end.") from None
        yield
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> Path:
    """The empty workshop. What an earlier attempt left is removed; what somebody else put there is not."""
    workshop = folder / _WORKSHOP
    if workshop.is_dir():
        shutil.rmtree(workshop)
        for part in _PARTS:
            path = folder / part
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    for part in _PARTS:
        if (folder / part).exists():
            raise ConfigError(f"{folder} holds {part} but no {CONFIG_FILE}. Restore the hub, or choose another folder.")
    workshop.mkdir(mode=0o700)
    return workshop


def _make_keys(folder: Path, hub_key: SigningKey, operator_keys: Sequence[SigningKey], passphrase: str) -> None:
    folder.mkdir(mode=0o700)
    save_key(folder / "hub.pem", hub_key, passphrase)
    for number, key in enumerate(operator_keys, start=1):
        save_key(folder / f"operator-{number}.pem", key, passphrase)


def _begin_journal(config: HubConfig, key: SigningKey, genesis: OpenedEnvelope, clock: Clock) -> None:
    """Commit the Genesis as entry 1, through the writer like everything that follows it."""
    store = Store(config.database)
    try:
        if config.database_file is None:
            _check_empty(store)
        store.upgrade()
        writer = Writer(store, network_id=config.network_id, key=key, clock=clock, commits=Commits())
        writer.start()
        try:
            answer = writer.submit(genesis).result(_COMMIT_S)
        finally:
            writer.stop(_COMMIT_S)
        if Outcome.FromString(answer.outcomes[0]).sequence != 1:
            raise ConfigError(f"Somebody else made a network in {store.name} at this moment. Make another database.")
        assert store.refresh().network.get("") is not None, "the Genesis was accepted"
    finally:
        store.close()
    if config.database_file is not None:
        config.database_file.chmod(0o600)


def _check_empty(store: Store) -> None:
    """A database on a server may hold what is somebody's."""
    present = store.tables()
    if not present:
        return
    if "head" not in present:
        some = ", ".join(sorted(present)[:_TABLES_SHOWN])
        raise ConfigError(
            f"The database {store.name} holds something else: {some}. Make one for the network alone, with createdb."
        )
    store.upgrade()
    network = store.reference().network.get("")
    # Tables without a network are what an attempt left that was cut short.
    if network is not None:
        raise ConfigError(
            f"The database {store.name} holds the network {network.network_id!r} already. For another hub of it, copy "
            "the folder of the first one to this machine. For a new network, make another database, with createdb."
        )


def _write_profile(folder: Path, founding: Founding, place: Place, hub_key: bytes, keys: int) -> None:
    """The operator's profile, as it will lie in the finished folder."""
    folder.mkdir(mode=0o700)
    key, *extra = [f"../{_KEYS}/operator-{number}.pem" for number in range(1, keys + 1)]
    values: dict[str, object] = {
        "network_id": founding.network_id,
        "party_id": OPERATOR_ID,
        "address": place.address,
        "tls_ca": f"../{_TLS}/ca.pem",
        "hub_keys": [base64.b64encode(hub_key).decode()],
        "key": key,
        "extra_keys": extra,
    }
    if place.clock_file is not None:
        final = (place.folder / _PROFILES).resolve()
        values["clock_file"] = os.path.relpath(place.clock_file.resolve(), final)
    write_profile(folder / "operator.toml", values)


def write_profile(path: Path, values: dict[str, object]) -> None:
    """Write an SDK profile, replacing the file in one step."""
    fresh = path.with_name(path.name + ".new")
    # A JSON string or list of strings is a TOML one too.
    fresh.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()), encoding="utf-8")
    fresh.replace(path)


def _sync(path: Path) -> None:
    """Bring a file, or a folder's list of files, to the disk."""
    for found in (path, *(path.rglob("*") if path.is_dir() else ())):
        descriptor = os.open(found, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
