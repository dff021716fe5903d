"""A line carries messages whole and in order, says when it is full, and tells of its end once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.network.processes.ends import WAIT_S, End, line

MESSAGES = st.lists(
    st.one_of(st.binary(max_size=300), st.integers(), st.tuples(st.text(max_size=20), st.booleans())), max_size=12
)


async def bytes_of(messages: Sequence[Any]) -> bytes:
    """What goes over the wire."""
    here = End()
    ours, theirs = socket.socketpair()
    await here.connect(ours)
    for message in messages:
        here.line.send(message)
    here.line.close()
    reader, writer = await asyncio.open_unix_connection(sock=theirs)
    data = await reader.read()
    writer.close()
    await writer.wait_closed()
    return data


@given(MESSAGES, st.lists(st.integers(0, 3_000), max_size=12))
def test_messages_arrive_whole_and_in_order(messages: list[Any], cuts: list[int]) -> None:
    """Wherever the bytes are cut on their way, the same messages come out."""

    async def run() -> list[Any]:
        data, there = await bytes_of(messages), End()
        places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        for begin, end in pairwise(places):
            there.line.data_received(data[begin:end])
        return there.received

    assert messages == asyncio.run(run())


def test_huge_message_arrives() -> None:
    """A message may be larger than everything that the system keeps between the two, and others follow it."""
    messages = ["before", bytes(range(256)) * 40_000, "after"]

    async def run() -> list[Any]:
        async with line() as (here, there, _):
            for message in messages:
                here.line.send(message)
            return await there.until_received(3)

    assert messages == asyncio.run(run())


def test_line_is_full_until_the_other_end_takes_what_was_sent() -> None:
    """Who sends to an end that does not read learns that, and when it is over; nothing is lost meanwhile."""

    async def run() -> None:
        async with line() as (here, there, reading):
            reading.pause_reading()
            messages = []
            while not here.line.is_full:
                messages.append(bytes(10_000))
                here.line.send(messages[-1])
                await asyncio.sleep(0)
            reading.resume_reading()
            async with asyncio.timeout(WAIT_S):
                await here.drained.wait()
            assert not here.line.is_full
            assert messages == await there.until_received(len(messages))

    asyncio.run(run())


def test_what_was_sent_before_hanging_up_arrives() -> None:
    """An end that hangs up has said everything before; both are told once, and what is sent later gets lost."""
    messages = [bytes(100_000) for _ in range(20)]

    async def run() -> None:
        async with line() as (here, there, _):
            for message in messages:
                here.line.send(message)
            here.line.close()
            assert messages == await there.until_received(20)
            await here.until_lost()
            await there.until_lost()
            for end in (here, there):
                end.line.send("late")
            await asyncio.sleep(0.01)
            assert [(end.losses, len(end.received)) for end in (here, there)] == [(1, 0), (1, 20)]

    asyncio.run(run())


def test_end_that_stumbles_over_a_message_ends_the_line(caplog: pytest.LogCaptureFixture) -> None:
    """What an end cannot digest is not passed over in silence: it is logged, and both ends learn that the line is no
    more."""

    async def run() -> list[Any]:
        async with line() as (here, there, _):
            here.line.send("before")
            here.line.send("stumble")
            await here.until_lost()
            await there.until_lost()
            return there.received

    assert asyncio.run(run()) == ["before"]
    assert "ValueError: stumble" in caplog.text
