"""Answers for people and for programs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

import click


def print_json(value: object) -> None:
    """One JSON document: ids, moments and dates as text, keys and hashes in base64."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def plain(value: object) -> Any:
    """What JSON can carry of a value."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table with its columns as wide as they need to be; numbers stand to the right."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, (name, *(row[index] for row in texts)))) for index, name in enumerate(columns)]
    numbers = [bool(rows) and all(isinstance(row[index], int) for row in rows) for index in range(len(columns))]
    for row in ([*columns], *texts):
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numbers, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Names and values below each other."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        click.echo(f"{name.ljust(width)}  {_text(value)}")


def points(count: int) -> str:
    """`1 point`, `12 points`, `1,200 points`."""
    return f"{count:,} point{'' if count == 1 else 's'}"


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, int):
        return f"{cell:,}"
    return str(cell)
