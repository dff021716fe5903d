"""Decisions about a run hold for what the person saw, and say what was done of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from partner_sdk.errors import WrongState
from partner_sdk.settlement import (
    BankEntry,
    Checklist,
    ChecklistItem,
    Instruction,
    InstructionState,
    Run,
    RunAction,
    RunEvent,
    RunState,
    SettlementMethod,
)
from settlement.console.door import Notice, Session
from settlement.console.pages import deciding, run
from settlement.console.visit import Form, Problem, Visit
from tests.settlement.console.pages.visits import MOMENT, Service, filled, text_of, visit_to
from tests.settlement.console.test_sums import RUN as SUMS
from tests.settlement.console.test_sums import WINDOW

RUN = replace(SUMS, events=(RunEvent(RunAction.PROPOSE, RunState.PROPOSED, bytes(32), MOMENT, "", None),))
PARTIES = ("florist", "grocer", "school")


def between(number: int, payer: str, payee: str) -> Instruction:
    """A payment that waits."""
    return Instruction(number, payer, payee, 100, f"RF{number}", InstructionState.OPEN, 0, 0, b"a", b"b")


class Desk(Service):
    """Has a run, and the decisions that were signed about it."""

    def __init__(self, of: Run) -> None:
        super().__init__(WINDOW)
        self.now = of
        self.signed: list[str] = []
        #: What the service says to a confirmation of a party, and what happens meanwhile.
        self.refusing = ""
        self.meanwhile: Callable[[Run], Run] = lambda now: now
        self.pending = False

    def run(self, _run_id: str) -> Run:
        """As it stands."""
        return self.now

    def checklist(self, _run_id: str) -> Checklist:
        """One item."""
        return Checklist((ChecklistItem("replay", "The replay", True, not self.pending, "", self.pending),), MOMENT)

    def bank_entries(self, **_asked: object) -> tuple[BankEntry, ...]:
        """Nothing is booked."""
        return ()

    def instruct(self, _seen: Run, *, note: str) -> None:
        """Recorded."""
        self.signed.append(f"instruct {note}")

    def abort(self, _seen: Run, note: str) -> None:
        """Recorded."""
        self.signed.append(f"abort {note}")

    def confirm(self, seen: Run, party_id: str, *, note: str) -> Run:
        """A party's payments are paid then."""
        if party_id == self.refusing:
            raise WrongState("not now.")
        self.signed.append(f"confirm {party_id} {note}")
        paid = [
            replace(item, state=InstructionState.PAID, paid_minor=item.amount_minor)
            if party_id in (item.payer, item.payee)
            else item
            for item in seen.instructions
        ]
        self.now = self.meanwhile(replace(seen, state=RunState.SETTLING, instructions=tuple(paid)))
        return self.now

    def carry(self, seen: Run, note: str, *, instructions: set[int]) -> Run:
        """Recorded."""
        self.signed.append(f"carry {len(instructions)} {note}")
        return seen


def released(method: SettlementMethod = SettlementMethod.BILATERAL) -> Run:
    """A run with three payments, of which each two parties have one."""
    pairs = (("florist", "grocer"), ("grocer", "school"), ("school", "florist"))
    payments = tuple(between(number, *pair) for number, pair in enumerate(pairs, start=1))
    return replace(RUN, state=RunState.INSTRUCTED, method=method, instructions=payments)


def visit(desk: Desk, session: Session | None = None) -> Visit:
    """A look at its run."""
    return visit_to(desk, f"/runs/{RUN.run_id}", session, run_id=RUN.run_id)


@pytest.mark.parametrize("act", [deciding.approve, deciding.instruct, deciding.abort, deciding.confirm])
@pytest.mark.parametrize(
    "after",
    [
        {"state": RunState.INSTRUCTED},
        {"positions_digest": b"\1" * 32},
        {"instructions": (replace(RUN.instructions[0], paid_minor=1), *RUN.instructions[1:])},
    ],
    ids=["its state", "its positions", "its payments"],
)
def test_decision_on_what_has_changed_is_refused(act: Callable[[Visit, Form], str], after: dict[str, object]) -> None:
    """Somebody else was faster: nothing is signed, and the person looks again."""
    desk = Desk(replace(RUN, **after))  # type: ignore[arg-type]
    form = filled(("seen", deciding.seen_of(RUN)), ("note", "late"), ("party", "grocer"))
    with pytest.raises(Problem, match="More has happened to the run"):
        act(visit(desk), form)
    assert desk.signed == []


def test_decision_on_what_was_seen_is_signed() -> None:
    """The page's own forms name what the page shows."""
    desk = Desk(RUN)
    assert text_of(run.show(visit(desk))).count(f'name="seen" value="{deciding.seen_of(RUN)}"') == 2
    deciding.abort(visit(desk), filled(("seen", deciding.seen_of(RUN)), ("note", "wrong month")))
    desk.now = replace(RUN, state=RunState.APPROVED)
    deciding.instruct(visit(desk), filled(("seen", deciding.seen_of(desk.now)), ("note", "all well")))
    assert desk.signed == ["abort wrong month", "instruct all well"]


def confirming(desk: Desk) -> Form:
    """All three parties at once."""
    return filled(("seen", deciding.seen_of(desk.now)), *(("party", name) for name in PARTIES))


def test_who_was_confirmed_is_said_when_another_is_not() -> None:
    """Signatures that were given stay given."""
    desk = Desk(released())
    desk.refusing = "school"
    with pytest.raises(Problem, match=r"school is not confirmed: not now\. Confirmed before that: florist, grocer\."):
        deciding.confirm(visit(desk), confirming(desk))
    assert desk.signed == ["confirm florist ", "confirm grocer "]


def test_no_party_is_confirmed_of_which_something_was_not_seen() -> None:
    """A payment that no confirmed party is a side of is looked at again before each signature."""

    def paid_in_part(now: Run) -> Run:
        return replace(
            now, instructions=(now.instructions[0], replace(now.instructions[1], paid_minor=7), RUN.instructions[1])
        )

    desk = Desk(released())
    desk.meanwhile = paid_in_part
    with pytest.raises(Problem, match=r"grocer is not confirmed: More has happened .* Confirmed before that: florist"):
        deciding.confirm(visit(desk), confirming(desk))
    assert desk.signed == ["confirm florist "]


def test_all_parties_are_confirmed() -> None:
    """What their own signatures make paid is no surprise."""
    desk = Desk(released())
    deciding.confirm(visit(desk), confirming(desk))
    assert desk.signed == [f"confirm {name} " for name in PARTIES]


def test_carried_payments_bring_what_was_seen_paid() -> None:
    """One field for each payment: what was paid of it stands beside its number."""
    desk = Desk(released())
    page = text_of(run.show(visit(desk)))
    assert page.count('name="instruction"') == 3
    assert 'name="instruction" value="2:0"' in page
    note = ("note", "late")
    with pytest.raises(Problem, match="of payment 3 than you saw"):
        deciding.carry(visit(desk), filled(("instruction", "2:0"), ("instruction", "3:5"), note))
    deciding.carry(visit(desk), filled(("instruction", "2:0"), ("instruction", "3:0"), note))
    assert desk.signed == ["carry 2 late"]


def test_page_that_renews_itself_takes_nothing_away() -> None:
    """While the checklist is made nothing can be typed, and what was said stays until it is done."""
    desk, session = Desk(RUN), Session()
    desk.pending = True
    session.leave_notice(f"/runs/{RUN.run_id}", Notice("done", "the run is proposed."))
    for _ in range(2):
        page = run.show(visit(desk, session))
        assert "Refresh" in page.headers
        assert "the run is proposed." in text_of(page)
        assert f"/runs/{RUN.run_id}/abort" not in text_of(page)
    desk.pending = False
    assert "the run is proposed." in text_of(run.show(visit(desk, session)))
    page = run.show(visit(desk, session))
    assert "the run is proposed." not in text_of(page)
    assert f"/runs/{RUN.run_id}/abort" in text_of(page)


@pytest.mark.parametrize(
    ("method", "parties"),
    [(SettlementMethod.MULTILATERAL, ["grocer"]), (SettlementMethod.BILATERAL, ["grocer", "operator"])],
)
def test_payment_through_the_operator_is_its_other_party_s(method: SettlementMethod, parties: list[str]) -> None:
    """Also where there is one payment only."""
    found = run.waiting(replace(RUN, method=method, instructions=(between(1, "grocer", "operator"),)), "operator")
    assert [item.party_id for item in found] == parties
