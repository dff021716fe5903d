"""A settlement service's folder: where its files lie, in `settlement.toml`."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from settlement.alerts.sources import AlertRules
from settlement.disputes.rules import DisputeRules
from settlement.reconciliation.limits import Limits
from settlement.schedule.rule import Schedule
from settlement.schedule.settings import ScheduleError, read_schedule
from settlement.settings import ConfigError, read_section
from settlement.statements.settings import read_fonts, read_tax
from settlement.statements.tax import TaxRates

CONFIG_FILE: Final = "settlement.toml"
_SETTINGS: Final = ("network_id", "profile", "database", "tls")
#: Sections of numbers, which may all be left out.
_SECTIONS: Final = {"disputes": DisputeRules, "alerts": AlertRules, "reconciliation": Limits}

__all__ = ["CONFIG_FILE", "ConfigError", "SettlementConfig", "is_initialised", "load_config", "write_config"]


@dataclass(frozen=True, slots=True)
class SettlementConfig:
    """A service's settings. Paths are below `folder` unless `settlement.toml` says otherwise."""

    folder: Path
    network_id: str
    #: The SDK profile of the auditor as which the service reads the journal: a name, or the path of a file.
    profile: str
    database: Path
    #: The files of coalition.tls.
    tls: Path
    #: When windows close; None: whenever the operator closes one.
    schedule: Schedule | None = None
    disputes: DisputeRules = field(default_factory=DisputeRules)
    alerts: AlertRules = field(default_factory=AlertRules)
    #: What statements say about tax.
    tax: TaxRates = field(default_factory=TaxRates)
    #: Fonts for statements as PDF; None: those at hand.
    fonts: Path | None = None
    reconciliation: Limits = field(default_factory=Limits)

    @classmethod
    def default(cls, folder: Path, network_id: str, profile: str) -> SettlementConfig:
        """Everything where `init` puts it."""
        return cls(folder, network_id, profile, folder / "settlement.db", folder / "tls")


def is_initialised(folder: Path) -> bool:
    """Whether a service was made in the folder. `settlement.toml` is the last file that init puts in place."""
    return (folder / CONFIG_FILE).is_file()


def load_config(folder: Path) -> SettlementConfig:
    """Read `settlement.toml`. Raises ConfigError."""
    path = folder / CONFIG_FILE
    if not is_initialised(folder):
        raise ConfigError(
            f"{folder} holds no settlement service: {CONFIG_FILE} is missing. "
            f"Make one: coalition settlement init --dir {folder} --profile PROFILE"
        )
    try:
        settings: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    known = (*_SETTINGS, "schedule", *_SECTIONS, "tax", "statements")
    for name in sorted(settings.keys() - set(known)):
        raise ConfigError(f"{path}: there is no setting {name}. Known: {', '.join(known)}.")
    for name in _SETTINGS:
        if not isinstance(settings.get(name), str):
            raise ConfigError(f"{path}: {name} is missing or no text.")
    return SettlementConfig(
        folder=folder,
        network_id=settings["network_id"],
        profile=settings["profile"],
        database=folder / settings["database"],
        tls=folder / settings["tls"],
        schedule=_schedule(path, settings.get("schedule")),
        tax=read_tax(settings.get("tax", {}), f"{path}: section tax"),
        fonts=read_fonts(settings.get("statements", {}), folder, f"{path}: section statements"),
        **{
            name: read_section(kind, settings.get(name, {}), f"{path}: section {name}")
            for name, kind in _SECTIONS.items()
        },
    )


def _schedule(path: Path, table: object) -> Schedule | None:
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: schedule must be a table: [schedule].")
    try:
        return read_schedule(table)
    except ScheduleError as error:
        raise ConfigError(f"{path}: {error}") from error


def write_config(config: SettlementConfig) -> None:
    """Write `settlement.toml`, in one step."""
    path = config.folder / CONFIG_FILE
    values = {
        "network_id": config.network_id,
        "profile": config.profile,
        "database": _relative(config, config.database),
        "tls": _relative(config, config.tls),
    }
    # A JSON string is a TOML one too.
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("# Made by `coalition settlement init`.\n" + "".join(lines), encoding="utf-8")
    fresh.replace(path)


def _relative(config: SettlementConfig, path: Path) -> str:
    folder, absolute = config.folder.absolute(), path.absolute()
    return str(absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute)
