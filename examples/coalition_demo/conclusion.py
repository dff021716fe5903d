"""The end of a run: everybody is asked for their figures, and the figures are held against each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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
    payments_check,
    schools_check,
    trial_checks,
    window_figures,
    windows_check,
)
from coalition_demo.network import HUB, DemoNetwork
from coalition_demo.processes import Command
from coalition_demo.replay import Replay
from coalition_demo.scenario import Plan
from coalition_demo.schools import SCHOOLS
from coalition_demo.watcher import Watcher
from partner_sdk.operator import Operator, TrialBalance
from partner_sdk.settlement import Run, WindowReport

_MICROS_PER_CENT: Final = 10_000
#: Failures of `coalition hub verify` that are shown.
_FAILURES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What hub, settlement service, auditor and `verify` say at the end."""

    #: Size and root of the log as the hub signed it last.
    size: int
    root: bytes
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
    """Ask everybody. Nothing more is written to the journal from here on. Raises an error of the SDK."""
    watcher.stage("Comparing hub and settlement service")
    # The last entry is the operator's own, the closing of the last window. Its proof comes with the signed note.
    proof = operator.prove(replay.sequence)
    signed = proof.checkpoint
    note_file = network.folder / "checkpoint.txt"
    note_file.write_text(proof.note, encoding="utf-8")
    trial = operator.trial_balance()
    with ClearingHouse(network) as house:
        followed = house.wait_for(signed.size)
        windows = house.windows()
    schools = tuple(
        school_figures(replay.clients[school.party_id], school, HUB, replay.members.pledged[school.fund_id].values())
        for school in SCHOOLS
    )
    titles = {action.window: action.title for action in plan.actions if isinstance(action, CloseWindow)}
    figures = tuple(window_figures(report, titles[report.window.number]) for report in windows)
    parties = party_figures(windows, runs, trial)
    census, verified = _read_all(network, operator, note_file, signed.size, watcher)
    checks = (
        *trial_checks(trial, parties),
        windows_check(figures, len(titles)),
        payments_check(parties, runs, _MICROS_PER_CENT),
        schools_check(schools),
        Check(
            "Settlement service and auditor came to the root that the hub signed",
            {followed.log_root, census.root} == {signed.root} and census.entries == signed.size,
            f"{signed.size:,} entries",
        ),
        verified,
    )
    return Conclusion(signed.size, signed.root, census, trial, windows, figures, parties, schools, checks)


def _read_all(
    network: DemoNetwork, operator: Operator, note_file: Path, size: int, watcher: Watcher
) -> tuple[Census, Check]:
    """The hub's `verify` replays the journal while an auditor reads all of it: two processes, two cores."""
    verifying = Command("hub", "verify", "--dir", network.hub_folder, "--checkpoint", note_file, "--json")
    try:
        watcher.stage("Auditing the journal", size)
        census = take_census(operator, watcher.advance)
        watcher.stage("Waiting for `coalition hub verify`")
        status, output = verifying.wait(check=False)
    finally:
        verifying.kill()
    return census, _verify_check(status, output)


def _verify_check(status: int, output: str) -> Check:
    what = "`coalition hub verify` finds nothing wrong"
    try:
        answer = json.loads(output)
    except ValueError:
        return Check(what, False, output.strip() or f"it ended with {status}")
    if status == 0 and answer["ok"]:
        return Check(what, True, f"{answer['entries']:,} entries replayed to the same root")
    failures = [f"{failure['where']}: {failure['found']}" for failure in answer["failures"]]
    return Check(what, False, "; ".join(failures[:_FAILURES_SHOWN]))
