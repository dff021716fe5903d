"""A run's figures, added up again: what is wrong is found, each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from partner_sdk.settlement import (
    CarriedAmount,
    CarriedReason,
    Instruction,
    InstructionState,
    NetPosition,
    Run,
    RunState,
    SettlementMethod,
    Window,
    WindowState,
)
from settlement.console.sums import added_up

MOMENT = datetime(2025, 1, 31, tzinfo=UTC)
CARRIED = CarriedAmount("operator", "florist", 4_000, CarriedReason.ROUNDING)
WINDOW = Window(2, WindowState.PENDING_SETTLEMENT, 11, 30, MOMENT, MOMENT)
RUN = Run(
    run_id="01890a5d-ac96-774b-bcce-b302099a8057",
    number=2,
    state=RunState.PROPOSED,
    windows=(2,),
    method=SettlementMethod.MULTILATERAL,
    currency="EUR",
    currency_exponent=2,
    positions=(
        NetPosition("florist", 1_000_000, 4_000, 100, 4_000),
        NetPosition("grocer", -1_000_000, 0, -100, 0),
        NetPosition("operator", 0, -4_000, 0, -4_000),
    ),
    instructions=(
        Instruction(1, "grocer", "operator", 100, "RF1", InstructionState.OPEN, 0, 0, b"a", b"b"),
        Instruction(2, "operator", "florist", 100, "RF2", InstructionState.OPEN, 0, 0, b"b", b"c"),
    ),
    carried_in=(CARRIED,),
    rounding=(CARRIED,),
    carried_out=(),
    events=(),
    confirmed=(),
    positions_digest=bytes(32),
)
NETS = {"florist": 1_000_000, "grocer": -1_000_000, "operator": 0}
#: By the beginning of their names.
NAMES = ("Every window", "Amounts", "Positions sum", "Payments")


def wrong(run: Run = RUN, windows: tuple[Window, ...] = (WINDOW,), nets: Mapping[str, int] = NETS) -> set[str]:
    """Which sums do not come out."""
    found = added_up(run, windows, [nets])
    assert all(item.name.startswith(name) for item, name in zip(found, NAMES, strict=True))
    return {name for item, name in zip(found, NAMES, strict=True) if not item.right}


def test_sound_run_is_right() -> None:
    """Nothing is found where nothing is wrong."""
    assert wrong() == set()


def other_position(amount: int = 0, carried_in: int = 0, payable: int = 0, carried_out: int = 0) -> Run:
    """The run with something else in the florist's position."""
    first = RUN.positions[0]
    changed = NetPosition(
        first.party_id,
        first.amount_micros + amount,
        first.carried_in_micros + carried_in,
        first.payable_minor + payable,
        first.carried_out_micros + carried_out,
    )
    return replace(RUN, positions=(changed, *RUN.positions[1:]))


@pytest.mark.parametrize(
    ("run", "names"),
    [
        (other_position(amount=10_000, payable=1), {"Amounts", "Positions sum", "Payments"}),
        (other_position(carried_out=1), {"Positions sum"}),
        (other_position(carried_in=1, carried_out=1), {"Positions sum"}),
        (replace(RUN, instructions=RUN.instructions[:1]), {"Payments"}),
        (replace(RUN, windows=(2, 3)), {"Every window"}),
    ],
)
def test_what_is_wrong_is_found(run: Run, names: set[str]) -> None:
    """An amount, a remainder, a payment or a window that is not as it should be."""
    assert wrong(run) == names


def test_windows_are_held_against_the_run() -> None:
    """Obligations that the run does not have, and an open window."""
    assert wrong(nets={**NETS, "school": 5}) == {"Amounts"}
    opened = replace(WINDOW, state=WindowState.OPEN, closed_at=None, last_sequence=None)
    assert wrong(windows=(opened,)) == {"Every window"}
