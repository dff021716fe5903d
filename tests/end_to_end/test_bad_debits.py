"""Debits that the ledger rejects: each for its own reason, recorded for ever, and nobody's points have moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import reason_name
from coalition.ids import new_nonce
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import (
    CONSENT_PURPOSE_DONATE,
    CONSENT_PURPOSE_REDEEM,
    CONSENT_PURPOSE_TRANSFER,
    Consent,
)
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_REJECTED, Outcome
from partner_sdk.testing import LocalNetwork
from tests.end_to_end.outsider import HOUR_US, Outsider

#: What the network's policy allows in one transaction.
TRANSACTION_MAX: Final = 1_000_000

Make = Callable[[Outsider], bytes]


def consent(outsider: Outsider, signer: str = "anna", **differently: Any) -> SignedDocument:
    """Anna's consent to 50 points at the grocer, but for what is different."""
    fields: dict[str, Any] = {
        "network_id": outsider.network.network_id,
        "holder_id": "anna",
        "acceptor": "grocer",
        "purpose": CONSENT_PURPOSE_REDEEM,
        "points_max": 50,
        "nonce": new_nonce(),
        "expires_us": outsider.now_us + HOUR_US,
    }
    return sign_document(dsse.CONSENT, Consent(**(fields | differently)), outsider.key(signer))


def redeem(
    points: int = 10, *, holder_id: str = "anna", consenter: str = "anna", signer: str = "", **differently: Any
) -> Make:
    """A redemption at the grocer with such a consent."""

    def make(outsider: Outsider) -> bytes:
        signed = consent(outsider, signer or consenter, holder_id=consenter, **differently)
        return outsider.transaction(redeem=pb.Redeem(holder_id=holder_id, points=points, consent=signed))

    return make


def expired(outsider: Outsider) -> bytes:
    return redeem(expires_us=outsider.now_us)(outsider)


def without_consent(outsider: Outsider) -> bytes:
    return outsider.transaction(redeem=pb.Redeem(holder_id="anna", points=10))


def hold(outsider: Outsider) -> bytes:
    body = pb.Hold(
        holder_id="anna", points=60, expires_us=outsider.now_us + HOUR_US, consent=consent(outsider, points_max=59)
    )
    return outsider.transaction(hold=body)


def donate(fund_id: str) -> Make:
    """A donation to a fund, with a consent for the school's."""

    def make(outsider: Outsider) -> bytes:
        signed = consent(outsider, purpose=CONSENT_PURPOSE_DONATE, recipient_id="school-fund")
        return outsider.transaction(donate=pb.Donate(holder_id="anna", fund_id=fund_id, points=5, consent=signed))

    return make


def take_from_fund(outsider: Outsider) -> bytes:
    """The fund's points, with a consent that the grocer has signed itself."""
    signed = consent(outsider, "grocer", holder_id="school-fund")
    return outsider.transaction(redeem=pb.Redeem(holder_id="school-fund", points=5, consent=signed))


def transfer_to_fund(outsider: Outsider) -> bytes:
    signed = consent(outsider, purpose=CONSENT_PURPOSE_TRANSFER, recipient_id="school-fund")
    body = pb.Transfer(holder_id="anna", recipient_id="school-fund", points=5, consent=signed)
    return outsider.transaction(transfer=body)


REJECTED: dict[str, tuple[Make, str, dict[str, str]]] = {
    "for another acceptor": (
        redeem(acceptor="pharmacy"),
        "CONSENT_MISMATCH",
        {"field": "acceptor", "consent": "pharmacy", "transaction": "grocer"},
    ),
    "of another holder": (redeem(holder_id="ben"), "CONSENT_MISMATCH", {"field": "holder_id"}),
    "of another network": (
        redeem(network_id="elsewhere"),
        "CONSENT_MISMATCH",
        {"field": "network_id", "consent": "elsewhere"},
    ),
    "for another purpose": (redeem(purpose=CONSENT_PURPOSE_DONATE), "CONSENT_MISMATCH", {"field": "purpose"}),
    "for another fund": (
        donate("shelter-fund"),
        "CONSENT_MISMATCH",
        {"field": "recipient_id", "consent": "school-fund", "transaction": "shelter-fund"},
    ),
    "too small": (redeem(51), "CONSENT_TOO_SMALL", {"consent": "50", "asked": "51"}),
    "too small for a hold": (hold, "CONSENT_TOO_SMALL", {"consent": "59", "asked": "60"}),
    "expired": (expired, "CONSENT_EXPIRED", {}),
    "signed by a stranger": (redeem(signer="mallory"), "CONSENT_KEY_UNKNOWN", {"holder_id": "anna"}),
    "signed by the acceptor": (redeem(signer="grocer"), "CONSENT_KEY_UNKNOWN", {"holder_id": "anna"}),
    "signed for a fund by a stranger": (take_from_fund, "CONSENT_KEY_UNKNOWN", {"holder_id": "school-fund"}),
    "none": (without_consent, "CONSENT_REQUIRED", {"asked": "10", "limit": "0"}),
    "more than there is": (redeem(5_000, points_max=5_000), "INSUFFICIENT_POINTS", {"asked": "5000"}),
    "more than policy allows": (
        redeem(TRANSACTION_MAX + 1, points_max=TRANSACTION_MAX + 1),
        "TRANSACTION_LIMIT",
        {"points": str(TRANSACTION_MAX + 1), "limit": str(TRANSACTION_MAX)},
    ),
    "an issue beyond policy": (lambda o: o.issue(TRANSACTION_MAX + 1), "TRANSACTION_LIMIT", {}),
    "of nobody": (redeem(holder_id="nobody", consenter="nobody"), "HOLDER_UNKNOWN", {"holder_id": "nobody"}),
    "a fund cannot receive transfers": (transfer_to_fund, "HOLDER_KIND_WRONG", {"holder_id": "school-fund"}),
}


def check_rejected(outcome: Outcome, reason: str, facts: dict[str, str]) -> None:
    assert (outcome.status, reason_name(outcome.reason)) == (OUTCOME_STATUS_REJECTED, reason)
    found = {fact.name: fact.value for fact in outcome.facts}
    assert facts.items() <= found.items()


@pytest.fixture(scope="module", autouse=True)
def _ben(network: LocalNetwork) -> None:
    network.member("ben", points=100)


@pytest.mark.parametrize("what", REJECTED)
def test_bad_debit_is_rejected_and_nothing_moves(outsider: Outsider, network: LocalNetwork, what: str) -> None:
    """The outcome has the reason and the figures; the journal has one entry more, and every total is as it was."""
    make, reason, facts = REJECTED[what]
    client = network.client("grocer")
    before, (_, totals) = client.balance("anna"), outsider.books()
    (outcome,) = outsider.outcomes("grocer", make(outsider))
    check_rejected(outcome, reason, facts)
    after, (_, totals_after) = client.balance("anna"), outsider.books()
    assert after.sequence == before.sequence + 1
    assert (after.balance, after.lots, totals_after) == (before.balance, before.lots, totals)


def test_consent_is_used_once(outsider: Outsider, network: LocalNetwork) -> None:
    """Replayed under another id, in the same envelope or later, it is worth nothing, and the first use is named."""
    signed = consent(outsider)
    uses = [
        outsider.transaction(redeem=pb.Redeem(holder_id="anna", points=points, consent=signed)) for points in (3, 2, 1)
    ]
    first, second = outsider.outcomes("grocer", *uses[:2])
    (third,) = outsider.outcomes("grocer", uses[2])
    for outcome in (second, third):
        check_rejected(outcome, "CONSENT_USED", {"sequence": str(first.sequence)})
    assert network.client("grocer").balance("anna").balance.available == first.balance.available_points


@pytest.mark.parametrize(("atomic", "left"), [(False, 5), (True, 95)])
def test_limits_are_counted_inside_an_envelope(
    outsider: Outsider, network: LocalNetwork, atomic: bool, left: int
) -> None:
    """Ten redemptions in one envelope face what those before them left; if it is all-or-nothing, none happens."""
    holder_id = f"carl-{atomic}"
    network.member(holder_id, points=95)
    ten = [redeem(holder_id=holder_id, consenter=holder_id)(outsider) for _ in range(10)]
    *nine, last = outsider.outcomes("grocer", *ten, atomic=atomic)
    check_rejected(last, "INSUFFICIENT_POINTS", {"available": "5", "asked": "10"})
    for outcome in nine:
        assert (reason_name(outcome.reason) == "ENVELOPE_ABORTED") == atomic
    assert network.client("grocer").balance(holder_id).balance.available == left
