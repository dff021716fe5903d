"""Files that come in chunks: whole or not at all, begun again where the connection breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
import pytest

from coalition.errors import Refused
from coalition.keys import SigningKey
from coalition.v1 import error_pb2
from coalition.v1.settlement_books_pb2 import ExportLedgerRequest, ExportLedgerResponse
from partner_sdk import Connection, _downloads
from partner_sdk._downloads import download
from partner_sdk._rpc import EXPORT_LEDGER
from partner_sdk._session import Session
from partner_sdk._steps import Diagnosis, Ended, Failure, OpenStream, Probe, Read, Sleep, Steps
from partner_sdk.errors import NotFound, TransportError, Unreachable

BROKEN = Failure(grpc.StatusCode.UNAVAILABLE, "the connection broke")
NEVER_SENT = Failure(grpc.StatusCode.UNAVAILABLE, "failed to connect to all addresses")
GONE = Failure(grpc.StatusCode.NOT_FOUND, "", Refused(error_pb2.REASON_NOT_FOUND, "There is no such window."))


class Wire:
    """A stream that a service could have sent; it remembers whether it was let go."""

    def __init__(self) -> None:
        self.ended = False

    def cancel(self) -> None:
        self.ended = True


def chunk(data: bytes) -> ExportLedgerResponse:
    """A part of a file."""
    return ExportLedgerResponse(chunk=data)


def fetch(streams: Sequence[Sequence[Any]], *, timeout_s: float = 10) -> tuple[bytes, list[Wire]]:
    """Carry out a download of which each attempt brings one of `streams`; time passes while it pauses."""
    now, wires, left = 0.0, list[Wire](), iter(streams)
    connection = Connection(
        network_id="network",
        party_id="party",
        address="localhost:1",
        hub_keys=(b"h" * 32,),
        keys=(SigningKey.from_seed(b"k" * 32),),
        timeout_s=timeout_s,
    )
    session = Session(connection, monotonic=lambda: now, jitter=lambda: 0.5)
    steps: Steps[bytes] = download(session, EXPORT_LEDGER, ExportLedgerRequest(), lambda response: response.chunk)
    answers, answer = iter(()), None
    try:
        while True:
            match steps.send(answer):
                case OpenStream():
                    answers, answer = iter(next(left)), Wire()
                    wires.append(answer)
                case Read():
                    answer = next(answers)
                case Probe():
                    answer = Diagnosis("Nobody is there.", permanent=True)
                case Sleep(seconds=seconds):
                    now, answer = now + seconds, None
    except StopIteration as stop:
        return stop.value, wires


def test_chunks_are_put_together() -> None:
    """The file is what came until the stream ended, and the stream is let go."""
    data, wires = fetch([[chunk(b"one "), chunk(b"two"), Ended()]])
    assert data == b"one two"
    assert [wire.ended for wire in wires] == [True]


def test_broken_download_begins_anew() -> None:
    """What came before a break is thrown away."""
    data, wires = fetch([[chunk(b"one "), BROKEN], [BROKEN], [chunk(b"one "), chunk(b"two"), Ended()]])
    assert data == b"one two"
    assert [wire.ended for wire in wires] == [True, True, True]


def test_service_that_stays_away_is_given_up() -> None:
    """After the client's timeout the last failure is told; a refusal is told at once."""
    with pytest.raises(TransportError, match="the connection broke"):
        fetch([[BROKEN]] * 100, timeout_s=1)
    with pytest.raises(Unreachable, match="Nobody is there"):
        fetch([[NEVER_SENT]])
    with pytest.raises(NotFound, match="no such window"):
        fetch([[GONE]])


def test_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service cannot fill the memory of whoever asks it."""
    monkeypatch.setattr(_downloads, "FILE_BYTES_MAX", 5)
    with pytest.raises(TransportError, match="more than 5 bytes"):
        fetch([[chunk(b"123"), chunk(b"456"), Ended()]])
