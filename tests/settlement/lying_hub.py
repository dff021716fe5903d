"""A hub's journal on a real port, told by somebody who may lie: for holding that the service believes no hub."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from coalition.tls import load_server_tls, make_tls
from coalition.v1 import journal_pb2 as pb
from coalition.v1.directory_service_pb2 import GetPartyRequest, GetPartyResponse, Party
from coalition.v1.directory_service_pb2_grpc import DirectoryServiceServicer, add_DirectoryServiceServicer_to_server
from coalition.v1.journal_pb2_grpc import JournalServiceServicer, add_JournalServiceServicer_to_server
from coalition.v1.network_pb2 import PARTY_KIND_AUDITOR, PARTY_STATUS_ACTIVE
from coalition.v1.outcome_pb2 import Outcome
from partner_sdk import Connection
from tests.partner_sdk.dishonest_hub import NETWORK_ID, key_of


class _Directory(DirectoryServiceServicer):
    """Says of everybody that it may read the whole journal."""

    def GetParty(self, request: GetPartyRequest, context: grpc.ServicerContext) -> GetPartyResponse:
        return GetPartyResponse(
            party=Party(party_id=request.party_id, kind=PARTY_KIND_AUDITOR, status=PARTY_STATUS_ACTIVE)
        )


class LyingHub(JournalServiceServicer):
    """Streams what it was given, to whoever asks, and breaks the stream when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.responses: list[pb.StreamEntriesResponse] = []
        self.asked_from: list[int] = []
        self.break_after = 0
        self.end = threading.Event()
        self._more = threading.Condition()
        self._authority = make_tls(folder / "hub-tls", "Lying hub", ["localhost"]).authority.read_bytes()
        self._tls = load_server_tls(folder / "hub-tls")
        self.port = 0
        self._server = self._serve()

    def tell(self, *responses: pb.StreamEntriesResponse) -> None:
        """Stream these next."""
        with self._more:
            self.responses += responses
            self._more.notify_all()

    def connection(self, *, timeout_s: float = 0.5) -> Connection:
        """An auditor's connection, which pins the hub's key."""
        return Connection(
            network_id=NETWORK_ID,
            party_id="auditor",
            address=f"localhost:{self.port}",
            hub_keys=(key_of("hub").public,),
            keys=(key_of("auditor"),),
            tls_ca=self._authority,
            timeout_s=timeout_s,
        )

    def stop(self) -> None:
        """Hang up."""
        self.end.set()
        with self._more:
            self._more.notify_all()
        self._server.stop(0).wait()

    def restart(self) -> None:
        """Come back at the same port."""
        self.end.clear()
        self._server = self._serve()

    def StreamEntries(
        self, request: pb.StreamEntriesRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.StreamEntriesResponse]:
        self.asked_from.append(request.from_sequence)
        if self.responses and request.from_sequence > last_sequence(self.responses[-1]) + 1:
            context.abort(grpc.StatusCode.OUT_OF_RANGE, "past the end")
        sent = 0
        place = 0
        while not self.end.is_set() and context.is_active():
            with self._more:
                if place == len(self.responses):
                    self._more.wait(0.1)
                    continue
                response = self.responses[place]
            place += 1
            if last_sequence(response) < request.from_sequence:
                continue
            yield response
            sent += 1
            if self.break_after and sent >= self.break_after:
                context.abort(grpc.StatusCode.UNAVAILABLE, "the line broke")

    def GetCheckpoint(
        self, request: pb.GetCheckpointRequest, context: grpc.ServicerContext
    ) -> pb.GetCheckpointResponse:
        return pb.GetCheckpointResponse(checkpoint=self.responses[-1].checkpoint)

    def _serve(self) -> grpc.Server:
        server = grpc.server(ThreadPoolExecutor(4), options=(("grpc.so_reuseport", 0),))
        add_JournalServiceServicer_to_server(self, server)
        add_DirectoryServiceServicer_to_server(_Directory(), server)
        credentials = grpc.ssl_server_credentials([(self._tls.key, self._tls.certificate)])
        self.port = server.add_secure_port(f"localhost:{self.port}", credentials)
        server.start()
        return server


def last_sequence(response: pb.StreamEntriesResponse) -> int:
    """Sequence of the last entry that a response brings."""
    entry = pb.JournalEntry.FromString(response.envelopes[-1].entries[-1])
    return Outcome.FromString(entry.outcome).sequence
