"""A call whose caller does not read the answer, for servicers without a server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import grpc

from coalition.v1 import network_pb2
from settlement.rpc.access import Caller


@dataclass
class UnreadContext:
    """The context of a call that goes on until it is cancelled."""

    cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """The call is ended from outside."""
        self.cancelled.set()

    def is_active(self) -> bool:
        """Whether the call goes on."""
        return not self.cancelled.is_set()


@dataclass(frozen=True)
class AnyCaller:
    """A gatekeeper for whom every call is the operator's, by this id."""

    party_id: str

    def caller(self, context: grpc.ServicerContext) -> Caller:
        """Who asks."""
        return Caller(self.party_id, network_pb2.PARTY_KIND_OPERATOR)
