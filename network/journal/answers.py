"""What the callers of a batch are told: the hub's receipt over what the ledger decided, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.receipt import make_receipt
from coalition.v1.journal_pb2 import Receipt
from coalition.v1.ledger_service_pb2 import SubmitResponse
from network.journal.batch import Applied
from network.ledger.engine import Processed

Answer: TypeAlias = SubmitResponse | Refused


class Answers:
    """Made by one hub, which signs them."""

    def __init__(self, network_id: str, key: SigningKey) -> None:
        self._network_id: Final = network_id
        self._key: Final = key

    def to(self, envelopes: Sequence[OpenedEnvelope], applied: Applied) -> Sequence[Answer]:
        """To each envelope of a batch, in order. To be given once it is committed."""
        root = applied.head.frontier.root()
        return [
            self._answer(envelope, result, applied, root) if isinstance(result, Processed) else result
            for envelope, result in zip(envelopes, applied.results, strict=True)
        ]

    def _answer(self, envelope: OpenedEnvelope, processed: Processed, applied: Applied, root: bytes) -> SubmitResponse:
        receipt = Receipt(
            network_id=self._network_id,
            envelope_digest=envelope.digest,
            first_sequence=processed.sequences[0],
            committed_us=applied.head.committed_us,
            log_size=applied.head.sequence,
            log_root=root,
        )
        signed = make_receipt(receipt, processed.outcomes, self._key)
        return SubmitResponse(receipt=signed, outcomes=processed.outcomes, replayed=processed.replayed)
