"""Times as people's systems write them. A time without an offset is on the clock of a time zone."""

from __future__ import annotations

import re
from typing import Final
from zoneinfo import ZoneInfo

import duckdb

from settlement.reconciliation.problems import RecordsError, quoted

ISO: Final = "iso"
EPOCH_S: Final = "epoch_s"
EPOCH_MS: Final = "epoch_ms"
#: Days since 1899-12-30, as spreadsheets count.
EXCEL: Final = "excel"

_DIRECTIVE: Final = re.compile(r"%(-?[a-zA-Z%])")
#: What a pattern may consist of.
_ALLOWED: Final = frozenset("YymdHIMSfpzbBaAj%") | {"-d", "-m", "-H", "-I", "-M", "-S"}
_OF_THE_DAY: Final = frozenset({"H", "I", "-H", "-I"})
_PATTERN_MAX: Final = 64
_EXAMPLE: Final = "Give iso, epoch_s, epoch_ms, excel, or a pattern such as %d.%m.%Y %H:%M:%S."

# Each format makes of a text microseconds since 1970, or nothing where it is not written so. The database's own casts
# would take a good deal more, and leave out what they do not know: an offset, PM. Most files write all times alike, and
# a pattern is read faster than what is likely, so ISO 8601 is tried in the form of the first time.
_FORMATS: Final = {
    ISO: r"""
CREATE TEMP MACRO iso_us(text) AS CASE
    WHEN NOT regexp_full_match(text, getvariable('iso_form')) THEN NULL
    WHEN contains(upper(text), 'Z') OR contains(text, '+') OR contains(substr(text, 12), '-')
    THEN epoch_us(try_cast(regexp_replace(replace(upper(text), ',', '.'), ' ([Z+-])', '\1') AS TIMESTAMPTZ))
    ELSE zoned_us(try_cast(replace(text, ',', '.') AS TIMESTAMP))
END;
CREATE TEMP MACRO text_us(text) AS coalesce(pattern_us(text), iso_us(trim(text)))
""",
    EPOCH_S: """
CREATE TEMP MACRO text_us(text) AS CASE
    WHEN regexp_full_match(text, '[0-9]{9,10}([.][0-9]{1,9})?') THEN round(text::DECIMAL(20, 6) * 1000000)::BIGINT
END
""",
    EPOCH_MS: """
CREATE TEMP MACRO text_us(text) AS CASE WHEN regexp_full_match(text, '[0-9]{12,13}') THEN text::BIGINT * 1000 END
""",
    EXCEL: """
CREATE TEMP MACRO text_us(text) AS CASE
    WHEN regexp_full_match(text, '[0-9]{5}([.,][0-9]{1,12})?')
    THEN zoned_us(make_timestamp(
        round((replace(text, ',', '.')::DECIMAL(18, 10)::DOUBLE - 25569) * 86400)::BIGINT * 1000000
    ))
END
""",
}
_OFFSET_PATTERN: Final = """
CREATE TEMP MACRO pattern_us(text) AS epoch_us(try_strptime(text, getvariable('time_pattern')))
"""
_CLOCK_PATTERN: Final = """
CREATE TEMP MACRO pattern_us(text) AS zoned_us(try_strptime(text, getvariable('time_pattern')))
"""
_PATTERN: Final = """
CREATE TEMP MACRO text_us(text) AS pattern_us(text)
"""
_ISO_FORM: Final = (
    "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
    "(?:[ Tt][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?: ?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_ZONE: Final = """
CREATE TEMP MACRO zoned_us(clock) AS epoch_us(timezone(getvariable('time_zone'), clock))
"""
_ZONE_UTC: Final = """
CREATE TEMP MACRO zoned_us(clock) AS epoch_us(clock)
"""


def define_time(connection: duckdb.DuckDBPyConnection, time_format: str, zone: str, sample: str) -> None:
    """Make the macros `text_us(text)`, of a format, and `zoned_us(timestamp)`, of a clock in a zone.

    In the hour that the end of summer time repeats, a clock does not say which one is meant; it is the later one then.
    `sample` is how the first time is written. Raises RecordsError for a format or zone that is none.
    """
    check_time_zone(zone)
    check_format(time_format)
    pattern = iso_pattern(sample) if time_format == ISO else time_format
    for name, value in (("time_zone", zone), ("time_pattern", pattern), ("iso_form", _ISO_FORM)):
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
    connection.execute(_ZONE_UTC if zone == "UTC" else _ZONE)
    connection.execute(_OFFSET_PATTERN if "%z" in pattern else _CLOCK_PATTERN)
    connection.execute(_FORMATS.get(time_format, _PATTERN))


def iso_pattern(sample: str) -> str:
    """The pattern in which a time in ISO 8601 is written; for other texts one that matches few."""
    found = re.fullmatch(r"\d{4}-\d\d-\d\d(?:([ T])\d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d(?::?\d\d)?)?)?", sample)
    if found is None or found[1] is None:
        return "%Y-%m-%d"
    return f"%Y-%m-%d{found[1]}%H:%M:%S{'.%f' if found[2] else ''}{'%z' if found[3] else ''}"


def check_time_zone(zone: str) -> None:
    """Raises RecordsError for a name that is no time zone."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError) as error:
        raise RecordsError(f"There is no time zone {quoted(zone)}. Give an IANA name such as Europe/Berlin.") from error


def check_format(time_format: str) -> None:
    """Raises RecordsError for a format that is none."""
    if time_format not in _FORMATS:
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


def is_of_days(time_format: str) -> bool:
    """Whether a pattern says the day only."""
    found = {match.group(1) for match in _DIRECTIVE.finditer(time_format)}
    return time_format not in _FORMATS and not found & _OF_THE_DAY
