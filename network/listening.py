"""Addresses to listen on, as people write them: HOST:PORT."""

from __future__ import annotations


class ListenError(Exception):
    """An address that cannot be listened on. The text says which, and what to do."""


def parse_address(listen: str, example: str) -> tuple[str, int]:
    """Host and port of HOST:PORT; an IPv6 host keeps its brackets. Raises ListenError, which shows an `example`."""
    host, separator, port = listen.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65_535:
        raise ListenError(f"{listen!r} is not an address to listen on. Give HOST:PORT, for example {example}.")
    return host, int(port)


def unavailable(listen: str) -> ListenError:
    """For an address that the system does not give."""
    return ListenError(
        f"{listen} cannot be listened on. Another program uses the port, or the address is not this machine's."
    )
