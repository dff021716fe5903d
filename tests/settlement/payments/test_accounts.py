"""Bank accounts: each party gives its own, signed, and nobody can bring an old one back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coalition.errors import Refused, reason_name
from settlement.payments.accounts import open_account
from tests.settlement.decisions import NETWORK
from tests.settlement.payments.counter import KEYS, Counter, account


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """A counter at which nobody has given an account yet."""
    counter = Counter(tmp_path, accounts=())
    yield counter
    counter.database.close()


def refusal(counter: Counter, party_id: str = "grocer", **fields: Any) -> Refused:
    """Why an account is refused."""
    with pytest.raises(Refused) as error:
        counter.set_account(party_id, **fields)
    return error.value


def test_versions_are_kept(counter: Counter) -> None:
    """The newest account counts, and who gave which one when can be shown."""
    first = counter.set_account("grocer")
    second = counter.set_account("grocer", holder_name="Grocer & Sons")
    assert [version.number for version in counter.payments.accounts("grocer")] == [2, 1]
    assert counter.payments.accounts("grocer") == (second, first)
    assert second.public_key == KEYS["grocer"].public
    assert counter.payments.accounts("florist") == ()
    signed = account("grocer", holder_name="Grocer & Sons", decided_us=counter.now_us)
    assert counter.payments.set_account(signed, "grocer") == second


def test_old_accounts_do_not_come_back(counter: Counter) -> None:
    """A document from before the newest one is refused, whoever has kept it."""
    old = account("grocer", decided_us=counter.now_us + 1)
    counter.payments.set_account(old, "grocer")
    counter.now_us += 9
    counter.set_account("grocer", holder_name="Somebody else")
    with pytest.raises(Refused, match="must be later than that of the account before"):
        counter.payments.set_account(old, "grocer")


def test_only_the_party_gives_its_account(counter: Counter) -> None:
    """Neither another party nor the operator says where somebody is paid."""
    for key in (KEYS["florist"], KEYS["operator"]):
        assert reason_name(refusal(counter, key=key).reason) == "KEY_UNKNOWN"
    with pytest.raises(Refused) as error:
        counter.payments.set_account(account("florist", key=KEYS["grocer"], decided_us=counter.now_us), "grocer")
    assert reason_name(error.value.reason) == "PERMISSION_DENIED"
    with pytest.raises(Refused) as error:
        open_account(account("grocer"), "other-network", "USD", {KEYS["grocer"].public})
    assert reason_name(error.value.reason) == "WRONG_NETWORK"
    assert reason_name(refusal(counter, decided_us=counter.now_us - 10 * 24 * 3_600_000_000).reason) == "CLOCK_SKEW"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"iban": "DE89370400440532013001"}, "iban"),
        ({"iban": "DE89 3704 0044 0532 0130 00"}, "iban"),
        ({"iban": "de89370400440532013000"}, "iban"),
        ({"iban": ""}, "iban"),
        ({"account_id": "123"}, "iban"),
        ({"country": "FR"}, "country"),
        ({"country": "Germany"}, "country"),
        ({"iban": "", "account_id": "123"}, "bic"),
        ({"iban": "", "account_id": "1" * 35, "bic": "CHASUS33"}, "account_id"),
        ({"iban": "", "account_id": "=1+1", "bic": "CHASUS33"}, "account_id"),
        ({"bic": "CHASUS3"}, "bic"),
        ({"bic": "chasus33"}, "bic"),
        ({"clearing_system": "USABA"}, "member_id"),
        ({"member_id": "021000021"}, "member_id"),
        ({"clearing_system": "usaba", "member_id": "1"}, "clearing_system"),
        ({"clearing_system": "USABA", "member_id": "1 2"}, "member_id"),
        ({"currency": "EUR"}, "currency"),
        ({"holder_name": ""}, "holder_name"),
        ({"holder_name": "x" * 71}, "holder_name"),
        ({"holder_name": " Grocer"}, "holder_name"),
        ({"holder_name": "a\nb"}, "holder_name"),
        ({"holder_name": "a\uffff"}, "holder_name"),
        ({"decided_us": 0}, "decided_us"),
    ],
)
def test_wrong_fields_are_named(fields: dict[str, Any], wrong: str) -> None:
    """Check digits, what belongs together, the currency, and what no bank's file can carry."""
    with pytest.raises(Refused) as error:
        open_account(account("grocer", **{"decided_us": 1, **fields}), NETWORK, "USD", {KEYS["grocer"].public})
    assert reason_name(error.value.reason) == "FIELD_INVALID"
    assert f"account.{wrong}" in [violation.field for violation in error.value.violations]
