"""How far a reader of the journal has come, as plain values that can be stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from coalition.merkle import Frontier
from partner_sdk._parties import KnownParty

_FORMAT: Final = "coalition-journal-state-1"


@dataclass(frozen=True, slots=True)
class JournalState:
    """Everything needed to go on reading a journal where one stopped.

    It is as trustworthy as where it is stored: whoever can change it can make a reader believe another beginning.
    """

    network_id: str
    #: Entries verified so far; the next one has sequence `size + 1`.
    size: int = 0
    #: Roots of the complete subtrees, largest first (`coalition.merkle.Frontier`).
    frontier: tuple[bytes, ...] = ()
    #: Commit time of the last entry, microseconds since the Unix epoch; 0 before the first.
    committed_us: int = 0
    #: The window that the next entry belongs to.
    window: int = 1
    parties: tuple[KnownParty, ...] = ()
    #: Hub keys that were pinned, or vouched for by one that was.
    hub_keys: tuple[bytes, ...] = ()

    @property
    def root(self) -> bytes:
        """Root of the Merkle tree over the entries verified so far."""
        return Frontier(self.size, self.frontier).root()

    def to_bytes(self) -> bytes:
        """The state as JSON, keys and hashes in hexadecimal."""
        return json.dumps(
            {
                "format": _FORMAT,
                "network_id": self.network_id,
                "size": self.size,
                "frontier": [node.hex() for node in self.frontier],
                "committed_us": self.committed_us,
                "window": self.window,
                "parties": [
                    {
                        "party_id": party.party_id,
                        "kind": party.kind,
                        "active": party.active,
                        "keys": [key.hex() for key in party.keys],
                        "removed_keys": [key.hex() for key in party.removed_keys],
                    }
                    for party in self.parties
                ],
                "hub_keys": [key.hex() for key in self.hub_keys],
            },
            sort_keys=True,
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> JournalState:
        """The state in what `to_bytes` gave. Raises ValueError for anything else."""
        try:
            values: dict[str, Any] = json.loads(data)
            if values["format"] != _FORMAT:
                raise ValueError("the format is another one")
            state = cls(
                network_id=values["network_id"],
                size=values["size"],
                frontier=_bytes_of(values["frontier"]),
                committed_us=values["committed_us"],
                window=values["window"],
                parties=tuple(
                    KnownParty(
                        party_id=party["party_id"],
                        kind=party["kind"],
                        active=party["active"],
                        keys=_bytes_of(party["keys"]),
                        removed_keys=_bytes_of(party["removed_keys"]),
                    )
                    for party in values["parties"]
                ),
                hub_keys=_bytes_of(values["hub_keys"]),
            )
            Frontier(state.size, state.frontier)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError("This is not a saved journal state; start from the beginning of the journal.") from error
        return state


def _bytes_of(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in texts)
