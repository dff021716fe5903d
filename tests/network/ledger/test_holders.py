"""A holder's life: enrolment, keys, alias, closing."""

from __future__ import annotations

import pytest

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.consent_pb2 import HolderOrder
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import HOLDER_KIND_FUND, HOLDER_KIND_MEMBER
from tests.network.ledger.desk import TWO, Desk, facts
from tests.network.town import CHARITY, FUND, key_of

NEW = key_of("anna-2").public
OLD = key_of("anna").public


def enrol(desk: Desk, holder_id: str, kind: network_pb2.HolderKind.ValueType, **fields: str) -> pb.Transaction:
    return desk.transaction(enrol=pb.Enrol(holder_id=holder_id, kind=kind, **fields))


def add(desk: Desk, signer: str = "", key: bytes = NEW, holder_id: str = "anna") -> pb.Transaction:
    """A new key for anna; with an order when somebody signs it."""
    order = desk.order(signer, add_key=key) if signer else None
    return desk.transaction(add_key=pb.AddKey(holder_id=holder_id, public_key=key, order=order))


def remove(desk: Desk, signer: str = "", key: bytes = OLD, holder_id: str = "anna") -> pb.Transaction:
    order = desk.order(signer, remove_key=key) if signer else None
    return desk.transaction(remove_key=pb.RemoveKey(holder_id=holder_id, public_key=key, order=order))


def close(desk: Desk, holder_id: str, signer: str = "") -> pb.Transaction:
    order = desk.order(signer, close=True) if signer else None
    return desk.transaction(close=pb.Close(holder_id=holder_id, order=order))


def alias(desk: Desk, text: str, holder_id: str = "anna", *, untie: bool = False) -> pb.Transaction:
    return desk.transaction(set_alias=pb.SetAlias(holder_id=holder_id, alias=text, remove=untie))


def test_an_id_is_given_once(desk: Desk) -> None:
    """Not to another account while it is open, and not after it is closed."""
    assert desk.why("butcher", desk.enrol("anna")) == "HOLDER_EXISTS"
    desk.ok("grocer", close(desk, "anna", "anna"))
    assert desk.why("butcher", desk.enrol("anna")) == "HOLDER_EXISTS"


def test_only_charities_open_funds(desk: Desk) -> None:
    """A member may be enrolled by any business, a fund by the charity whose it is."""
    assert desk.why("grocer", enrol(desk, "pot", HOLDER_KIND_FUND)) == "HOLDER_KIND_WRONG"
    assert desk.why(CHARITY, enrol(desk, "pot", HOLDER_KIND_FUND)) == "accepted"
    assert desk.why(CHARITY, enrol(desk, "cleo", HOLDER_KIND_MEMBER)) == "accepted"


def test_an_alias_belongs_to_one_holder(desk: Desk) -> None:
    """A card is tied to one account, by the party that enrolled it or by the operator, until it is untied."""
    assert desk.why("grocer", desk.enrol("cleo", "card-1")) == "accepted"
    assert desk.why("grocer", desk.enrol("dora", "card-1")) == "ALIAS_TAKEN"
    assert desk.why("grocer", alias(desk, "card-1")) == "ALIAS_TAKEN"
    assert desk.why("grocer", alias(desk, "card-1", "cleo")) == "ALIAS_TAKEN"
    assert desk.why("grocer", alias(desk, "card-1", untie=True)) == "ALIAS_UNKNOWN"
    assert desk.why("grocer", alias(desk, "card-2", untie=True)) == "ALIAS_UNKNOWN"
    assert desk.why("butcher", alias(desk, "card-1", "cleo", untie=True)) == "ORDER_REQUIRED"
    assert desk.why("operator", alias(desk, "card-1", "cleo", untie=True)) == "accepted"
    assert desk.why("grocer", alias(desk, "card-1")) == "accepted"
    assert desk.state.aliases.get("card-1") == "anna"


def test_a_rejected_enrolment_takes_no_alias(desk: Desk) -> None:
    """An alias is free again when the account that wanted it was not opened."""
    assert desk.why("butcher", desk.enrol("anna", "card-1")) == "HOLDER_EXISTS"
    assert desk.why("butcher", desk.enrol("cleo", "card-1")) == "accepted"


def test_a_holders_keys_are_its_own_matter(desk: Desk) -> None:
    """Any business may bring the order; without one nobody may change the keys of a member that has some."""
    assert desk.why("grocer", add(desk)) == "ORDER_REQUIRED"
    assert desk.why("butcher", add(desk, "anna")) == "accepted"
    assert desk.why("butcher", remove(desk)) == "ORDER_REQUIRED"
    assert desk.why("pharmacy", remove(desk, "anna")) == "accepted"
    holder = desk.state.holders.get("anna")
    assert holder is not None
    assert holder.keys == (NEW,)


def test_the_first_key_is_given_by_the_enroller(desk: Desk) -> None:
    """While a member has no key, the party that enrolled it adds one; nobody else does, and no second one."""
    desk.ok("grocer", enrol(desk, "dora", HOLDER_KIND_MEMBER))

    assert desk.why("butcher", add(desk, holder_id="dora")) == "ORDER_REQUIRED"
    assert desk.why("grocer", add(desk, holder_id="dora")) == "accepted"
    assert desk.why("grocer", add(desk, holder_id="dora", key=OLD)) == "ORDER_REQUIRED"


def test_two_people_of_the_operator_recover_a_member(desk: Desk) -> None:
    """One signature is not enough; two replace lost keys without an order."""
    assert desk.why("operator", add(desk)) == "ORDER_REQUIRED"
    assert desk.why("operator", add(desk), keys=TWO) == "accepted"
    assert desk.why("operator", remove(desk)) == "ORDER_REQUIRED"
    assert desk.why("operator", remove(desk), keys=TWO) == "accepted"


def test_keys_are_added_and_removed_once(desk: Desk) -> None:
    """A key that is there, a key that is not, and the last one."""
    assert desk.why("grocer", add(desk, "anna", OLD)) == "KEY_EXISTS"
    assert desk.why("grocer", remove(desk, "anna", NEW)) == "CONSENT_KEY_UNKNOWN"
    assert desk.why("grocer", remove(desk, "anna", OLD)) == "LAST_KEY"
    assert desk.why("operator", remove(desk), keys=TWO) == "LAST_KEY"


def test_a_holder_has_at_most_eight_keys(desk: Desk) -> None:
    """The ninth is rejected."""
    desk.ok("grocer", *(add(desk, "anna", key_of(f"more-{number}").public) for number in range(7)))

    rejected = desk.say("grocer", add(desk, "anna", NEW))[0]
    assert facts(rejected) == {"holder_id": "anna", "limit": "8"}


def test_a_fund_has_no_keys_of_its_own(desk: Desk) -> None:
    """Its charity's keys change with the charity."""
    assert desk.why("operator", add(desk, holder_id=FUND), keys=TWO) == "HOLDER_KIND_WRONG"
    assert desk.why("operator", remove(desk, holder_id=FUND), keys=TWO) == "HOLDER_KIND_WRONG"


def test_an_order_is_used_once(desk: Desk) -> None:
    """The same order in another transaction does nothing."""
    first = add(desk, "anna")
    again = desk.transaction(add_key=first.add_key)
    desk.ok("grocer", first)
    desk.ok("grocer", remove(desk, "anna", NEW))

    assert desk.why("grocer", again) == "CONSENT_USED"


def test_an_order_ends_at_its_moment(desk: Desk) -> None:
    """It is worthless from its end on."""
    at_end, before_end = add(desk, "anna"), add(desk, "anna")
    desk.now_us += 86_400_000_000 - 1

    assert desk.why("grocer", before_end) == "accepted"
    assert desk.why("grocer", at_end) == "CONSENT_EXPIRED"


@pytest.mark.parametrize(("signer", "found"), [("bert", "CONSENT_KEY_UNKNOWN"), ("anna", "accepted")])
def test_only_the_holder_orders(desk: Desk, signer: str, found: str) -> None:
    """An order about anna signed by bert is none."""
    message = pb.Close(holder_id="anna", order=_signed_by(desk, signer))

    assert desk.why("grocer", desk.transaction(close=message)) == found


def _signed_by(desk: Desk, signer: str) -> SignedDocument:
    order = HolderOrder.FromString(desk.order("anna", close=True).document)
    return sign_document(dsse.HOLDER_ORDER, order, key_of(signer))


def test_an_account_is_closed_when_it_is_empty(desk: Desk) -> None:
    """Points of any kind keep it open: spendable, pending, or expired and not swept."""
    desk.ok("grocer", desk.issue("anna", 1))
    assert desk.why("grocer", close(desk, "anna", "anna")) == "HOLDER_NOT_EMPTY"
    desk.at("2024-03-01 00:00")
    assert desk.why("grocer", close(desk, "anna", "anna")) == "HOLDER_NOT_EMPTY"
    desk.ok("hub", desk.expire("2024-02-29", "anna"))
    assert desk.why("grocer", close(desk, "anna", "anna")) == "accepted"


def test_a_member_closes_its_account_itself(desk: Desk) -> None:
    """Nobody does it without its order."""
    assert desk.why("grocer", close(desk, "anna")) == "ORDER_REQUIRED"
    assert desk.why("butcher", close(desk, "anna", "anna")) == "accepted"
    assert desk.why("butcher", close(desk, "anna", "anna")) == "HOLDER_CLOSED"


def test_a_fund_is_closed_by_its_charity(desk: Desk) -> None:
    """Without an order; other businesses need the charity's."""
    assert desk.why("grocer", close(desk, FUND)) == "ORDER_REQUIRED"
    assert desk.why(CHARITY, close(desk, FUND)) == "accepted"


def test_a_closed_account_does_nothing_more(desk: Desk) -> None:
    """No key, no alias, no pledge, no debit."""
    made = [
        add(desk, "anna"),
        alias(desk, "card-1"),
        desk.pledge("anna"),
        desk.redeem("anna", "grocer", 1),
        desk.hold("anna", "grocer", 1),
        desk.donate("anna", "grocer", 1),
        desk.transfer("anna", "bert", "grocer", 1),
    ]
    desk.ok("grocer", close(desk, "anna", "anna"))

    assert [desk.why("grocer", transaction) for transaction in made] == ["HOLDER_CLOSED"] * len(made)


def test_what_nobody_enrolled_is_unknown(desk: Desk) -> None:
    """Every kind that names a holder says so."""
    made = [
        desk.issue("nobody", 1),
        desk.redeem("nobody", "grocer", 1),
        desk.hold("nobody", "grocer", 1),
        desk.donate("nobody", "grocer", 1),
        desk.transfer("nobody", "anna", "grocer", 1),
        desk.transfer("anna", "nobody", "grocer", 1),
        add(desk, holder_id="nobody"),
        remove(desk, holder_id="nobody"),
        alias(desk, "card-1", "nobody"),
        close(desk, "nobody"),
        desk.pledge("nobody"),
    ]

    assert [desk.why("grocer", transaction) for transaction in made] == ["HOLDER_UNKNOWN"] * len(made)
