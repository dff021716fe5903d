"""What can be supposed, and what is refused: wrong forms, strangers, and what policy forbids."""

from __future__ import annotations

from typing import Any

import pytest

from coalition.errors import Refused, reason_name
from coalition.form.checks import RATE_MICROS_MAX
from coalition.v1 import network_pb2, transaction_pb2
from coalition.v1.network_pb2 import Policy, Terms
from settlement.simulation.request import TERMS_MAX, Supposed, policies_in, suppose
from settlement.simulation.supposition import Supposition
from tests.settlement.journals import NETWORK, OPERATOR, Journal, coalition_of_three
from tests.settlement.simulation.written import Written

FLOOR, CEILING = 10_000, 9_000


@pytest.fixture
def journal() -> Journal:
    """A coalition of three whose policy becomes another in March 2017."""
    journal = coalition_of_three(floor_micros=FLOOR, ceiling_micros=CEILING)
    change = transaction_pb2.SetPolicy(policy=policy(11_000, 8_000), effective_on="2017-03-01")
    journal.append(OPERATOR, set_policy=change)
    journal.party("idle")
    return journal


def policy(floor: int, ceiling: int) -> Policy:
    return Policy(price_floor_micros=floor, reimbursement_ceiling_micros=ceiling, cause_reimbursement_micros=7_000)


def supposing(journal: Journal, *terms: Terms, **cause: Any) -> Supposition:
    directory = Written(journal).directory
    return suppose(Supposed(terms, **cause), directory, policies_in(journal.entries))


def refusal(journal: Journal, *terms: Terms, **cause: Any) -> str:
    with pytest.raises(Refused) as error:
        supposing(journal, *terms, **cause)
    return f"{reason_name(error.value.reason)}: {error.value.message}"


def grocer(**fields: Any) -> Terms:
    return Terms(**({"party_id": "grocer", "price_micros": 12_000, "reimbursement_micros": 7_000} | fields))


def test_terms_hold_from_the_day_that_they_say_or_ever_since(journal: Journal) -> None:
    """Without a day they take the place of all that the party ever agreed to."""
    found = supposing(journal, grocer(), Terms(party_id="florist", effective_on="2017-02-01", price_micros=11_500))

    assert {
        party_id: [(version.effective_on, version.rule.price) for version in history.versions]
        for party_id, history in found.terms.items()
    } == {"grocer": [("2017-01-01", 12_000)], "florist": [("2017-01-01", 12_000), ("2017-02-01", 11_500)]}
    assert found.cause_reimbursement is None


def test_a_cause_rate_is_supposed_by_itself(journal: Journal) -> None:
    """Ever since the beginning, or from a day on."""
    since_ever, since_then = [("0001-01-01", 6_000)], [("0001-01-01", 7_000), ("2017-02-01", 6_000)]
    for day, expected in (("", since_ever), ("2017-02-01", since_then)):
        found = supposing(journal, cause_micros=6_000, cause_effective_on=day).cause_reimbursement
        assert found is not None
        assert [(version.effective_on, version.rule) for version in found.versions] == expected


@pytest.mark.parametrize(
    ("terms", "cause", "problem"),
    [
        ([], {}, "FIELD_INVALID: terms or cause_reimbursement_micros must say what is supposed"),
        ([grocer()] * (TERMS_MAX + 1), {}, f"FIELD_INVALID: terms are {TERMS_MAX + 1}; at most {TERMS_MAX}"),
        ([grocer(party_id="baker")], {}, "PARTY_UNKNOWN: terms[0]: no party 'baker' is registered"),
        ([grocer(party_id="")], {}, "PARTY_UNKNOWN: terms[0]: no party ''"),
        ([grocer(party_id="idle")], {}, "NOT_FOUND: terms[0]: idle never had terms"),
        ([grocer(network_id="elsewhere")], {}, "FIELD_INVALID: terms[0].network_id is 'elsewhere'; this is " + NETWORK),
        ([grocer(price_micros=-1)], {}, "FIELD_INVALID: terms[0].price_micros must be from 0"),
        (
            [grocer(), Terms(party_id="florist", price_micros=12_000, prefunded_bps=10_001)],
            {},
            "FIELD_INVALID: terms[1].prefunded_bps must be from 0 to 10000, not 10001",
        ),
        ([grocer(funding=network_pb2.FUNDING_PACKS)], {}, "FIELD_INVALID: terms[0].pack_points must be from 1"),
        ([grocer(effective_on="soon")], {}, "FIELD_INVALID: terms[0].effective_on must be a date"),
        (
            [grocer(), grocer(effective_on="2017-01-01")],
            {},
            "FIELD_INVALID: terms[0].effective_on is 2017-01-01, as that of other terms of grocer",
        ),
        (
            [grocer(price_micros=9_999)],
            {},
            f"RATE_OUT_OF_RANGE: terms[0].price_micros is 9999; the policy allows 10000 to {RATE_MICROS_MAX}",
        ),
        (
            [grocer(reimbursement_micros=9_001)],
            {},
            "RATE_OUT_OF_RANGE: terms[0].reimbursement_micros is 9001; the policy allows 0 to 9000",
        ),
        (
            [Terms(party_id="school", price_micros=12_000, reimbursement_micros=1)],
            {},
            "RATE_OUT_OF_RANGE: terms[0].reimbursement_micros is 1; the policy allows 0 to 0",
        ),
        (
            [],
            {"cause_micros": 10_001},
            "RATE_OUT_OF_RANGE: cause_reimbursement_micros is 10001; the policy allows 0 to",
        ),
        ([], {"cause_micros": -1}, "FIELD_INVALID: cause_reimbursement_micros must be from 0"),
        ([], {"cause_micros": 1, "cause_effective_on": "x"}, "FIELD_INVALID: cause_effective_on must be a date"),
    ],
)
def test_what_cannot_be_supposed_is_said(
    journal: Journal, terms: list[Terms], cause: dict[str, Any], problem: str
) -> None:
    """The field, what it is, and what it may be."""
    assert problem in refusal(journal, *terms, **cause)


def test_the_policies_of_their_days_decide(journal: Journal) -> None:
    """Later terms keep to the later policy; those that held when it came need only leave nobody short under it."""
    # Under the first policy alone, and under the second as terms that were agreed before it.
    supposing(journal, grocer(price_micros=10_000, reimbursement_micros=9_000))
    late = {"effective_on": "2017-04-01"}
    journal.at("2017-03-20")
    journal.terms("grocer", "2017-04-01", price_micros=11_000)
    assert "price_micros is 10999; the policy allows 11000" in refusal(journal, grocer(price_micros=10_999, **late))
    assert "reimbursement_micros is 8001; the policy allows 0 to 8000" in refusal(
        journal, grocer(reimbursement_micros=8_001, **late)
    )
    supposing(journal, grocer(price_micros=11_000, reimbursement_micros=8_000, **late))
    # What ends before the second policy begins does not face it.
    supposing(journal, grocer(price_micros=10_000), grocer(effective_on="2017-02-01"))


def test_terms_of_before_a_policy_face_it_as_the_hub_had_them_face_it(journal: Journal) -> None:
    """Nobody may be paid more than any price, whichever came first."""
    change = transaction_pb2.SetPolicy(policy=policy(20_000, 12_500), effective_on="2017-05-01")
    journal.append(OPERATOR, set_policy=change)
    assert "price_micros is 12000; the policy allows 12500" in refusal(journal, grocer())
    supposing(journal, grocer(price_micros=12_500))
