"""Makes a story that goes wrong as short as it can be: whatever can be left out is left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from google.protobuf.json_format import MessageToDict

from coalition.v1 import consent_pb2, network_pb2
from tests.properties.story.envelope import Batch, Envelope, Posted, Story

T = TypeVar("T")
#: Tells a story; answers what goes wrong, empty when nothing does.
Tell = Callable[[Story], str]

#: What a SignedDocument carries, by the field that carries it.
_DOCUMENTS = {
    "consent": consent_pb2.Consent,
    "offer": consent_pb2.PledgeOffer,
    "order": consent_pb2.HolderOrder,
    "application": network_pb2.PartyApplication,
    "operator": network_pb2.PartyApplication,
    "hub": network_pb2.PartyApplication,
    "change": network_pb2.PartyKeyChange,
    "terms": network_pb2.Terms,
    "campaign": network_pb2.CampaignOffer,
}


def shorten(story: Story, tell: Tell, seconds: float = 20) -> Story:
    """The shortest story found, within a time, that still goes wrong in the same way."""
    until = time.monotonic() + seconds
    wanted = _symptom(tell(story))

    def fails(candidate: Story) -> bool:
        return time.monotonic() < until and _symptom(tell(candidate)) == wanted

    size = -1
    while size != _size(story):
        size = _size(story)
        story = tuple(_fewer(story, lambda batches: fails(tuple(batches))))
        for number in range(len(story)):
            story = _fewer_envelopes(story, number, fails)
    return story


def _symptom(wrong: str) -> str:
    """What kind of mistake it is, without its figures."""
    return wrong.split(":")[0] + ":" + wrong.partition(":")[2].split(" at ")[0].split(",")[0].split("{")[0][:60]


def _size(story: Story) -> int:
    return sum(len(envelope.transactions) for batch in story for envelope in batch.envelopes)


def _fewer(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """Leave out long runs first, then shorter ones, then single items."""
    length = max(1, len(items) // 2)
    while length:
        start = len(items)
        while start > 0:
            start = max(0, start - length)
            without = [*items[:start], *items[start + length :]]
            if len(without) < len(items) and fails(without):
                items = without
        length //= 2
    return items


def _fewer_envelopes(story: Story, number: int, fails: Callable[[Story], bool]) -> Story:
    """Leave out envelopes of a batch, and transactions of the envelopes that stay."""
    batch = story[number]

    def with_envelopes(envelopes: Sequence[Envelope]) -> Story:
        return (*story[:number], replace(batch, envelopes=tuple(envelopes)), *story[number + 1 :])

    envelopes: Sequence[Envelope] = batch.envelopes
    envelopes = _fewer(envelopes, lambda fewer: bool(fewer) and fails(with_envelopes(fewer)))
    for index in range(len(envelopes)):
        envelopes = _fewer_transactions(envelopes, index, lambda changed: fails(with_envelopes(changed)))
    return with_envelopes(envelopes)


def _fewer_transactions(
    envelopes: Sequence[Envelope], index: int, fails: Callable[[Sequence[Envelope]], bool]
) -> Sequence[Envelope]:
    def with_transactions(posted: Sequence[Posted]) -> Sequence[Envelope]:
        changed = replace(envelopes[index], transactions=tuple(posted))
        return [*envelopes[:index], changed, *envelopes[index + 1 :]]

    posted = envelopes[index].transactions
    return with_transactions(_fewer(posted, lambda fewer: bool(fewer) and fails(with_transactions(fewer))))


def in_words(story: Story) -> str:
    """A story to be read."""
    return "\n".join(line for batch in story for line in _batch_in_words(batch))


def _batch_in_words(batch: Batch) -> Iterator[str]:
    yield f"at {datetime.fromtimestamp(batch.now_us / 1_000_000, UTC).isoformat()} ({batch.now_us})"
    for envelope in batch.envelopes:
        yield (
            f"  {envelope.author}, {len(envelope.keys)} keys{', atomic' if envelope.atomic else ''}, "
            f"expires {envelope.expires_us - batch.now_us:+} us"
        )
        for posted in envelope.transactions:
            body = MessageToDict(getattr(posted.message, posted.kind), preserving_proto_field_name=True)
            for field, kind in _DOCUMENTS.items():
                if isinstance(body.get(field), dict) and "document" in body[field]:
                    inside = kind.FromString(getattr(getattr(posted.message, posted.kind), field).document)
                    body[field] = MessageToDict(inside, preserving_proto_field_name=True)
            yield f"    {posted.message.transaction_id.hex()[-8:]} {posted.kind} {body}"
