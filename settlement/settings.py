"""Sections of `settlement.toml` that set numbers: frozen dataclasses whose fields say what they may be."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any, TypeVar

S = TypeVar("S")


class ConfigError(Exception):
    """A folder that holds no settlement service, or a setting that cannot work. The text says which and what to do."""


def setting(default: int, least: int, most: int) -> Any:
    """A field of such a dataclass: a whole number from `least` to `most`, `default` where nothing is set."""
    return field(default=default, metadata={"least": least, "most": most})


def read_section(kind: type[S], values: object, where: str) -> S:
    """The settings in a table of the file; `where` names it. Raises ConfigError for what is unknown or out of range."""
    if not isinstance(values, dict):
        raise ConfigError(f"{where} is a section: write [{where.rpartition(' ')[2]}] and its settings below it.")
    known = {item.name: item.metadata for item in fields(kind)}  # type: ignore[arg-type]
    for name, value in values.items():
        if name not in known:
            raise ConfigError(f"{where}: there is no setting {name}. Known: {', '.join(known)}.")
        least, most = known[name]["least"], known[name]["most"]
        if type(value) is not int or not least <= value <= most:
            raise ConfigError(f"{where}: {name} must be a whole number from {least} to {most}, not {value!r}.")
    return kind(**values)
