"""Envelopes that are sealed before the clock runs, so that a load generator measures the hub, not its signing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.life import Action
from benchmarks.town import Town
from partner_sdk._sealed import prepare, seal_one

#: Nothing is sent there: where the hub listens is not part of an envelope.
_NOWHERE = "localhost:1"


class Envelope(NamedTuple):
    """A signed envelope, and what a receipt for it must name."""

    data: bytes
    digest: bytes
    ids: tuple[bytes, ...]


def seal(town: Town, actions: Sequence[Action]) -> Envelope:
    """Sign transactions of one author together, as the SDK does."""
    connection = town.connection(actions[0].author, _NOWHERE)
    sealed = seal_one(connection, [prepare(connection, action.draft()) for action in actions])
    return Envelope(sealed.envelope, sealed.digest, sealed.ids)


def seal_all(town: Town, envelopes: Iterable[Sequence[Action]]) -> list[Envelope]:
    """Many of them."""
    return [seal(town, actions) for actions in envelopes]
