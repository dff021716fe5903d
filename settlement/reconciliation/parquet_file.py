"""Parquet files. What they say of themselves is checked before anything is read by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from partner_sdk.settlement import RecordsMapping
from settlement.reconciliation.header import check_width, places
from settlement.reconciliation.limits import MIB, Limits
from settlement.reconciliation.partner import ROWS
from settlement.reconciliation.problems import RecordsError, bad_cells, quoted

_BATCH: Final = 65_536
_ROW_GROUPS_MAX: Final = 100_000
#: Of the footer.
_TEXT_MAX: Final = 16 * MIB
_CONTAINER_MAX: Final = 1_000_000


def sample_parquet(path: Path, limits: Limits, most: int) -> list[list[str]]:
    """The names of the columns, and the first rows, up to `most` in all. Raises RecordsError."""
    file = _opened(path, limits)
    columns = tuple(file.schema_arrow.names)
    plain = [name for name in columns if not pa.types.is_nested(file.schema_arrow.field(columns.index(name)).type)]
    first = next(_batches(file, plain, most), None)
    rows = [] if first is None else first.slice(0, most - 1).to_pylist()
    cells = [["" if row.get(name) is None else str(row[name]) for name in columns] for row in rows]
    return [list(columns), *cells]


def read_parquet(path: Path, mapping: RecordsMapping, limits: Limits) -> pa.Table:
    """The rows, in the form of ROWS; the first one is row 1. Raises RecordsError."""
    file = _opened(path, limits)
    names = file.schema_arrow.names
    check_width(names, limits)
    where = {role: names[place] for role, place in places(names, mapping).items()}
    _check_sizes(file, set(where.values()), limits)
    parts: list[pa.Table] = []
    row, size = 1, 0
    for batch in _batches(file, sorted(set(where.values())), _BATCH):
        part = _part(batch, row, where, limits)
        row, size = row + batch.num_rows, size + part.nbytes
        if row - 1 > limits.rows or size > limits.unpacked_bytes:
            raise RecordsError(f"The file has more rows or data than it says; {limits.rows:,} rows are the most.")
        parts.append(part)
    return pa.concat_tables(parts) if parts else ROWS.empty_table()


def _opened(path: Path, limits: Limits) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(
            path, memory_map=True, thrift_string_size_limit=_TEXT_MAX, thrift_container_size_limit=_CONTAINER_MAX
        )
        # A schema that cannot be is found here as well.
        groups, rows, _ = file.metadata.num_row_groups, file.metadata.num_rows, file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(error) from error
    if groups > _ROW_GROUPS_MAX:
        raise RecordsError(f"The file has {groups:,} row groups; {_ROW_GROUPS_MAX:,} are the most.")
    if rows > limits.rows:
        raise RecordsError(f"The file has {rows:,} rows; {limits.rows:,} are the most.")
    return file


def _check_sizes(file: pq.ParquetFile, names: set[str], limits: Limits) -> None:
    metadata = file.metadata
    size = 0
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            if chunk.path_in_schema.partition(".")[0] in names:
                size += max(0, chunk.total_uncompressed_size)
    if size > limits.unpacked_bytes:
        raise RecordsError(
            f"The mapped columns are {size // MIB:,} MiB when unpacked; {limits.unpacked_mib:,} MiB are the most."
        )


def _batches(file: pq.ParquetFile, names: list[str], size: int) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(batch_size=size, columns=names, use_threads=False)
    except MemoryError:
        # A text that is there once, and stands in every row.
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> RecordsError:
    return RecordsError(f"The Parquet file is damaged: {quoted(str(error))}. Write it again.")


def _part(batch: pa.RecordBatch, row: int, where: dict[str, str], limits: Limits) -> pa.Table:
    columns: dict[str, Any] = {"row": pa.array(range(row, row + batch.num_rows), pa.int64())}
    for role, name in where.items():
        column = batch.column(batch.schema.get_field_index(name))
        if role == "time" and pa.types.is_temporal(column.type):
            columns |= _moments(column, name)
            continue
        text = _texts(column, name, row, limits)
        columns[role] = text.dictionary_encode() if pa.types.is_dictionary(ROWS.field(role).type) else text
    return pa.table(
        [
            columns[field.name].cast(field.type) if field.name in columns else pa.nulls(batch.num_rows, field.type)
            for field in ROWS
        ],
        schema=ROWS,
    )


def _moments(column: pa.Array, name: str) -> dict[str, pa.Array]:
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return {"moment": column.cast(pa.timestamp("us", "UTC"), safe=False)}
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return {"clock": column.cast(pa.timestamp("us"), safe=False)}
    raise RecordsError(f"Column {quoted(name)} has times of a day without a day, {kind}. Map one with both.")


def _texts(column: pa.Array, name: str, row: int, limits: Limits) -> pa.Array:
    """A column as text, empty for nothing."""
    kind = column.type
    if _is_text(kind) or _is_texts_dictionary(kind):
        texts = column.dictionary if pa.types.is_dictionary(kind) else column
        longest = pc.max(pc.binary_length(texts)).as_py() or 0
        if longest > 4 * limits.cell_chars:
            raise RecordsError(
                f"Column {quoted(name)} has a text of {longest:,} bytes; {limits.cell_chars:,} are the most."
            )
    convert = next((convert for fits, convert in _CONVERSIONS if fits(kind)), None)
    if convert is None:
        raise RecordsError(
            f"Column {quoted(name)} is of type {kind}, which cannot be read. Write it as text or integers."
        )
    try:
        return pc.fill_null(convert(column), "")
    except pa.ArrowInvalid as error:
        raise _wrong_number(column, name, row) from error


def _wrong_number(column: pa.Array, name: str, row: int) -> RecordsError:
    found = [
        (row + place, str(value))
        for place, value in enumerate(column.to_pylist())
        if value is not None and value != value // 1
    ]
    return bad_cells(name, found, len(found), "has what is no whole number in", "Points are whole numbers.")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_texts_dictionary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) and _is_text(kind.value_type))


def _is_uuid(kind: pa.DataType) -> bool:
    return bool(kind == pa.uuid() or (pa.types.is_fixed_size_binary(kind) and kind.byte_width == 16))


def _uuid_texts(column: pa.Array) -> pa.Array:
    storage = column.storage if isinstance(column, pa.ExtensionArray) else column
    return pa.array([None if value is None else value.hex() for value in storage.to_pylist()], pa.string())


_CONVERSIONS: Final[tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]], ...]] = (
    (_is_texts_dictionary, lambda column: column.dictionary_decode().cast(pa.string())),
    (_is_text, lambda column: column.cast(pa.string())),
    (pa.types.is_integer, lambda column: column.cast(pa.string())),
    (pa.types.is_boolean, lambda column: column.cast(pa.string())),
    (pa.types.is_decimal, lambda column: column.cast(pa.int64()).cast(pa.string())),
    (pa.types.is_floating, lambda column: column.cast(pa.int64()).cast(pa.string())),
    (pa.types.is_null, lambda column: pa.nulls(len(column), pa.string())),
    (pa.types.is_date, lambda column: column.cast(pa.string())),
    (_is_uuid, _uuid_texts),
)
