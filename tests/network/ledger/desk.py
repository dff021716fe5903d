"""A ledger of a small town at hand, without a hub: say something, see what becomes of it.

    desk.ok("grocer", desk.issue("anna", 100))
    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 101)) == "INSUFFICIENT_POINTS"

After every envelope the rules that always hold are checked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from coalition import dsse
from coalition.documents import sign_document
from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused, reason_name
from coalition.keys import SigningKey
from coalition.v1 import network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import CONSENT_PURPOSE_REDEEM, Consent
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import Policy
from coalition.v1.outcome_pb2 import Outcome
from network.ledger.engine import Processed, process
from network.ledger.invariants import violations
from network.ledger.state import Head, Reference, State
from tests.network.town import NETWORK_ID, POLICY, Town, key_of

#: What is said of the network itself needs two people where it says so.
TWO = (key_of("operator"), key_of("operator-2"))


class Desk(Town):
    """A founded town and its ledger. `policy` changes single fields of the town's."""

    def __init__(self, zone: str = "Europe/Berlin", **policy: int) -> None:
        super().__init__()
        self.zone = zone
        self.policy = Policy.FromString(POLICY.SerializeToString())
        for field, value in policy.items():
            setattr(self.policy, field, value)
        self.state = State(Head(), Reference(), complete=True)
        for envelope in self.founding():
            assert all(accepted(raw) for raw in self.process(envelope).outcomes)
        self.ok("grocer", self.enrol("anna"), self.enrol("bert"))

    def genesis(self) -> OpenedEnvelope:
        genesis = pb.Genesis(
            network_id=NETWORK_ID,
            time_zone=self.zone,
            currency="EUR",
            currency_exponent=2,
            operator=self.application("operator", network_pb2.PARTY_KIND_OPERATOR, "operator", "operator-2"),
            hub=self.application("hub", network_pb2.PARTY_KIND_HUB, "hub"),
            policy=self.policy,
        )
        return self.envelope("operator", self.transaction(genesis=genesis))

    # Saying ----------------------------------------------------------------------------------------------------------

    def process(self, envelope: OpenedEnvelope) -> Processed:
        """Apply an envelope now. Raises Refused."""
        try:
            return process(self.state, envelope, self.now_us)
        finally:
            assert not list(violations(self.state))

    def say(self, author: str, *transactions: pb.Transaction, **header: Any) -> tuple[Outcome, ...]:
        """The outcomes of transactions in one envelope."""
        processed = self.process(self.envelope(author, *transactions, **header))
        return tuple(map(Outcome.FromString, processed.outcomes))

    def ok(self, author: str, *transactions: pb.Transaction, **header: Any) -> Outcome:
        """The last outcome; all of them must be accepted."""
        outcomes = self.say(author, *transactions, **header)
        assert [reason_name(outcome.reason) for outcome in outcomes if outcome.reason] == []
        return outcomes[-1]

    def why(self, author: str, *transactions: pb.Transaction, **header: Any) -> str:
        """Why the last transaction is rejected; the others must be accepted."""
        *before, last = self.say(author, *transactions, **header)
        assert not any(outcome.reason for outcome in before)
        return reason_name(last.reason) if last.reason else "accepted"

    def refused(self, author: str, *transactions: pb.Transaction, **header: Any) -> str:
        """Why the envelope is refused without a trace."""
        head, tables = self.state.head.copy(), self.snapshot()
        try:
            self.process(self.envelope(author, *transactions, **header))
        except Refused as refused:
            assert (head.sequence, head.frontier.root()) == (self.state.head.sequence, self.state.head.frontier.root())
            assert tables == self.snapshot()
            return reason_name(refused.reason)
        return "taken"

    def snapshot(self) -> dict[str, dict[Any, Any]]:
        """Every table but the journal; records do not change."""
        working = (
            self.state.holders,
            self.state.aliases,
            self.state.lots,
            self.state.arrears,
            self.state.holds,
            self.state.nonces,
            self.state.originals,
            self.state.totals,
            self.state.usage,
            self.state.pledges,
        )
        tables = (*self.state.reference.tables(), *working)
        return {table.name: {key: row for key, row in table.rows.items() if row} for table in tables}

    # Time ------------------------------------------------------------------------------------------------------------

    def at(self, text: str) -> None:
        """Move to `2024-01-31 23:59:59.999999` in the network's time zone."""
        moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone))
        second = int(moment.replace(microsecond=0).timestamp())
        self.now_us = second * 1_000_000 + moment.microsecond

    # Seeing ----------------------------------------------------------------------------------------------------------

    def balance(self, holder_id: str) -> tuple[int, int]:
        """Points in lots, and points held."""
        holder = self.state.holders.get(holder_id)
        assert holder is not None
        return holder.points, holder.held_points

    def lots(self, holder_id: str) -> list[tuple[str, str, str, int]]:
        """Issuer, expiry, availability, points; in the order of consumption."""
        return [
            (lot.issuer, lot.expires_on, lot.available_on, lot.points) for lot in self.state.lots.get(holder_id) or ()
        ]

    def arrears(self, holder_id: str) -> dict[str, int]:
        return {arrear.issuer: arrear.points for arrear in self.state.arrears.get(holder_id) or ()}

    # Making ----------------------------------------------------------------------------------------------------------

    def code(self, holder_id: str, acceptor: str, points: int, key: SigningKey | None = None) -> pb.Transaction:
        """A redemption with a one-time code, for which the hub vouches."""
        return self.redeem_with(self.consent_by(key or key_of("hub"), holder_id, acceptor, points), holder_id, points)

    def consent_by(
        self, key: SigningKey, holder_id: str, acceptor: str, points_max: int, /, **fields: Any
    ) -> SignedDocument:
        """A consent to redeem, signed by any key; `fields` change it."""
        message = Consent(
            network_id=NETWORK_ID,
            holder_id=holder_id,
            acceptor=acceptor,
            purpose=CONSENT_PURPOSE_REDEEM,
            points_max=points_max,
            nonce=self.unique(),
            expires_us=self.now_us + 3_600_000_000,
        )
        for field, value in fields.items():
            setattr(message, field, value)
        return sign_document(dsse.CONSENT, message, key)

    def redeem_with(self, consent: SignedDocument | None, holder_id: str, points: int) -> pb.Transaction:
        return self.transaction(redeem=pb.Redeem(holder_id=holder_id, points=points, consent=consent))

    def adjust(self, holder_id: str, issuer: str, points: int) -> pb.Transaction:
        correction = pb.PointsCorrection(holder_id=holder_id, issuer=issuer, points=points)
        return self.transaction(adjust=pb.Adjust(reason="counted wrong", points=correction))

    def expire(self, through: str, *holder_ids: str) -> pb.Transaction:
        return self.transaction(expire=pb.Expire(through=through, holder_ids=holder_ids))


def accepted(raw: bytes) -> bool:
    return not Outcome.FromString(raw).reason


def facts(outcome: Outcome) -> dict[str, str]:
    """The facts behind a rejection."""
    return {fact.name: fact.value for fact in outcome.facts}


def parts(outcome: Outcome) -> list[tuple[str, str, int]]:
    """Issuer, expiry, points of each allocation."""
    return [(part.issuer, part.expires_on, part.points) for part in outcome.allocations]
