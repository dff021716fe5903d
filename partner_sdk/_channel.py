"""How channels are set up, alike for both clients."""

from __future__ import annotations

from typing import Final

import grpc

from coalition.envelope import ENVELOPE_BYTES_MAX
from partner_sdk._connected import Target
from partner_sdk._connection import Connection
from partner_sdk._steps import Failure

#: A journal response holds several envelopes, and an entry is somewhat larger than its transaction.
_RECEIVE_BYTES_MAX: Final = 16 * ENVELOPE_BYTES_MAX
_SEND_BYTES_MAX: Final = 2 * ENVELOPE_BYTES_MAX


def credentials(target: Target) -> grpc.ChannelCredentials:
    """TLS with the profile's authority, or those that the system trusts."""
    return grpc.ssl_channel_credentials(root_certificates=target.tls_ca)


def options(connection: Connection) -> list[tuple[str, str | int]]:
    """Sizes, a quick return after a break, and no retries but our own, which know about idempotency."""
    chosen: list[tuple[str, str | int]] = [
        ("grpc.max_receive_message_length", _RECEIVE_BYTES_MAX),
        ("grpc.max_send_message_length", _SEND_BYTES_MAX),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 3_000),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        ("grpc.enable_retries", 0),
    ]
    if connection.server_name is not None:
        chosen.append(("grpc.ssl_target_name_override", connection.server_name))
    return chosen


def deadline_failure() -> Failure:
    """What a stream ends with when it stays silent too long."""
    return Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "no response in time")
