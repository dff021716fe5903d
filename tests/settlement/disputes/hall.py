"""Disputes without a network: books of a made-up journal, a desk, and everybody's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coalition.errors import Refused, reason_name
from coalition.v1 import settlement_disputes_pb2 as pb
from settlement.disputes.desk import DisputeDesk
from settlement.disputes.moves import state_name
from settlement.disputes.rules import DisputeRules
from settlement.disputes.step import RAISE
from settlement.intake import Intake
from settlement.store.disputes import DisputeQuery, DisputeRecord
from tests.settlement.books import new_database, take_in
from tests.settlement.disputes.steps import NETWORK, dispute_id, person, signed_step
from tests.settlement.journals import coalition_of_three

NOW_US = 1_500_000_000_000_000


class Hall:
    """A grocer, a florist and a school, a line between the first two, and who disputes it."""

    def __init__(self, folder: Path, **rules: int) -> None:
        self.database = new_database(folder)
        operator = (person("operator").public, person("operator-2").public)
        self.journal = coalition_of_three(operator_keys=operator)
        self.intake = Intake(self.database, NETWORK)
        self.journal.issue("grocer", 1_000)
        #: The florist accepted points of the grocer.
        self.line = self.journal.redeem("florist", {"grocer": 300}).sequence
        self.now_us = NOW_US
        self.catch_up()
        self.desk = DisputeDesk(self.database, self.intake, lambda: self.now_us, DisputeRules(**rules))

    def catch_up(self) -> None:
        """Take in what the journal has got meanwhile."""
        take_in(self.intake, self.journal.entries[self.intake.progress.state.sequence :])

    def close_window(self) -> None:
        """The open window is closed now."""
        self.journal.now_us = self.now_us
        self.journal.close()
        self.catch_up()

    def signed(self, name: str, action: pb.DisputeAction.ValueType, number: int = 1, **fields: Any) -> Any:
        """A step of somebody in a dispute, who has seen it as it is."""
        identifier = dispute_id(number)
        if action != RAISE and "seen" not in fields:
            fields["seen"] = self.desk.dispute(identifier, None).dispute.steps[-1].step.digest
        fields.setdefault("decided_us", self.now_us)
        return signed_step(person(name), name.removesuffix("-2"), action, identifier=identifier, **fields)

    def take(self, name: str, action: pb.DisputeAction.ValueType, number: int = 1, **fields: Any) -> DisputeRecord:
        """Somebody takes a step, a microsecond later."""
        self.now_us += 1
        return self.desk.take(self.signed(name, action, number, **fields), name.removesuffix("-2"))

    def raise_it(self, name: str = "florist", number: int = 1, **claim: Any) -> DisputeRecord:
        """Somebody disputes the line with the grocer."""
        return self.take(name, RAISE, number, claim={"sequence": self.line, **claim})

    def refusal(self, *arguments: Any, **fields: Any) -> tuple[str, str]:
        """Why a step is refused: the reason, and the text. Nothing has changed then."""
        before = self.everything()
        with pytest.raises(Refused) as error:
            self.take(*arguments, **fields)
        assert self.everything() == before
        return reason_name(error.value.reason), error.value.message

    def everything(self) -> tuple[Any, ...]:
        """All disputes, without the moment of looking."""
        return tuple(record.dispute for record in self.desk.disputes(DisputeQuery()))

    def state(self, number: int = 1) -> str:
        """Where a dispute stands now."""
        return state_name(self.desk.dispute(dispute_id(number), None).standing.state)
