"""Sending a file of records, as far as the service remembers what it got."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from coalition.v1 import settlement_reconciliation_pb2 as pb
from partner_sdk._session import Session
from partner_sdk._settlement_reconciliation import reconcile
from partner_sdk.errors import TransportError


class Forgetful:
    """The session of a service that loses the file after its first part."""

    address = "settlement:9000"

    def __init__(self) -> None:
        self.calls = 0

    def read(self, method: object, request: pb.UploadRecordsRequest) -> Iterator[Any]:
        """The answer to a part; nothing is waited for."""
        yield from ()
        self.calls += 1
        return pb.UploadRecordsResponse(received=0 if request.offset else len(request.data))


def test_two_who_send_at_once_are_told() -> None:
    """A file that another one takes the place of is not sent over and over."""
    session = Forgetful()
    with pytest.raises(TransportError, match="0 bytes of the file, after 524,288 were sent"):
        list(reconcile(cast("Session", session), bytes(1 << 20)))
    assert session.calls == 2
