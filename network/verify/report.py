"""What was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

LISTED_MAX: Final = 100
_SHOWN_MAX: Final = 160


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is not as it must be: where it stands, what belongs there, what is there."""

    where: str
    expected: str
    found: str
    #: Of the journal's entry that it is about, if it is about one.
    sequence: int | None = None

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of checking a database."""

    #: Empty when not even that could be read.
    network_id: str
    #: How many entries were replayed, and the root of the log over them.
    entries: int
    root: bytes
    #: Whether all of the journal was replayed; only then were the other tables compared.
    complete: bool
    #: The first ones, in the order in which they were found.
    failures: tuple[Failure, ...]
    #: How many more there are.
    unlisted: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.complete and not self.failures

    @property
    def first_wrong_sequence(self) -> int | None:
        """The first entry of the journal about which something is wrong, if any."""
        return min((failure.sequence for failure in self.failures if failure.sequence is not None), default=None)


class Failures:
    """Collects failures. Keeps the first ones and counts the rest."""

    def __init__(self) -> None:
        self._failures: list[Failure] = []
        self._unlisted = 0
        #: What is being read, for errors that come from below.
        self.place = "its beginning"

    def add(self, where: str, expected: str, found: str, sequence: int | None = None) -> None:
        if len(self._failures) < LISTED_MAX:
            self._failures.append(Failure(where, expected, found, sequence))
        else:
            self._unlisted += 1

    def compare(self, where: str, expected: Any, found: Any, sequence: int | None = None) -> bool:
        """Add a failure unless both are the same value of the same type. Whether they are."""
        if type(expected) is type(found) and expected == found:
            return True
        self.add(where, shown(expected), shown(found), sequence)
        return False

    def listed(self) -> tuple[tuple[Failure, ...], int]:
        """The failures, and how many more there were."""
        return tuple(self._failures), self._unlisted


def shown(value: Any) -> str:
    """A value as a person reads it: bytes as hex digits, nothing endless."""
    text = (value.hex() or "no bytes") if isinstance(value, bytes) else repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
