"""What whoever hands in envelopes needs of a writer, wherever that is: in this process or in another."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from coalition.envelope import OpenedEnvelope
from coalition.v1.ledger_service_pb2 import SubmitResponse


class Writes(Protocol):
    """Takes envelopes from many threads."""

    def start(self) -> None:
        """Begin to write. Once."""

    def submit(self, envelope: OpenedEnvelope, traceparent: str = "") -> Future[SubmitResponse]:
        """Hand in an admitted envelope, with the span that it belongs to where it is traced. Never blocks.

        The future ends with the answer once it is committed, or with Refused: what the ledger says, OVERLOADED,
        SHUTTING_DOWN, or INTERNAL with an `error_id`. It cannot be cancelled.
        """
        ...

    def stop(self, timeout_s: float) -> bool:
        """Finish what was handed in and let nothing more in. False when the time was not enough."""
        ...
