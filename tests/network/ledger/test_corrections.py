"""Windows and corrections."""

from __future__ import annotations

import pytest

from coalition.v1 import transaction_pb2 as pb
from tests.network.ledger.desk import TWO, Desk, facts, parts
from tests.network.town import CHARITY, key_of


def close(desk: Desk, window: int) -> pb.Transaction:
    return desk.transaction(close_window=pb.CloseWindow(window=window))


def windows(desk: Desk, author: str, *transactions: pb.Transaction, **header: bool) -> list[int]:
    return [entry.window for entry in desk.process(desk.envelope(author, *transactions, **header)).entries]


def test_a_closing_is_the_last_entry_of_its_window(desk: Desk) -> None:
    """What comes after it belongs to the next one, in the same envelope too."""
    assert windows(desk, "operator", close(desk, 1), close(desk, 2), close(desk, 3)) == [1, 2, 3]
    assert windows(desk, "grocer", desk.issue("anna", 1)) == [4]


@pytest.mark.parametrize("window", [2, 7])
def test_only_the_open_window_closes(desk: Desk, window: int) -> None:
    """Neither one that is to come nor, later, one that is closed."""
    assert facts(desk.say("operator", close(desk, window))[0]) == {"window": str(window), "open": "1"}
    desk.ok("operator", close(desk, 1))
    assert desk.why("operator", close(desk, 1)) == "WINDOW_NOT_OPEN"
    assert windows(desk, "grocer", desk.issue("anna", 1)) == [2]


def test_an_aborted_closing_leaves_the_window_open(desk: Desk) -> None:
    """With an envelope that fails as a whole, the window stays as it was, for its own entries too."""
    assert windows(desk, "operator", close(desk, 1), close(desk, 1), atomic=True) == [1, 1]
    assert desk.state.head.window == 1


def test_a_correction_needs_two_people(desk: Desk) -> None:
    """Two different keys of the operator sign the envelope, or it is refused."""
    assert desk.refused("operator", desk.adjust("anna", "grocer", 5)) == "SIGNATURES_TOO_FEW"
    assert desk.refused("grocer", desk.adjust("anna", "grocer", 5)) == "KIND_NOT_ALLOWED"
    given = desk.ok("operator", desk.adjust("anna", "grocer", 5), keys=TWO)
    assert parts(given) == [("grocer", "2024-02-29", 5)]


def test_a_correction_takes_from_the_named_issuer_only(desk: Desk) -> None:
    """As far as there are lots of it; others are not touched."""
    desk.ok("grocer", desk.issue("anna", 5))
    desk.ok("butcher", desk.issue("anna", 50))

    rejected = desk.say("operator", desk.adjust("anna", "grocer", -6), keys=TWO)[0]
    assert facts(rejected) == {"holder_id": "anna", "available": "5", "asked": "6"}
    assert parts(desk.ok("operator", desk.adjust("anna", "grocer", -5), keys=TWO)) == [("grocer", "2024-02-29", 5)]
    assert desk.balance("anna") == (50, 0)


def test_a_correction_shows_every_lot_once(desk: Desk) -> None:
    """Points whose first day has come are one lot with those that were there before."""
    desk.ok("grocer", desk.issue("anna", 5), desk.issue("anna", 7, available_on="2024-01-15"))
    desk.at("2024-01-15 00:00")

    assert parts(desk.ok("operator", desk.adjust("anna", "grocer", -9), keys=TWO)) == [("grocer", "2024-02-29", 9)]


@pytest.mark.parametrize("issuer", ["hub", "operator", "stranger"])
def test_only_a_business_issues(desk: Desk, issuer: str) -> None:
    """A correction does not make the operator or a stranger an issuer."""
    assert desk.why("operator", desk.adjust("anna", issuer, 5), keys=TWO) == "PARTY_UNKNOWN"


def test_an_obligation_is_between_parties(desk: Desk) -> None:
    """Both are registered; no points move."""

    def owed(debtor: str, creditor: str) -> pb.Transaction:
        correction = pb.ObligationCorrection(debtor=debtor, creditor=creditor, amount_micros=5)
        return desk.transaction(adjust=pb.Adjust(reason="counted wrong", obligation=correction))

    assert desk.why("operator", owed("stranger", "grocer"), keys=TWO) == "PARTY_UNKNOWN"
    assert desk.why("operator", owed("grocer", "stranger"), keys=TWO) == "PARTY_UNKNOWN"
    before = desk.snapshot()
    assert desk.why("operator", owed("grocer", CHARITY), keys=TWO) == "accepted"
    assert desk.snapshot() == before


def test_a_sweep_names_what_it_swept(desk: Desk) -> None:
    """The sums by issuer and expiry, over all holders; each holder keeps what is not due."""
    desk.ok("grocer", desk.issue("anna", 5), desk.issue("bert", 7))
    desk.ok("butcher", desk.issue("bert", 11))
    desk.at("2024-02-10 12:00")
    desk.ok("grocer", desk.issue("anna", 13))
    desk.at("2024-03-01 00:00")

    swept = desk.ok("hub", desk.expire("2024-02-29", "bert", "anna"))
    assert parts(swept) == [("butcher", "2024-02-29", 11), ("grocer", "2024-02-29", 12)]
    assert (desk.balance("anna"), desk.balance("bert")) == ((13, 0), (0, 0))
    assert not swept.HasField("balance")


def test_a_sweep_of_nothing_is_not_due(desk: Desk) -> None:
    """Nor is one of a day that is not over, or of holders that are not there."""
    assert desk.why("hub", desk.expire("2024-01-09", "anna")) == "NOT_DUE"
    assert desk.why("hub", desk.expire("2024-01-10", "anna")) == "NOT_DUE"
    assert desk.why("hub", desk.expire("2024-01-09", "nobody")) == "HOLDER_UNKNOWN"
    assert desk.refused("operator", desk.expire("2024-01-09", "anna"), keys=[key_of("operator")]) == "KIND_NOT_ALLOWED"
