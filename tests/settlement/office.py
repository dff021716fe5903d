"""A settlement service without its network: books, desk, and two people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coalition.errors import Refused, reason_name
from coalition.ids import transaction_id
from coalition.v1 import settlement_service_pb2 as pb
from settlement.desk import Desk
from settlement.intake import Intake
from settlement.run_desk import RunDesk
from settlement.runs.run import Run
from settlement.store.database import Database
from tests.settlement.books import new_database, take_in
from tests.settlement.decisions import APPROVE, CONFIRM, INSTRUCT, NETWORK, PROPOSE, Person
from tests.settlement.journals import Journal, coalition_of_three

NOW_US = 1_500_000_000_000_000
MAKER, CHECKER = Person(1), Person(2)


def run_id(number: int) -> bytes:
    """A run's id."""
    return transaction_id(1_500_000_000_000 + number, bytes(10))


class Office:
    """A settlement service without its network: books, desk, and two people."""

    def __init__(self, folder: Path) -> None:
        self.database: Database = new_database(folder)
        self.journal: Journal = coalition_of_three(operator_keys=(MAKER.key.public, CHECKER.key.public))
        self.intake = Intake(self.database, NETWORK)
        self.now_us = NOW_US
        self.desk = Desk(self.database, self.intake)
        self.run_desk = RunDesk(self.database, self.intake, lambda: self.now_us)

    def business(self, amount_micros: int, *, close: bool = True) -> None:
        """The florist comes to owe the grocer so much, in a window of its own."""
        self.journal.owe("florist", "grocer", amount_micros)
        if close:
            self.journal.close()
        take_in(self.intake, self.journal.entries[self.intake.progress.state.sequence :])

    def decide(self, person: Person, action: pb.RunAction.ValueType, number: int = 1, **fields: Any) -> Run:
        """A person decides about a run."""
        self.now_us += 1
        fields.setdefault("decided_us", self.now_us)
        if action == CONFIRM:
            seen = self.run_desk.run(run_id(number)).standings_digest(fields.get("party_id", ""))
            fields.setdefault("standings", seen)
        return self.run_desk.decide(person.decides(action, run_id=run_id(number), **fields))

    def approve(self, number: int = 1) -> Run:
        """CHECKER looks at the positions and approves."""
        return self.decide(CHECKER, APPROVE, number, positions=self.run_desk.run(run_id(number)).positions_bytes)

    def instruct(self, number: int, *windows: int, **fields: Any) -> Run:
        """A run whose payments are released."""
        self.decide(MAKER, PROPOSE, number, windows=windows, **fields)
        self.approve(number)
        return self.decide(CHECKER, INSTRUCT, number)

    def settle_proposed(self, number: int = 1) -> Run:
        """A proposed run, to its end."""
        self.approve(number)
        run = self.decide(CHECKER, INSTRUCT, number)
        while run.outstanding:
            run = self.decide(CHECKER, CONFIRM, number, party_id=run.outstanding[0])
        return run

    def settle(self, number: int, *windows: int, **fields: Any) -> Run:
        """A run from beginning to end."""
        self.decide(MAKER, PROPOSE, number, windows=windows, **fields)
        return self.settle_proposed(number)

    def runs(self) -> tuple[Run, ...]:
        """Every run, in the order in which they were proposed."""
        with self.run_desk.newest(1_000) as runs:
            return tuple(runs)[::-1]

    def states(self) -> list[str]:
        """The states of all windows."""
        return [pb.WindowState.Name(record.state).removeprefix("WINDOW_STATE_") for record in self.desk.windows()]

    def refusal(self, *arguments: Any, **fields: Any) -> tuple[str, str]:
        """Why a decision is refused: the reason, and the text."""
        before = self.runs()
        with pytest.raises(Refused) as error:
            self.decide(*arguments, **fields)
        assert self.runs() == before
        return reason_name(error.value.reason), error.value.message
