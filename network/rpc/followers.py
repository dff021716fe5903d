"""How far those who follow the journal have come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from network.telemetry.calls import Following


class Place:
    """How far one stream of the journal has come."""

    __slots__ = ("party_id", "sent")

    def __init__(self, party_id: str, sent: int) -> None:
        self.party_id = party_id
        #: The journal up to this entry has been sent, or is not the party's to read.
        self.sent = sent


class Followers:
    """Changed by one event loop, read from any thread."""

    def __init__(self, end: Callable[[], int]) -> None:
        """`end`: the sequence of the journal's last entry."""
        self._end = end
        self._places: dict[int, Place] = {}

    @contextmanager
    def stream(self, party_id: str, sent: int, *, follows: bool) -> Iterator[Place]:
        """A stream that begins after entry `sent`. One that only reads what is there is far behind by intention, and is
        not counted."""
        place = Place(party_id, sent)
        if follows:
            self._places[id(place)] = place
        try:
            yield place
        finally:
            self._places.pop(id(place), None)

    def following(self) -> Mapping[str, Following]:
        """By party, in the order in which they came."""
        end = self._end()
        found: dict[str, Following] = {}
        for place in tuple(self._places.values()):
            streams, behind = found.get(place.party_id, Following(0, 0))
            found[place.party_id] = Following(streams + 1, max(behind, end - place.sent))
        return found
