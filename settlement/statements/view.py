"""Whose statement is made, among whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from partner_sdk import PartyKind

_ISSUERS: Final = (PartyKind.PARTNER, PartyKind.CHARITY)


class PartyName(NamedTuple):
    """What a party is called, and what it is."""

    name: str
    kind: PartyKind


@dataclass(frozen=True, slots=True)
class View:
    """Whose figures are made, among whom."""

    party_id: str
    operator: str
    names: Mapping[str, PartyName]

    def name_of(self, party_id: str) -> str:
        """What people call a party; its id, should it have no name."""
        return self.names[party_id].name if party_id in self.names else party_id

    def holds(self, issuer: str) -> bool:
        """Whether an issuer's prefunded money is part of the statement."""
        return self.party_id in (issuer, self.operator)

    @property
    def issues(self) -> bool:
        """Whether it may have points of its own."""
        return self.names[self.party_id].kind in _ISSUERS
