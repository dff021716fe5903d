"""What is in a file, and how it might be mapped; in the process of its own in which files are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from coalition.v1 import settlement_reconciliation_pb2 as pb
from settlement.reconciliation.guessing import guess, likely_header
from settlement.reconciliation.job import Question
from settlement.reconciliation.limits import Limits
from settlement.reconciliation.records_file import look_at

_SHOWN_ROWS: Final = 20
_SHOWN_CHARS: Final = 200


def inspect(question: Question, limits: Limits) -> pb.RecordsInspection:
    """The columns, the first rows and a guess. A mapping's header row of 0 is looked for. Raises RecordsError."""
    known = question.mapping
    sample = look_at(question.records, known, question.scratch, limits)
    header = known.header_row or (1 if sample.format == "parquet" else likely_header(sample.rows))
    known = replace(known, header_row=header)
    columns = sample.rows[header - 1] if header <= len(sample.rows) else ()
    rows = sample.rows[header:]
    guessed = guess(columns, rows, known)
    return pb.RecordsInspection(
        format=sample.format,
        sheets=sample.sheets,
        columns=[_shown(column.strip()) for column in columns],
        rows=[pb.SampleRow(cells=map(_shown, row)) for row in rows[:_SHOWN_ROWS]],
        guess=guessed.mapping.message() if guessed.mapping else None,
        doubts=guessed.doubts,
    )


def _shown(cell: str) -> str:
    return cell[:_SHOWN_CHARS]
