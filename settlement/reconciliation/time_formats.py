"""How times may be written, and on which clock; said in a mapping before any file is looked at."""

from __future__ import annotations

import re
from typing import Final
from zoneinfo import ZoneInfo

from settlement.reconciliation.problems import RecordsError, quoted

ISO: Final = "iso"
EPOCH_S: Final = "epoch_s"
EPOCH_MS: Final = "epoch_ms"
#: Days since 1899-12-30, as spreadsheets count.
EXCEL: Final = "excel"

_KNOWN: Final = frozenset({ISO, EPOCH_S, EPOCH_MS, EXCEL})
_DIRECTIVE: Final = re.compile(r"%(-?[a-zA-Z%])")
#: What a pattern may consist of.
_ALLOWED: Final = frozenset("YymdHIMSfpzbBaAj%") | {"-d", "-m", "-H", "-I", "-M", "-S"}
_PATTERN_MAX: Final = 64
_EXAMPLE: Final = "Give iso, epoch_s, epoch_ms, excel, or a pattern such as %d.%m.%Y %H:%M:%S."


def check_time_zone(zone: str) -> None:
    """Raises RecordsError for a name that is no time zone."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError) as error:
        raise RecordsError(f"There is no time zone {quoted(zone)}. Give an IANA name such as Europe/Berlin.") from error


def check_format(time_format: str) -> None:
    """Raises RecordsError for a format that is none."""
    if time_format not in _KNOWN:
        check_pattern(time_format)


def check_pattern(pattern: str) -> None:
    """Raises RecordsError for a pattern that has no day, or something else than is known."""
    found = {match.group(1) for match in _DIRECTIVE.finditer(pattern)}
    strange = sorted(found - _ALLOWED)
    if strange:
        raise RecordsError(f"The time format {quoted(pattern)} has %{strange[0]}, which is not known. {_EXAMPLE}")
    day, month, year = found & {"d", "-d"}, found & {"m", "-m", "b", "B"}, found & {"Y", "y"}
    if len(pattern) > _PATTERN_MAX or not year or not ("j" in found or (day and month)):
        raise RecordsError(f"The time format {quoted(pattern)} does not say day, month and year. {_EXAMPLE}")
