"""The console's own sums, held against those of the books."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from partner_sdk.settlement import Line, LineKind
from settlement.clearing.movements import MovementKind
from settlement.clearing.obligations import owed_in
from settlement.clearing.totals import NOTHING, Key, Tally
from settlement.console.owed import Search, between, owed_by, searches

OPERATOR = "operator"
PARTIES = ("florist", "grocer", "school")
MOMENT = datetime(2025, 1, 1, tzinfo=UTC)
MICROS = ("direct_micros", "topup_micros", "margin_micros", "fee_micros", "paid_in_micros", "paid_back_micros")
_AMOUNT = st.one_of(st.just(0), st.integers(0, 10**9))


@st.composite
def all_lines(draw: st.DrawFn) -> list[Line]:
    """Lines of a window, of every kind, as the service would list them."""
    lines = []
    for sequence in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(LineKind))
        redeems = kind in (LineKind.REDEEM, LineKind.REDEEM_REVERSED)
        issuer, counterparty = draw(st.sampled_from(PARTIES)), None
        if redeems or kind in (LineKind.DONATE, LineKind.OBLIGATION):
            counterparty = draw(
                st.sampled_from(PARTIES).filter(
                    lambda name, kind=kind, issuer=issuer: kind is not LineKind.OBLIGATION or name != issuer
                )
            )
        amounts = {name: draw(_AMOUNT) for name in MICROS}
        if not redeems or counterparty == issuer:
            amounts |= {"topup_micros": 0, "direct_micros": 0}
        if kind is LineKind.OBLIGATION:
            amounts = dict.fromkeys(MICROS, 0) | {"direct_micros": draw(st.integers(1, 10**9))}
        if kind is LineKind.DONATE:
            amounts = dict.fromkeys(MICROS, 0)
        lines.append(
            Line(
                sequence=sequence,
                part=0,
                window=1,
                committed_at=MOMENT,
                kind=kind,
                author=issuer,
                issuer=issuer,
                counterparty=counterparty,
                points=draw(st.integers(0, 10**6)),
                arrears_points=0,
                drawn_micros=0,
                original_sequence=None,
                transaction_id=None,
                reference=None,
                holder_id=None,
                **amounts,
            )
        )
    return lines


def books_of(lines: list[Line]) -> dict[tuple[str, str], int]:
    """What the service's own books say of the same lines."""
    tally = Tally()
    for line in lines:
        key = Key(MovementKind[line.kind.name], line.issuer, line.counterparty or "")
        amounts = {name: getattr(line, name) for name in MICROS}
        tally.add(key, NOTHING._replace(entries=1, points=line.points, **amounts))
    return {tuple(pair): owed.amount_micros for pair, owed in owed_in(tally.totals(), OPERATOR).items()}


@given(all_lines())
def test_lines_add_up_to_the_books(lines: list[Line]) -> None:
    """Added up line by line, every pair owes what the books say."""
    sums: Counter[tuple[str, str]] = Counter()
    for line in lines:
        for item in owed_by(line, OPERATOR):
            sums[item.debtor, item.creditor] += item.amount_micros
    assert dict(sums) == {pair: amount for pair, amount in books_of(lines).items() if amount}


def found_by(search: Search, lines: list[Line]) -> list[Line]:
    """What the service answers to a search."""
    return [
        line
        for line in lines
        if (search.party_id is None or search.party_id in (line.issuer, line.counterparty))
        and search.issuer in (None, line.issuer)
        and search.counterparty in (None, line.counterparty)
        and search.kind in (None, line.kind)
    ]


@given(all_lines(), st.permutations([*PARTIES, OPERATOR]))
def test_searches_find_every_line_once(lines: list[Line], names: list[str]) -> None:
    """The searches for a figure find all of its lines, and none twice."""
    debtor, creditor = names[:2]
    found = [line for search in searches(debtor, creditor, OPERATOR) for line in found_by(search, lines)]
    listed = [line for line, _ in between(found, debtor, creditor, OPERATOR)]
    expected = [line for line, _ in between(lines, debtor, creditor, OPERATOR)]
    assert sorted(line.sequence for line in listed) == [line.sequence for line in expected]
