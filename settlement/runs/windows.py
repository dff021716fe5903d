"""What runs mean for windows: their states, and the remainders that are carried into them.

The states of windows are kept nowhere: they follow from the journal, which closes a window, and from the runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeVar

from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.state import Window
from settlement.runs.run import Run

_STATES: Final[Mapping[int, pb.WindowState.ValueType]] = {
    pb.RUN_STATE_SETTLED: pb.WINDOW_STATE_SETTLED,
    pb.RUN_STATE_ABORTED: pb.WINDOW_STATE_ABORTED,
}

#: A window in one of these may be proposed for settlement.
SETTLEABLE: Final = (pb.WINDOW_STATE_CLOSED, pb.WINDOW_STATE_ABORTED)


class Standing(Protocol):
    """A run, as far as its windows' states follow from it."""

    @property
    def windows(self) -> tuple[int, ...]: ...

    @property
    def state(self) -> pb.RunState.ValueType: ...


_Standing = TypeVar("_Standing", bound=Standing)


def window_state(window: Window, runs: Sequence[Standing]) -> pb.WindowState.ValueType:
    """OPEN → CLOSED → PENDING_SETTLEMENT → SETTLED, or ABORTED and free for a later run; `runs` as they came."""
    if window.is_open:
        return pb.WINDOW_STATE_OPEN
    run = _last_run_of(window, runs)
    if run is None:
        return pb.WINDOW_STATE_CLOSED
    return _STATES.get(run.state, pb.WINDOW_STATE_PENDING_SETTLEMENT)


def carried_into(window: Window, runs: Sequence[Run]) -> dict[str, int]:
    """Each party's remainder, in micro-units, with which the window is or would be settled."""
    run = _last_run_of(window, runs)
    if run is None or run.state == pb.RUN_STATE_ABORTED:
        return carried_out(runs)
    return {position.party_id: position.carried_in_micros for position in run.positions if position.carried_in_micros}


def carried_out(runs: Sequence[Run]) -> dict[str, int]:
    """Each party's remainder after the last run that was settled; the next run carries it in."""
    settled = [run for run in runs if run.state == pb.RUN_STATE_SETTLED]
    if not settled:
        return {}
    return {
        position.party_id: position.carried_out_micros
        for position in settled[-1].positions
        if position.carried_out_micros
    }


def _last_run_of(window: Window, runs: Sequence[_Standing]) -> _Standing | None:
    return next((run for run in reversed(runs) if window.number in run.windows), None)
