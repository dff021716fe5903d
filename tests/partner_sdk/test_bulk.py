"""Many transactions over one stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from partner_sdk import Client, Draft, IssueResult, Outcome, drafts
from partner_sdk.errors import FieldInvalid, InDoubt, InsufficientPoints, KeyUnknown, Unreachable
from partner_sdk.testing import LocalNetwork


def test_outcomes_come_in_order(network: LocalNetwork, grocer: Client) -> None:
    """Every draft has its outcome, in the order of the drafts, rejections among them."""
    anna = network.member()
    todo = [drafts.issue(anna.holder_id, 2) if number % 7 else drafts.redeem("nobody", 1) for number in range(100)]
    outcomes = list(grocer.submit_stream(todo, envelope_size=9))
    assert [outcome.accepted for outcome in outcomes] == [bool(number % 7) for number in range(100)]
    assert [outcome.sequence for outcome in outcomes] == sorted(outcome.sequence for outcome in outcomes)
    assert grocer.balance(anna.holder_id).available == 2 * 85


def test_drafts_are_taken_as_they_are_needed(network: LocalNetwork, grocer: Client) -> None:
    """Who stops asking for outcomes stops the stream; what was not sent is never made."""
    anna = network.member()
    made = []

    def endless() -> Iterator[Draft[IssueResult]]:
        while True:
            made.append(1)
            yield drafts.issue(anna.holder_id, 1)

    stream = grocer.submit_stream(endless(), envelope_size=10)
    assert next(stream).accepted
    stream.close()  # type: ignore[attr-defined]
    assert len(made) < 100


def test_nothing_to_send(grocer: Client) -> None:
    """No drafts give no outcomes."""
    assert list(grocer.submit_stream([])) == []
    assert grocer.submit([]) == ()


def test_wrong_input_is_found_before_sending(network: LocalNetwork, grocer: Client) -> None:
    """A draft of wrong form ends the stream with an error that names the field."""
    with pytest.raises(FieldInvalid, match="points must be"):
        list(grocer.submit_stream([drafts.issue("anna", 0)]))


def test_a_refused_envelope_is_named(network: LocalNetwork) -> None:
    """When the hub takes no envelopes of this author, the error says which transactions that concerns."""
    stranger = Client(replace(network.connection("grocer"), keys=(network.key("pharmacy"),)))
    with stranger, pytest.raises(KeyUnknown) as caught:
        list(stranger.submit_stream([drafts.issue("anna", 1) for _ in range(3)]))
    assert len(caught.value.transaction_ids) == 3


@pytest.mark.long
def test_resends_what_a_broken_stream_left_open(shaky: LocalNetwork) -> None:
    """A hub that is killed and started again in mid-stream costs nothing and doubles nothing."""
    client = shaky.client("grocer", timeout_s=30)
    anna = shaky.member()
    outcomes = []
    for outcome in client.submit_stream((drafts.issue(anna.holder_id, 1) for _ in range(400)), envelope_size=10):
        outcomes.append(outcome)
        if len(outcomes) in (50, 250):
            shaky.hub.kill()
            shaky.hub.start()
    assert [outcome.accepted for outcome in outcomes] == [True] * 400
    assert client.balance(anna.holder_id).available == 400


@pytest.mark.long
def test_says_what_is_in_doubt_when_the_hub_is_gone(shaky: LocalNetwork) -> None:
    """When the hub does not come back, the error has every envelope whose fate is open; resending settles it."""
    client = shaky.client("grocer", timeout_s=2)
    anna = shaky.member()
    outcomes: list[Outcome] = []

    def send() -> None:
        many = (drafts.issue(anna.holder_id, 1) for _ in range(400))
        for outcome in client.submit_stream(many, envelope_size=10):
            outcomes.append(outcome)
            if len(outcomes) == 100:
                shaky.hub.kill()

    with pytest.raises(InDoubt) as caught:
        send()
    open_ids = caught.value.transaction_ids
    assert 0 < len(open_ids) <= 4 * 10
    assert not {outcome.transaction_id for outcome in outcomes} & set(open_ids)
    shaky.hub.start()
    for envelope in caught.value.envelopes:
        outcomes += client.with_timeout(10).resend(envelope)
    assert (
        client.balance(anna.holder_id).available
        == len(outcomes)
        == len({outcome.transaction_id for outcome in outcomes})
    )
    shaky.hub.stop()
    with pytest.raises((Unreachable, InDoubt)):
        list(client.submit_stream([drafts.issue(anna.holder_id, 1)]))
    with Client(shaky.connection("grocer", timeout_s=1)) as fresh, pytest.raises(Unreachable, match="Nothing listens"):
        list(fresh.submit_stream([drafts.issue(anna.holder_id, 1)]))
    shaky.hub.start()


def test_insufficient_points_is_an_outcome(network: LocalNetwork, grocer: Client) -> None:
    """A rejection in a stream has the exception that a single call would have raised."""
    anna = network.member(points=5)
    (outcome,) = grocer.submit_stream([drafts.redeem(anna.holder_id, 6)])
    assert isinstance(outcome.error, InsufficientPoints)
    with pytest.raises(InsufficientPoints):
        outcome.raise_for_rejection()
