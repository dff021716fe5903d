"""What runs mean for windows. The states of windows are kept nowhere: they follow from the journal, which closes a
window, and from the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.state import Window

_STATES: Final[Mapping[int, pb.WindowState.ValueType]] = {
    pb.RUN_STATE_SETTLED: pb.WINDOW_STATE_SETTLED,
    pb.RUN_STATE_ABORTED: pb.WINDOW_STATE_ABORTED,
}

#: A window in one of these may be proposed for settlement.
SETTLEABLE: Final = (pb.WINDOW_STATE_CLOSED, pb.WINDOW_STATE_ABORTED)


class RunStanding(NamedTuple):
    """A run, as far as its windows' states follow from it."""

    run_id: bytes
    #: In the order in which runs were proposed, from 1.
    number: int
    windows: tuple[int, ...]
    state: pb.RunState.ValueType

    @property
    def live(self) -> bool:
        """Whether it may still move."""
        return self.state not in _STATES


def window_state(window: Window, runs: Sequence[RunStanding]) -> pb.WindowState.ValueType:
    """OPEN → CLOSED → PENDING_SETTLEMENT → SETTLED, or ABORTED and free for a later run; `runs` as they came."""
    if window.is_open:
        return pb.WINDOW_STATE_OPEN
    run = _last_run_of(window, runs)
    if run is None:
        return pb.WINDOW_STATE_CLOSED
    return _STATES.get(run.state, pb.WINDOW_STATE_PENDING_SETTLEMENT)


def run_with(window: Window, runs: Sequence[RunStanding]) -> RunStanding | None:
    """The run that settles the window, or has; None for one that waits for a run."""
    run = _last_run_of(window, runs)
    return None if run is None or run.state == pb.RUN_STATE_ABORTED else run


def last_settled(runs: Sequence[RunStanding]) -> RunStanding | None:
    """The run whose remainders the next one takes over."""
    return next((run for run in reversed(runs) if run.state == pb.RUN_STATE_SETTLED), None)


def _last_run_of(window: Window, runs: Sequence[RunStanding]) -> RunStanding | None:
    return next((run for run in reversed(runs) if window.number in run.windows), None)
