"""Answers: tables and sentences for people, one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table


def print_json(value: Mapping[str, Any]) -> None:
    """One object on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: int = 0) -> None:
    """A table whose last `numbers` columns are figures."""
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        is_number = position >= len(columns) - numbers
        table.add_column(column, justify="right" if is_number else "left", no_wrap=is_number)
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    if not rows:
        table.add_row("none")
    # Piped into a file there is no terminal whose width would cut it.
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=160)
    console.print(table)
