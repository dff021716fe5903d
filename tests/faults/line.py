"""A line between clients and a hub, over which the hub's answers can get lost."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Final, Self

_CHUNK: Final = 65_536
_CONNECT_S: Final = 5.0


class Line:
    """Carries bytes both ways, to whatever listens at `hub` at that moment. TLS goes through it from end to end."""

    def __init__(self, hub: str) -> None:
        host, _, port = hub.rpartition(":")
        self._hub = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._carries_answers = threading.Event()
        self._carries_answers.set()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        #: Where clients connect to.
        self.address: Final = f"localhost:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._go(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._carries_answers.set()
        for open_socket in (self._listener, *self._sockets):
            _hang_up(open_socket)
        for thread in self._threads:
            thread.join()

    def lose_answers(self) -> None:
        """From now on nothing that the hub says arrives."""
        self._carries_answers.clear()

    def mend(self) -> None:
        """Carry answers again. What was lost is lost: connections that missed something are cut."""
        for open_socket in self._sockets:
            _hang_up(open_socket)
        self._carries_answers.set()

    def _go(self, work: object, *args: object) -> None:
        assert callable(work)
        thread = threading.Thread(target=work, args=args, name="line")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                hub = socket.create_connection(self._hub, _CONNECT_S)
            except OSError:
                client.close()
                continue
            hub.settimeout(None)
            self._sockets += [client, hub]
            self._go(self._carry, client, hub, False)
            self._go(self._carry, hub, client, True)

    def _carry(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        try:
            while data := source.recv(_CHUNK):
                if answers and not self._carries_answers.is_set():
                    continue
                target.sendall(data)
        except OSError:
            pass
        finally:
            _hang_up(source)
            _hang_up(target)


def _hang_up(open_socket: socket.socket) -> None:
    try:
        open_socket.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        open_socket.close()
