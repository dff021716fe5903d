"""The end of a run: everybody is asked for their figures, and the figures are held against each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coalition_demo.actions import CloseWindow
from coalition_demo.census import Census, school_figures, take_census
from coalition_demo.clearing import ClearingHouse
from coalition_demo.figures import (
    Check,
    PartyFigures,
    SchoolFigures,
    WindowFigures,
    party_figures,
    trial_checks,
    window_check,
    window_figures,
)
from coalition_demo.network import HUB, DemoNetwork
from coalition_demo.processes import Command, ProcessFailed, run_command
from coalition_demo.replay import Replay
from coalition_demo.scenario import Plan
from coalition_demo.schools import SCHOOLS
from coalition_demo.watcher import Watcher
from partner_sdk.operator import Operator, TrialBalance
from partner_sdk.settlement import Run, WindowReport

#: Failures of `coalition hub verify` that are shown.
_FAILURES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What hub, settlement service, auditor and `verify` say at the end."""

    #: Size and root of the log as the hub signed it last, and the signed note itself.
    size: int
    root: bytes
    note: str
    census: Census
    trial: TrialBalance
    windows: tuple[WindowReport, ...]
    window_figures: tuple[WindowFigures, ...]
    parties: tuple[PartyFigures, ...]
    schools: tuple[SchoolFigures, ...]
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether everything holds that must hold."""
        return all(check.holds for check in self.checks)


def conclude(
    network: DemoNetwork, operator: Operator, replay: Replay, plan: Plan, runs: Sequence[Run], watcher: Watcher
) -> Conclusion:
    """Ask everybody. Nothing more is written to the journal from here on."""
    watcher.stage("Comparing what hub and settlement service say")
    checkpoint = operator.checkpoint()
    closing = max(window.last_sequence for window in _closed_windows(network))
    trial = operator.trial_balance()
    titles = {action.window: action.title for action in plan.actions if isinstance(action, CloseWindow)}
    with ClearingHouse(network) as house:
        progress = house.wait_for(checkpoint.size)
        windows = house.windows()
    schools = tuple(
        school_figures(
            replay.clients[school.party_id], school, HUB, replay.members.pledged[school.fund_id].values()
        )
        for school in SCHOOLS
    )
    figures = tuple(window_figures(report, titles[report.window.number]) for report in windows)
    parties = party_figures(windows, runs, trial)
    return Conclusion()
