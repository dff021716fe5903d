"""Statements: one canonical form, and nothing in them that does not follow from the hub's keys and the figures."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition import dsse
from coalition.keys import SigningKey
from coalition.merkle import leaf_hash
from partner_sdk._plain import canonical
from partner_sdk.statement import (
    STATEMENT_BYTES_MAX,
    SignerEntry,
    Statement,
    StatementInvalid,
    sign_statement,
    tax_on,
    verify_statement,
)
from settlement.clearing.movements import Movement, MovementKind
from tests.settlement.statements.made_up import AUDITOR_KEY, HUB_KEY, NETWORK, make, registration, statements

HUB_KEYS = (HUB_KEY.public,)
MOVED = [
    Movement(MovementKind.ISSUE, "grocer", points=500, arrears_points=20, fee_micros=1_500, paid_in_micros=2_400_000),
    Movement(MovementKind.ISSUE_REVERSED, "grocer", points=50, arrears_points=5, fee_micros=150, drawn_micros=90_000),
    Movement(MovementKind.REDEEM, "grocer", "florist", 120, 0, 600_000, 360_000, 240_000, drawn_micros=600_000),
    Movement(MovementKind.REDEEM_REVERSED, "grocer", "florist", 12, 0, 60_000, 36_000, 24_000, drawn_micros=60_000),
    Movement(MovementKind.REDEEM, "florist", "grocer", 77, 0, 123_457, 0, 1),
    Movement(MovementKind.REDEEM, "grocer", "grocer", 40, paid_back_micros=200_000, drawn_micros=200_000),
    Movement(MovementKind.EXPIRE, "grocer", points=9, paid_back_micros=45_000, drawn_micros=45_000),
    Movement(MovementKind.DONATE, "grocer", "school", 33),
    Movement(MovementKind.POINTS_GIVEN, "grocer", points=3),
    Movement(MovementKind.POINTS_TAKEN, "grocer", points=2),
    Movement(MovementKind.REDEEM, "grocer", "school", 15, 0, 105_000, 0, 45_000),
    Movement(MovementKind.OBLIGATION, "florist", "grocer", direct_micros=700_001),
]


def sign(statement: Statement, key: SigningKey = AUDITOR_KEY) -> bytes:
    """Its file."""
    return sign_statement(statement, key)


def signed_anew(document: Any) -> bytes:
    """A file of a document that was changed and then signed, by the right key."""
    signature = AUDITOR_KEY.sign(dsse.STATEMENT, canonical(document))
    parts = {
        "payload_type": dsse.STATEMENT,
        "public_key": signature.public_key.hex(),
        "signature": signature.signature.hex(),
    }
    return canonical({"document": document, "signature": parts})


def amounts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where figures stand in JSON values."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from amounts(item, (*path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from amounts(item, (*path, place))
    elif isinstance(value, int) or (isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdecimal()):
        yield path


def one_more(value: int | str) -> int | str:
    """The figure with a last digit that is one more."""
    if isinstance(value, int):
        return value + 1
    digits = len(value.partition(".")[2])
    number = int(value.replace(".", "")) + 1
    sign, text = "-" if number < 0 else "", str(abs(number)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


@settings(max_examples=40)
@given(statements())
def test_statement_is_what_was_signed(statement: Statement) -> None:
    """A file gives the very statement back that was signed, also when it was laid out anew meanwhile."""
    data = sign(statement)
    assert verify_statement(data, HUB_KEYS, network_id=NETWORK) == statement
    pretty = json.dumps(json.loads(data), indent=2, sort_keys=False).encode()
    assert verify_statement(pretty, HUB_KEYS) == statement
    assert canonical(json.loads(data)) == data


@settings(max_examples=25)
@given(statements(), st.randoms(use_true_random=False))
def test_nothing_can_be_changed_after_signing(statement: Statement, chance: random.Random) -> None:
    """Another character anywhere in the document breaks the signature, if not the form."""
    data = sign(statement)
    end = data.index(b'"signature":{"payload_type"')
    place = chance.randrange(12, end - 1)
    other = bytes([chance.choice(b'0123456789"xyz')])
    changed = data[:place] + other + data[place + 1 :]
    if changed != data:
        with pytest.raises(StatementInvalid):
            verify_statement(changed, HUB_KEYS)


#: What nothing else in a statement follows from: it is told, and signed, and that is all. (Lines that are about other
#: parties' points, or about none, say so much of them as the entry does.)
TOLD = {
    *("charges.points", "elsewhere.top_up", "period.first_sequence", "lines.part", "lines.points"),
    *(
        "lines.arrears_points",
        "disputes.sequence",
        "disputes.claimed",
        "payments.number",
        "payments.paid",
        "payments.carried",
    ),
}


@pytest.mark.parametrize("party_id", ["grocer", "florist", "school", "operator"])
def test_every_figure_follows_from_others(party_id: str) -> None:
    """A statement in which one figure is one more than it was does not add up, whoever signs it."""
    document = json.loads(sign(make(party_id, MOVED, carried=4_321)))["document"]
    free, seen = set(), set()
    for path in amounts({"figures": document["figures"], "lines": document["lines"]}):
        changed = json.loads(json.dumps(document))
        target = changed
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = one_more(target[path[-1]])
        name = ".".join([step for step in path if isinstance(step, str)][-2:])
        try:
            verify_statement(signed_anew(changed), HUB_KEYS)
        except StatementInvalid:
            seen.add(name)
        else:
            free.add(name)
    assert free <= TOLD
    assert {"figures.net", "settlement.payable", "lines.amount", "charges.amount", "figures.log_size"} <= seen
    assert ("points.closing" in seen) is (party_id != "operator")


def test_statement_is_believed_for_the_hubs_keys_only() -> None:
    """Another hub's key, another network, another log, or a signer whom the log does not know: none of it counts."""
    statement = make("grocer", MOVED)
    data, stranger = sign(statement), SigningKey.from_seed(b"x" * 32)
    with pytest.raises(StatementInvalid, match="another network"):
        verify_statement(data, (stranger.public,))
    with pytest.raises(StatementInvalid, match="not of elsewhere"):
        verify_statement(data, HUB_KEYS, network_id="elsewhere")
    with pytest.raises(StatementInvalid, match="another log"):
        verify_statement(sign(replace(statement, figures=replace(statement.figures, log_size=1))), HUB_KEYS)
    claimed = replace(statement, signer=replace(statement.signer, public_key=stranger.public))
    with pytest.raises(StatementInvalid, match="has the key that signed"):
        verify_statement(sign(claimed, stranger), HUB_KEYS)
    invented = SignerEntry(sequence=10, entry=registration(stranger), path=statement.signer.entries[0].path)
    forged = replace(claimed, signer=replace(claimed.signer, entries=(invented,)))
    with pytest.raises(StatementInvalid, match="Entry 10, of who signed, is not in the log"):
        verify_statement(sign(forged, stranger), HUB_KEYS)
    nobody = replace(statement, signer=replace(statement.signer, entries=()))
    with pytest.raises(StatementInvalid, match="does not show who signed"):
        verify_statement(sign(nobody), HUB_KEYS)


def test_line_whose_entry_is_not_in_the_log_is_found() -> None:
    """Lines are proven one by one."""
    statement = make("grocer", MOVED)
    assert statement.lines is not None
    invented = (*statement.lines[:-1], replace(statement.lines[-1], leaf_hash=leaf_hash(b"invented")))
    with pytest.raises(StatementInvalid, match=f"Entry {invented[-1].sequence} of a line"):
        verify_statement(sign(replace(statement, lines=invented)), HUB_KEYS)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[]", "needs a document and a signature"),
        (b"{" * 100_000, "no JSON"),
        (b'{"document":{},"document":{},"signature":{}}', "stands twice"),
        (b'{"document":{"a":1.5},"signature":{}}', "no whole number"),
        (b'{"document":{"a":NaN},"signature":{}}', "no whole number"),
        (b'{"document":{},"signature":{"payload_type":"x","public_key":"","signature":""}}', "of another kind"),
        (b'{"document":{"a":"\\ud800"},"signature":{}}', "no signed statement"),
        (b" " * (STATEMENT_BYTES_MAX + 1), "at most"),
    ],
)
def test_what_is_no_statement_is_told(data: bytes, problem: str) -> None:
    """Files that are something else end with an error that says what is wrong."""
    with pytest.raises(StatementInvalid, match=problem):
        verify_statement(data, HUB_KEYS)


@pytest.mark.parametrize(
    "path",
    [
        ("format",),
        ("hashes",),
        ("hashes", 0),
        ("made_at",),
        ("figures", "net"),
        ("figures", "period", "currency_exponent"),
        ("figures", "period", "party_kind"),
        ("figures", "charges"),
        ("figures", "log_root"),
        ("lines", 0, "path", 0),
        ("signer", "entries", 0, "entry"),
    ],
)
@pytest.mark.parametrize("value", [None, True, 7, -1, "", "x", "1e5", "00.000000", "-0.000000", [], [[]], {}, 10**30])
def test_signed_nonsense_is_refused(path: tuple[str | int, ...], value: object) -> None:
    """A value of another kind in a document that is signed right is an error of the statement, not of the program."""
    document = json.loads(sign(make("grocer", MOVED[:2])))["document"]
    target = document
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(StatementInvalid):
        verify_statement(signed_anew(document), HUB_KEYS)


@given(st.integers(-(10**15), 10**15), st.integers(0, 10_000), st.integers(0, 6))
def test_tax_is_rounded_half_away_from_zero(base: int, rate: int, digits: int) -> None:
    """The tax is off by half a minor unit at most, and changes its sign with the base."""
    tax = tax_on(base, rate, digits)
    off = abs(tax * 10 ** (10 - digits) - base * rate)
    assert 2 * off <= 10 ** (10 - digits)
    assert tax_on(-base, rate, digits) == -tax
