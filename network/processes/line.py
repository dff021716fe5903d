"""Messages between two processes of one hub, over a pair of sockets that nobody else has.

Each message is a pickled tuple behind its length. Both ends are the same program, started by one of them, so what comes
in is what that program sent.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
from collections.abc import Callable
from typing import Any, Final

_LENGTH: Final = struct.Struct(">I")


def _nothing() -> None:
    """For whoever does not care."""


class Line(asyncio.Protocol):
    """One end. To be used from one event loop.

    It takes whatever it is given to send. Who would send without end has to look whether it `is_full`.
    """

    def __init__(
        self,
        received: Callable[[Any], object],
        lost: Callable[[], object],
        drained: Callable[[], object] = _nothing,
    ) -> None:
        """`received` is called with each message, `lost` once when the line is no more, `drained` when it is not full
        any more. What `received` raises ends the line."""
        self._received: Final = received
        self._lost: Final = lost
        self._drained: Final = drained
        self._buffer = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self._outgoing: list[bytes] = []
        self._is_full = False

    @property
    def is_full(self) -> bool:
        """Whether the other end has yet to take some of what was sent."""
        return self._is_full

    def send(self, message: Any) -> None:
        """Hand over a message. It gets lost when the other end is gone, of which `lost` tells."""
        if not self._outgoing:
            # Together with all else that this round of the loop brings: under load a message costs no system call.
            asyncio.get_running_loop().call_soon(self._flush)
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._outgoing += (_LENGTH.pack(len(data)), data)

    def close(self) -> None:
        """Hang up, once all that was handed over is sent."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if self._transport is not None and outgoing:
            self._transport.write(b"".join(outgoing))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, start)
            end = start + _LENGTH.size + length
            if len(buffer) < end:
                break
            message = pickle.loads(memoryview(buffer)[start + _LENGTH.size : end])  # noqa: S301 - by our own program
            start = end
            self._received(message)
        del buffer[:start]

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._drained()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost()
