"""What all forms have in common."""

from __future__ import annotations

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import FieldViolation, Refused, reason_name
from coalition.form import FORMS, POINTS_MAX, check_form, checks
from coalition.form.checks import Form
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.transaction_pb2 import Issue, Transaction
from tests.coalition.form.alter import altered, refusal, wrong_paths
from vectors.cast import KEYS, identifier
from vectors.transactions import TRANSACTIONS

SIGNED_FIELDS = [
    (name, field.name)
    for name, transaction in TRANSACTIONS.items()
    for field, value in getattr(transaction, transaction.WhichOneof("kind") or "").ListFields()
    if isinstance(value, SignedDocument)
]


def test_every_kind_has_a_form() -> None:
    """A transaction of any kind can be checked, and no form is for a kind that does not exist."""
    assert list(FORMS) == [field.name for field in Transaction.DESCRIPTOR.oneofs_by_name["kind"].fields]


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_well_formed_transaction_passes(name: str) -> None:
    """The transactions of the vectors break no rule."""
    assert wrong_paths(name, {}) == []


@pytest.mark.parametrize("kind", FORMS)
def test_empty_transaction_of_every_kind_is_refused(kind: str) -> None:
    """A kind without any field is never well-formed, and never fails otherwise."""
    transaction = Transaction(transaction_id=identifier(1))
    getattr(transaction, kind).SetInParent()
    refused = refusal(transaction)
    assert refused is not None
    assert reason_name(refused.reason) in ("FIELD_INVALID", "SIGNATURE_INVALID")


@pytest.mark.parametrize("transaction_id", [b"", bytes(16), identifier(1)[:-1], identifier(1) + b"\x00"])
def test_transaction_id_is_a_uuid(transaction_id: bytes) -> None:
    """Other bytes are no transaction id."""
    refused = refusal(Transaction(transaction_id=transaction_id, issue=TRANSACTIONS["issue"].issue))
    assert refused is not None
    assert [violation.field for violation in refused.violations] == ["t.transaction_id"]


def test_all_violations_are_reported_together() -> None:
    """One refusal names everything that is wrong, inside signed documents too, in the order of the fields."""
    changes = {"holder_id": "", "points": 0, "reference": "x" * 65, "consent.points_max": -1, "consent.nonce": b""}
    transaction = altered("redeem", changes)
    transaction.transaction_id = b"short"
    refused = refusal(transaction)
    assert refused is not None
    assert [violation.field for violation in refused.violations] == [
        "t.transaction_id",
        "t.redeem.holder_id",
        "t.redeem.points",
        "t.redeem.reference",
        "t.redeem.consent.points_max",
        "t.redeem.consent.nonce",
    ]
    assert refused.message.count("; ") == 5
    assert f"t.redeem.points must be from 1 to {POINTS_MAX}, not 0" in refused.message


def test_kind_that_is_missing_is_named_with_the_rest() -> None:
    """A transaction of no kind is refused like any other."""
    refused = refusal(Transaction())
    assert refused is not None
    assert [violation.field for violation in refused.violations] == ["t.transaction_id", "t.kind"]


@pytest.mark.parametrize(("name", "field"), SIGNED_FIELDS)
def test_document_that_was_altered_is_refused_at_once(name: str, field: str) -> None:
    """Nothing is said about the contents of a document that its key did not sign."""
    transaction = altered(name, {})
    kind = transaction.WhichOneof("kind") or ""
    signed: SignedDocument = getattr(getattr(transaction, kind), field)
    for broken, reason in (
        (SignedDocument(document=signed.document, signature=KEYS["stranger"].sign(dsse.RECEIPT, signed.document)), 9),
        (SignedDocument(document=signed.document + b"\x00", signature=signed.signature), 9),
        (SignedDocument(), 9),
    ):
        signed.CopyFrom(broken)
        refused = refusal(transaction)
        assert refused is not None
        assert (refused.reason, refused.facts) == (reason, {"field": f"t.{kind}.{field}"})


@pytest.mark.parametrize(("tail", "reason"), [(b"\xff", "MALFORMED"), (b"\xc0\x3e\x01", "UNKNOWN_FIELD")])
def test_document_that_is_no_message_is_refused_at_once(tail: bytes, reason: str) -> None:
    """A signature does not help bytes that are not a canonical document."""
    data = TRANSACTIONS["redeem"].redeem.consent.document + tail
    signed = SignedDocument(document=data, signature=KEYS["member"].sign(dsse.CONSENT, data))
    refused = refusal(altered("redeem", {"consent": signed}))
    assert refused is not None
    assert (reason_name(refused.reason), refused.facts) == (reason, {"field": "t.redeem.consent"})


@pytest.mark.parametrize(
    "mark",
    [
        "\x00",
        "\t",
        "\n",
        "\r",
        "\x1b",
        "\x7f",
        "\x85",
        "\xa0",
        "\xad",
        "\u200b",
        "\u200e",
        "\u2028",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\ufff9",
    ],
)
def test_marks_that_nobody_sees(mark: str) -> None:
    """Control characters, separators of lines, and invisible or direction-turning marks are refused."""
    assert wrong_paths("issue", {"reference": f"a{mark}b"}) == ["reference"]


@pytest.mark.parametrize(
    "text", ["", " ", "R-1 / 2 (3)", "Grüner Laden", "学校の屋根", "кот", "🎁", "e\u0301", "\U00020000"]
)
def test_writing_of_people(text: str) -> None:
    """Any script may be written, whatever version of Unicode a library knows."""
    assert wrong_paths("issue", {"reference": text}) == []


def test_length_is_counted_in_characters() -> None:
    """A character outside the first plane counts once."""
    assert wrong_paths("issue", {"reference": "🎁" * 64}) == []
    assert wrong_paths("issue", {"reference": "🎁" * 65}) == ["reference"]


def test_amounts_fit_into_64_bits() -> None:
    """What one transaction is worth, and what is ever outstanding, can be counted anywhere."""
    assert (POINTS_MAX, checks.RATE_MICROS_MAX) == (10**9, 10**8)
    assert (checks.OUTSTANDING_MAX, checks.MICROS_MAX) == (10**15, 10**15)
    assert POINTS_MAX * checks.RATE_MICROS_MAX < 2**63


def test_form_without_violations_passes() -> None:
    """Nothing is raised unless something is wrong."""
    form = Form("x")
    form.require(True, "y", "must hold")
    form.finish()
    form.below("y").require(False, "z", "must hold")
    with pytest.raises(Refused) as caught:
        form.finish()
    assert caught.value.violations == (FieldViolation("x.y.z", "must hold"),)


def test_check_raises_for_the_place_that_it_is_told() -> None:
    """The path begins with what the caller says."""
    with pytest.raises(Refused, match=r"transactions\[7\]\.issue\.points"):
        check_form(Transaction(transaction_id=identifier(1), issue=Issue(holder_id="a")), "transactions[7]")


def test_document_of_a_transaction_is_checked_as_its_own_type() -> None:
    """A pledge is no consent, though the same member signed it."""
    offer = TRANSACTIONS["pledge"].pledge.offer
    signed = sign_document(dsse.PLEDGE, TRANSACTIONS["issue"].issue, KEYS["member"])
    for wrong in (offer, signed):
        refused = refusal(altered("redeem", {"consent": wrong}))
        assert refused is not None
        assert reason_name(refused.reason) == "SIGNATURE_INVALID"
