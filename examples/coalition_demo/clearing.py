"""Settling windows: one person of the operator proposes, another approves; payments are instructed and confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final

from coalition_demo.network import OPERATOR, DemoNetwork
from coalition_demo.processes import run_command
from partner_sdk.settlement import Progress, Run, RunState, SettlementClient, WindowReport

#: The settlement service may have the whole journal to catch up with.
_CATCH_UP_S: Final = 1_800.0


class ClearingHouse:
    """The operator's dealings with the settlement service."""

    def __init__(self, network: DemoNetwork) -> None:
        self._network: Final = network
        self._stack: Final = ExitStack()
        connection = replace(network.connection(OPERATOR), timeout_s=_CATCH_UP_S)
        first, second = connection.keys
        self._proposer: Final = self._stack.enter_context(SettlementClient(connection))
        self._approver: Final = self._stack.enter_context(SettlementClient(replace(connection, keys=(second, first))))

    def __enter__(self) -> ClearingHouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def wait_for(self, sequence: int) -> Progress:
        """Until the service has taken in the journal up to an entry."""
        return self._proposer.progress(wait_for_sequence=sequence)

    def settle(self, window: int) -> Run:
        """Take a closed window through a run. Raises a Refusal when the service does not agree."""
        run_id = self._network.dice.id(self._network.clock(), "run", window)
        run = self._proposer.propose([window], run_id=run_id, note="End of the month")
        run = self._approver.approve(run, note="Positions agree with the report")
        run = self._proposer.instruct(run)
        for instruction in run.instructions:
            party_id = instruction.payer if instruction.payee == OPERATOR else instruction.payee
            run = self._proposer.confirm(run, party_id, note="Seen on the bank statement")
        assert run.state is RunState.SETTLED, "a run is settled when everything is paid"
        return run

    def windows(self) -> tuple[WindowReport, ...]:
        """Every closed window with its figures, ascending."""
        closed = (window for window in self._proposer.windows() if window.last_sequence is not None)
        return tuple(self._proposer.window(window.number) for window in closed)


def write_window_reports(network: DemoNetwork, windows: Iterable[int], folder: Path) -> None:
    """Have the settlement service's own command write each window's CSV and JSON. Raises ProcessFailed."""
    for number in windows:
        run_command(
            *("settlement", "report", "--dir", network.settlement_folder, "--address", network.settlement_address),
            *("--window", str(number), "--csv", folder, "--json", folder / f"window-{number}.json"),
        )
