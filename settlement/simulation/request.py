"""From a request to a supposition: terms of right form, of parties that have some, within what policy allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from coalition.calendar import is_day
from coalition.errors import FieldViolation, Refused
from coalition.form import parties as forms
from coalition.form.checks import RATE_MICROS_MAX, Form
from coalition.v1 import error_pb2, network_pb2
from coalition.v1.network_pb2 import Policy, Terms
from settlement.clearing.directory import Directory
from settlement.clearing.entry import Entry
from settlement.clearing.rates import History, Rates, Version
from settlement.simulation.supposition import Supposition, published_with, supposing

#: Terms in one request.
TERMS_MAX: Final = 200
_ALWAYS: Final = "0001-01-01"
_AFTER_ALL: Final = "9999-12-31"
_CAUSE: Final = "cause_reimbursement_micros"
_CAUSE_DAY: Final = "cause_effective_on"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Supposed:
    """What somebody asks to suppose. Days may be empty: ever since."""

    terms: Sequence[Terms]
    cause_micros: int | None = None
    cause_effective_on: str = ""


def policies_in(lessons: Iterable[Entry]) -> History[Policy]:
    """Every policy of a journal, from the entries that a directory is learnt from."""
    history: History[Policy] = History()
    for entry in lessons:
        if entry.kind == "genesis":
            history = history.publish(Version(_ALWAYS, entry.sequence, entry.transaction.genesis.policy))
        elif entry.kind == "set_policy":
            change = entry.transaction.set_policy
            history = history.publish(Version(change.effective_on, entry.sequence, change.policy))
    return history


def suppose(supposed: Supposed, directory: Directory, policies: History[Policy]) -> Supposition:
    """Check what is supposed, and make it ready.

    Raises Refused: FIELD_INVALID (forms, too many, one day twice), PARTY_UNKNOWN, NOT_FOUND for a party that never had
    terms, RATE_OUT_OF_RANGE where a policy forbids them on one of their days.
    """
    if len(supposed.terms) > TERMS_MAX:
        raise _invalid("terms", f"are {len(supposed.terms)}; at most {TERMS_MAX} are supposed together")
    if not supposed.terms and supposed.cause_micros is None:
        raise _invalid("terms", f"or {_CAUSE} must say what is supposed")
    by_party: defaultdict[str, list[tuple[str, Terms, str]]] = defaultdict(list)
    for number, terms in enumerate(supposed.terms):
        dated = _dated(terms, f"terms[{number}]", directory)
        by_party[terms.party_id].append((dated.effective_on, dated, f"terms[{number}]"))
    for party_id, versions in by_party.items():
        charity = directory.parties[party_id].kind == network_pb2.PARTY_KIND_CHARITY
        for (day, terms, where), until in _with_ends(versions):
            sequence = published_with(directory.terms[party_id], day)
            for policy in _between(policies, day, until):
                _check_rates(terms, charity, where, policy.rule, known=policy.sequence < sequence)
    return Supposition(
        {
            party_id: supposing(directory.terms[party_id], [(day, Rates.of(terms)) for day, terms, _ in versions])
            for party_id, versions in by_party.items()
        },
        None if supposed.cause_micros is None else _cause(supposed, supposed.cause_micros, directory, policies),
    )


def _dated(terms: Terms, where: str, directory: Directory) -> Terms:
    """The terms with their first day, of right form, of a party that has had some."""
    party = directory.parties.get(terms.party_id)
    if party is None:
        raise Refused(
            error_pb2.REASON_PARTY_UNKNOWN,
            f"{where}: no party {terms.party_id!r} is registered.",
            {"party_id": terms.party_id},
        )
    network = directory.network
    assert network is not None, "who knows a party knows its network"
    if terms.network_id not in ("", network.network_id):
        raise _invalid(f"{where}.network_id", f"is {terms.network_id!r}; this is {network.network_id}")
    published = directory.terms.get(terms.party_id)
    if published is None:
        raise Refused(
            error_pb2.REASON_NOT_FOUND,
            f"{where}: {terms.party_id} never had terms, so there are none to suppose others for.",
            {"party_id": terms.party_id},
        )
    dated = Terms()
    dated.CopyFrom(terms)
    dated.effective_on = terms.effective_on or published.versions[0].effective_on
    form = Form(where)
    forms.unsigned_terms(form, dated)
    form.finish()
    return dated


def _cause(supposed: Supposed, micros: int, directory: Directory, policies: History[Policy]) -> History[int]:
    day = supposed.cause_effective_on or _ALWAYS
    if not is_day(day):
        raise _invalid(_CAUSE_DAY, "must be a date such as 2017-12-31")
    if not 0 <= micros <= RATE_MICROS_MAX:
        raise _invalid(_CAUSE, f"must be from 0 to {RATE_MICROS_MAX}, not {micros}")
    # No price lies below the floor, so that no redemption leaves the operator short.
    highest = min(policy.rule.price_floor_micros for policy in _between(policies, day, _AFTER_ALL))
    if micros > highest:
        raise _out_of_range(_CAUSE, micros, 0, highest)
    return supposing(directory.cause_reimbursement, [(day, micros)])


def _check_rates(terms: Terms, charity: bool, where: str, policy: Policy, *, known: bool) -> None:
    """As the hub checks terms when they are published, and a policy that was not known then against them."""
    floor, ceiling = policy.price_floor_micros, policy.reimbursement_ceiling_micros
    if not known:
        floor, ceiling = max(ceiling, policy.cause_reimbursement_micros), floor
    if charity:
        ceiling = 0
    if terms.price_micros < floor:
        raise _out_of_range(f"{where}.price_micros", terms.price_micros, floor, RATE_MICROS_MAX)
    if terms.reimbursement_micros > ceiling:
        raise _out_of_range(f"{where}.reimbursement_micros", terms.reimbursement_micros, 0, ceiling)


def _with_ends(versions: list[tuple[str, Terms, str]]) -> Iterable[tuple[tuple[str, Terms, str], str]]:
    """Each version with the day on which the next begins. Raises Refused where two begin together."""
    versions.sort(key=lambda version: version[0])
    ends = [version[0] for version in versions[1:]] + [_AFTER_ALL]
    for version, until in zip(versions, ends, strict=True):
        day, terms, where = version
        if day == until:
            raise _invalid(f"{where}.effective_on", f"is {day}, as that of other terms of {terms.party_id}")
        yield version, until


def _between(policies: History[Policy], first: str, until: str) -> list[Version[Policy]]:
    """The policies that hold on one of the days from `first` until before `until`."""
    ends = [version.effective_on for version in policies.versions[1:]] + [_AFTER_ALL]
    return [
        version
        for version, end in zip(policies.versions, ends, strict=True)
        if max(version.effective_on, first) < min(end, until)
    ]


def _invalid(field: str, description: str) -> Refused:
    return Refused(
        error_pb2.REASON_FIELD_INVALID, f"{field} {description}.", violations=(FieldViolation(field, description),)
    )


def _out_of_range(field: str, value: int, lowest: int, highest: int) -> Refused:
    facts = {"field": field, "value": str(value), "lowest": str(lowest), "highest": str(highest)}
    return Refused(
        error_pb2.REASON_RATE_OUT_OF_RANGE, f"{field} is {value}; the policy allows {lowest} to {highest}.", facts
    )
