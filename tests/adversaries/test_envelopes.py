"""Bad envelopes: each has its own clear error, and not one row of the database changes."""

from __future__ import annotations

import pytest

from coalition.errors import Refused, reason_name
from tests.adversaries.attacks import ATTACKS
from tests.adversaries.witness import rows_of
from tests.network.conftest import RunningHub


@pytest.mark.parametrize("name", ATTACKS)
def test_a_bad_envelope_is_refused_and_nothing_changes(town_hub: RunningHub, name: str) -> None:
    """The reason is its own, the words say what is wrong, and the database is as it was, row by row."""
    reason, make = ATTACKS[name]
    data, before = make(town_hub), rows_of(town_hub)

    with pytest.raises(Refused) as refused:
        town_hub.send(data)

    assert reason_name(refused.value.reason) == reason
    assert len(refused.value.message) > 10
    assert "Traceback" not in refused.value.message
    assert rows_of(town_hub) == before


def test_an_id_does_not_stand_for_something_else(town_hub: RunningHub) -> None:
    """Once committed, the same id with other bytes is refused, whatever else the envelope has."""
    issued = town_hub.town.issue("anna", 1)
    town_hub.commit("grocer", issued)
    issued.issue.points = 400
    before = rows_of(town_hub)

    with pytest.raises(Refused) as refused:
        town_hub.submit("grocer", town_hub.town.issue("anna", 1), issued)

    assert reason_name(refused.value.reason) == "ID_CONFLICT"
    assert rows_of(town_hub) == before


def test_whoever_sends_an_old_envelope_again_gets_nothing_done(town_hub: RunningHub) -> None:
    """Copied off the wire and sent by somebody else, it is answered as before and changes nothing."""
    data = town_hub.town.data("grocer", town_hub.town.issue("anna", 1))
    first = town_hub.send(data)
    before = rows_of(town_hub)

    again = town_hub.send(data)

    assert list(again.outcomes) == list(first.outcomes)
    assert list(again.replayed) == [0]
    assert rows_of(town_hub) == before


def test_no_byte_of_an_envelope_can_be_changed(town_hub: RunningHub) -> None:
    """Every byte of what was signed counts: with any of them different, the envelope is refused."""
    data = town_hub.town.data("grocer", town_hub.town.redeem("anna", "grocer", 10))
    before = rows_of(town_hub)

    for position in range(len(data)):
        flipped = data[:position] + bytes([data[position] ^ 0x01]) + data[position + 1 :]
        with pytest.raises(Refused):
            town_hub.send(flipped)

    assert rows_of(town_hub) == before
