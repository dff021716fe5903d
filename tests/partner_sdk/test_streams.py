"""A flow that goes on after breaks opens streams again and again, and keeps none but the last."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

from partner_sdk import Client
from partner_sdk._bulk import SUBMIT_STREAM
from partner_sdk._steps import Emit, OpenStream
from partner_sdk.testing import LocalNetwork


def reopening(client: Client) -> Generator[object, object, None]:
    """Opens one stream after another."""
    for _ in range(3):
        yield Emit((yield OpenStream(SUBMIT_STREAM, None, client._session.metadata())))


def test_earlier_streams_are_given_up(network: LocalNetwork, grocer: Client) -> None:
    """By threads and by asyncio alike."""
    streams: list[Any] = []
    for stream in grocer._driver.iterate(reopening(grocer)):
        streams.append(stream)
        assert [item._call.is_active() for item in streams] == [False] * (len(streams) - 1) + [True]

    async def main() -> None:
        streams: list[Any] = []
        async with network.async_client("grocer") as client:
            async for stream in client._driver.iterate(reopening(grocer)):
                streams.append(stream)
                await asyncio.sleep(0)
                assert [item._call.done() for item in streams] == [True] * (len(streams) - 1) + [False]

    asyncio.run(main())
