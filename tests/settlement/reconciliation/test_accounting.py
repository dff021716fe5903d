"""Whatever a file and a journal hold, everything in them is accounted for once."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from coalition.v1.settlement_reconciliation_pb2 import DIFFERENCE_KIND_DUPLICATE as DUPLICATE
from coalition.v1.settlement_reconciliation_pb2 import DIFFERENCE_KIND_REVERSED as REVERSED
from coalition.v1.transaction_pb2 import TRANSACTION_KIND_REVERSE
from partner_sdk.settlement import RecordsMapping
from tests.settlement.reconciliation.comparison import BALANCE, FULL, REFUNDS, Compared, Ledger, compare, row

KINDS = ("issue", "redeem", "donate", "hold", "capture", "release", "reverse")
WORDS = ("earn", "burn", "refund", "gift", "auth", "expired")
MAPPINGS = {
    "all": FULL,
    "no ids": replace(FULL, id=None),
    "no ids, no references": replace(FULL, id=None, reference=None),
    "no times": replace(FULL, id=None, time=None),
    "no kinds": REFUNDS,
    "balance": BALANCE,
}


def muddle(seed: str, signed: bool) -> tuple[Ledger, list[dict[str, str]]]:
    """Few ids, references, amounts and moments, so that most things could be several others."""
    chance = random.Random(seed)
    ledger = Ledger()
    for sequence in range(1, 201):
        kind = chance.choice(KINDS)
        more: dict[str, object] = {"minute": chance.randrange(60), "window": chance.choice([1, 1, 1, 2])}
        if kind in ("capture", "release", "reverse") and sequence > 1:
            more["about"] = chance.randrange(max(1, sequence - 40), sequence)
        reference = chance.choice(["", *(f"R{number}" for number in range(12))])
        ledger.add(kind, chance.randrange(1, 4), reference, accepted=chance.random() < 0.8, **more)
    rows = [
        row(
            chance.randrange(0, 4) * (chance.choice([1, -1]) if signed else 1),
            chance.choice([None, chance.randrange(1, 230)]),
            chance.choice(WORDS),
            chance.choice(["", *(f"R{number}" for number in range(12))]),
            minute=chance.randrange(60),
            status=chance.choice(["ok", "ok", "ok", "no", "wait"]),
        )
        for _ in range(200)
    ]
    return ledger, rows


def matched(compared: Compared) -> int:
    """Pairs that agree."""
    agreement = compared.agreement
    return agreement.by_id + agreement.by_reference + agreement.by_time


@pytest.mark.parametrize("name", MAPPINGS)
def test_everything_is_accounted_for_once(name: str) -> None:
    """A row agrees, or is left out, or is what one difference is about: a reversal names the row of another thing. No
    entry is told of twice, but for one that the file repeats."""
    mapping: RecordsMapping = MAPPINGS[name]
    ledger, rows = muddle(name, signed=mapping.kind is None)
    compared = compare(ledger, rows, mapping)
    told = Counter(
        item.row
        for item in compared.differences
        if item.row
        and not (item.kind == REVERSED and item.entry_kind == TRANSACTION_KIND_REVERSE)
        and not (item.kind == DUPLICATE and not item.other_row)
    )
    assert max(told.values()) == 1
    left_out = compared.taken.left_out + compared.agreement.left_out
    assert compared.taken.rows == matched(compared) + compared.agreement.declined + left_out + len(told)
    entries = Counter(item.sequence for item in compared.differences if item.sequence and not item.other_row)
    assert max(entries.values()) == 1
    elsewhere = sum(record["window"] == 2 for record in ledger.records)
    assert matched(compared) <= compared.agreement.entries + elsewhere


@pytest.mark.parametrize(("name", "seed"), [("no ids", "4"), ("balance", "0")])
def test_the_order_of_rows_changes_no_counts(name: str, seed: str) -> None:
    """A file that is sorted otherwise comes to the same, kind by kind."""
    mapping = MAPPINGS[name]
    ledger, rows = muddle(seed, signed=mapping.kind is None)
    counts = [
        Counter(kind for kind, _, _ in compare(ledger, some, mapping).found) for some in (rows, list(reversed(rows)))
    ]
    assert counts[0] == counts[1]
