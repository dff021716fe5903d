"""What a hub reads before it listens: its key, its certificate and its database, found to belong together."""

from __future__ import annotations

from dataclasses import dataclass

from coalition.keyfile import load_key
from coalition.keys import SigningKey, fingerprint
from coalition.tls import ServerTls, load_server_tls
from network.config import ConfigError, HubConfig
from network.ledger.records import Network
from network.store.store import Store


@dataclass(frozen=True, slots=True)
class Opened:
    """What a hub needs before it listens, read and found to belong together."""

    config: HubConfig
    key: SigningKey
    tls: ServerTls
    store: Store
    network: Network


def open_hub(config: HubConfig, passphrase: str) -> Opened:
    """Read the key, the certificate and the database, bringing the latter to this version.

    Raises ConfigError, KeyFileError, TlsError, StoreError, each saying what to do.
    """
    return open_hub_with(config, load_key(config.hub_key, passphrase), upgrade=True)


def open_hub_with(config: HubConfig, key: SigningKey, *, upgrade: bool) -> Opened:
    """As `open_hub`, for whoever has the key, and may know that the database is of this version."""
    tls = load_server_tls(config.tls)
    file = config.database_file
    if file is not None and not file.is_file():
        raise ConfigError(f"The database {file} is missing. Put it back, or restore a backup.")
    store = Store(config.database)
    try:
        # A database that holds nothing, or something else, is not made a hub's by a mistake in an address.
        if upgrade and file is None and "head" not in store.tables():
            raise _no_network(store)
        if upgrade:
            store.upgrade()
        return Opened(config, key, tls, store, _check_network(config, key, store))
    except BaseException:
        store.close()
        raise


def _check_network(config: HubConfig, key: SigningKey, store: Store) -> Network:
    reference = store.refresh()
    network = reference.network.get("")
    if network is None:
        raise _no_network(store)
    if network.network_id != config.network_id:
        raise ConfigError(
            f"The database {store.name} is of network {network.network_id!r}, hub.toml of {config.network_id!r}."
        )
    hub = reference.parties.get(network.hub)
    assert hub is not None, "the Genesis registers the hub"
    if key.public not in hub.keys:
        raise ConfigError(
            f"The key {config.hub_key} ({fingerprint(key.public)}) is not in force for this network's hub. Name the "
            f"one that is as hub_key in {config.folder / 'hub.toml'}."
        )
    return network


def _no_network(store: Store) -> ConfigError:
    return ConfigError(f"The database {store.name} holds no network. Restore a backup of it.")
