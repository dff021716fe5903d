"""What each kind of transaction makes parties owe each other."""

from __future__ import annotations

import pytest

from coalition.form.checks import OUTSTANDING_MAX
from coalition.v1 import network_pb2, transaction_pb2
from settlement.clearing.activity import Activity, activity_in
from settlement.clearing.books import recompute
from settlement.clearing.effects import KINDS_WITH_EFFECT
from settlement.clearing.entry import ClearingError
from settlement.clearing.obligations import Owed, Pair, owed_in
from settlement.clearing.pools import Pool
from tests.settlement.journals import OPERATOR, Journal, coalition_of_three, stocked_coalition


def owed(journal: Journal, window: int = 2) -> dict[Pair, Owed]:
    """What a window of the journal makes parties owe each other; by default the one after the stock was issued."""
    return owed_in(recompute(journal.entries).totals[window], OPERATOR)


def activity(journal: Journal, window: int = 2) -> dict[str, Activity]:
    """What a window of the journal counts."""
    return activity_in(recompute(journal.entries).totals[window])


def test_issuer_pays_acceptor_and_the_rest_of_the_price_to_the_operator() -> None:
    """Owed on redemption: of a price of 10,000 the acceptor gets its 8,000 and the operator the margin of 2,000."""
    journal = stocked_coalition()
    journal.redeem("florist", {"grocer": 100})
    assert owed(journal) == {
        Pair("grocer", "florist"): Owed(100, 800_000),
        Pair("grocer", OPERATOR): Owed(0, 200_000),
    }


def test_prefunded_share_reaches_the_acceptor_through_the_operator() -> None:
    """With half of 12,000 prefunded, the issuer pays 6,000 of the reimbursement and the operator the other 3,000."""
    journal = stocked_coalition()
    journal.redeem("grocer", {"florist": 10})
    assert owed(journal) == {
        Pair("florist", "grocer"): Owed(10, 60_000),
        Pair(OPERATOR, "grocer"): Owed(0, 30_000),
    }


def test_prepaid_issuer_still_shows_its_points() -> None:
    """An issuer that prepaid everything owes the acceptor nothing, but whose points were accepted is on record."""
    journal = stocked_coalition()
    journal.party("baker")
    journal.terms("baker", price_micros=10_000, reimbursement_micros=9_000, prefunded_bps=10_000)
    journal.issue("baker", 10)
    journal.close()
    journal.redeem("grocer", {"baker": 10})
    assert owed(journal, 3) == {
        Pair("baker", "grocer"): Owed(10, 0),
        Pair(OPERATOR, "grocer"): Owed(0, 90_000),
    }


def test_own_points_cause_no_obligation() -> None:
    """A party that redeems its own points owes nobody, and they are counted."""
    journal = stocked_coalition()
    journal.redeem("grocer", {"grocer": 70, "florist": 30})
    assert set(owed(journal)) == {Pair("florist", "grocer"), Pair(OPERATOR, "grocer")}
    assert activity(journal) == {
        "florist": Activity(redeemed_points=30),
        "grocer": Activity(accepted_points=100, redeemed_points=70, redeemed_own_points=70),
    }


def test_own_points_and_expired_ones_give_their_prefunded_share_back() -> None:
    """Nobody is paid for them, so what the issuer paid in for them is its own again; a refund takes it in once more."""
    journal = stocked_coalition()
    redemption = journal.redeem("florist", {"florist": 10})
    assert owed(journal) == {Pair(OPERATOR, "florist"): Owed(0, 60_000)}
    journal.close()
    journal.expire({"florist": 5, "grocer": 5})
    assert owed(journal, 3) == {Pair(OPERATOR, "florist"): Owed(0, 30_000)}
    journal.close()
    journal.reverse(redemption, {"florist": 4})
    assert owed(journal, 4) == {Pair("florist", OPERATOR): Owed(0, 24_000)}


def test_every_cause_is_paid_the_one_rate_in_force() -> None:
    """A charity receives the policy's rate of the day, whatever its own terms say."""
    journal = stocked_coalition(cause_micros=7_000)
    journal.policy("2017-02-01", 7_500)
    journal.redeem("school", {"grocer": 10})
    assert owed(journal)[Pair("grocer", "school")] == Owed(10, 70_000)
    journal.close()
    journal.at("2017-02-01")
    journal.redeem("school", {"grocer": 10})
    assert owed(journal, 3) == {
        Pair("grocer", "school"): Owed(10, 75_000),
        Pair("grocer", OPERATOR): Owed(0, 25_000),
    }


def test_captures_are_redemptions_and_holds_are_not() -> None:
    """Held points cause an obligation only once they are captured."""
    journal = stocked_coalition()
    hold = transaction_pb2.Hold(holder_id="anna", points=100)
    journal.append("florist", allocations={"grocer": 100}, hold=hold)
    assert owed(journal) == {}
    journal.capture("florist", {"grocer": 40})
    assert owed(journal)[Pair("grocer", "florist")] == Owed(40, 320_000)


def test_issues_cost_their_fee_and_their_prefunded_share() -> None:
    """Points that repay arrears cost their fee as others do, but were paid for when they were spent."""
    journal = stocked_coalition()
    journal.issue("grocer", 1_000, arrears=200)
    journal.issue("florist", 50)
    assert owed(journal) == {
        Pair("grocer", OPERATOR): Owed(0, 300_000),
        Pair("florist", OPERATOR): Owed(0, 300_000),
    }
    assert activity(journal) == {
        "florist": Activity(issued_points=50),
        "grocer": Activity(issued_points=1_000),
    }


def test_terms_hold_from_their_day_in_the_networks_time_zone() -> None:
    """An hour before midnight in New York the old terms hold, though it is another day in Greenwich."""
    journal = stocked_coalition()
    journal.terms("grocer", "2017-02-01", price_micros=20_000, reimbursement_micros=9_000)
    journal.at("2017-01-31")
    journal.now_us += 11 * 3_600 * 1_000_000
    journal.redeem("florist", {"grocer": 1})
    assert owed(journal)[Pair("grocer", OPERATOR)] == Owed(0, 2_000)
    journal.now_us += 3_600 * 1_000_000
    journal.redeem("florist", {"grocer": 1})
    assert owed(journal)[Pair("grocer", OPERATOR)] == Owed(0, 14_000)


def test_reversed_redemption_is_owed_back_at_the_rates_of_its_original() -> None:
    """The reversal is booked in its own window, the other way round, as if the new terms did not exist."""
    journal = stocked_coalition()
    redemption = journal.redeem("grocer", {"florist": 10, "school": 4})
    journal.terms("florist", "2017-03-01", price_micros=99_000, reimbursement_micros=8_000)
    journal.close()
    journal.at("2017-03-05")
    journal.reverse(redemption, {"florist": 6})
    assert owed(journal, 3) == {
        Pair("grocer", "florist"): Owed(6, 36_000),
        Pair("grocer", OPERATOR): Owed(0, 18_000),
    }
    assert activity(journal, 3) == {
        "florist": Activity(redeemed_points=-6),
        "grocer": Activity(accepted_points=-6),
    }


def test_terms_published_after_the_original_do_not_change_its_reversal() -> None:
    """Terms that take effect on the very day of the original, but were published after it, do not count."""
    journal = stocked_coalition()
    redemption = journal.redeem("florist", {"grocer": 10})
    journal.terms("grocer", "2017-01-02", price_micros=50_000, reimbursement_micros=9_000)
    journal.close()
    journal.reverse(redemption, {"grocer": 10})
    assert {pair: part.amount_micros for pair, part in owed(journal, 3).items()} == {
        Pair("florist", "grocer"): 80_000,
        Pair(OPERATOR, "grocer"): 20_000,
    }


def test_reversed_issue_gives_its_fee_back_and_what_was_paid_in_for_points_that_nobody_spent() -> None:
    """The fee is that of the issue, for all points; of points that became arrears the price was paid when they were
    spent, so the pool has nothing for them."""
    journal = stocked_coalition()
    first, second = journal.issue("grocer", 100), journal.issue("florist", 50)
    journal.terms("grocer", "2017-02-01", price_micros=10_000, reimbursement_micros=8_000, issue_fee_micros=999)
    journal.close()
    journal.at("2017-02-02")
    journal.reverse(first, {"grocer": 30}, arrears=70)
    journal.reverse(second, {"florist": 45}, arrears=5)
    assert owed(journal, 3) == {
        Pair(OPERATOR, "grocer"): Owed(0, 30_000),
        Pair(OPERATOR, "florist"): Owed(0, 45 * 6_000),
    }
    assert activity(journal, 3) == {
        "florist": Activity(issued_points=-50),
        "grocer": Activity(issued_points=-100),
    }


def test_new_terms_move_no_money_that_was_paid_in() -> None:
    """The florist paid 6,000 in for each of its points. At a price of 20,000 it owes the other 14,000 of a redemption;
    at one of 4,000 the operator gives 2,000 back."""
    for price, obligations in (
        (20_000, {Pair("florist", "grocer"): Owed(10, 90_000), Pair("florist", OPERATOR): Owed(0, 50_000)}),
        (
            4_000,
            {
                Pair("florist", "grocer"): Owed(10, 0),
                Pair(OPERATOR, "grocer"): Owed(0, 90_000),
                Pair(OPERATOR, "florist"): Owed(0, 20_000),
            },
        ),
    ):
        journal = stocked_coalition()
        journal.terms("florist", "2017-02-01", price_micros=price, reimbursement_micros=0, prefunded_bps=10_000)
        journal.at("2017-02-01")
        journal.redeem("grocer", {"florist": 10})
        assert owed(journal) == obligations
        assert recompute(journal.entries).pools["florist"] == Pool(9_990, 0, 9_990 * 6_000)


def test_what_was_paid_in_at_different_shares_is_drawn_at_its_average() -> None:
    """Half of the points were prefunded with 6,000 each, half with nothing: each carries 3,000."""
    journal = stocked_coalition()
    journal.terms("florist", "2017-02-01", price_micros=12_000, reimbursement_micros=8_000)
    journal.at("2017-02-01")
    journal.issue("florist", 10_000)
    journal.redeem("florist", {"florist": 1})
    assert owed(journal) == {Pair(OPERATOR, "florist"): Owed(0, 3_000)}


def test_packs_cover_what_is_issued_and_then_the_price_is_owed() -> None:
    """A pack of 100 points costs its price at once. 80 of 120 points issued are its own, and all points in circulation
    share what is left of it; what it does not cover is owed on redemption."""
    journal = coalition_of_three()
    journal.terms("grocer", price_micros=10_000, reimbursement_micros=9_000, funding=3, pack_points=100)
    journal.order_packs("grocer", 1)
    journal.issue("grocer", 80)
    assert recompute(journal.entries).pools["grocer"] == Pool(80, 20, 1_000_000)
    journal.redeem("grocer", {"grocer": 40})
    assert owed(journal, 1) == {
        Pair("grocer", OPERATOR): Owed(0, 1_000_000),
        Pair(OPERATOR, "grocer"): Owed(0, 400_000),
    }
    journal.issue("grocer", 40)
    assert recompute(journal.entries).pools["grocer"] == Pool(80, 0, 600_000)
    journal.close()
    journal.redeem("florist", {"grocer": 80})
    assert owed(journal) == {
        Pair("grocer", "florist"): Owed(80, 200_000),
        Pair(OPERATOR, "florist"): Owed(0, 440_000),
    }
    assert recompute(journal.entries).pools["grocer"] == Pool(0, 0, 0)
    journal.terms("grocer", price_micros=10_000, reimbursement_micros=9_000)
    journal.order_packs("grocer", 1)
    with pytest.raises(ClearingError, match="grocer ordered packs, of which its terms know none"):
        recompute(journal.entries)


def test_corrections_add_obligations_and_count_points() -> None:
    """A corrected obligation is owed as it stands. Points that are taken give back what was paid in for them; points
    that are given share what there is."""
    journal = stocked_coalition()
    journal.owe("florist", "grocer", 1_234_567)
    journal.correct("grocer", 100)
    journal.correct("florist", -40)
    journal.correct("florist", 40)
    assert owed(journal) == {
        Pair("florist", "grocer"): Owed(0, 1_234_567),
        Pair(OPERATOR, "florist"): Owed(0, 240_000),
    }
    assert activity(journal) == {"florist": Activity(), "grocer": Activity(adjusted_points=100)}
    assert recompute(journal.entries).pools["florist"] == Pool(10_000, 0, 9_960 * 6_000)


def test_operator_pays_for_points_that_it_made_for_a_party_without_terms() -> None:
    """Only a correction brings such points about, and their issuer never agreed to a price."""
    journal = stocked_coalition()
    journal.party("baker")
    journal.correct("baker", 10)
    journal.redeem("grocer", {"baker": 10})
    assert owed(journal) == {
        Pair("baker", "grocer"): Owed(10, 0),
        Pair(OPERATOR, "grocer"): Owed(0, 90_000),
    }


def test_breakage_and_donations_are_counted_and_move_prefunded_shares_only() -> None:
    """Expired points belong to their issuers, donated ones to the charity whose fund it is, however it was opened."""
    journal = stocked_coalition()
    journal.campaign("school", "playground")
    enrol = transaction_pb2.Enrol(holder_id="library", kind=network_pb2.HOLDER_KIND_FUND)
    journal.append("school", enrol=enrol)
    journal.donate("playground", {"grocer": 30, "florist": 5})
    journal.donate("library", {"grocer": 1})
    journal.expire({"grocer": 7, "florist": 3})
    assert owed(journal) == {Pair(OPERATOR, "florist"): Owed(0, 18_000)}
    assert activity(journal) == {
        "florist": Activity(expired_points=3),
        "grocer": Activity(expired_points=7),
        "school": Activity(donated_points=36),
    }


def test_rejected_transactions_change_nothing() -> None:
    """A rejected redemption, donation, close or publication leaves no trace in the books."""
    journal = coalition_of_three()
    before = recompute(journal.entries)
    journal.append("florist", rejected=True, redeem=transaction_pb2.Redeem(points=10))
    journal.append("hub", rejected=True, donate=transaction_pb2.Donate(fund_id="nowhere", points=10))
    journal.append(OPERATOR, rejected=True, close_window=transaction_pb2.CloseWindow(window=7))
    journal.append(OPERATOR, rejected=True, publish_terms=transaction_pb2.PublishTerms())
    assert recompute(journal.entries) == before


def test_contradictions_name_their_entry() -> None:
    """What cannot follow from the journal so far stops the clearing with the sequence and the reason."""

    def refused(journal: Journal) -> str:
        with pytest.raises(ClearingError) as error:
            recompute(journal.entries)
        assert error.value.sequence == len(journal.entries)
        return str(error.value)

    journal = stocked_coalition()
    journal.append("grocer", allocations={"grocer": 9}, redeem=transaction_pb2.Redeem(points=10))
    assert refused(journal) == "Entry 12: 9 points are allocated, but the transaction is about 10."

    journal = stocked_coalition()
    journal.append("grocer", allocations={"grocer": 15, "florist": -5}, redeem=transaction_pb2.Redeem(points=10))
    assert "an allocation of -5 points" in refused(journal)

    journal = stocked_coalition()
    journal.append("grocer", allocations={"florist": 10}, issue=transaction_pb2.Issue(points=10))
    assert "grocer issued points of florist" in refused(journal)

    journal = stocked_coalition()
    journal.party("baker")
    journal.redeem("baker", {"grocer": 10})
    assert "baker had no terms in force on 2017-01-02" in refused(journal)

    journal = stocked_coalition()
    journal.donate("nowhere", {"grocer": 1})
    assert "the fund nowhere was never opened" in refused(journal)

    journal = stocked_coalition()
    journal.redeem("florist", {"grocer": 10_001})
    assert "it takes 10001 points of grocer, of which 10000 are outstanding" in refused(journal)

    journal = stocked_coalition()
    redemption = journal.redeem("florist", {"grocer": 10})
    journal.append("florist", original=redemption, allocations={"grocer": 4}, reverse=transaction_pb2.Reverse(points=5))
    assert "4 points are allocated, but the transaction is about 5" in refused(journal)

    journal = stocked_coalition()
    reversal = journal.reverse(journal.redeem("florist", {"grocer": 10}), {"grocer": 10})
    reversal.outcome.original.sequence = 99
    assert "it reverses entry 99, which does not come before it" in refused(journal)

    journal = stocked_coalition()
    journal.reverse(journal.owe("grocer", "florist", 1), {"grocer": 10})
    assert "it reverses a transaction of kind 26" in refused(journal)


def test_every_kind_was_thought_of() -> None:
    """Each kind of transaction either has an effect here or is known to move neither money nor a party's points."""
    neutral = {
        *("transfer", "hold", "release", "enrol", "add_key", "remove_key", "set_alias", "close", "pledge"),
        *("revoke_pledge", "genesis", "register_party", "set_party_keys", "set_party_status", "publish_terms"),
        *("set_policy", "open_campaign", "close_window"),
    }
    kinds = {field.name for field in transaction_pb2.Transaction.DESCRIPTOR.oneofs_by_name["kind"].fields}
    assert kinds == neutral | set(KINDS_WITH_EFFECT)


@pytest.mark.parametrize(
    ("allocated", "arrears", "problem"),
    [
        pytest.param(100, 900, "900 points of arrears", id="acceptor is paid too little"),
        pytest.param(1_900, -900, "-900 points of arrears", id="issuer pays too much"),
    ],
)
def test_arrears_hide_no_redeemed_points(allocated: int, arrears: int, problem: str) -> None:
    """Points of a redemption, or of its reversal, are all allocated: only an issue and its reversal know arrears."""
    journal = stocked_coalition()
    redemption = journal.append(
        "florist", allocations={"grocer": allocated}, arrears=arrears, redeem=transaction_pb2.Redeem(points=1_000)
    )
    with pytest.raises(ClearingError, match=problem):
        recompute(journal.entries)

    journal.entries.remove(redemption)
    original = journal.redeem("florist", {"grocer": 1_000})
    journal.append(
        "florist",
        allocations={"grocer": allocated},
        arrears=arrears,
        original=original,
        reverse=transaction_pb2.Reverse(points=1_000),
    )
    with pytest.raises(ClearingError, match=problem):
        recompute(journal.entries)


def test_arrears_are_never_negative() -> None:
    """An issue cannot fill a lot with more than it issues."""
    journal = stocked_coalition()
    journal.append("grocer", allocations={"grocer": 15}, arrears=-5, issue=transaction_pb2.Issue(points=10))
    with pytest.raises(ClearingError, match="-5 points of arrears"):
        recompute(journal.entries)


@pytest.mark.parametrize("issuer", ["nobody", "hub", OPERATOR])
def test_points_have_an_issuer(issuer: str) -> None:
    """Points of nobody who may issue would be paid by the operator, so they are no points."""
    for append in (Journal.expire, lambda journal, points: journal.redeem("florist", points)):
        journal = stocked_coalition()
        append(journal, {issuer: 100})
        with pytest.raises(ClearingError, match=f"an allocation of points of {issuer}, which issues none"):
            recompute(journal.entries)


@pytest.mark.parametrize("points", [0, -5, OUTSTANDING_MAX + 1])
def test_breakage_is_of_points_that_can_be(points: int) -> None:
    """No points expire that are fewer than one, or more than an issuer may have outstanding."""
    journal = stocked_coalition()
    journal.expire({"grocer": points})
    with pytest.raises(ClearingError, match=f"an allocation of {points} points"):
        recompute(journal.entries)
