"""Forms of the kinds that move points: each rule is broken once."""

from __future__ import annotations

from typing import Any

import pytest

from coalition.form.checks import POINTS_MAX, PURCHASE_MINOR_MAX
from tests.coalition.form.alter import Case, case_name, wrong_paths


def points(name: str, path: str = "points") -> list[Case]:
    """Points are from 1 to the most that any transaction moves."""
    return [(name, {path: value}, [path]) for value in (0, -1, POINTS_MAX + 1, 2**63 - 1, -(2**63))]


def holder(name: str, path: str = "holder_id") -> list[Case]:
    """A holder id has its form."""
    return [(name, {path: value}, [path]) for value in ("", "a b", "x" * 65)]


def text(name: str, path: str, longest: int) -> list[Case]:
    """A text is short and printable."""
    return [(name, {path: value}, [path]) for value in ("x" * (longest + 1), "a\nb")]


def consent(name: str) -> list[Case]:
    """A consent names a holder, an acceptor, a limit, a nonce, a moment and a purpose."""
    return [
        *holder(name, "consent.holder_id"),
        (name, {"consent.acceptor": "Pharmacy"}, ["consent.acceptor"]),
        *points(name, "consent.points_max"),
        (name, {"consent.nonce": bytes(15)}, ["consent.nonce"]),
        (name, {"consent.expires_us": 0}, ["consent.expires_us"]),
        (name, {"consent.expires_us": 1 << 60}, ["consent.expires_us"]),
        (name, {"consent.purpose": 0}, ["consent.purpose"]),
        (name, {"consent.purpose": 99}, ["consent.purpose"]),
    ]


BROKEN: list[Case] = [
    *holder("issue"),
    *points("issue"),
    *text("issue", "reason", 40),
    *text("issue", "reference", 64),
    ("issue", {"purchase_amount_minor": -1}, ["purchase_amount_minor"]),
    ("issue", {"purchase_amount_minor": PURCHASE_MINOR_MAX + 1}, ["purchase_amount_minor"]),
    ("issue", {"available_on": "tomorrow"}, ["available_on"]),
    ("issue", {"available_on": "2023-02-29"}, ["available_on"]),
    *holder("redeem"),
    *points("redeem"),
    *text("redeem", "reference", 64),
    ("redeem", {"purchase_amount_minor": -1}, ["purchase_amount_minor"]),
    *consent("redeem"),
    *holder("donate"),
    *holder("donate", "fund_id"),
    *points("donate"),
    *text("donate", "reference", 64),
    *consent("donate"),
    ("donate", {"consent": None}, ["consent"]),
    ("donate", {"pledge_id": bytes(16)}, ["consent"]),
    ("donate", {"pledge_id": bytes(15)}, ["consent", "pledge_id"]),
    ("donate for a pledge", {"pledge_id": bytes(17)}, ["pledge_id"]),
    ("donate for a pledge", {"pledge_id": b""}, ["consent"]),
    *holder("transfer"),
    *holder("transfer", "recipient_id"),
    *points("transfer"),
    *text("transfer", "reference", 64),
    *consent("transfer"),
    ("transfer", {"recipient_id": "member-0001"}, ["recipient_id"]),
    ("transfer", {"consent": None}, ["consent"]),
    *holder("hold"),
    *points("hold"),
    *text("hold", "reference", 64),
    *consent("hold"),
    ("hold", {"consent": None}, ["consent"]),
    ("hold", {"expires_us": 0}, ["expires_us"]),
    ("hold", {"expires_us": -1}, ["expires_us"]),
    ("hold", {"expires_us": 1 << 60}, ["expires_us"]),
    ("capture", {"hold_id": b""}, ["hold_id"]),
    *points("capture"),
    *text("capture", "reference", 64),
    ("release", {"hold_id": bytes(17)}, ["hold_id"]),
    ("release", {"acceptor": ""}, ["acceptor"]),
    ("reverse", {"original_id": bytes(15)}, ["original_id"]),
    *points("reverse"),
    *text("reverse", "reference", 64),
    ("expire", {"through": ""}, ["through"]),
    ("expire", {"holder_ids": []}, ["holder_ids"]),
    ("expire", {"holder_ids": ["a", "b", "a"]}, ["holder_ids"]),
    ("expire", {"holder_ids": [str(number) for number in range(1_001)]}, ["holder_ids"]),
    ("expire", {"holder_ids": ["a", "b c", ""]}, ["holder_ids", "holder_ids"]),
]

ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("issue", {"points": 1}),
    ("issue", {"points": POINTS_MAX}),
    ("issue", {"reason": "", "reference": "", "purchase_amount_minor": 0, "available_on": ""}),
    ("issue", {"reason": "x" * 40, "reference": "ü" * 64, "holder_id": "x" * 64}),
    ("redeem", {"consent": None}),
    ("hold", {"expires_us": 1}),
    ("hold", {"expires_us": (1 << 60) - 1}),
    ("expire", {"holder_ids": ["a"]}),
    ("expire", {"holder_ids": [str(number) for number in range(1_000)]}),
]


@pytest.mark.parametrize("case", BROKEN, ids=case_name)
def test_broken_rule_is_found(case: Case) -> None:
    """Each rule that is broken is reported where it is broken, and nothing else is."""
    name, changes, paths = case
    assert wrong_paths(name, changes) == paths


@pytest.mark.parametrize(("name", "changes"), ALLOWED)
def test_limits_themselves_are_allowed(name: str, changes: dict[str, Any]) -> None:
    """The smallest, the largest, and what may be left out."""
    assert wrong_paths(name, changes) == []
