"""The tree of exceptions is complete, and its texts are for people."""

from __future__ import annotations

import re

import pytest

import partner_sdk
from coalition.errors import FIRST_OUTCOME_REASON, Refused, reason_name
from coalition.v1 import error_pb2
from coalition.v1.error_pb2 import Reason
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_REJECTED, Outcome
from partner_sdk import errors
from partner_sdk._outcomes import outcome_of
from partner_sdk._refusals import REFUSALS, refusal
from partner_sdk._rejections import REJECTIONS, rejection
from partner_sdk._vocabulary import Kind
from partner_sdk.errors import (
    ConsentExpired,
    InsufficientPoints,
    KeyExists,
    OutstandingLimit,
    Refusal,
    Rejection,
    UnknownRefusal,
    UnknownRejection,
)

REASONS = [number for number in Reason.values() if number]


@pytest.mark.parametrize("number", REASONS, ids=reason_name)
def test_every_reason_has_its_class(number: Reason.ValueType) -> None:
    """The class of a reason is named after it, has a docstring, and is in `partner_sdk.errors`."""
    name = reason_name(number)
    found = (REFUSALS if number < FIRST_OUTCOME_REASON else REJECTIONS)[name]
    assert found.__name__ == "".join(word.capitalize() for word in name.split("_"))
    assert getattr(errors, found.__name__) is found
    assert issubclass(found, Refusal if number < FIRST_OUTCOME_REASON else Rejection)
    assert found.__doc__


def test_no_class_without_a_reason() -> None:
    """A reason that was taken out of the protocol leaves no class behind."""
    assert {*REFUSALS, *REJECTIONS} == {reason_name(number) for number in REASONS}


def test_the_public_list_is_complete() -> None:
    """`partner_sdk.errors` lists all its exceptions, `partner_sdk` all its names, and the tree shows the branches."""
    found = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert found == set(errors.__all__)
    assert errors.__all__ == sorted(errors.__all__)
    assert all(issubclass(getattr(errors, name), errors.CoalitionError) for name in errors.__all__)
    drawn = re.findall(r"── (\w+)", errors.__doc__ or "")
    branches = {name for name in found if not issubclass(getattr(errors, name), Refusal | Rejection)}
    assert set(drawn) == (branches - {"CoalitionError"}) | {
        "Refusal",
        "Rejection",
        "UnknownRefusal",
        "UnknownRejection",
    }


def test_the_packages_list_is_complete() -> None:
    """Every public name of the package that is no module is in `__all__`, and every name in it exists."""
    public = {
        name
        for name, value in vars(partner_sdk).items()
        if not name.startswith("_") and type(value).__name__ != "module" and name != "annotations"
    }
    assert public | {"errors"} == set(partner_sdk.__all__)


@pytest.mark.parametrize("found", list(REJECTIONS.values()), ids=lambda found: found.__name__)
def test_every_rejection_makes_a_sentence(found: type[Rejection]) -> None:
    """With the facts that a sentence names it is complete; without any there is still a text."""
    for sentence in found.sentences:
        facts = dict.fromkeys(re.findall(r"{(\w+)}", sentence), "7")
        text = str(found(facts))
        assert "{" not in text
        assert text.endswith(".")
    assert found.sentences
    assert str(found({})).endswith(".")


def test_facts_become_readable() -> None:
    """Moments and ids in facts are written as people write them; facts themselves stay as they were stated."""
    error = ConsentExpired({"expires_us": "1500000000000000", "committed_us": "1"})
    assert str(error) == "The consent expired at 2017-07-14 02:40:00+00:00. Ask the member for a new one."
    assert error.facts["expires_us"] == "1500000000000000"
    unknown = errors.HoldUnknown({"hold_id": "0" * 32})
    assert "00000000-0000-0000-0000-000000000000" in str(unknown)


def test_the_sentence_follows_from_the_facts() -> None:
    """A reason with several causes has a sentence for each."""
    assert str(KeyExists({"holder_id": "anna"})) == "anna has this key already."
    assert str(KeyExists({"holder_id": "anna", "limit": "8"})) == "anna has 8 keys already; remove one first."
    assert str(OutstandingLimit({"surprise": "1"})) == "Outstanding limit (surprise 1)."
    assert str(InsufficientPoints({})) == "Insufficient points."
    assert InsufficientPoints({"available": "x"}).available == 0


def test_reasons_of_the_future_are_not_lost() -> None:
    """A reason that this version does not know still raises, with what the hub said."""
    message = Outcome(
        transaction_id=bytes(16), sequence=1, committed_us=1, status=OUTCOME_STATUS_REJECTED, reason=9_999
    )
    outcome = outcome_of(partner_sdk.Outcome, message, Kind.ISSUE)
    assert outcome.reason == "REASON_9999"
    assert isinstance(outcome.error, UnknownRejection)
    assert str(outcome.error) == "Reason 9999."
    assert isinstance(refusal(Refused(error_pb2.REASON_UNSPECIFIED, "Something new.")), UnknownRefusal)
    assert isinstance(rejection("SOMETHING_NEW", {}), UnknownRejection)
