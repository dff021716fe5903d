"""How a party's own records are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from coalition.v1 import settlement_reconciliation_pb2 as pb
from coalition.v1.transaction_pb2 import TRANSACTION_KIND_UNSPECIFIED
from partner_sdk._vocabulary import Kind, kind_of


class NegativePoints(StrEnum):
    """What negative points mean in a party's records."""

    #: The row reverses something.
    REVERSE = "reverse"
    #: The sign is the member's balance: issued is positive, redeemed negative. Only for records without kinds.
    BALANCE = "balance"
    #: Nothing: kinds say it all.
    IGNORE = "ignore"


class RecordStatus(StrEnum):
    """How a party's records say a transaction ended."""

    OK = "ok"
    DECLINED = "declined"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsMapping:
    """How a party's records are to be read. Columns by their names in the header; None where there is none."""

    points: str
    #: The transaction's id, a UUID.
    id: str | None = None
    kind: str | None = None
    #: The party's own reference, a receipt number for example.
    reference: str | None = None
    time: str | None = None
    status: str | None = None
    #: The party's own words for kinds, without regard to case; None: rows with this word are left out. Words are needed
    #: with a kind column.
    kinds: Mapping[str, Kind | None] = field(default_factory=dict)
    negative: NegativePoints = NegativePoints.REVERSE
    #: The party's own words for statuses. Needed with a status column.
    statuses: Mapping[str, RecordStatus] = field(default_factory=dict)
    #: `iso`, `epoch_s`, `epoch_ms`, `excel`, or a pattern such as `%d.%m.%Y %H:%M:%S`.
    time_format: str = "iso"
    #: IANA name, for times that do not say their offset; empty: the network's.
    time_zone: str = ""
    decimal_mark: str = "."
    #: Empty, or one of `.`, `,`, space, apostrophe, underscore.
    thousands_mark: str = ""
    #: Empty: UTF-8, or what a byte order mark says. Else `utf-16-le`, `latin-1`, `windows-1252` and so on.
    encoding: str = ""
    #: Between cells of CSV; empty: found from the header.
    delimiter: str = ""
    #: Of a workbook; empty: the first one.
    sheet: str = ""
    #: The row that names the columns, from 1.
    header_row: int = 1
    #: How far apart two times may be that are held to be the same.
    tolerance_s: int = 120

    @classmethod
    def of(cls, message: pb.RecordsMapping) -> RecordsMapping:
        """The mapping in a message of the protocol. Raises KeyError or ValueError for words that this version lacks."""
        return cls(
            points=message.points_column,
            id=message.id_column or None,
            kind=message.kind_column or None,
            reference=message.reference_column or None,
            time=message.time_column or None,
            status=message.status_column or None,
            kinds={word.word: kind_of(word.kind) if word.kind else None for word in message.kinds},
            negative=_negative_of(message.negative),
            statuses={word.word: record_status_of(word.status) for word in message.statuses},
            time_format=message.time_format or "iso",
            time_zone=message.time_zone,
            decimal_mark=message.decimal_mark or ".",
            thousands_mark=message.thousands_mark,
            encoding=message.encoding,
            delimiter=message.delimiter,
            sheet=message.sheet,
            header_row=message.header_row,
            tolerance_s=message.tolerance_s,
        )

    def message(self) -> pb.RecordsMapping:
        """As a message of the protocol."""
        return pb.RecordsMapping(
            points_column=self.points,
            id_column=self.id or "",
            kind_column=self.kind or "",
            reference_column=self.reference or "",
            time_column=self.time or "",
            status_column=self.status or "",
            kinds=[
                pb.KindWord(word=word, kind=kind.number if kind else TRANSACTION_KIND_UNSPECIFIED)
                for word, kind in self.kinds.items()
            ],
            negative=pb.NegativePoints.Value(f"NEGATIVE_POINTS_{self.negative.name}"),
            statuses=[
                pb.StatusWord(word=word, status=pb.RecordStatus.Value(f"RECORD_STATUS_{status.name}"))
                for word, status in self.statuses.items()
            ],
            time_format=self.time_format,
            time_zone=self.time_zone,
            decimal_mark=self.decimal_mark,
            thousands_mark=self.thousands_mark,
            encoding=self.encoding,
            delimiter=self.delimiter,
            sheet=self.sheet,
            header_row=self.header_row,
            tolerance_s=self.tolerance_s,
        )


def record_status_of(number: pb.RecordStatus.ValueType) -> RecordStatus:
    """The word for a number from the wire."""
    return RecordStatus[pb.RecordStatus.Name(number).removeprefix("RECORD_STATUS_")]


def _negative_of(number: pb.NegativePoints.ValueType) -> NegativePoints:
    return NegativePoints[pb.NegativePoints.Name(number or pb.NEGATIVE_POINTS_REVERSE).removeprefix("NEGATIVE_POINTS_")]
