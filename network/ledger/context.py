"""What a transaction kind is given, and what it answers."""

from __future__ import annotations

from typing import NamedTuple

from coalition.errors import reason_name
from coalition.v1 import error_pb2
from coalition.v1.error_pb2 import Reason
from coalition.v1.network_pb2 import Policy
from network.ledger.records import Holder, Network, Original, Part, Party, Terms
from network.ledger.state import State


class Rejected(Exception):
    """The state does not allow the transaction: it changes nothing, and the journal says why.

    Facts are given by name; they are committed with the outcome, so wording may change later but they may not.
    """

    def __init__(self, reason: Reason.ValueType, **facts: object) -> None:
        super().__init__(reason_name(reason))
        self.reason = reason
        self.facts = tuple((name, str(value)) for name, value in facts.items())


class Effect(NamedTuple):
    """What an accepted transaction did. The changes themselves are in the state already."""

    #: Whose balance the outcome shows.
    holder_id: str = ""
    parts: tuple[Part, ...] = ()
    arrears_points: int = 0
    original: Original | None = None


class Context(NamedTuple):
    """One transaction's place: who says it, when, at which position, under which policy."""

    state: State
    author: Party
    #: Different keys of the author that signed the envelope.
    signatures: int
    transaction_id: bytes
    sequence: int
    committed_us: int
    #: The day of `committed_us` in the network's time zone.
    today: str
    policy: Policy

    @property
    def network(self) -> Network:
        network = self.state.reference.network.get("")
        assert network is not None, "every entry but the first finds a network"
        return network

    def holder(self, holder_id: str) -> Holder:
        """An open account. Raises Rejected: HOLDER_UNKNOWN, HOLDER_CLOSED."""
        holder = self.state.holders.get(holder_id)
        if holder is None:
            raise Rejected(error_pb2.REASON_HOLDER_UNKNOWN, holder_id=holder_id)
        if holder.status != _ACTIVE:
            raise Rejected(error_pb2.REASON_HOLDER_CLOSED, holder_id=holder_id)
        return holder

    def party(self, party_id: str) -> Party:
        """A registered party. Raises Rejected: PARTY_UNKNOWN."""
        party = self.state.reference.parties.get(party_id)
        if party is None:
            raise Rejected(error_pb2.REASON_PARTY_UNKNOWN, party_id=party_id)
        return party

    def require_terms(self) -> Terms:
        """The author's terms in force today. Raises Rejected: TERMS_MISSING."""
        terms = self.state.reference.terms_of(self.author.party_id, self.today)
        if terms is None:
            raise Rejected(error_pb2.REASON_TERMS_MISSING, party_id=self.author.party_id, day=self.today)
        return terms

    def require_within_limit(self, points: int) -> None:
        """Raises Rejected with TRANSACTION_LIMIT when one transaction moves more than the policy allows."""
        limit = self.policy.transaction_points_max
        if points > limit:
            raise Rejected(error_pb2.REASON_TRANSACTION_LIMIT, points=points, limit=limit)

    def changes_reference(self) -> None:
        """Note that this entry changes a reference table, so that other hubs read them anew."""
        self.state.head.reference_sequence = self.sequence


_ACTIVE = 1  # HOLDER_STATUS_ACTIVE, PARTY_STATUS_ACTIVE
