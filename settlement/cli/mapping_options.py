"""Options that say how a file of records is to be read."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from partner_sdk import Kind
from partner_sdk.settlement import NegativePoints, RecordsMapping, RecordStatus

F = TypeVar("F", bound=Callable[..., Any])

_ROLES: Final = ("id", "kind", "points", "reference", "time", "status")
_LEFT_OUT: Final = "none"
_WRITING: Final = (
    *("time_format", "time_zone", "decimal_mark", "thousands_mark", "encoding", "delimiter", "sheet", "header_row"),
    "tolerance_s",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """What the options say."""

    #: A whole mapping, from a file.
    file: RecordsMapping | None
    #: Fields that were named one by one.
    fields: Mapping[str, Any]

    def over(self, mapping: RecordsMapping | None) -> RecordsMapping | None:
        """A mapping with what the options say put over it; None where there is still no column for points."""
        base = self.file or mapping
        fields = dict(self.fields)
        if base is None:
            return RecordsMapping(**fields) if fields.get("points") else None
        for words in ("kinds", "statuses"):
            if words in fields:
                new = {word.lower() for word in fields[words]}
                kept = {word: known for word, known in getattr(base, words).items() if word.lower() not in new}
                fields[words] = {**kept, **fields[words]}
        return dataclasses.replace(base, **fields)

    @property
    def reading(self) -> RecordsMapping | None:
        """How the file is to be read, for a first look at it; None where nothing is said."""
        base = self.file or RecordsMapping(points="", header_row=0)
        fields = {name: value for name, value in self.fields.items() if name in _WRITING}
        return dataclasses.replace(base, **fields)


def mapping_options(function: F) -> F:
    """Adds the options, and gives the command `said`."""

    @click.option(
        "--mapping",
        "mapping_file",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="A JSON file with the whole mapping, as `--json` prints it.",
    )
    @click.option(
        "--map",
        "columns",
        multiple=True,
        metavar="WHAT=COLUMN",
        help=f"Which column is the {', '.join(_ROLES)}; WHAT= for none. May be repeated.",
    )
    @click.option(
        "--kind",
        "kinds",
        multiple=True,
        metavar="WORD=KIND",
        help="What a word in the column for kinds means: issue, redeem, donate, hold, capture, release, reverse; or "
        f"{_LEFT_OUT}, to leave such rows out. May be repeated.",
    )
    @click.option(
        "--status",
        "statuses",
        multiple=True,
        metavar="WORD=STATUS",
        help="What a word in the column for statuses means: ok, declined or pending. May be repeated.",
    )
    @click.option(
        "--negative",
        type=click.Choice([item.value for item in NegativePoints]),
        help="What negative points are: reversals; redemptions, as of a balance; or nothing more than the kind.",
    )
    @click.option("--time-format", help="iso, epoch_s, epoch_ms, excel, or a pattern such as %d.%m.%Y %H:%M:%S.")
    @click.option("--time-zone", help="For times without an offset. Default: the network's.")
    @click.option("--decimal-mark", type=click.Choice([".", ","]))
    @click.option("--thousands-mark", type=click.Choice(["", ".", ",", " ", "'", "_"]))
    @click.option("--encoding", help="Of CSV: utf-8, utf-16-le, latin-1, windows-1252 and so on.")
    @click.option("--delimiter", help="Between cells of CSV: one character.")
    @click.option("--sheet", help="Of a workbook. Default: the first one.")
    @click.option("--header-row", type=click.IntRange(1), help="The row that names the columns.")
    @click.option(
        "--tolerance", "tolerance_s", type=click.IntRange(0), metavar="SECONDS", help="How far apart times may be."
    )
    @functools.wraps(function)
    def wrapped(
        *arguments: Any,
        mapping_file: Path | None,
        columns: tuple[str, ...],
        kinds: tuple[str, ...],
        statuses: tuple[str, ...],
        negative: str | None,
        **options: Any,
    ) -> Any:
        fields: dict[str, Any] = {name: options.pop(name) for name in _WRITING}
        fields = {name: value for name, value in fields.items() if value is not None}
        for what, column in _pairs(columns, "--map"):
            if what not in _ROLES:
                raise click.BadParameter(f"{what!r} is none of {', '.join(_ROLES)}.", param_hint="--map")
            fields[what] = column or None
        if kinds:
            fields["kinds"] = {word: _kind(text) for word, text in _pairs(kinds, "--kind")}
        if statuses:
            fields["statuses"] = {word: _status(text) for word, text in _pairs(statuses, "--status")}
        if negative is not None:
            fields["negative"] = NegativePoints(negative)
        said = Said(read_mapping(mapping_file) if mapping_file else None, fields)
        return function(*arguments, said=said, **options)

    return wrapped  # type: ignore[return-value]


def mapping_json(mapping: RecordsMapping) -> dict[str, Any]:
    """A mapping for machines, and for `--mapping`."""
    values = {item.name: getattr(mapping, item.name) for item in dataclasses.fields(mapping)}
    return {
        **values,
        "kinds": {word: kind.value if kind else None for word, kind in mapping.kinds.items()},
        "negative": mapping.negative.value,
        "statuses": {word: status.value for word, status in mapping.statuses.items()},
    }


def read_mapping(path: Path) -> RecordsMapping:
    """The mapping in a file that `mapping_json` gave. Raises ClickException."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return RecordsMapping(
            **{
                **values,
                "kinds": {word: Kind(kind) if kind else None for word, kind in values.get("kinds", {}).items()},
                "negative": NegativePoints(values.get("negative", NegativePoints.REVERSE)),
                "statuses": {word: RecordStatus(status) for word, status in values.get("statuses", {}).items()},
            }
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise click.ClickException(f"{path} is no mapping: {error}.") from error


def _pairs(texts: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        # A column's name may have the sign, and so may a word; what is for us has not.
        word, sign, meaning = text.partition("=") if option == "--map" else text.rpartition("=")
        if not sign:
            example = "points=Amount" if option == "--map" else "EARN=issue" if option == "--kind" else "DONE=ok"
            raise click.BadParameter(f"{text!r} has no =. Write {option} {example}.", param_hint=option)
        pairs.append((word.strip(), meaning.strip()))
    return pairs


def _kind(text: str) -> Kind | None:
    if text == _LEFT_OUT:
        return None
    try:
        return Kind(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no kind of transaction.", param_hint="--kind") from error


def _status(text: str) -> RecordStatus:
    try:
        return RecordStatus(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is none of ok, declined, pending.", param_hint="--status") from error
