"""Builds towns: founds the network as `coalition hub init` does, admits the parties, lets the crowd in.

What is built is kept by its size, so that the next run finds it. A hub takes the folder as its own.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Final

from benchmarks.crowd import fill
from benchmarks.progress import say
from benchmarks.town import CHARITIES, NETWORK_ID, OPERATOR, PARTNERS, PASSPHRASE, TIME_ZONE, Size, Town, key_of
from coalition.calendar import Calendar
from coalition.clock import system_clock
from coalition.envelope import open_envelope
from network.founding import Place, found_network
from network.genesis import Founding
from network.journal.batch import BatchCommitter
from network.ledger.engine import Processed
from network.policy import default_policy
from network.store.store import Store
from partner_sdk._sealed import prepare, seal_one
from partner_sdk._vocabulary import PartyKind
from partner_sdk.testing._population import Newcomer, population

#: To be raised when towns of the same size come out otherwise than before.
_EDITION: Final = 2
#: What nobody reaches, so that daily limits are counted and never met.
_NO_LIMIT: Final = 10**9
_ADDRESS: Final = "localhost:7700"


def town(cache: Path, size: Size) -> Path:
    """The folder of a town of this size, built if it was not yet. Copy it before a hub changes it.

    Points expire by the month, so no town is older than that.
    """
    folder = cache / f"{size}-{_today():%Y-%m}-{_EDITION}"
    if not folder.is_dir():
        say(f"building a town: {size}")
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        build(unfinished, size)
        unfinished.rename(folder)
    return folder


def copy_town(cache: Path, size: Size, place: Path) -> Town:
    """A town of this size in a folder of its own."""
    shutil.copytree(town(cache, size), place)
    return Town(place, size)


def build(folder: Path, size: Size, database: str | None = None) -> Town:
    """Make a town in a new folder, its database there as well or in an empty one of PostgreSQL."""
    policy = default_policy()
    policy.redeem_points_per_day_max = policy.transfer_points_per_day_max = _NO_LIMIT
    config = found_network(
        Founding(NETWORK_ID, TIME_ZONE, "EUR", 2, policy),
        Place(folder, (), _ADDRESS, None),
        PASSPHRASE,
        system_clock,
        database=database,
        hub_key=key_of("hub"),
        operator_keys=[key_of(OPERATOR), key_of(f"{OPERATOR}-2")],
    )
    made = Town(folder, size)
    store = Store(config.database)
    try:
        store.upgrade()
        _admit_parties(made, store)
        fill(store, size)
    finally:
        store.close()
    return made


def _admit_parties(made: Town, store: Store) -> None:
    """Partners and charities with terms, and a campaign for each charity."""
    kinds = dict.fromkeys(PARTNERS, PartyKind.PARTNER) | dict.fromkeys(CHARITIES, PartyKind.CHARITY)
    newcomers = [Newcomer(name, kind, name.capitalize(), key_of(name)) for name, kind in kinds.items()]
    connection = made.connection(OPERATOR, _ADDRESS)
    drafts = population(newcomers, NETWORK_ID, _today())
    sealed = seal_one(connection, [prepare(connection, draft) for draft in drafts])
    committed = BatchCommitter(store).commit([open_envelope(sealed.envelope)], system_clock())
    assert isinstance(committed.results[0], Processed), committed.results[0]
    store.refresh()


def _today() -> date:
    """The day that it is in the network's time zone."""
    return date.fromisoformat(Calendar(TIME_ZONE).day(system_clock()))
