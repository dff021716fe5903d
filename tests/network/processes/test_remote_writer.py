"""A writer at the other end of a line is as good as one at hand, and no front can hold up the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from coalition.errors import Refused
from coalition.receipt import open_receipt
from coalition.v1 import error_pb2, network_pb2
from network.journal.writer import WriterLimits
from network.processes.messages import News
from tests.network.journal.conftest import sequences_of
from tests.network.processes.ends import WAIT_S
from tests.network.processes.one_loop import Hub, in_a_hub, settled, until
from tests.network.town import NETWORK_ID, key_of


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged meanwhile."""
    with capture_logs() as entries:
        yield entries


def test_answers_are_the_writers_and_in_order(tmp_path: Path) -> None:
    """Envelopes are committed in the order in which a front hands them in, and each gets its own receipt."""

    async def test(hub: Hub) -> None:
        front = await hub.front()
        envelopes = [hub.town.envelope("grocer", hub.town.issue("anna", points)) for points in range(1, 301)]
        answers = await asyncio.gather(*map(front.answer, envelopes))
        sequences = [sequences_of(answer)[0] for answer in answers]
        assert sequences == list(range(sequences[0], sequences[0] + 300))
        for envelope, answer in zip(envelopes, answers, strict=True):
            receipt, _ = open_receipt(
                answer.receipt,
                answer.outcomes,
                network_id=NETWORK_ID,
                hub_keys=[key_of("hub").public],
                digest=envelope.digest,
                transaction_ids=[envelope.transactions[0].message.transaction_id],
            )
            assert receipt.log_size <= front.commits.sequence

    in_a_hub(tmp_path, test)


def test_other_threads_may_hand_in(tmp_path: Path) -> None:
    """A thread that is not the loop's hands in an envelope and waits for its answer."""

    async def test(hub: Hub) -> None:
        front = await hub.front()
        envelope = hub.town.envelope("grocer", hub.town.issue("anna", 1))
        answer = await asyncio.to_thread(lambda: front.writer.submit(envelope).result(WAIT_S))
        again = await front.answer(envelope)
        assert (list(answer.replayed), list(again.replayed)) == ([], [0])

    in_a_hub(tmp_path, test)


def test_refusal_arrives_as_it_was(tmp_path: Path) -> None:
    """Reason, message, facts and violations are the same as from a writer at hand."""

    async def test(hub: Hub) -> None:
        front = await hub.front()
        envelope = hub.town.envelope("grocer", hub.town.issue("anna", 2), keys=[key_of("stranger")])
        refusals = []
        for writer in (hub.writer, front.writer):
            with pytest.raises(Refused) as caught:
                await settled(writer.submit(envelope))
            refusals.append(caught.value)
        here, there = ((each.reason, each.message, each.facts, each.violations) for each in refusals)
        assert here == there
        assert there[0] == error_pb2.REASON_KEY_UNKNOWN

    in_a_hub(tmp_path, test)


@pytest.mark.parametrize("limits", [WriterLimits(waiting_envelopes_max=2), WriterLimits(waiting_bytes_max=250)])
def test_what_is_under_way_is_bounded(tmp_path: Path, limits: WriterLimits) -> None:
    """While a front waits for answers it takes no more than its limits, by number or by bytes, and says so at once."""

    async def test(hub: Hub) -> None:
        front = await hub.front(limits)
        front.reading.pause_reading()
        envelopes = [hub.town.envelope("grocer", hub.town.issue("anna", 1)) for _ in range(4)]
        futures = [front.writer.submit(envelope) for envelope in envelopes]
        assert [future.done() for future in futures] == [False, False, True, True]
        for future in futures[2:]:
            refused = future.exception()
            assert isinstance(refused, Refused)
            assert refused.reason == error_pb2.REASON_OVERLOADED
        front.reading.resume_reading()
        for future in futures[:2]:
            await settled(future)
        await front.answer(envelopes[2])

    in_a_hub(tmp_path, test)


def test_stop_waits_for_the_answers(tmp_path: Path) -> None:
    """A front that stops has the answers to all that it handed in, and hands in nothing more."""

    async def test(hub: Hub) -> None:
        front = await hub.front()
        futures = [front.writer.submit(hub.town.envelope("grocer", hub.town.issue("anna", 1))) for _ in range(20)]
        assert await asyncio.to_thread(front.writer.stop, WAIT_S)
        assert all(future.done() and future.exception() is None for future in futures)
        with pytest.raises(Refused) as caught:
            await front.answer(hub.town.envelope("grocer", hub.town.issue("anna", 1)))
        assert caught.value.reason == error_pb2.REASON_SHUTTING_DOWN

    in_a_hub(tmp_path, test)


def test_front_that_is_gone_loses_no_envelope(tmp_path: Path) -> None:
    """What a front had handed in when it vanished is committed once, and whoever sends it again through another front
    gets the outcome."""

    async def test(hub: Hub) -> None:
        gone, other = await hub.front(), await hub.front()
        envelopes = [hub.town.envelope("grocer", hub.town.issue("anna", 1)) for _ in range(50)]
        for envelope in envelopes:
            gone.writer.submit(envelope)
        gone.line.close()
        await gone.lost.wait()
        answers = await asyncio.gather(*map(other.answer, envelopes))
        sequences = [sequences_of(answer)[0] for answer in answers]
        assert sequences == list(range(sequences[0], sequences[0] + 50))

    in_a_hub(tmp_path, test)


def test_front_that_does_not_listen_costs_the_others_nothing(tmp_path: Path) -> None:
    """However much is committed meanwhile, little is kept for a front that takes no news; the others get their answers,
    and it gets its own when it listens again."""

    async def test(hub: Hub) -> None:
        frozen, other = await hub.front(), await hub.front()
        frozen.reading.pause_reading()
        waiting = frozen.writer.submit(hub.town.envelope("grocer", hub.town.issue("anna", 7)))
        await other.answer(hub.town.envelope("grocer", hub.town.issue("anna", 1)))
        sequence = hub.commits.sequence
        for number in range(1, 30_001):
            hub.commits.announce(sequence + number)
            if number % 3 == 0:
                hub.tell_soon()
                await asyncio.sleep(0)
        assert frozen.writers_end.get_write_buffer_size() < 100_000
        late = frozen.writer.submit(hub.town.envelope("grocer", hub.town.issue("anna", 8)))
        await other.answer(hub.town.envelope("grocer", hub.town.issue("anna", 1)))
        assert not waiting.done()
        frozen.reading.resume_reading()
        await settled(waiting)
        await settled(late)
        assert frozen.commits.sequence == sequence + 30_000

    in_a_hub(tmp_path, test)


def test_who_has_an_answer_finds_what_it_changed(tmp_path: Path) -> None:
    """A front knows a new party when it gives the answer to its registration, and every other front a moment later."""

    async def test(hub: Hub) -> None:
        front, other = await hub.front(), await hub.front()
        bakery = hub.town.register("bakery", network_pb2.PARTY_KIND_PARTNER)
        await front.answer(hub.town.envelope("operator", bakery))
        assert front.store.reference().parties.get("bakery") is not None
        await until(lambda: other.store.reference().parties.get("bakery") is not None)
        # Announced only once the tables are new.
        await until(lambda: other.commits.sequence == hub.commits.sequence)

    in_a_hub(tmp_path, test)


def test_front_that_cannot_give_answers_hangs_up(tmp_path: Path, logged: list[MutableMapping[str, Any]]) -> None:
    """A front that stumbles over its answers does not go on without them."""

    async def test(hub: Hub) -> None:
        front = await hub.front()
        front.writer.receive(News(1, 0, ((99, b""),)))
        async with asyncio.timeout(WAIT_S):
            await front.lost.wait()

    in_a_hub(tmp_path, test)
    assert [entry["event"] for entry in logged] == ["answers cannot be given any more"]
