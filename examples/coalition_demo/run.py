"""One run of the demo from beginning to end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from coalition_demo.actions import CloseWindow
from coalition_demo.bank import Bank
from coalition_demo.clearing import ClearingHouse, export_books, write_report, write_statements
from coalition_demo.conclusion import Conclusion, conclude
from coalition_demo.dice import Dice
from coalition_demo.network import OPERATOR, DemoNetwork, register_everybody
from coalition_demo.replay import Replay
from coalition_demo.scenario import Plan
from coalition_demo.tally import Tally
from coalition_demo.timeline import local_day
from coalition_demo.watcher import Watcher
from partner_sdk.errors import TransportError
from partner_sdk.operator import Operator
from partner_sdk.settlement import Run

#: Where the reports lie in a run's folder.
REPORTS: Final = "reports"

#: When the settlement service runs: all the time, only once everything has happened, or with a stop in mid-run. Its
#: books are the same in all three cases.
Settling: TypeAlias = Literal["throughout", "late", "interrupted"]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that a run came to."""

    tally: Tally
    conclusion: Conclusion
    runs: tuple[Run, ...]
    #: Seconds of the replay alone, in which windows are settled too; and of all, from the first process to the last.
    replay_s: float
    total_s: float
    #: Entries that the journal gained in the replay.
    replayed_entries: int


class DemoRun:
    """Replays a plan in a network of its own."""

    def __init__(self, folder: Path, plan: Plan, watcher: Watcher, settling: Settling, documents: bool) -> None:
        """`folder` must be empty or not there yet."""
        self._plan: Final = plan
        self._watcher: Final = watcher
        self._settling: Final = settling
        self._documents: Final = documents
        self._folder: Final = folder
        #: Windows that are closed and not settled, with the sequence of the entry that closed each.
        self._closed: Final[list[tuple[CloseWindow, int]]] = []
        self._runs: Final[list[Run]] = []
        self._bank: Final = Bank(OPERATOR)

    def run(self) -> Results:
        """Do all of it. Raises ProcessFailed or an error of the SDK; whatever was started is stopped then."""
        begun_s = time.monotonic()
        self._watcher.stage("Starting the hub and the settlement service")
        with DemoNetwork(self._folder, Dice(self._plan.seed), self._plan.starts_us) as network:
            try:
                network.start_hub()
                register_everybody(network)
                if self._settling != "late":
                    network.start_settlement()
                with Replay(network, self._plan) as replay, network.operator() as operator:
                    size_before, replay_begun_s = operator.checkpoint().size, time.monotonic()
                    self._replay(network, replay)
                    replay_s = time.monotonic() - replay_begun_s
                    entries = operator.checkpoint().size - size_before
                    conclusion = self._conclude(network, operator, replay)
            except TransportError:
                # Nobody answers: a process that has ended says more about why than the call that found out.
                network.check()
                raise
            self._watcher.stage("Stopping the hub and the settlement service")
            network.stop()
        total_s = time.monotonic() - begun_s
        return Results(replay.tally, conclusion, tuple(self._runs), replay_s, total_s, entries)

    def _replay(self, network: DemoNetwork, replay: Replay) -> None:
        actions = self._plan.actions
        stops_at, starts_at = len(actions) // 3, 2 * len(actions) // 3
        self._watcher.stage("Replaying purchases", len(actions))
        for done, action in enumerate(replay.run(), start=1):
            if isinstance(action, CloseWindow):
                self._closed.append((action, replay.sequence))
                if network.settles:
                    self._settle_what_is_closed(network)
            if self._settling == "interrupted" and done == stops_at:
                network.stop_settlement()
            elif self._settling == "interrupted" and done == starts_at:
                network.start_settlement()
            self._watcher.advance(done, local_day(action.at_us))

    def _conclude(self, network: DemoNetwork, operator: Operator, replay: Replay) -> Conclusion:
        self._settle_what_is_closed(network)
        conclusion = conclude(network, operator, replay, self._plan, self._runs, self._watcher)
        self._write(network, [report.window.number for report in conclusion.windows])
        return conclusion

    def _write(self, network: DemoNetwork, numbers: Sequence[int]) -> None:
        reports = self._folder / REPORTS
        self._watcher.stage("Writing the settlement service's reports")
        for number in numbers:
            write_report(network, number, reports / "windows")
        if not self._documents:
            return
        self._watcher.stage("Writing everybody's statements", len(numbers))
        for done, number in enumerate(numbers, start=1):
            write_statements(network, number, reports / "statements")
            self._watcher.advance(done)
        self._watcher.stage("Writing the books")
        export_books(network, numbers[-1], reports / "books")

    def _settle_what_is_closed(self, network: DemoNetwork) -> None:
        if not network.settles:
            network.start_settlement()
        with ClearingHouse(network) as house:
            while self._closed:
                action, sequence = self._closed.pop(0)
                house.wait_for(sequence)
                if not self._runs:
                    house.open_accounts(self._bank)
                self._runs.append(house.settle(action.window, self._bank, self._folder / REPORTS / "payments"))
