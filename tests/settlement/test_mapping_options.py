"""Options of the command say how a file of records is read, over what is remembered or guessed."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from partner_sdk import Kind
from partner_sdk.settlement import NegativePoints, RecordsMapping, RecordStatus
from settlement.cli.mapping_options import Said, mapping_json, mapping_options, read_mapping

KNOWN = RecordsMapping(
    points="Points",
    id="Id",
    kind="Type",
    kinds={"EARN": Kind.ISSUE, "BURN": Kind.REDEEM},
    statuses={},
    decimal_mark=",",
)


def said(*words: str) -> Said:
    """What the options say."""
    found: list[Said] = []

    @click.command()
    @mapping_options
    def command(said: Said) -> None:
        found.append(said)

    done = CliRunner().invoke(command, list(words), standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return found[0]


def test_what_is_said_goes_over_what_is_known() -> None:
    """Columns, words and the rest, each by itself; a word takes the place of the same one in another case."""
    words = (
        "--map",
        "id=",
        "--map",
        "reference=A=B",
        "--kind",
        "burn=reverse",
        "--kind",
        "a=b=none",
        "--time-zone",
        "UTC",
    )
    assert said(*words).over(KNOWN) == RecordsMapping(
        points="Points",
        reference="A=B",
        kind="Type",
        kinds={"EARN": Kind.ISSUE, "burn": Kind.REVERSE, "a=b": None},
        decimal_mark=",",
        time_zone="UTC",
    )
    assert said().over(KNOWN) == KNOWN


def test_without_anything_known_points_are_needed() -> None:
    """The options alone make a mapping when they name the points."""
    assert said("--map", "id=Id").over(None) is None
    words = (
        "--map",
        "points=P",
        "--map",
        "status=S",
        "--status",
        "DONE=ok",
        "--negative",
        "balance",
        "--tolerance",
        "5",
    )
    assert said(*words).over(None) == RecordsMapping(
        points="P", status="S", statuses={"DONE": RecordStatus.OK}, negative=NegativePoints.BALANCE, tolerance_s=5
    )


def test_a_first_look_needs_how_to_read_only() -> None:
    """The header is looked for unless it is named."""
    reading = said("--map", "points=P", "--encoding", "latin-1", "--delimiter", ";").reading
    assert reading == RecordsMapping(points="", encoding="latin-1", delimiter=";", header_row=0)
    assert said("--header-row", "3").reading == RecordsMapping(points="", header_row=3)


def test_a_mapping_is_a_file(tmp_path: Path) -> None:
    """What is printed can be given again."""
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(mapping_json(KNOWN)), "utf-8")
    assert read_mapping(path) == KNOWN
    assert said("--mapping", str(path), "--map", "points=P").over(None) == RecordsMapping(
        points="P", id="Id", kind="Type", kinds=KNOWN.kinds, decimal_mark=","
    )
    for text in ("", "[]", '{"points": "P", "colour": "red"}', '{"points": "P", "kinds": {"A": "gift"}}'):
        path.write_text(text, "utf-8")
        with pytest.raises(click.ClickException, match="is no mapping"):
            read_mapping(path)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--map", "points"), "has no ="),
        (("--map", "colour=red"), "'colour' is none of id"),
        (("--kind", "EARN=gift"), "'gift' is no kind of transaction"),
        (("--status", "DONE=yes"), "'yes' is none of ok"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], text: str) -> None:
    """With the option that it is in."""
    with pytest.raises(click.BadParameter) as error:
        said(*words)
    assert text in error.value.message
    assert error.value.param_hint == words[0]
