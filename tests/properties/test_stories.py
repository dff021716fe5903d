"""Whatever is sent to the ledger, in whatever company and order, it does what the rules say."""

from __future__ import annotations

import pytest

from coalition.errors import FIRST_OUTCOME_REASON, reason_name
from coalition.v1.error_pb2 import Reason
from coalition.v1.outcome_pb2 import Outcome
from network.ledger.kinds import KINDS
from tests.properties.hunt import hunt
from tests.properties.inventing import invent
from tests.properties.settings import FIRST, stories
from tests.properties.telling import told

#: Needs two parties that choose the same random id.
_NEVER = {"PLEDGE_EXISTS"}


@pytest.mark.timeout(0)
def test_the_ledger_does_what_the_rules_say() -> None:
    """Every outcome, balance and table is what a simple model predicts, and all eight rules hold after every step."""
    found = hunt(FIRST, stories(60))

    assert not found.wrong, found.report(told)


def test_the_stories_leave_nothing_out() -> None:
    """Every kind is accepted and rejected, every reason of the state is given, and many of the envelope's too."""
    accepted: set[str] = set()
    rejected: set[str] = set()
    reasons: set[str] = set()
    refusals: set[str] = set()

    for seed in range(80):
        telling = invent(seed).telling
        refusals |= telling.refusals
        for kind, outcome in telling.decided:
            (rejected if outcome.reason else accepted).add(kind)
            reasons.add(reason_name(outcome.reason))

    assert set(KINDS) == accepted
    assert set(KINDS) == rejected
    of_the_state = {reason_name(value) for value in Reason.values() if value >= FIRST_OUTCOME_REASON}
    assert of_the_state - _NEVER <= reasons
    assert refusals == {
        "WRONG_NETWORK",
        "AUTHOR_UNKNOWN",
        "KEY_UNKNOWN",
        "KEY_REVOKED",
        "PARTY_SUSPENDED",
        "KIND_NOT_ALLOWED",
        "SIGNATURES_TOO_FEW",
        "ID_CONFLICT",
        "ENVELOPE_EXPIRED",
        "LIFETIME_TOO_LONG",
    }


def test_the_same_seed_tells_the_same_story() -> None:
    """A story that went wrong can be told again from its seed alone."""
    once, again = invent(FIRST), invent(FIRST)

    assert once.telling.root == again.telling.root
    assert [posted.raw for batch in once.story for envelope in batch.envelopes for posted in envelope.transactions] == [
        posted.raw for batch in again.story for envelope in batch.envelopes for posted in envelope.transactions
    ]
    assert {Outcome.FromString(entry.outcome).sequence for entry in once.telling.entries} == set(
        range(1, once.telling.state.head.sequence + 1)
    )
