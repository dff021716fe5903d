"""Who is asking: tokens, and how often each party or address may ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import grpc

from coalition.clock import US_PER_S, Clock
from coalition.errors import Refused
from coalition.tokens import HUB, METADATA_KEY, check_token
from coalition.v1 import error_pb2
from network.config import Limits
from network.ledger.records import Party
from network.ledger.state import Reference
from network.rpc.buckets import Buckets
from network.rpc.calls import name_party
from network.rpc.threads import Threads

Context = grpc.aio.ServicerContext[Any, Any]

_TOKEN_BYTES_MAX: Final = 2_048
_LOOK_AGAIN_S: Final = 1.0


class Callers:
    """Tells the party of a call by its token, and counts calls. To be used from one event loop."""

    def __init__(
        self,
        *,
        network_id: str,
        reference: Callable[[], Reference],
        refresh: Callable[[], Reference],
        clock: Clock,
        threads: Threads,
        limits: Limits,
    ) -> None:
        """`refresh` looks for what other hubs have changed, in one of `threads`."""
        self._network_id = network_id
        self._reference = reference
        self._refresh = refresh
        self._clock = clock
        self._threads = threads
        self._looked_s = 0.0
        burst_s = limits.burst_s
        self._reads = Buckets("reading calls", limits.reads_per_second, limits.reads_per_second * burst_s)
        self._open = Buckets(
            "calls without a token", limits.open_calls_per_second, limits.open_calls_per_second * burst_s
        )
        self._envelopes = Buckets("envelopes", limits.envelopes_per_second, limits.envelopes_per_second * burst_s)

    async def party(self, context: Context) -> Party:
        """The party whose token came with the call; a suspended one may still read.

        Raises Refused: UNAUTHENTICATED, RATE_LIMITED.
        """
        value = next((value for key, value in context.invocation_metadata() or () if key == METADATA_KEY), "")
        try:
            party = self._party_of(value)
        except Refused:
            self.anybody(context)
            if not await self._looked_again():
                raise
            party = self._party_of(value)
        name_party(party.party_id)
        self._reads.take(party.party_id)
        return party

    def _party_of(self, value: str | bytes) -> Party:
        if not isinstance(value, str) or len(value) > _TOKEN_BYTES_MAX:
            raise Refused(error_pb2.REASON_UNAUTHENTICATED, "The authorization metadata is no token of this protocol.")
        parties = self._reference().parties

        def keys_of(party_id: str) -> tuple[bytes, ...]:
            found = parties.get(party_id)
            return found.keys if found is not None else ()

        now_s = self._clock() // US_PER_S
        party_id = check_token(value, keys_of, network_id=self._network_id, service=HUB, now_s=now_s)
        party = parties.get(party_id)
        assert party is not None, "its key has just been found"
        return party

    async def _looked_again(self) -> bool:
        """Another hub may have registered whom this one does not know. Strangers do not get the database asked for each
        of their calls."""
        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_AGAIN_S:
            return False
        self._looked_s = now_s
        await self._threads.run(self._refresh)
        return True

    def require_unchanged(self, party: Party) -> None:
        """For calls that last: raises Refused with UNAUTHENTICATED when the party's keys have changed meanwhile."""
        now = self._reference().parties.get(party.party_id)
        if now is None or now.keys != party.keys:
            raise Refused(
                error_pb2.REASON_UNAUTHENTICATED, f"The keys of {party.party_id} have changed. Connect again."
            )

    def anybody(self, context: Context) -> None:
        """For calls that need no token: counted by address. Raises Refused with RATE_LIMITED."""
        # `ipv4:192.0.2.1:40000`, `ipv6:%5B2001:db8::1%5D:40000`, `unix:...`: the port says nothing.
        self._open.take(context.peer().rpartition(":")[0])

    def author(self, party_id: str) -> None:
        """For an envelope whose signatures are right: counted by author. Raises Refused with RATE_LIMITED."""
        name_party(party_id)
        self._envelopes.take(party_id)
