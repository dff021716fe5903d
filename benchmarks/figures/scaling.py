"""What becomes of the rate at which envelopes are committed when a town is larger, older or busier in one place.

Each figure and the one that it is held against are measured in turn, each by a hub of its own over a town of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from benchmarks import load
from benchmarks.life import SHARES, Habits, Life
from benchmarks.processes import hub
from benchmarks.progress import say
from benchmarks.rows import Row, at_least
from benchmarks.run import SMALL, Run, draw, in_turn
from benchmarks.sealing import seal_all
from benchmarks.town import Size, Town

HOLDERS: Final = "holders"
JOURNAL: Final = "journal"
ONE_ISSUER: Final = "one-issuer"
_AT_ONCE: Final = 4
_OUT_OF = "of the other figure"
#: A day on which half of what happens are donations.
_DONATING: Final = {**SHARES, "issue": 40.0, "donate": 50.0, "redeem": 7.0}


def holders(run: Run) -> list[Row]:
    """Many holders with ten lots each; few with as many; few with three, as for most other rows."""
    few, many = Size(SMALL.holders, run.scale.crowd.lots), run.scale.crowd
    crowd, alike, usual = _rates(
        run,
        (run.earlier(HOLDERS, many), Habits()),
        (run.town("few holders, as many lots", few), Habits()),
        (run.town("few holders", SMALL), Habits()),
    )
    what = f"{many.holders:,} holders with {many.lots} lots each"
    return [
        _row(HOLDERS, what, crowd, usual, f"{SMALL.holders:,} holders with {SMALL.lots} lots", 0.8),
        _row(f"{HOLDERS}-alike", what, crowd, alike, f"{few.holders:,} holders with {few.lots} lots", None),
    ]


def journal(run: Run) -> list[Row]:
    """A long journal, and the same holders with nothing in theirs but how they came by their lots."""
    long, short = run.scale.long, run.scale.short
    figure, other = _rates(run, (run.earlier(JOURNAL, long), Habits()), (run.town("a short journal", short), Habits()))
    return [_row(JOURNAL, f"a journal of {long.entries:,} entries", figure, other, "a journal that just began", 0.9)]


def one_issuer(run: Run) -> list[Row]:
    """One issuer and one campaign that take half of all; then the same on a day of donations."""
    half = Habits(first_author=0.5, first_campaign=0.5)
    busy, even = _rates(run, (run.town("one issuer"), half), (run.town("all issuers"), Habits()))
    giving_to_one = Habits(first_author=0.5, first_campaign=1.0, shares=_DONATING)
    to_one, to_all = _rates(
        run,
        (run.town("one campaign"), giving_to_one),
        (run.town("all campaigns"), Habits(shares=_DONATING)),
    )
    return [
        _row(ONE_ISSUER, "half by one issuer, half of the gifts to one campaign", busy, even, "all alike", 0.9),
        _row(f"{ONE_ISSUER}-gifts", "half of all are gifts to one campaign", to_one, to_all, "to all alike", 0.9),
    ]


def _rates(run: Run, *towns: tuple[Town, Habits]) -> list[float]:
    """The median rate in each town."""
    with ExitStack() as stack:
        measures = [
            _rate(run, town, stack.enter_context(hub(town)).address, f"scaling {place}", habits)
            for place, (town, habits) in enumerate(towns)
        ]
        for measure in measures:
            # Once in vain: what is read for the first time comes from the disk.
            measure()
        return in_turn(run.scale.rounds, *measures)


def _rate(run: Run, town: Town, address: str, seed: str, habits: Habits) -> Callable[[], float]:
    life = Life(town.size, seed, habits)

    def measure() -> float:
        sent = load.send(town, address, seal_all(town, draw(life, run.scale.envelopes)), _AT_ONCE)
        say(f"{town.folder.name}: {sent.transactions_per_s:,.0f} tx/s, {sent.rejected} rejected")
        return sent.transactions_per_s

    return measure


def _row(name: str, what: str, figure: float, other: float, other_name: str, least: float | None) -> Row:
    targets = () if least is None else (at_least(figure / other, least, _OUT_OF),)
    return Row(name, f"envelopes of 500: {what}", figure, "tx/s", other, other_name, targets)
