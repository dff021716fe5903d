"""What the core asks of its surroundings: send this, wait so long, look whether anybody is there.

The core is generators that yield steps and are sent what came of them. They decide everything and touch nothing, so one
core serves the blocking and the asyncio client, which only carry steps out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

import grpc
from google.protobuf.message import Message

from coalition.errors import Refused

Response = TypeVar("Response", bound=Message)
Response_co = TypeVar("Response_co", bound=Message, covariant=True)
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)

Metadata: TypeAlias = tuple[tuple[str, str | bytes], ...]

# How gRPC says that a call never left this machine. Where it is worded otherwise one day, a write is held to be in
# doubt although it was not sent, which is safe.
_NEVER_SENT: Final = ("failed to connect to all addresses", "errors resolving", "DNS resolution failed")


@dataclass(frozen=True, slots=True)
class Method(Generic[Response_co]):
    """A method of a service, by its path, and what it answers."""

    path: str
    response: type[Response_co]


@dataclass(frozen=True, slots=True)
class Failure:
    """What a call ended with instead of an answer."""

    code: grpc.StatusCode
    details: str
    #: What the service said in this protocol's own words; None when the error has another origin.
    refused: Refused | None = None
    #: Whether the client had been closed before, so that there was no call at all.
    closed: bool = False

    @property
    def never_sent(self) -> bool:
        """Whether it is certain that nothing reached the service."""
        return self.closed or (self.code is grpc.StatusCode.UNAVAILABLE and self.details.startswith(_NEVER_SENT))


#: What a call ends with that is made after its client was closed.
CLOSED: Final = Failure(grpc.StatusCode.CANCELLED, "the client is closed", closed=True)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a look at an address found, for people."""

    text: str
    #: Whether trying again is pointless until somebody changes something.
    permanent: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A stream is over, and ended well."""


class Stream(Protocol):
    """A stream that a step opened; whoever carries out steps knows what it is."""

    def cancel(self) -> object:
        """End it."""


@dataclass(frozen=True, slots=True)
class Unary:
    """Call; answered by the response, or a Failure."""

    method: Method[Message]
    request: Message
    timeout_s: float
    metadata: Metadata = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class OpenStream:
    """Open a stream; answered by the Stream. Without a request, requests are written one by one."""

    method: Method[Message]
    request: Message | None
    metadata: Metadata = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Write:
    """Send a request on a stream; answered by None. A failure shows when reading."""

    stream: Stream
    request: Message


@dataclass(frozen=True, slots=True)
class Read:
    """Wait for a response on a stream; answered by the response, a Failure, or Ended."""

    stream: Stream
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait; answered by None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Let those go first who could go now; answered by None."""

    #: Whether there was nobody else lately. A thread need not give way then, for which the system takes longer than for
    #: most of a call; a task does at once.
    alone: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until another computation rings, or so long; answered by None."""

    #: Takes what rings, which may be called from anywhere, once; says whether there is anything to wait for.
    listen: Callable[[Callable[[], None]], bool]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Probe:
    """Find out why no connection comes about; answered by a Diagnosis."""

    timeout_s: float


@dataclass(frozen=True, slots=True)
class Emit(Generic[T_co]):
    """Give the caller a value and go on when it asks for the next; answered by None."""

    value: T_co


Step: TypeAlias = Unary | OpenStream | Write | Read | Sleep | Turn | Wait | Probe

#: A computation that ends in one value.
Steps: TypeAlias = Generator[Step, Any, R]
#: A computation that gives values as it goes.
Flow: TypeAlias = Generator[Step | Emit[R], Any, None]
