"""Who is asking, and what they may see.

| who                  | sees                                                                        |
|----------------------|-----------------------------------------------------------------------------|
| operator, auditor    | everything; what windows would have come to under other terms               |
| partner, charity, hub| progress, windows, runs and their states; who decided on runs, and why; of  |
|                      | obligations, positions, activity, confirmations and statements its own;     |
|                      | suspended or not; disputes of which it is a side; alerts about itself that  |
|                      | say nothing of others                                                       |
| a side of a dispute  | takes the steps in it that are its own                                      |
| a party, and the     | compares the party's records with the journal, and what was recorded of     |
| operator for it      | that; auditors see the latter                                               |
| operator alone       | decides on runs, rules on disputes, acknowledges alerts                     |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import grpc
import structlog

from coalition.clock import US_PER_S, Clock
from coalition.errors import Refused
from coalition.tokens import METADATA_KEY, SETTLEMENT, check_token
from coalition.v1 import error_pb2, network_pb2
from coalition.v1.network_pb2 import PartyKind
from settlement.intake import Intake

_SEES_ALL: Final = (network_pb2.PARTY_KIND_OPERATOR, network_pb2.PARTY_KIND_AUDITOR)
_FIRST_ENTRY_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Caller:
    """The party that a token proves."""

    party_id: str
    kind: PartyKind.ValueType

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden from it."""
        return self.kind in _SEES_ALL

    def sees(self, *party_ids: str) -> bool:
        """Whether it may see what concerns one of these parties."""
        return self.sees_all or self.party_id in party_ids

    def require_sight_of_all(self, action: str) -> None:
        """Raises Refused with PERMISSION_DENIED for everybody who does not see all, who may then not `action`."""
        if not self.sees_all:
            raise Refused(
                error_pb2.REASON_PERMISSION_DENIED,
                f"{self.party_id} may not {action}; the operator and auditors may.",
                {"party_id": self.party_id},
            )

    def require_operator(self, what: str = "decide on settlement runs") -> None:
        """Raises Refused with PERMISSION_DENIED for everybody else, who may not do `what`."""
        if self.kind != network_pb2.PARTY_KIND_OPERATOR:
            raise Refused(
                error_pb2.REASON_PERMISSION_DENIED,
                f"{self.party_id} may not {what}; the operator does.",
                {"party_id": self.party_id},
            )


class Gatekeeper:
    """Tells callers by their tokens and the keys in the journal."""

    def __init__(self, intake: Intake, clock: Clock) -> None:
        self._intake = intake
        self._clock = clock

    def caller(self, context: grpc.ServicerContext) -> Caller:
        """The party that is calling, noted for the log. Raises Refused with UNAUTHENTICATED."""
        # Just after a first start no key is known yet; the first entry, which brings the operator's, is on its way.
        self._intake.wait_for(1, min(_FIRST_ENTRY_TIMEOUT_S, remaining_s(context) / 2))
        progress = self._intake.progress
        directory = progress.state.directory
        metadata: Mapping[str, str | bytes] = dict(context.invocation_metadata())
        value = metadata.get(METADATA_KEY, "")
        try:
            party_id = check_token(
                value if isinstance(value, str) else "",
                directory.keys_of,
                network_id=self._intake.network_id,
                service=SETTLEMENT,
                now_s=self._clock() // US_PER_S,
            )
        except Refused as refused:
            followed = f"This service has read the journal up to entry {progress.state.sequence}."
            raise Refused(refused.reason, f"{refused.message} {followed}", refused.facts) from refused
        structlog.contextvars.bind_contextvars(party=party_id)
        return Caller(party_id, directory.parties[party_id].kind)


def remaining_s(context: grpc.ServicerContext) -> float:
    """Seconds until the caller's deadline; endless when it set none."""
    return max(0.0, context.time_remaining())
