"""Signed decisions about settlement runs, for tests."""

from __future__ import annotations

import hashlib

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import transaction_id
from coalition.keys import SigningKey
from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.settlement_service_pb2 import RunAction, RunDecision

NETWORK = "test-network"
RUN_ID = transaction_id(1_500_000_000_000, b"0123456789")

PROPOSE, APPROVE, INSTRUCT = pb.RUN_ACTION_PROPOSE, pb.RUN_ACTION_APPROVE, pb.RUN_ACTION_INSTRUCT
CONFIRM, ABORT, CARRY = pb.RUN_ACTION_CONFIRM, pb.RUN_ACTION_ABORT, pb.RUN_ACTION_CARRY
MULTILATERAL, BILATERAL = pb.SETTLEMENT_METHOD_MULTILATERAL, pb.SETTLEMENT_METHOD_BILATERAL
GROSS = pb.SETTLEMENT_METHOD_GROSS


class Person:
    """Somebody at the operator, with a key."""

    def __init__(self, number: int, network_id: str = NETWORK) -> None:
        self.key = SigningKey.from_seed(bytes([number]) * 32)
        self.network_id = network_id

    def decides(
        self,
        action: RunAction.ValueType,
        *,
        run_id: bytes = RUN_ID,
        windows: tuple[int, ...] = (),
        method: pb.SettlementMethod.ValueType | None = None,
        positions: bytes | None = None,
        party_id: str = "",
        standings: bytes = b"",
        carry: dict[int, int] | None = None,
        note: str = "",
        decided_us: int = 1_500_000_000_000_000,
    ) -> SignedDocument:
        """A signed decision; `positions` are those that were looked at, a proposal is multilateral unless it says."""
        if method is None:
            method = MULTILATERAL if action == PROPOSE else pb.SETTLEMENT_METHOD_UNSPECIFIED
        decision = RunDecision(
            network_id=self.network_id,
            run_id=run_id,
            action=action,
            windows=windows,
            method=method,
            carry=[pb.CarryOver(instruction=number, paid_minor=paid) for number, paid in (carry or {}).items()],
            positions_digest=b"" if positions is None else hashlib.sha256(positions).digest(),
            party_id=party_id,
            standings_digest=standings,
            note=note,
            decided_us=decided_us,
        )
        return sign_document(dsse.RUN_DECISION, decision, self.key)
