"""A writer and its fronts in one event loop, over real lines and a real database."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from coalition.envelope import OpenedEnvelope
from coalition.v1.ledger_service_pb2 import SubmitResponse
from network.journal.commits import Commits
from network.journal.writer import Writer, WriterLimits
from network.processes.desk import Desk
from network.processes.line import Line
from network.processes.remote_writer import RemoteWriter
from network.store.engine import sqlite_url
from network.store.store import Store
from tests.network.processes.ends import WAIT_S
from tests.network.town import NETWORK_ID, Town, key_of


@dataclass
class Front:
    """What a front has, and what the two ends of its line read from."""

    writer: RemoteWriter
    store: Store
    commits: Commits
    line: Line
    lost: asyncio.Event
    reading: asyncio.Transport
    writers_end: asyncio.Transport

    async def answer(self, envelope: OpenedEnvelope) -> SubmitResponse:
        """Raises Refused."""
        return await settled(self.writer.submit(envelope))


class Hub:
    """A writer and its fronts in one event loop, over real lines and a real database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.town = Town()
        self.store = Store(url)
        self.commits = Commits()
        self.writer = Writer(
            self.store,
            network_id=NETWORK_ID,
            key=key_of("hub"),
            clock=self.town.clock,
            commits=self.commits,
            deliver=asyncio.get_running_loop().call_soon_threadsafe,
        )
        self.desks: list[Desk] = []
        self._fronts: list[Front] = []
        loop = asyncio.get_running_loop()
        self.commits.subscribe(lambda _: loop.call_soon_threadsafe(self.tell_soon))

    def tell_soon(self) -> None:
        for desk in self.desks:
            desk.tell_soon()

    async def front(self, limits: WriterLimits | None = None) -> Front:
        """One more front."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        here: Line = Line(lambda handed: desk.take(handed), lambda: None, lambda: desk.tell_soon())
        desk = Desk(here, writer=self.writer, store=self.store, commits=self.commits)
        self.desks.append(desk)
        writers_end, _ = await loop.create_unix_connection(lambda: here, sock=ours)
        store, commits, lost = Store(self.url), Commits(), asyncio.Event()
        store.refresh()
        there: Line = Line(lambda news: writer.receive(news), lost.set)
        writer = RemoteWriter(there, store=store, commits=commits, limits=limits or WriterLimits())
        reading, _ = await loop.create_unix_connection(lambda: there, sock=theirs)
        writer.start()
        assert isinstance(reading, asyncio.Transport)
        assert isinstance(writers_end, asyncio.Transport)
        front = Front(writer, store, commits, there, lost, reading, writers_end)
        self._fronts.append(front)
        return front

    async def close(self) -> None:
        for front in self._fronts:
            front.reading.resume_reading()
            await asyncio.to_thread(front.writer.stop, 0 if front.lost.is_set() else WAIT_S)
            front.line.close()
            await front.lost.wait()
            front.store.close()
        await asyncio.to_thread(self.writer.stop, WAIT_S)
        self.store.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Hub]:
    """A hub whose writer is at work, with a founded network and a member."""
    hub = Hub(sqlite_url(folder / "hub.db"))
    hub.store.upgrade()
    hub.writer.start()
    founding = [*hub.town.founding(), hub.town.envelope("grocer", hub.town.enrol("anna"))]
    await asyncio.gather(*(settled(hub.writer.submit(envelope)) for envelope in founding))
    try:
        yield hub
    finally:
        await hub.close()


async def settled(future: Future[SubmitResponse]) -> SubmitResponse:
    async with asyncio.timeout(WAIT_S):
        return await asyncio.wrap_future(future)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(0.002)


def in_a_hub(folder: Path, test: Callable[[Hub], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(folder) as hub:
            await test(hub)

    asyncio.run(run())
