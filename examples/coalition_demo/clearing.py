"""Settling windows: one person of the operator proposes, another approves; payments go to the bank and come back."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final

from coalition_demo.bank import MISHAPS, Bank, Mishap
from coalition_demo.network import NAMES, OPERATOR, DemoNetwork
from coalition_demo.processes import run_command
from coalition_demo.timeline import local_day
from partner_sdk.settlement import InstructionState, Progress, Run, RunState, SettlementClient, WindowReport

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

    def open_accounts(self, bank: Bank) -> None:
        """Every party opens an account at the bank, and tells the settlement service with its own key."""
        for party_id, name in NAMES.items():
            with SettlementClient(self._network.connection(party_id)) as client:
                bank.open_account(client, party_id, name)

    def settle(self, window: int, bank: Bank, folder: Path) -> Run:
        """Take a closed window through a run: two people decide, banks pay, the bank's statement says so.

        The files that go to the bank and come from it are kept in `folder`. Raises a Refusal when the service does not
        agree.
        """
        run_id = self._network.dice.id(self._network.clock(), "run", window)
        run = self._proposer.propose([window], run_id=run_id, note="End of the month")
        run = self._approver.approve(run, note="Checklist passed, positions agree with the report")
        run = self._proposer.instruct(run)
        self._pay(run, bank, folder, MISHAPS.get(window))
        run = self._take_in(run, bank, folder)
        returned = [item for item in run.instructions if item.state is InstructionState.REJECTED]
        if returned:
            for item in returned:
                bank.pay_again(item.payee, item.reference, item.amount_minor)
            run = self._take_in(run, bank, folder)
        if run.state is not RunState.SETTLED:
            run = self._approver.carry(run, MISHAPS[window].value)
        assert run.state is RunState.SETTLED, "a run is settled when everything is paid or carried"
        return run

    def _pay(self, run: Run, bank: Bank, folder: Path, mishap: Mishap | None) -> None:
        """Every payer fetches its own file with its own key, and sends it to the bank; the operator comes last."""
        payers = sorted({item.payer for item in run.instructions}, key=lambda payer: (payer == OPERATOR, payer))
        concerned = OPERATOR if mishap is Mishap.RETURNED else payers[0]
        folder.mkdir(parents=True, exist_ok=True)
        for payer in payers:
            with SettlementClient(self._network.connection(payer)) as client:
                file = client.instruction_file(run.run_id)
            assert not file.left_out, "everybody has an account"
            (folder / file.name).write_bytes(file.data)
            bank.carry_out(file.data, payer, mishap if payer == concerned else None)

    def _take_in(self, run: Run, bank: Bank, folder: Path) -> Run:
        """Import the bank's next statement of the operator's account."""
        day = date.fromisoformat(local_day(self._network.clock()))
        statement = bank.statement(day)
        name = f"statement-{len(list(folder.glob('statement-*'))) + 1:02}.xml"
        (folder / name).write_bytes(statement)
        self._proposer.import_statement(statement, file_name=name, note="The bank's statement of our account")
        return self._proposer.run(run.run_id)

    def windows(self) -> tuple[WindowReport, ...]:
        """Every closed window with its figures, ascending."""
        closed = (window for window in self._proposer.windows() if window.last_sequence is not None)
        return tuple(self._proposer.window(window.number) for window in closed)


def write_report(network: DemoNetwork, window: int, folder: Path) -> None:
    """Have the settlement service's own command write a window's CSV and JSON. Raises ProcessFailed."""
    _command(network, "report", "--window", str(window), "--csv", folder, "--json", folder / f"window-{window}.json")


def write_statements(network: DemoNetwork, window: int, folder: Path) -> None:
    """Have its command write everybody's statements of a window, in every form. Raises ProcessFailed."""
    forms = ("--pdf", "--xlsx", "--csv", "--json-file")
    _command(network, "statement", "--window", str(window), "--all", "--out", folder, *forms)


def export_books(network: DemoNetwork, window: int, folder: Path) -> None:
    """Have its command write the books as of the end of a window. Raises ProcessFailed."""
    _command(network, "books", "export", "--as-of", str(window), "--out", folder)


def _command(network: DemoNetwork, *arguments: str | Path) -> None:
    place = ("--dir", network.settlement_folder, "--address", network.settlement_address, "--timeout", "60")
    run_command("settlement", *arguments, *place)
