"""What the journal keeps of an envelope is opened as strictly as what was sent."""

from __future__ import annotations

import pytest

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused, reason_name
from coalition.keys import SigningKey
from coalition.merkle import leaf_hash
from coalition.v1.envelope_pb2 import SignedEnvelope
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope, ReplayedTransaction
from coalition.wire import encode
from network.reopening.envelopes import Kept, Reopened, finding, reopen, take_over
from tests.network.reopening.envelopes import kept
from tests.network.town import Town, key_of


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def sent(town: Town) -> OpenedEnvelope:
    """An envelope with a consent in it."""
    return town.envelope("grocer", town.issue("anna", 5), town.redeem("anna", "grocer", 3), town.issue("bert", 1))


def refusal(envelope: Kept) -> str:
    with pytest.raises(Refused) as caught:
        reopen(envelope, {})
    return reason_name(caught.value.reason)


def test_what_was_sent_comes_out(sent: OpenedEnvelope) -> None:
    """The envelope as admission opened it, and when its first entry was committed."""
    assert reopen(kept(sent, 7), {}) == Reopened(sent, 7)


def test_what_somebody_found_can_be_taken_over(sent: OpenedEnvelope) -> None:
    """It leads to the same as opening the envelope oneself."""
    envelope = kept(sent, 7)
    assert take_over(envelope, finding(reopen(envelope, {}))) == reopen(envelope, {})


def test_what_was_sent_before_is_put_back(sent: OpenedEnvelope) -> None:
    """Transactions that an envelope only repeated are found by their hash; without them it cannot be opened."""
    raw = sent.transactions[1].raw
    envelope = kept(sent, 7, [ReplayedTransaction(envelope_index=1, leaf_hash=leaf_hash(raw))])
    assert len(envelope.bodies) == 2
    assert reopen(envelope, {("grocer", leaf_hash(raw)): raw}) == Reopened(sent, 7)
    assert refusal(envelope) == "MALFORMED"


def test_signature_of_the_author_is_checked(sent: OpenedEnvelope) -> None:
    """One over anything else does not count."""
    signature = sent.signatures[0].__class__(
        public_key=sent.signatures[0].public_key, signature=key_of("grocer").sign_raw(b"anything")
    )
    assert refusal(kept(sent)._replace(signatures=encode(JournalEnvelope(signatures=[signature])))) == (
        "SIGNATURE_INVALID"
    )


def test_signature_of_a_consent_is_checked(town: Town) -> None:
    """Even where the author has signed the envelope that carries it."""
    assert refusal(kept_with_forged_consent(town)) == "SIGNATURE_INVALID"


def test_transactions_are_those_that_were_signed(town: Town, sent: OpenedEnvelope) -> None:
    """Another transaction in the place of one of them is told by the root."""
    envelope = kept(sent)
    entry = JournalEntry.FromString(envelope.bodies[0])
    entry.transaction = encode(town.issue("anna", 6))
    changed = envelope._replace(bodies=(encode(entry), *envelope.bodies[1:]))
    assert refusal(changed) == "TRANSACTIONS_ROOT_MISMATCH"
    assert refusal(envelope._replace(bodies=envelope.bodies[1:])) == "MALFORMED"


def kept_with_forged_consent(town: Town) -> Kept:
    """An envelope whose author has signed for a consent that no holder gave."""
    redeem = town.redeem("anna", "grocer", 3)
    redeem.redeem.consent.signature.signature = SigningKey.generate().sign_raw(b"anything")
    sealed = SignedEnvelope.FromString(town.data("grocer", redeem))
    entry = JournalEntry(window=1, author="grocer", transaction=sealed.transactions[0], outcome=b"")
    signatures = encode(JournalEnvelope(signatures=sealed.signatures))
    return Kept(1, sealed.header, signatures, b"", (encode(entry),))
