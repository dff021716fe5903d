"""Tells a new story, from a seed."""

from __future__ import annotations

from dataclasses import dataclass

from network.ledger.engine import process
from tests.properties.story.beginning import beginning
from tests.properties.story.envelope import Batch, Envelope, Story
from tests.properties.story.teller import Teller
from tests.properties.telling import Process, Telling

#: Batches in a story, after its beginning.
LENGTH = 40


@dataclass(frozen=True)
class Invented:
    """A story as far as it was told, and what went wrong; empty when nothing did."""

    story: Story
    wrong: str
    telling: Telling


def invent(seed: int, act: Process = process, length: int = LENGTH) -> Invented:
    """The story of a seed, told to a ledger while it is made up. It ends where something goes wrong."""
    teller, telling = Teller(seed), Telling(act)
    story: list[Batch] = []
    try:
        for batch in beginning(teller):
            teller.books = telling.books
            story.append(batch)
            for envelope in batch.envelopes:
                telling.hear(envelope, batch.now_us)
            telling.end_batch()
            teller.books = telling.books
        for _ in range(length):
            teller.pass_time()
            envelopes: list[Envelope] = []
            for _ in range(teller.one_of((1, 1, 2, 3))):
                teller.books = telling.books
                envelopes.append(teller.envelope())
                # Noted before it is told, so that a story that fails has its last word.
                story[len(story) - (len(envelopes) > 1) :] = [Batch(teller.now_us, tuple(envelopes))]
                telling.hear(envelopes[-1], teller.now_us)
            telling.end_batch()
        telling.finish()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        return Invented(tuple(story), f"{type(error).__name__}: {error}", telling)
    return Invented(tuple(story), "", telling)
