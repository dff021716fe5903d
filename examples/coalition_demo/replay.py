"""Carries out a plan, action by action, each through the client of the party that does it.

One action is finished before the next begins, and every time, id, key and nonce follows from the plan: that is why the
same plan always leads to the same journal, however fast the machine is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final

from coalition_demo.actions import Action, Batch, Online, RotateKeys
from coalition_demo.members import Members
from coalition_demo.network import DemoNetwork, party_ids
from coalition_demo.office import OperatorsOffice
from coalition_demo.scenario import Plan
from coalition_demo.tally import Tally
from partner_sdk import Client, Draft, Outcome


class Replay:
    """One run of a plan in a network."""

    def __init__(self, network: DemoNetwork, plan: Plan) -> None:
        self._network: Final = network
        self._plan: Final = plan
        self._stack: Final = ExitStack()
        self.tally: Final = Tally()
        #: Of the newest entry that this replay knows of.
        self.sequence = 0
        self.clients: Final[dict[str, Client]] = {}
        for party_id in party_ids():
            self._connect(party_id)
        self.members: Final = Members(network, self.clients)
        operator = self._stack.enter_context(network.operator())
        self._office: Final = OperatorsOffice(network, operator, self.tally)

    def __enter__(self) -> Replay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self) -> Iterator[Action]:
        """Do everything in order; gives each action when it is done."""
        for action in self._plan.actions:
            self._network.clock.set(action.at_us)
            if isinstance(action, Batch):
                self._send(action.party, [self.members.till_draft(item) for item in action.transactions])
            elif isinstance(action, Online):
                self._do_online(action)
            else:
                self.sequence = self._office.do(action)
                if isinstance(action, RotateKeys):
                    self._connect(action.party)
            yield action

    def _do_online(self, action: Online) -> None:
        draft = self.members.draft(action)
        if draft is None:
            self.tally.left_out[type(action).__name__] += 1
            return
        (outcome,) = self._send(action.party, [draft])
        self.members.done(action, outcome)

    def _send(self, party_id: str, transactions: Sequence[Draft[Any]]) -> tuple[Outcome, ...]:
        outcomes = self.clients[party_id].submit(transactions)
        self.tally.count(outcomes)
        self.sequence = outcomes[-1].sequence
        return outcomes

    def _connect(self, party_id: str) -> None:
        """With the party's keys of this moment."""
        before = self.clients.get(party_id)
        if before is not None:
            before.close()
        self.clients[party_id] = self._stack.enter_context(self._network.client(party_id))
