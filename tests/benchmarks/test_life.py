"""What happens in a town is drawn as life is, and the same each time."""

from __future__ import annotations

from collections import Counter

from benchmarks.life import SHARES, Action, Habits, Life
from benchmarks.town import PARTNERS, Size

SIZE = Size(10_000)


def _actions(life: Life, envelopes: int, size: int = 200) -> list[Action]:
    return [action for _ in range(envelopes) for action in life.envelope(size)]


def test_the_mix_is_as_stated() -> None:
    """Of a hundred transactions eighty issue points, fifteen redeem them and five are the rest, of every kind."""
    kinds = Counter(action.kind for action in _actions(Life(SIZE, "mix", lag=4), 40))
    assert set(SHARES) == set(kinds)
    total = kinds.total()
    assert 0.78 < kinds["issue"] / total < 0.83
    assert 0.13 < kinds["redeem"] / total < 0.17


def test_few_holders_come_often() -> None:
    """A tenth of the holders makes more than half of the transactions, and nobody makes a twentieth."""
    holders = Counter(
        action.arguments["holder_id"] for action in _actions(Life(SIZE, "who"), 40) if action.kind == "issue"
    )
    often = holders.most_common(SIZE.holders // 10)
    assert sum(count for _, count in often) > holders.total() / 2
    assert often[0][1] < holders.total() / 20


def test_the_same_seed_draws_the_same() -> None:
    """Who does what to whom follows from the seed."""

    def drawn(seed: str) -> list[tuple[str, str, object, object]]:
        return [
            (action.author, action.kind, action.arguments.get("holder_id"), action.arguments.get("points"))
            for action in _actions(Life(SIZE, seed), 3)
            if action.kind != "enrol"
        ]

    assert drawn("a") == drawn("a")
    assert drawn("a") != drawn("b")


def test_one_author_may_take_half() -> None:
    """The first author's share is what the habits say; the others share the rest alike."""
    life = Life(SIZE, "half", Habits(first_author=0.5))
    authors = Counter(life.envelope(1)[0].author for _ in range(4_000))
    assert 0.45 < authors[PARTNERS[0]] / authors.total() < 0.55
    assert set(PARTNERS) == set(authors)
