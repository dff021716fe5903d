"""What is handed to a process that reads a party's file, and what comes back: both as JSON and files.

A file comes from outside and may be made to break whatever reads it. So a process of its own does, with bounds on
memory and time, without the service's secrets, and with nothing to lose.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from coalition.v1 import settlement_reconciliation_pb2 as pb
from partner_sdk.settlement import RecordsMapping
from settlement.reconciliation.limits import Limits

#: In the job's folder: a ReconciliationSummary or a RecordsInspection, and the differences.
ANSWER_FILE: Final = "answer"
DIFFERENCES_FILE: Final = "differences"
_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be compared."""

    party_id: str
    windows: tuple[int, ...]
    mapping: RecordsMapping
    #: The network's time zone.
    zone: str
    #: The file of records.
    records: Path
    #: The settlement service's database, and where parts of it are kept as Parquet.
    database: Path
    parts: Path
    #: For what does not fit into memory, and the result.
    scratch: Path


@dataclass(frozen=True, slots=True)
class Job:
    """A file to compare; or, without windows, to look at only."""

    question: Question
    limits: Limits

    @property
    def folder(self) -> Path:
        """Where its result is put."""
        return self.question.scratch

    def to_json(self) -> str:
        """For the other process."""
        question = self.question
        return json.dumps(
            {
                "party_id": question.party_id,
                "windows": list(question.windows),
                "mapping": question.mapping.message().SerializeToString().hex(),
                "zone": question.zone,
                **{name: str(getattr(question, name)) for name in ("records", "database", "parts", "scratch")},
                "limits": asdict(self.limits),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Job:
        """What `to_json` gave."""
        values: dict[str, Any] = json.loads(text)
        question = Question(
            party_id=values["party_id"],
            windows=tuple(values["windows"]),
            mapping=RecordsMapping.of(pb.RecordsMapping.FromString(bytes.fromhex(values["mapping"]))),
            zone=values["zone"],
            records=Path(values["records"]),
            database=Path(values["database"]),
            parts=Path(values["parts"]),
            scratch=Path(values["scratch"]),
        )
        return cls(question, Limits(**values["limits"]))


def write_differences(path: Path, parts: Iterable[list[pb.Difference]]) -> None:
    """Messages of Differences, each behind its length."""
    with path.open("wb") as file:
        for part in parts:
            data = pb.Differences(differences=part).SerializeToString()
            file.write(_LENGTH.pack(len(data)))
            file.write(data)


def split_differences(data: bytes) -> Iterator[pb.Differences]:
    """The messages that `write_differences` wrote."""
    place = 0
    while place < len(data):
        (length,) = _LENGTH.unpack_from(data, place)
        place += _LENGTH.size
        yield pb.Differences.FromString(data[place : place + length])
        place += length
