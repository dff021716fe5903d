"""Times as people's systems write them. A time without an offset is on the clock of a time zone."""

from __future__ import annotations

import re
from typing import Final

import duckdb

from settlement.reconciliation.time_formats import EPOCH_MS, EPOCH_S, EXCEL, ISO, check_format, check_time_zone

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
CREATE TEMP MACRO zoned_us(clock) AS epoch_us(timezone(getvariable('time_zone'), clock));
CREATE TEMP MACRO day_us(us) AS
    zoned_us(date_trunc('day', timezone(getvariable('time_zone'), make_timestamptz(us))))
"""
_ZONE_UTC: Final = """
CREATE TEMP MACRO zoned_us(clock) AS epoch_us(clock);
CREATE TEMP MACRO day_us(us) AS us - us % 86400000000
"""


def define_time(connection: duckdb.DuckDBPyConnection, time_format: str, zone: str, sample: str) -> None:
    """Make the macros `text_us(text)`, of a format, `zoned_us(timestamp)`, of a clock in a zone, and `day_us(us)`, when
    the day of a moment begins there.

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
