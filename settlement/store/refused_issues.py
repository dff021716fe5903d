"""Issues that the hub refused because the issuer had as many points outstanding as its terms allow."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, or_, select

from coalition.v1.error_pb2 import REASON_OUTSTANDING_LIMIT
from coalition.v1.transaction_pb2 import TRANSACTION_KIND_ISSUE
from settlement.store import tables

_RECORD = tables.records.c


class RefusedIssues:
    """Each issuer's last issue, if it was refused so, again and again; only what is new in the journal is read.

    For one thread at a time.
    """

    def __init__(self) -> None:
        self._sequence = 0
        self._points: dict[str, int] = {}

    def at(self, connection: Connection) -> Mapping[str, int]:
        """By issuer, how many points it was to issue; those whose last issue was accepted are left out."""
        last = connection.scalar(select(func.coalesce(func.max(_RECORD.sequence), 0))) or 0
        # An issue that was refused for another reason says nothing about the limit.
        newest = (
            select(func.max(_RECORD.sequence))
            .where(_RECORD.sequence > self._sequence, _RECORD.kind == int(TRANSACTION_KIND_ISSUE))
            .where(or_(_RECORD.accepted, _RECORD.reason == int(REASON_OUTSTANDING_LIMIT)))
            .group_by(_RECORD.author)
        )
        for author, points, accepted in connection.execute(
            select(_RECORD.author, _RECORD.points, _RECORD.accepted).where(_RECORD.sequence.in_(newest))
        ):
            self._points.pop(author, None)
            if not accepted:
                self._points[author] = points
        self._sequence = last
        return self._points
