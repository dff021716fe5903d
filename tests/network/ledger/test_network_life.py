"""Parties, their keys, terms and policy: countersigned where they bind, with notice where others rely on them."""

from __future__ import annotations

from typing import Any

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.network_pb2 import PARTY_KIND_AUDITOR, PARTY_KIND_PARTNER, PartyApplication, PartyKeyChange, Terms
from tests.network.ledger.desk import TWO, Desk, facts
from tests.network.town import CHARITY, FUND, NETWORK_ID, key_of

NEW = key_of("grocer-2").public
OLD = key_of("grocer").public


def change_keys(
    desk: Desk, signer: str = "", *, add: bytes = b"", remove: bytes = b"", party_id: str = "grocer", **fields: Any
) -> pb.Transaction:
    """New keys for the grocer; with its own word when somebody signs it."""
    message = pb.SetPartyKeys(party_id=party_id, add_keys=[add] if add else [], remove_keys=[remove] if remove else [])
    if signer:
        values = {"network_id": NETWORK_ID, "party_id": party_id, "nonce": desk.unique()} | fields
        change = PartyKeyChange(add_keys=message.add_keys, remove_keys=message.remove_keys, **values)
        message.change.CopyFrom(sign_document(dsse.PARTY_KEY_CHANGE, change, key_of(signer)))
    return desk.transaction(set_party_keys=message)


def terms(desk: Desk, party_id: str = "grocer", signer: str = "", **fields: Any) -> pb.Transaction:
    values = {"network_id": NETWORK_ID, "party_id": party_id, "effective_on": "2024-01-17", "price_micros": 10_000}
    message = Terms(**(values | fields))
    signed = sign_document(dsse.TERMS, message, key_of(signer or party_id))
    return desk.transaction(publish_terms=pb.PublishTerms(terms=signed))


def status(desk: Desk, party_id: str, value: network_pb2.PartyStatus.ValueType) -> pb.Transaction:
    message = pb.SetPartyStatus(party_id=party_id, status=value, reason="inspection")
    return desk.transaction(set_party_status=message)


# Parties


def test_a_party_is_admitted_once_and_to_this_network(desk: Desk) -> None:
    """An application to another network, or under an id that is taken, is rejected."""
    elsewhere = PartyApplication(
        network_id="harbour",
        party_id="florist",
        kind=PARTY_KIND_PARTNER,
        display_name="Florist",
        public_keys=[key_of("florist").public],
    )
    signed = sign_document(dsse.PARTY_APPLICATION, elsewhere, key_of("florist"))
    foreign = desk.transaction(register_party=pb.RegisterParty(application=signed))

    assert desk.why("operator", foreign) == "COUNTERSIGNATURE_MISSING"
    assert desk.why("operator", desk.register("florist", PARTY_KIND_PARTNER)) == "accepted"
    assert desk.why("operator", desk.register("florist", PARTY_KIND_PARTNER)) == "PARTY_EXISTS"
    assert desk.why("operator", desk.register("hub", PARTY_KIND_PARTNER)) == "PARTY_EXISTS"


def test_keys_are_added_with_the_partys_own_word(desk: Desk) -> None:
    """A key in force signs the change; the operator alone does not, and no stranger."""
    assert desk.why("operator", change_keys(desk, add=NEW)) == "COUNTERSIGNATURE_MISSING"
    assert desk.why("operator", change_keys(desk, "butcher", add=NEW)) == "COUNTERSIGNATURE_MISSING"
    assert (
        desk.why("operator", change_keys(desk, "grocer", add=NEW, network_id="harbour")) == "COUNTERSIGNATURE_MISSING"
    )
    assert desk.why("operator", change_keys(desk, "grocer", add=NEW)) == "accepted"


def test_a_change_of_keys_is_used_once(desk: Desk) -> None:
    """The same change in another transaction is rejected, though the key would be new again."""
    change = change_keys(desk, "grocer", add=NEW)
    again = desk.transaction(set_party_keys=change.set_party_keys)
    desk.ok("operator", change)

    assert desk.why("operator", again) == "CONSENT_USED"


def test_two_people_of_the_operator_recover_a_party(desk: Desk) -> None:
    """For a party that lost its keys their two signatures stand for its own."""
    assert desk.why("operator", change_keys(desk, add=NEW, remove=OLD), keys=TWO) == "accepted"
    assert desk.why("grocer", desk.issue("anna", 1), keys=[key_of("grocer-2")]) == "accepted"


def test_a_removed_key_never_comes_back(desk: Desk) -> None:
    """What it signs is refused by name, and it cannot be added again."""
    desk.ok("operator", change_keys(desk, "grocer", add=NEW))
    assert desk.why("operator", change_keys(desk, remove=OLD)) == "accepted"

    assert desk.refused("grocer", desk.issue("anna", 1)) == "KEY_REVOKED"
    assert desk.why("operator", change_keys(desk, "grocer-2", add=OLD)) == "KEY_EXISTS"


def test_a_party_keeps_at_least_one_key_and_at_most_eight(desk: Desk) -> None:
    """Removing the last is rejected, and so is the ninth, and a key that is not there."""
    assert desk.why("operator", change_keys(desk, remove=OLD)) == "LAST_KEY"
    assert desk.why("operator", change_keys(desk, remove=NEW)) == "CONSENT_KEY_UNKNOWN"
    assert desk.why("operator", change_keys(desk, "grocer", add=OLD)) == "KEY_EXISTS"
    for number in range(7):
        desk.ok("operator", change_keys(desk, "grocer", add=key_of(f"more-{number}").public))
    assert facts(desk.say("operator", change_keys(desk, "grocer", add=NEW))[0])["limit"] == "8"
    assert desk.why("operator", change_keys(desk, add=NEW, party_id="stranger")) == "PARTY_UNKNOWN"


def test_a_suspended_party_reads_but_does_not_write(desk: Desk) -> None:
    """Its envelopes are refused; what it committed before is answered again; reinstated it goes on."""
    issued = desk.issue("anna", 10)
    desk.ok("grocer", issued)
    desk.ok("operator", status(desk, "grocer", network_pb2.PARTY_STATUS_SUSPENDED))

    assert desk.refused("grocer", desk.issue("anna", 1)) == "PARTY_SUSPENDED"
    assert desk.refused("grocer", issued, desk.issue("anna", 1)) == "PARTY_SUSPENDED"
    assert desk.why("grocer", issued) == "accepted"
    desk.ok("operator", status(desk, "grocer", network_pb2.PARTY_STATUS_ACTIVE))
    assert desk.why("grocer", desk.issue("anna", 1)) == "accepted"


def test_points_of_a_suspended_issuer_stay_good(desk: Desk) -> None:
    """Members do not pay for their grocer's troubles."""
    desk.ok("grocer", desk.issue("anna", 10))
    desk.ok("operator", status(desk, "grocer", network_pb2.PARTY_STATUS_SUSPENDED))

    assert desk.why("pharmacy", desk.redeem("anna", "pharmacy", 10)) == "accepted"


@pytest.mark.parametrize("party_id", ["operator", "hub", "stranger"])
def test_who_runs_the_network_is_not_suspended(desk: Desk, party_id: str) -> None:
    """Nobody could undo it."""
    assert desk.why("operator", status(desk, party_id, network_pb2.PARTY_STATUS_SUSPENDED)) == "PARTY_UNKNOWN"


# Terms


def test_without_terms_a_party_neither_issues_nor_accepts(desk: Desk) -> None:
    """Until its first terms are in force, it does no business with points; what needs no price it may do."""
    desk.ok("operator", desk.register("florist", PARTY_KIND_PARTNER))
    desk.ok("operator", terms(desk, "florist", effective_on="2024-01-12"))
    desk.ok("grocer", desk.issue("anna", 10))
    assert desk.why("florist", desk.enrol("cleo")) == "accepted"

    desk.at("2024-01-11 23:59:59.999997")
    for made in (desk.issue("anna", 1), desk.redeem("anna", "florist", 1), desk.hold("anna", "florist", 1)):
        assert desk.why("florist", made) == "TERMS_MISSING"
    assert desk.why("florist", desk.issue("anna", 1)) == "accepted"


def test_first_terms_may_start_today_and_not_before(desk: Desk) -> None:
    """They change nothing that anybody relied on; what is past stays as it was."""
    desk.ok("operator", desk.register("florist", PARTY_KIND_PARTNER))

    assert desk.why("operator", terms(desk, "florist", effective_on="2024-01-09")) == "NOTICE_TOO_SHORT"
    assert desk.why("operator", terms(desk, "florist", effective_on="2024-01-10")) == "accepted"


def test_later_terms_keep_notice_to_the_day(desk: Desk) -> None:
    """Seven days: published in the last microsecond of the 10th they may hold from the 17th, a moment later not."""
    desk.at("2024-01-10 23:59:59.999998")

    assert desk.why("operator", terms(desk, effective_on="2024-01-16")) == "NOTICE_TOO_SHORT"
    assert desk.why("operator", terms(desk, effective_on="2024-01-17")) == "accepted"
    rejected = desk.say("operator", terms(desk, effective_on="2024-01-17"))[0]
    assert facts(rejected) == {"effective_on": "2024-01-17", "earliest": "2024-01-18"}


def test_of_terms_for_the_same_day_the_later_hold(desk: Desk) -> None:
    """And terms for an earlier day, published later, hold until those for the later day do."""
    desk.ok("operator", terms(desk, effective_on="2024-03-01", price_micros=30_000))
    desk.ok("operator", terms(desk, effective_on="2024-02-01", price_micros=20_000))
    desk.ok("operator", terms(desk, effective_on="2024-03-01", price_micros=40_000))

    def price(day: str) -> int:
        found = desk.state.reference.terms_of("grocer", day)
        assert found is not None
        return found.price_micros

    assert [price(day) for day in ("2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01")] == [
        10_000,
        20_000,
        20_000,
        40_000,
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"network_id": "harbour"}, "COUNTERSIGNATURE_MISSING"),
        ({"signer": "butcher"}, "COUNTERSIGNATURE_MISSING"),
        ({"signer": "operator"}, "COUNTERSIGNATURE_MISSING"),
        ({"party_id": "hub"}, "COUNTERSIGNATURE_MISSING"),
        ({"party_id": "stranger"}, "PARTY_UNKNOWN"),
        ({"price_micros": 9_999}, "RATE_OUT_OF_RANGE"),
        ({"reimbursement_micros": 9_001}, "RATE_OUT_OF_RANGE"),
        ({"party_id": CHARITY, "reimbursement_micros": 1}, "RATE_OUT_OF_RANGE"),
    ],
)
def test_terms_are_signed_by_whom_they_bind_and_within_policy(desk: Desk, fields: dict[str, Any], reason: str) -> None:
    """Of this network, by the party itself, a partner or charity; every cause is paid the one published rate."""
    assert desk.why("operator", terms(desk, **fields)) == reason


# Policy


def policy(desk: Desk, effective_on: str, **fields: int) -> pb.Transaction:
    message = network_pb2.Policy.FromString(desk.policy.SerializeToString())
    for field, value in fields.items():
        setattr(message, field, value)
    return desk.transaction(set_policy=pb.SetPolicy(policy=message, effective_on=effective_on))


def test_policy_changes_with_notice(desk: Desk) -> None:
    """The day that lies the notice ahead is the first; the new policy holds from its first microsecond."""
    assert desk.why("operator", policy(desk, "2024-01-16")) == "NOTICE_TOO_SHORT"
    assert desk.why("operator", policy(desk, "2024-01-17", transaction_points_max=5)) == "accepted"

    desk.at("2024-01-16 23:59:59.999999")
    assert desk.why("grocer", desk.issue("anna", 6)) == "accepted"
    assert desk.why("grocer", desk.issue("anna", 6)) == "TRANSACTION_LIMIT"


def test_the_notice_is_that_of_the_policy_in_force() -> None:
    """A policy that shortens the notice takes effect with the long one."""
    desk = Desk(notice_days=30)
    desk.ok("operator", policy(desk, "2024-02-09", notice_days=0))

    assert desk.why("operator", policy(desk, "2024-01-10")) == "NOTICE_TOO_SHORT"
    desk.at("2024-02-09 00:00")
    assert desk.why("operator", policy(desk, "2024-02-09", transaction_points_max=5)) == "accepted"
    assert desk.why("grocer", desk.issue("anna", 6)) == "TRANSACTION_LIMIT"


def test_an_auditor_authors_nothing(desk: Desk) -> None:
    """It reads."""
    desk.ok("operator", desk.register("auditor", PARTY_KIND_AUDITOR))

    assert desk.refused("auditor", desk.issue("anna", 1)) == "KIND_NOT_ALLOWED"


def test_no_policy_breaks_the_rates_that_terms_promise(desk: Desk) -> None:
    """Nobody may receive more than an issuer pays: neither what the policy allows nor what other terms say."""
    desk.ok("operator", terms(desk, "pharmacy", reimbursement_micros=9_000))
    above = {"price_floor_micros": 20_000, "reimbursement_ceiling_micros": 10_001}
    causes = {"price_floor_micros": 20_000, "cause_reimbursement_micros": 10_001}
    below = {
        "price_floor_micros": 8_999,
        "reimbursement_ceiling_micros": 8_000,
        "cause_reimbursement_micros": 8_000,
    }

    for rates in (above, causes, below):
        assert desk.why("operator", policy(desk, "2024-01-17", **rates)) == "RATE_OUT_OF_RANGE"
    assert desk.why("operator", policy(desk, "2024-01-17", price_floor_micros=10_001)) == "accepted"


def test_terms_keep_to_policies_that_are_published_already(desk: Desk) -> None:
    """A floor that rises while the terms hold counts; one that was replaced before does not."""
    desk.ok("operator", policy(desk, "2024-01-20", price_floor_micros=12_000))

    assert desk.why("operator", terms(desk, effective_on="2024-01-17", price_micros=11_000)) == "RATE_OUT_OF_RANGE"
    desk.ok("operator", policy(desk, "2024-01-25", price_floor_micros=10_000))
    assert desk.why("operator", terms(desk, effective_on="2024-01-25", price_micros=11_000)) == "accepted"


def test_one_person_does_not_make_the_operators_second(desk: Desk) -> None:
    """Neither by adding a key with its own word, nor by taking the other person's away."""
    added = change_keys(desk, "operator", add=NEW, party_id="operator")
    removed = change_keys(desk, remove=key_of("operator-2").public, party_id="operator")

    assert desk.why("operator", added) == "COUNTERSIGNATURE_MISSING"
    assert desk.why("operator", removed) == "COUNTERSIGNATURE_MISSING"
    both = change_keys(desk, "operator", add=NEW, party_id="operator")
    assert desk.why("operator", both, keys=TWO) == "accepted"


def test_a_suspended_charity_spends_nothing_from_its_funds(desk: Desk) -> None:
    """Its key may be why it is suspended."""
    desk.ok("grocer", desk.issue("anna", 50))
    desk.ok("grocer", desk.donate("anna", "grocer", 50))
    spend = desk.redeem_with(desk.consent_by(key_of(CHARITY), FUND, "grocer", 50), FUND, 50)

    desk.ok("operator", status(desk, CHARITY, network_pb2.PARTY_STATUS_SUSPENDED))
    assert desk.why("grocer", spend) == "CONSENT_KEY_UNKNOWN"
    desk.ok("operator", status(desk, CHARITY, network_pb2.PARTY_STATUS_ACTIVE))
    again = desk.redeem_with(desk.consent_by(key_of(CHARITY), FUND, "grocer", 50), FUND, 50)
    assert desk.why("grocer", again) == "accepted"


def test_points_are_pending_for_a_year_at_most() -> None:
    """Where nothing expires, pending points would otherwise be lots without end."""
    desk = Desk(expiry_months=0)

    assert desk.why("grocer", desk.issue("anna", 5, available_on="2025-01-11")) == "DATE_INVALID"
    assert desk.why("grocer", desk.issue("anna", 5, available_on="2025-01-10")) == "accepted"
