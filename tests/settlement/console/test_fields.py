"""Messages as names and readable values."""

from __future__ import annotations

from coalition.keys import fingerprint
from coalition.v1.envelope_pb2 import Signature, SignedDocument
from coalition.v1.error_pb2 import REASON_INSUFFICIENT_POINTS
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_REJECTED, Allocation, Fact, Outcome
from coalition.v1.transaction_pb2 import Redeem, Transaction
from settlement.console.fields import fields_of


def test_fields_are_readable() -> None:
    """Ids as text, moments as times, enumerations as words, documents by who signed them, lists by their places."""
    consent = SignedDocument(document=b"12345", signature=Signature(public_key=bytes(32)))
    transaction = Transaction(
        transaction_id=bytes(range(16)), redeem=Redeem(holder_id="anna", points=12, consent=consent)
    )
    assert fields_of(transaction) == [
        ("transaction_id", "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("redeem.holder_id", "anna"),
        ("redeem.points", "12"),
        ("redeem.consent", f"a document of 5 bytes, signed by {fingerprint(bytes(32))}"),
    ]
    outcome = Outcome(
        sequence=7,
        committed_us=1_500_000_000_000_000,
        status=OUTCOME_STATUS_REJECTED,
        reason=REASON_INSUFFICIENT_POINTS,
        facts=[Fact(name="available", value="3")],
        allocations=[Allocation(issuer="grocer", expires_on="2025-01-31", points=3)],
    )
    assert fields_of(outcome) == [
        ("sequence", "7"),
        ("committed_us", "2017-07-14 02:40:00 UTC"),
        ("status", "rejected"),
        ("reason", "insufficient points"),
        ("facts[0].name", "available"),
        ("facts[0].value", "3"),
        ("allocations[0].issuer", "grocer"),
        ("allocations[0].expires_on", "2025-01-31"),
        ("allocations[0].points", "3"),
    ]


def test_numbers_without_a_name_stay_numbers() -> None:
    """A value of a later version of the protocol is shown as it is."""
    assert fields_of(Outcome.FromString(b"\x20\x63")) == [("status", "99")]
