"""A blocking client's frame: it turns what the core declares into methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from partner_sdk._blocking import BlockingDriver
from partner_sdk._connected import Connected
from partner_sdk._connection import Connection
from partner_sdk._draft import Draft
from partner_sdk._methods import present_as
from partner_sdk._outcomes import Outcome
from partner_sdk._session import Session
from partner_sdk._steps import Flow, Steps
from partner_sdk._writing import write

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Outcome)


def writes(build: Callable[P, Draft[R]]) -> Callable[Concatenate[BlockingShell, P], R]:
    """A method that sends what `build` drafts, and gives its result."""

    def method(self: BlockingShell, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._driver.run(write(self._session, build(*args, **kwargs)))

    return present_as(method, build, leading=0, result="{}")


def calls(steps: Callable[Concatenate[Session, P], Steps[T]]) -> Callable[Concatenate[BlockingShell, P], T]:
    """A method that carries out `steps`."""

    def method(self: BlockingShell, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._driver.run(steps(self._session, *args, **kwargs))

    return present_as(method, steps, leading=1, result="{}")


def gives(flow: Callable[Concatenate[Session, P], Flow[T]]) -> Callable[Concatenate[BlockingShell, P], Iterator[T]]:
    """A method that gives the values of `flow` one by one."""

    def method(self: BlockingShell, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self._driver.iterate(flow(self._session, *args, **kwargs))

    return present_as(method, flow, leading=1, result="Iterator[{}]")


class BlockingShell(Connected):
    """Connects and carries out; what may be asked and written is declared below it."""

    def __init__(self, connection: Connection) -> None:
        """A client over a connection. Nothing is sent before the first call. Raises ConfigurationError."""
        super().__init__(connection)
        self._driver = BlockingDriver(connection, self._target)

    def close(self) -> None:
        """End the connection. Writes that wait to be sent end with an error; of those under way nothing is known."""
        self._stop_gathering()
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
