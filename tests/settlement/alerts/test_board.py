"""The board: every beginning and every end is stored and told once, over any course of things and over restarts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from coalition import dsse
from coalition.documents import sign_document
from coalition.errors import Refused, reason_name
from coalition.v1 import settlement_alerts_pb2 as pb
from coalition.v1.envelope_pb2 import SignedDocument
from settlement.alerts import board as boards
from settlement.alerts.alert import CONCENTRATION, LIMIT_NEAR, LIMIT_REACHED, About, Alert
from settlement.alerts.board import NOTES_MAX, Board
from settlement.store import alerts as store
from settlement.store.alerts import AlertEvent
from settlement.store.database import Database
from tests.settlement.books import new_database
from tests.settlement.disputes.steps import NETWORK, person

NOW_US = 1_500_000_000_000_000
ABOUTS = (About(LIMIT_NEAR, "grocer"), About(LIMIT_REACHED, "grocer"), About(CONCENTRATION, "florist", 3))
KEYS = {person("operator").public, person("operator-2").public}


class Scene:
    """A board that sees whatever a test says."""

    def __init__(self, folder: Path) -> None:
        self.database: Database = new_database(folder)
        self.now_us = NOW_US
        self.seen: tuple[Alert, ...] = ()
        self.board = self._board()

    def _board(self) -> Board:
        return Board(self.database, lambda: self.seen, lambda: self.now_us)

    def restart(self) -> None:
        """The service ends and is started again."""
        self.board.close()
        self.board = self._board()

    def look(self, *abouts: About, figure: int = 0) -> None:
        """From now on there are alerts about these; a microsecond later somebody looks."""
        self.now_us += 1
        self.seen = tuple(Alert(about, f"text {figure}", (("points", figure),)) for about in abouts)
        self.board.update()

    def history(self) -> list[tuple[About, int, int]]:
        """Everything that was stored: about what, since when, until when."""
        events = self.board.newest(1_000, None)
        return [(event.alert.about, event.raised_us, event.ended_us) for event in reversed(events)]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Nothing is the matter."""
    scene = Scene(tmp_path)
    yield scene
    scene.database.close()


class Watching(RuleBasedStateMachine):
    """Alerts come and go; a model keeps a list of what began and ended."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.scene = Scene(Path(self.folder.name))
        self.expected: list[tuple[About, int, int]] = []
        self.lasting: set[About] = set()
        self.followed: dict[int, tuple[About, int]] = {}
        self.change = 0

    @rule(abouts=st.sets(st.sampled_from(ABOUTS)), figure=st.integers(0, 3))
    def look(self, abouts: set[About], figure: int) -> None:
        self.scene.look(*abouts, figure=figure)
        now_us = self.scene.now_us
        self.expected = [
            (about, raised, now_us if not ended and about not in abouts else ended)
            for about, raised, ended in self.expected
        ]
        self.expected += [(about, now_us, 0) for about in abouts - self.lasting]
        self.lasting = abouts

    @rule()
    def restart(self) -> None:
        self.scene.restart()

    @rule()
    def follow(self) -> None:
        """Somebody reads what changed since the last time; nothing comes twice and nothing is left out."""
        for event in self.scene.board.changes(self.change):
            assert event.change > self.change
            self.change = event.change
            assert self.followed.get(event.number, (None, -1))[1] < max(event.ended_us, 1)
            self.followed[event.number] = (event.alert.about, event.ended_us)
        known = {about for about, ended in self.followed.values() if not ended}
        assert known == self.lasting

    @invariant()
    def agree(self) -> None:
        """What is stored is what happened, and what lasts is what is seen."""
        assert sorted(self.scene.history()) == sorted(self.expected)
        assert {event.alert.about for event in self.scene.board.lasting()} == self.lasting

    def teardown(self) -> None:
        if hasattr(self, "scene"):
            self.scene.database.close()
            self.folder.cleanup()


Watching.TestCase.settings = settings(max_examples=6, stateful_step_count=12)
TestWatching = Watching.TestCase


def test_figures_move_on_while_an_alert_lasts(scene: Scene) -> None:
    """A listed alert has its figures of now and its beginning of then; no change is told for that."""
    scene.look(ABOUTS[0], figure=1)
    (began,) = scene.board.lasting()
    scene.look(ABOUTS[0], figure=2)
    (now,) = scene.board.lasting()
    assert (now.number, now.raised_us, now.change) == (began.number, began.raised_us, began.change)
    assert now.alert.figures == (("points", 2),)
    assert scene.board.changes(0)[0].alert.figures == (("points", 2),)
    scene.look()
    assert scene.board.newest(5, None)[0].alert.figures == (("points", 1),)


def test_worst_comes_first(scene: Scene) -> None:
    """Critical before warning, of equal ones the oldest."""
    scene.look(ABOUTS[2])
    scene.look(*ABOUTS)
    assert [event.alert.about for event in scene.board.lasting()] == [ABOUTS[1], ABOUTS[2], ABOUTS[0]]
    assert scene.board.counted() == {LIMIT_NEAR: 1, LIMIT_REACHED: 1, CONCENTRATION: 1}


def test_since_when_may_lie_before_the_look_but_not_after(scene: Scene) -> None:
    """What an alert is about may say since when; a moment to come is not believed."""
    for since_us, expected in ((NOW_US - 50, NOW_US - 50), (NOW_US + 10**9, NOW_US)):
        scene.seen = (Alert(ABOUTS[0], "text", (), since_us),)
        scene.board.update()
        assert scene.board.lasting()[0].raised_us == expected
        scene.look()
        scene.now_us = NOW_US


def test_looks_close_together_are_one(scene: Scene) -> None:
    """Who asks again at once gets what was seen just now; the database is left alone."""
    scene.look(ABOUTS[0])
    scene.seen = ()
    scene.board.update(60)
    assert len(scene.board.lasting()) == 1
    scene.board.update()
    assert scene.board.lasting() == ()


def test_failed_look_changes_nothing(scene: Scene) -> None:
    """What cannot be derived is neither begun nor ended, and the next look makes up for it."""
    scene.look(ABOUTS[0])

    def fail() -> tuple[Alert, ...]:
        raise RuntimeError("no")

    board = Board(scene.database, fail, lambda: scene.now_us)
    with pytest.raises(RuntimeError):
        board.update()
    assert [event.alert.about for event in board.lasting()] == [ABOUTS[0]]


def test_log_tells_each_beginning_and_end_once_and_no_figures(scene: Scene) -> None:
    """One line for each crossing, without text and figures, for a log is no place for a party's figures."""
    with structlog.testing.capture_logs() as lines:
        scene.look(ABOUTS[0], figure=987)
        scene.look(ABOUTS[0], figure=654)
        scene.restart()
        scene.look(ABOUTS[0])
        scene.look()
    assert [(line["event"], line["kind"], line["party"]) for line in lines] == [
        ("alert_began", "LIMIT_NEAR", "grocer"),
        ("alert_ended", "LIMIT_NEAR", "grocer"),
    ]
    assert "987" not in str(lines)


def note(event: AlertEvent, name: str = "operator", **changes: object) -> SignedDocument:
    """Somebody's signed note on an alert."""
    fields = {
        "network_id": NETWORK,
        "number": event.number,
        "raised_us": event.raised_us,
        "note": "called them",
        "decided_us": NOW_US,
        **changes,
    }
    return sign_document(dsse.ALERT_NOTE, pb.AlertNote(**fields), person(name))  # type: ignore[arg-type]


def test_note_is_kept_with_its_signature_and_told(scene: Scene) -> None:
    """A note is a change that followers learn of; the alert lasts on; the same note again adds nothing."""
    scene.look(ABOUTS[0], figure=5)
    (began,) = scene.board.lasting()
    signed = note(began)
    noted = scene.board.acknowledge(signed, NETWORK, KEYS)
    assert noted.notes[0].document == signed.document
    assert scene.board.acknowledge(signed, NETWORK, KEYS) == noted
    assert scene.board.changes(began.change) == (noted,)
    assert scene.board.lasting() == (noted,)
    scene.restart()
    scene.look(ABOUTS[0], figure=6)
    assert scene.board.lasting()[0].notes == noted.notes
    second = scene.board.acknowledge(note(began, "operator-2"), NETWORK, KEYS)
    assert [kept.public_key for kept in second.notes] == [person("operator").public, person("operator-2").public]


def test_notes_that_are_not_taken(scene: Scene) -> None:
    """A stranger's key, another alert, one that has ended, an old note and one too many are refused."""

    def refusal(signed: SignedDocument) -> str:
        with pytest.raises(Refused) as error:
            scene.board.acknowledge(signed, NETWORK, KEYS)
        return reason_name(error.value.reason)

    scene.look(ABOUTS[0])
    (began,) = scene.board.lasting()
    assert refusal(note(began, "grocer")) == "KEY_UNKNOWN"
    assert refusal(note(began, network_id="other")) == "WRONG_NETWORK"
    assert refusal(note(began, note="")) == "FIELD_INVALID"
    assert refusal(note(began, number=99)) == "NOT_FOUND"
    assert refusal(note(began, raised_us=1)) == "NOT_FOUND"
    assert refusal(note(began, decided_us=NOW_US - 10**12)) == "CLOCK_SKEW"
    for count in range(NOTES_MAX):
        scene.board.acknowledge(note(began, note=f"call {count}"), NETWORK, KEYS)
    assert refusal(note(began, note="one more")) == "WRONG_STATE"
    scene.look()
    assert refusal(note(began, note="too late")) == "WRONG_STATE"


def test_what_ended_long_ago_is_let_go(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of alerts that have ended only so many are kept, with their notes; one that lasts stays."""
    monkeypatch.setattr(store, "KEPT_MAX", 3)
    scene.look(ABOUTS[1])
    scene.look(ABOUTS[0], ABOUTS[1])
    scene.board.acknowledge(note(scene.board.lasting()[1]), NETWORK, KEYS)
    for _ in range(5):
        scene.look(ABOUTS[1])
        scene.look(ABOUTS[0], ABOUTS[1])
    assert [event.number for event in scene.board.newest(100, None)] == [7, 6, 5, 1]


def test_changes_come_in_portions(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much changed, a look at the database gives so many at most, and the last leads on."""
    monkeypatch.setattr(boards, "CHANGES_MAX", 2)
    for _ in range(3):
        scene.look(ABOUTS[0])
        scene.look()
    numbers: list[int] = []
    change = 0
    while events := scene.board.changes(change):
        assert len(events) <= 2
        numbers += [event.number for event in events]
        change = events[-1].change
    assert numbers == [1, 2, 3]


def test_who_waits_is_woken(scene: Scene) -> None:
    """By a look, and for good when the service ends."""
    woken: list[bool] = []
    waiting = threading.Thread(target=lambda: woken.append(scene.board.wait(30)))
    waiting.start()
    while waiting.is_alive():
        scene.look()
    assert woken == [True]
    scene.board.close()
    assert scene.board.wait(30) is False
