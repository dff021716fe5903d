"""A window's books in pages: seven hundred parties that all owe each other have half a million obligations.

What does not fit in one answer is kept for a while, so that all pages are of the same moment, also of a window that is
open and goes on.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message

from coalition.errors import FieldViolation, Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.activity import Activity
from settlement.clearing.netting import bilateral
from settlement.clearing.obligations import Owed, Pair
from settlement.clearing.rounding import Position
from settlement.desk import Desk, WindowRecord
from settlement.rpc.access import Caller
from settlement.rpc.messages import window_message
from settlement.runs.positions import to_message

#: Rows of one answer, of all tables together; each has less than 150 bytes.
PAGE_ROWS_MAX: Final = 10_000
_KEPT_MAX: Final = 4
_KEPT_S: Final = 120.0
_TOKEN: Final = re.compile(r"([0-9a-f]{16})\.([0-9]{1,9})")


@dataclass(slots=True)
class _Books:
    """A window's rows, of everybody."""

    number: int
    record: WindowRecord
    positions: Sequence[Position]
    activity: Sequence[tuple[str, Activity]]
    obligations: Sequence[tuple[Pair, Owed]]
    bilateral: Sequence[tuple[Pair, Owed]]
    used_s: float = 0.0


class WindowPages:
    """Answers GetWindow."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._kept: dict[str, _Books] = {}

    def page(self, request: pb.GetWindowRequest, caller: Caller) -> pb.GetWindowResponse:
        """A page, as far as the caller may see it. Raises Refused: NOT_FOUND, FIELD_INVALID, WRONG_STATE."""
        if request.page_token:
            stamp, start = _parse(request.page_token)
            books = self._find(stamp, request.number)
        else:
            stamp, start, books = secrets.token_hex(8), 0, self._read(request.number)
        network = self._desk.network
        response = pb.GetWindowResponse(
            window=window_message(books.record), currency=network.currency, currency_exponent=network.currency_exponent
        )
        rows = _seen(books, caller)
        end = _fill(response, rows, start, PAGE_ROWS_MAX)
        if end < sum(map(len, rows.values())):
            self._keep(stamp, books)
            response.next_page_token = f"{stamp}.{end}"
        return response

    def _read(self, number: int) -> _Books:
        books = self._desk.window(number)
        return _Books(
            number,
            books.record,
            books.positions,
            list(books.activity.items()),
            list(books.owed.items()),
            list(bilateral(books.owed).items()),
        )

    def _find(self, stamp: str, number: int) -> _Books:
        with self._lock:
            books = self._kept.get(stamp)
        if books is None or books.number != number:
            raise Refused(
                error_pb2.REASON_WRONG_STATE,
                "The pages of this window are not kept any more. Read it again from its first page.",
                {"window": str(number)},
            )
        return books

    def _keep(self, stamp: str, books: _Books) -> None:
        with self._lock:
            now_s = books.used_s = time.monotonic()
            self._kept[stamp] = books
            for known, other in sorted(self._kept.items(), key=lambda item: item[1].used_s):
                if now_s - other.used_s > _KEPT_S or len(self._kept) > _KEPT_MAX:
                    del self._kept[known]


def _seen(books: _Books, caller: Caller) -> dict[str, Sequence[Any]]:
    """The rows of each table that the caller may see, in the order in which they are sent."""
    if caller.sees_all:
        return {
            "positions": books.positions,
            "activity": books.activity,
            "obligations": books.obligations,
            "bilateral": books.bilateral,
        }
    return {
        "positions": [item for item in books.positions if caller.sees(item.party_id)],
        "activity": [item for item in books.activity if caller.sees(item[0])],
        "obligations": [item for item in books.obligations if caller.sees(*item[0])],
        "bilateral": [item for item in books.bilateral if caller.sees(*item[0])],
    }


def _fill(response: pb.GetWindowResponse, rows: dict[str, Sequence[Any]], start: int, limit: int) -> int:
    """Add rows from the `start`-th of all on, up to `limit`, and say where the next page begins."""
    begins, end = 0, start
    for name, table in rows.items():
        part = table[max(0, start - begins) : max(0, start + limit - begins)]
        getattr(response, name).extend(_messages(name, part))
        begins += len(table)
        end += len(part)
    return end


def _messages(name: str, rows: Iterable[Any]) -> Iterable[Message]:
    if name == "positions":
        return map(to_message, rows)
    if name == "activity":
        return (pb.PartyActivity(party_id=party_id, **activity._asdict()) for party_id, activity in rows)
    return (
        pb.Obligation(debtor=pair.debtor, creditor=pair.creditor, points=part.points, amount_micros=part.amount_micros)
        for pair, part in rows
    )


def _parse(token: str) -> tuple[str, int]:
    found = _TOKEN.fullmatch(token)
    if found is None:
        violation = FieldViolation("page_token", "must be the next_page_token of the page before")
        text = f"{violation.field} {violation.description}."
        raise Refused(error_pb2.REASON_FIELD_INVALID, text, violations=(violation,))
    return found[1], int(found[2])
