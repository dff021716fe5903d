"""A story that goes wrong is told in as few transactions as it needs."""

from __future__ import annotations

from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from tests.properties.inventing import invent
from tests.properties.shortening import in_words, shorten
from tests.properties.story.envelope import Story
from tests.properties.telling import tell


def _holds_something(story: Story) -> str:
    """Pretends that setting points aside is wrong."""
    told = tell(story)
    for entry in told.entries:
        if entry.holder_id and Outcome.FromString(entry.outcome).balance.held_points:
            return f"Held: something at {entry.sequence}"
    return ""


def test_a_story_is_shortened_to_its_point() -> None:
    """Of a story of hundreds of transactions there stays the hold, and what it could not do without."""
    found = next(invented for seed in range(20) if _holds_something((invented := invent(seed)).story))

    short = shorten(found.story, _holds_something, seconds=60)

    assert sum(len(envelope.transactions) for batch in short for envelope in batch.envelopes) <= 15
    assert {entry.kind for entry in tell(short).entries if _accepted(entry.outcome)} >= {2, 6}
    assert "hold {" in in_words(short)


def _accepted(outcome: bytes) -> bool:
    return Outcome.FromString(outcome).status == OUTCOME_STATUS_ACCEPTED
