"""Reasons: each has a status, and each is explained."""

from __future__ import annotations

import re
from pathlib import Path

import grpc
import pytest

from coalition import errors
from coalition.errors import FIRST_OUTCOME_REASON, Refused, reason_from_name, reason_name, status_code
from coalition.v1 import error_pb2
from coalition.v1.error_pb2 import Reason

DOCUMENT = Path(__file__).parents[2] / "docs" / "errors.md"
REASONS = [reason for reason in Reason.values() if reason != error_pb2.REASON_UNSPECIFIED]

#: Name, status and last column of each row of the tables in docs/errors.md.
ROWS = [
    (name, status, again)
    for name, status, again in re.findall(
        r"^\| `([A-Z_]+)` \| (?:`([A-Z_]+)` \| )?[^|]+ \| [^|]+ \| ([^|]+) \|$", DOCUMENT.read_text(), re.MULTILINE
    )
]


def test_every_refusal_has_its_own_status() -> None:
    """No reason of a call falls back to a status that nobody chose."""
    refusals = [reason for reason in REASONS if reason < FIRST_OUTCOME_REASON]
    assert sorted(errors._STATUS) == sorted(refusals)
    assert grpc.StatusCode.OK not in {status_code(reason) for reason in Reason.values()}


def test_outcomes_are_failed_preconditions() -> None:
    """Where a call reports what the ledger decided, and for reasons of a later version, the status is this one."""
    for reason in [error_pb2.REASON_UNSPECIFIED, *(item for item in REASONS if item >= FIRST_OUTCOME_REASON)]:
        assert status_code(reason) is grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize("reason", REASONS, ids=reason_name)
def test_name_comes_back(reason: Reason.ValueType) -> None:
    """A reason's name on the wire has no prefix and gives the reason again."""
    assert not reason_name(reason).startswith("REASON_")
    assert reason_from_name(reason_name(reason)) == reason


@pytest.mark.parametrize("name", ["", "NO_SUCH_REASON", "REASON_MALFORMED", "malformed"])
def test_name_that_nobody_knows(name: str) -> None:
    """A reason of a later version is unspecified, not an error."""
    assert reason_from_name(name) == error_pb2.REASON_UNSPECIFIED


def test_every_reason_is_explained() -> None:
    """docs/errors.md has each reason once, in the order of the numbers, and no other."""
    assert [name for name, _, _ in ROWS] == [reason_name(reason) for reason in sorted(REASONS)]


def test_explained_statuses_are_true() -> None:
    """The status that docs/errors.md gives a refusal is the one that is sent; outcomes have none."""
    expected = {
        reason_name(reason): status_code(reason).name if reason < FIRST_OUTCOME_REASON else "" for reason in REASONS
    }
    assert {name: status for name, status, _ in ROWS} == expected


def test_every_reason_says_whether_to_send_again() -> None:
    """There are few answers, each reason has one of them, and an outcome is final."""
    again = {name: answer for name, _, answer in ROWS}
    outcomes = {again[reason_name(reason)] for reason in REASONS if reason >= FIRST_OUTCOME_REASON}
    assert set(again.values()) == {"yes", "corrected", "new id", "no"}
    assert outcomes == {"new id", "no"}


def test_refusal_is_an_exception_with_a_sentence() -> None:
    """What is shown is the sentence; facts are a copy."""
    facts = {"a": "1"}
    refused = Refused(error_pb2.REASON_MALFORMED, "It is malformed.", facts)
    facts["a"] = "2"
    assert (str(refused), refused.facts, refused.violations) == ("It is malformed.", {"a": "1"}, ())
