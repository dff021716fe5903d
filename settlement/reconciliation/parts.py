"""The books' records as Parquet files, which are read a hundred times faster than rows of the database.

A part holds the records of a fixed range of the journal. That never changes, so a part is made once, when it is first
needed, and only of ranges that are complete; what comes after the last of them is read from the database each time. A
part's name says which range of which journal it is, and what its bytes must hash to: whatever else lies in the folder
is not read.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from coalition.v1.error_pb2 import Reason
from coalition.v1.transaction_pb2 import TransactionKind
from settlement.reconciliation.entries import RECORDS

#: Entries of the journal to a part.
PART_ENTRIES: Final = 1 << 16
#: Changes with what a part holds; those of an older form are not found any more.
_FORM: Final = 1
_NAME: Final = re.compile(rf"records-{_FORM}-(\d{{15}})-([0-9a-f]{{16}})-([0-9a-f]{{32}})\.parquet")
_ROW_GROUP: Final = 1 << 15
_SELECT: Final = """
SELECT
    sequence, window_number, committed_us, author, transaction_id, kind, points, reference, accepted, reason, about_id
FROM records WHERE sequence BETWEEN ? AND ? ORDER BY sequence
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Records of a range of the journal: files, and those that are in none yet."""

    files: tuple[Path, ...]
    rest: pa.Table


class Parts:
    """The parts of one database, in a folder of their own."""

    def __init__(
        self, connection: sqlite3.Connection, folder: Path, scratch: Path, part_entries: int = PART_ENTRIES
    ) -> None:
        """`connection` is one read transaction. The folder is made when it is missing. Raises OSError.

        Parts are made in `scratch`, which is of the same file system and goes with the job, however that ends.
        """
        self._connection = connection
        self._folder = folder
        self._scratch = scratch
        self._part_entries = part_entries
        self._rest: pa.Table | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = connection.execute("SELECT sequence FROM progress").fetchone()
        #: The last entry that is in the books.
        self.size: Final[int] = found[0] if found else 0

    def source(self, ranges: Sequence[tuple[int, int]], done: Callable[[int], None]) -> Source:
        """The records of these ranges of entries, first and last, and of some more around them.

        Parts that are missing are made; `done` is told how many entries are ready.
        """
        complete = self.size // self._part_entries
        wanted = sorted(
            {number for first, last in ranges for number in range(self._number(first), self._number(last) + 1)}
        )
        files = []
        for count, number in enumerate((number for number in wanted if number < complete), 1):
            files.append(self._part(number))
            done(count * self._part_entries)
        if all(number < complete for number in wanted):
            return Source(tuple(files), RECORDS.empty_table())
        if self._rest is None:
            self._rest = self._read(complete * self._part_entries + 1, self.size)
        return Source(tuple(files), self._rest)

    def _number(self, sequence: int) -> int:
        return (sequence - 1) // self._part_entries

    def _part(self, number: int) -> Path:
        last = (number + 1) * self._part_entries
        # The entry at the end of a range stands for the journal, in which it comes after all others.
        (raw,) = self._connection.execute("SELECT raw FROM entries WHERE sequence = ?", (last,)).fetchone()
        stem = f"records-{_FORM}-{last:015}-{hashlib.sha256(raw).hexdigest()[:16]}-"
        for path in self._folder.glob(f"{stem}*.parquet"):
            if _is_whole(path):
                return path
        return self._make(number, stem)

    def _make(self, number: int, stem: str) -> Path:
        table = self._read(number * self._part_entries + 1, (number + 1) * self._part_entries)
        # By author: of others' rows most are passed over unread then.
        table = table.take(pc.sort_indices(table["author"]))
        fresh = self._scratch / "part.parquet"
        pq.write_table(
            table, fresh, compression="zstd", row_group_size=_ROW_GROUP, use_dictionary=["author", "kind", "reason"]
        )
        return fresh.replace(self._folder / f"{stem}{_digest(fresh)}.parquet")

    def _read(self, first: int, last: int) -> pa.Table:
        cursor = self._connection.execute(_SELECT, (first, last))
        tables = [RECORDS.empty_table(), *_tables(cursor)]
        return pa.concat_tables(tables)


@cache
def _names(enumeration: EnumTypeWrapper) -> pa.Array:
    """The names of an enumeration's numbers, at those places; empty where there is none, and at 0."""
    names = dict(enumeration.items())
    prefix = next(name for name, number in names.items() if number == 0).removesuffix("UNSPECIFIED")
    words = [""] * (max(names.values()) + 1)
    for name, number in names.items():
        if number:
            words[number] = name.removeprefix(prefix)
    return pa.array(words)


def _tables(cursor: sqlite3.Cursor) -> Iterator[pa.Table]:
    while rows := cursor.fetchmany(_ROW_GROUP):
        yield _table(list(zip(*rows, strict=True)))


def _table(columns: list[tuple[Any, ...]]) -> pa.Table:
    sequence, window, committed, author, identifier, kind, points, reference, accepted, reason, about = columns
    names = list(dict.fromkeys(author))
    places = {name: place for place, name in enumerate(names)}
    return pa.table(
        [
            pa.array(sequence, pa.int64()),
            pa.array(window, pa.int64()),
            pa.array(committed, pa.int64()),
            _words(map(places.__getitem__, author), pa.array(names)),
            pa.array(identifier, pa.uuid()),
            pc.utf8_lower(_words(kind, _names(TransactionKind))),
            pa.array(points, pa.int64()),
            pa.array(reference, pa.string()),
            pa.array(accepted, pa.int8()).cast(pa.bool_()),
            _words(reason, _names(Reason)),
            pa.array([value or None for value in about], pa.uuid()),
        ],
        schema=RECORDS,
    )


def _words(places: Iterator[int] | Sequence[int], words: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), words).cast(pa.string())


def _is_whole(path: Path) -> bool:
    """Whether a part holds what its name says."""
    found = _NAME.fullmatch(path.name)
    return found is not None and found[3] == _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]
