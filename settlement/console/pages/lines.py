"""Lines: those of one figure, added up again, or any, by a choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from partner_sdk.settlement import Line, LineKind, SettlementClient
from settlement.console.frame import page
from settlement.console.owed import Owed, Search, between, owed_by, searches
from settlement.console.visit import NUMBER_MAX, Console, Problem, Visit

_PAGE_SIZE: Final = 50
#: Asked for at a time, where only some of them belong to the figure, and where all are added up.
_BATCH: Final = 100
_ALL: Final = 500
#: Looked through for one page.
_BATCHES_MAX: Final = 10
#: Added up at a time.
_ADDED_MAX: Final = 100_000
_TEXT_MAX: Final = 200
_KINDS: Final = tuple(kind.value for kind in LineKind)


@dataclass(frozen=True, slots=True)
class Row:
    """A line with what it makes parties owe."""

    line: Line
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """What all lines of a figure come to, and what the window's table says."""

    lines: int
    amount_micros: int
    stated_micros: int
    #: Whether there were more lines than are added up at a time.
    cut: bool


def routes(console: Console) -> list[Route]:
    """Everything below /lines."""
    return [page(console, "/lines", show), page(console, "/lines/{window:int}/{debtor}/{creditor}", show_figure)]


def show(visit: Visit) -> Response:
    """Lines by a choice, in the journal's order."""
    choice = {name: visit.asked(name)[:_TEXT_MAX] for name in ("window", "party", "issuer", "acceptor", "kind")}
    token = visit.asked("token")[:_TEXT_MAX]
    if choice["kind"] and choice["kind"] not in _KINDS:
        raise Problem("There is no such kind of line.", "Choose one from the list.", 404)
    found, following = visit.client.line_page(
        window=visit.asked_number("window", 0, NUMBER_MAX) or None,
        party_id=choice["party"] or None,
        issuer=choice["issuer"] or None,
        counterparty=choice["acceptor"] or None,
        kind=LineKind(choice["kind"]) if choice["kind"] else None,
        page_size=_PAGE_SIZE,
        page_token=token,
    )
    operator = visit.operator
    return visit.page(
        "lines.html",
        title="Lines",
        choice=choice,
        kinds=_KINDS,
        rows=[Row(line, tuple(owed_by(line, operator))) for line in found],
        beginning="" if not token else _address(choice),
        following=_address({**choice, "token": following}) if following else "",
        currency=visit.currency.code,
    )


def show_figure(visit: Visit) -> Response:
    """The lines that come to what one party owes another in a window; added up, when that is asked for."""
    number, debtor, creditor = visit.number("window"), visit.text("debtor"), visit.text("creditor")
    report = visit.client.window(number)
    stated = [item for item in report.obligations if (item.debtor, item.creditor) == (debtor, creditor)]
    if not stated:
        raise Problem(
            f"{debtor} owes {creditor} nothing in window {number}.", "Choose a figure in the window's table.", 404
        )
    figure = Figure(visit.client, number, debtor, creditor, visit.operator)
    added = None
    if visit.asked("add"):
        added = figure.add(stated[0].amount_micros)
    rows, following = figure.page(visit.asked("token")[:_TEXT_MAX])
    return visit.page(
        "figure.html",
        title=f"{debtor} to {creditor}, window {number}",
        window=report.window,
        debtor=debtor,
        creditor=creditor,
        stated=stated[0],
        rows=rows,
        beginning=visit.path if visit.asked("token") else "",
        following=f"{visit.path}?{urlencode({'token': following})}" if following else "",
        added=added,
        currency=report.currency,
        exponent=report.currency_exponent,
    )


@dataclass(frozen=True, slots=True)
class Figure:
    """The lines behind one figure of a window's table."""

    client: SettlementClient
    window: int
    debtor: str
    creditor: str
    operator: str

    def page(self, token: str) -> tuple[list[Row], str]:
        """Some lines, and the token of those after them: which search, and the service's own token in it.

        A search may find lines that are about other figures too, so a page may be short. Raises Problem for a token
        that is none.
        """
        todo = searches(self.debtor, self.creditor, self.operator)
        place, _, inner = (token or "0:").partition(":")
        if place not in map(str, range(len(todo))):
            raise Problem("There is no such page.", "Go back to the first one.", 404)
        rows: list[Row] = []
        at = int(place)
        for _ in range(_BATCHES_MAX):
            found, inner = self._batch(todo[at], inner)
            rows += [Row(line, tuple(owed)) for line, owed in self._between(found)]
            if not inner:
                at += 1
            if at == len(todo) or len(rows) >= _PAGE_SIZE:
                break
        return rows, f"{at}:{inner}" if at < len(todo) else ""

    def add(self, stated_micros: int) -> Sum:
        """All lines of the figure, added up here."""
        lines = amount = seen = 0
        for search in searches(self.debtor, self.creditor, self.operator):
            for line in self._all(search):
                seen += 1
                if seen > _ADDED_MAX:
                    return Sum(lines, amount, stated_micros, cut=True)
                owed = [item.amount_micros for _, items in self._between([line]) for item in items]
                lines, amount = lines + bool(owed), amount + sum(owed)
        return Sum(lines, amount, stated_micros, cut=False)

    def _between(self, lines: Iterable[Line]) -> Iterator[tuple[Line, list[Owed]]]:
        return between(lines, self.debtor, self.creditor, self.operator)

    def _all(self, search: Search) -> Iterator[Line]:
        return self.client.lines(window=self.window, page_size=_ALL, **asdict(search))

    def _batch(self, search: Search, token: str) -> tuple[tuple[Line, ...], str]:
        # A search for two parties finds little else than their lines.
        size = _PAGE_SIZE if search.party_id is None else _BATCH
        return self.client.line_page(window=self.window, page_size=size, page_token=token, **asdict(search))


def _address(choice: Mapping[str, str]) -> str:
    return f"/lines?{urlencode({name: value for name, value in choice.items() if value})}"
