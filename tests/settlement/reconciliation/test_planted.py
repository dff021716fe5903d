"""Planted differences are found, each is named rightly, and nothing else is reported."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.planting import MAPPING, Expected, plant
from coalition.v1 import settlement_reconciliation_pb2 as pb
from partner_sdk.settlement import DifferenceKind, RecordsMapping
from settlement.reconciliation.csv_file import read_csv
from tests.settlement.reconciliation.comparison import LIMITS, Compared, compare, rows_table

WITHOUT_IDS = replace(MAPPING, id=None)


def found(compared: Compared) -> Counter[Expected]:
    """What was reported, in the form of what was planted."""
    return Counter(
        Expected(
            DifferenceKind[pb.DifferenceKind.Name(item.kind).removeprefix("DIFFERENCE_KIND_")],
            item.row or None,
            item.sequence or None,
        )
        for item in compared.differences
    )


@pytest.mark.parametrize(
    ("seed", "rows", "each", "mapping"),
    [("a", 20_000, 100, MAPPING), ("b", 900, 100, MAPPING), ("c", 1_500, 100, WITHOUT_IDS), ("d", 40, 5, WITHOUT_IDS)],
)
def test_planted_differences_are_found(
    tmp_path: Path, seed: str, rows: int, each: int, mapping: RecordsMapping
) -> None:
    """By id, and where there are no ids by reference, points and time."""
    planted = plant(seed, rows, each)
    assert all(count == each for count in planted.counts.values())
    planted.write_csv(tmp_path / "records.csv", ids=mapping.id is not None)
    table = read_csv(tmp_path / "records.csv", mapping, tmp_path, LIMITS)
    compared = compare(planted.journal(), table, mapping)
    assert found(compared) == Counter(planted.expected)
    agreement, taken = compared.agreement, compared.taken
    assert taken.rows == len(planted.rows)
    assert agreement.by_id + agreement.by_reference > 0
    assert (agreement.by_id == 0) == (mapping.id is None)


def test_every_difference_is_explained() -> None:
    """Each has a sentence that names what it is about, and what to do."""
    planted = plant("e", 300, 20)
    compared = compare(planted.journal(), rows_table(planted.file().to_pylist(), MAPPING), MAPPING)
    for number, item in enumerate(compared.differences, 1):
        assert item.number == number
        assert item.explanation.endswith(".")
        assert item.correction.text.endswith(".")
        assert item.correction.action != pb.CORRECTION_ACTION_UNSPECIFIED
        assert item.correction.points > 0
        if item.row:
            assert f"ow {item.row} " in item.explanation
        if item.sequence and item.kind != pb.DIFFERENCE_KIND_DUPLICATE:
            assert f"entry {item.sequence}" in item.explanation
        assert len(item.transaction_id) == 16
