"""A dispute in a real network: from the SDK and the command line to the positions of the next window."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from partner_sdk.cli import main
from partner_sdk.errors import ConfigurationError, FieldInvalid, NotFound, SamePerson, WrongState
from partner_sdk.settlement import Dispute, DisputeAttachment, DisputeReason, DisputeState, SettlementClient
from partner_sdk.testing import LocalNetwork


@pytest.fixture(scope="module")
def network() -> Iterator[LocalNetwork]:
    """A network with a settlement service."""
    with LocalNetwork(settlement=True) as network:
        yield network


@pytest.fixture
def line(network: LocalNetwork) -> int:
    """The entry by which the florist accepted 300 points of the grocer, once the service has read it."""
    member = network.member(points=1_000)
    redeemed = network.client("florist").redeem(member.holder_id, 300, consent=member.consent_to_redeem("florist", 300))
    caught_up(network)
    return redeemed.sequence


def caught_up(network: LocalNetwork) -> None:
    """The service has read the whole journal."""
    network.settlement_client().progress(wait_for_sequence=network.operator.checkpoint().size)


def persons(network: LocalNetwork) -> tuple[SettlementClient, SettlementClient]:
    """Two people of the operator."""
    connection = network.connection("operator")
    return SettlementClient(connection), SettlementClient(replace(connection, keys=connection.keys[1:]))


def command(network: LocalNetwork, line: str, *, status: int = 0) -> str:
    """A command of the operator; its output, of errors for a status other than 0."""
    profile = network.folder / "hub" / "profiles" / "operator.toml"
    text = profile.read_text(encoding="utf-8")
    profile.write_text(re.sub(r'(?m)^address = ".*"$', f'address = "{network.hub.address}"', text), "utf-8")
    environment = {
        "COALITION_PROFILE": str(profile),
        "COALITION_PASSPHRASE": network.passphrase,
        "COALITION_SETTLEMENT_ADDRESS": network.settlement.address,
    }
    done = CliRunner().invoke(main, f"settlement dispute {line}".split(), env=environment)
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.stderr


def positions(network: LocalNetwork, window: int) -> dict[str, int]:
    """What every party pays or receives in a window, exact."""
    return {
        item.party_id: item.amount_micros
        for item in network.settlement_client().window(window).positions
        if item.amount_micros
    }


def test_ruling_of_two_people_shows_in_the_next_window(network: LocalNetwork, line: int) -> None:
    """Raised, rejected, escalated, ruled and confirmed, adjusted by two keys: the florist receives it in window 2, and
    doing it again changes nothing."""
    network.operator.close_window(1)
    caught_up(network)
    florist, grocer = network.settlement_client("florist"), network.settlement_client("grocer")
    photo = DisputeAttachment.of("till.jpg", b"not really")
    raised = florist.raise_dispute(
        line, "grocer", "wrong_amount", "We agreed on 0.02 a point", amount_micros=3_300_000, attachments=[photo]
    )
    assert (raised.state, raised.window, raised.claimed_micros) == (DisputeState.RAISED, 1, 3_300_000)
    assert raised.due_at == network.now + timedelta(days=10)
    assert raised.events[0].attachments == (photo,)
    rejected = grocer.reject_dispute(raised, "No such agreement")
    escalated = florist.escalate_dispute(rejected, "It is in the contract")
    first, second = persons(network)
    with first, second:
        ruled = first.rule_dispute(escalated, 3_000_000, "Clause 4")
        with pytest.raises(SamePerson):
            first.confirm_ruling(ruled)
        accepted = second.confirm_ruling(ruled)
    assert (accepted.state, accepted.accepted_micros) == (DisputeState.ACCEPTED, 3_000_000)

    shown = command(network, f"adjust {accepted.dispute_id[:30]} --json")
    assert json.loads(shown)["state"] == "ADJUSTED"
    assert "ADJUSTED" in command(network, f"adjust {accepted.dispute_id}")
    written = network.operator.adjust_dispute(accepted)
    assert written.replayed
    network.operator.close_window(2)
    caught_up(network)
    # Nothing else is in the window.
    assert positions(network, 2) == {"florist": 3_000_000, "grocer": -3_000_000}
    found = grocer.dispute(accepted.dispute_id)
    assert (found.state, found.problem, [item.sequence for item in found.adjustments]) == (
        DisputeState.ADJUSTED,
        "",
        [written.sequence],
    )
    assert [event.state.name for event in found.events] == [
        *("RAISED", "REJECTED", "ESCALATED", "RULED", "ACCEPTED", "ADJUSTED"),
    ]
    with pytest.raises(WrongState):
        network.operator.adjust_dispute(found)
    assert found.dispute_id not in {item.dispute_id for item in grocer.disputes(open_only=True)}
    assert found.dispute_id in {item.dispute_id for item in grocer.disputes(window=1)}


def test_offer_is_accepted_and_a_wrong_adjustment_is_shown(network: LocalNetwork, line: int) -> None:
    """The raiser accepts what was offered; an adjustment over another amount is shown as wrong until it is mended."""
    florist, grocer = network.settlement_client("florist"), network.settlement_client("grocer")
    raised = florist.raise_dispute(line, "grocer", DisputeReason.WRONG_POINTS, "One roll too few", points=100)
    with pytest.raises(WrongState, match="names no amount"):
        grocer.accept_dispute(raised)
    with pytest.raises(WrongState, match="offered nothing"):
        florist.accept_dispute(raised)
    with pytest.raises(FieldInvalid):
        grocer.answer_dispute(raised, "Too much", offer_micros=10**30)
    answered = grocer.answer_dispute(raised, "Half of it was ours", offer_micros=450_000)
    accepted = florist.accept_dispute(answered)
    assert accepted.accepted_micros == 450_000
    operator = network.operator
    operator.adjust_obligation("grocer", "florist", 440_000, "typed by hand", reference=accepted.dispute_id)
    caught_up(network)
    wrong = florist.dispute(accepted.dispute_id)
    assert wrong.state is DisputeState.MISADJUSTED
    assert "grocer owes florist 440000, but grocer owes florist 450000" in wrong.problem
    assert "MISADJUSTED" in command(network, "show --open")
    assert "only an ACCEPTED one is adjusted" in command(network, f"adjust {wrong.dispute_id}", status=1)
    operator.adjust_obligation("grocer", "florist", 10_000, "the rest", reference=accepted.dispute_id)
    caught_up(network)
    assert florist.dispute(accepted.dispute_id).state is DisputeState.ADJUSTED


def test_unanswered_dispute_goes_to_the_operator_and_an_unescalated_one_ends(network: LocalNetwork, line: int) -> None:
    """Deadlines pass by the service's clock, while nobody does anything."""
    florist, grocer = network.settlement_client("florist"), network.settlement_client("grocer")
    waits = florist.raise_dispute(line, "grocer", "other", "Please look", amount_micros=5)
    ends = grocer.raise_dispute(line, "florist", "no_consent", "She says it was not her", amount_micros=5)
    rejected = florist.reject_dispute(ends, "We have her signature")

    def states() -> list[DisputeState]:
        return [florist.dispute(item.dispute_id).state for item in (waits, rejected)]

    network.clock.advance(days=10)
    assert states() == [DisputeState.RAISED, DisputeState.REJECTED]
    network.clock.set(network.clock() + 1)
    assert states() == [DisputeState.ESCALATED, DisputeState.CLOSED]
    events = florist.dispute(waits.dispute_id).events
    assert (events[1].action, events[1].at) == (None, waits.due_at)
    with pytest.raises(NotFound):
        network.settlement_client("pharmacy").dispute(waits.dispute_id)


def test_commands_tell_and_refuse(network: LocalNetwork, line: int, tmp_path: Path) -> None:
    """The whole way by commands, with a file; mistakes are answered in a sentence."""
    file = tmp_path / "roll.txt"
    file.write_bytes(b"entry twice")
    raising = f"raise --entry {line} --with florist --reason duplicate --text x"
    wrong = command(network, f"{raising} --amount 1.2345678", status=2)
    assert "is not an amount such as 12.50" in wrong
    shown = command(network, f"{raising} --amount 1.50 --points 150 --attach {file}")
    assert "1.500000 EUR" in shown
    assert "[roll.txt, SHA-256 " in shown
    assert "No disputes go by 'zz'" in command(network, "show zz", status=2)
    florist = network.settlement_client("florist")
    mine = [item for item in florist.disputes(open_only=True) if item.raiser == "operator"]
    florist.reject_dispute(mine[0], "It is not")
    assert "ESCALATED" in command(network, "escalate last --text we-decide-ourselves")
    assert "RULED" in command(network, "rule last --amount 0 --text not-after-all")
    assert "CLOSED" in command(network, "confirm last --key 2 --yes")
    assert "WRONG_STATE" in command(network, "withdraw last", status=1)
    listed = json.loads(command(network, "show --json --window 1"))
    assert {item["window"] for item in listed} == {1}
    assert listed[0]["events"] == []


def test_operator_answers_as_any_other_side(network: LocalNetwork, line: int) -> None:
    """Where it is the respondent, the operator answers with an offer, or accepts, by the same commands."""
    florist, grocer = network.settlement_client("florist"), network.settlement_client("grocer")
    first = florist.raise_dispute(line, "operator", "wrong_amount", "The top-up is missing", amount_micros=900_000)
    assert "ANSWERED" in command(network, "answer last --text half-of-it --offer 0.45")
    offered = florist.dispute(first.dispute_id)
    assert offered.offered_micros == 450_000
    grocer.raise_dispute(line, "operator", "wrong_amount", "The margin is too high", amount_micros=100_000)
    assert "ACCEPTED" in command(network, "accept last")
    assert "WITHDRAWN" in str(florist.withdraw_dispute(offered).state.name)


def test_adjusting_takes_the_keys_of_two_people(network: LocalNetwork, line: int) -> None:
    """A profile with one key cannot write the adjustment, and says so before anything is sent."""
    florist, grocer = network.settlement_client("florist"), network.settlement_client("grocer")
    raised: Dispute = florist.raise_dispute(line, "grocer", "other", "Please pay", amount_micros=5)
    accepted = grocer.accept_dispute(raised)
    operator = type(network.operator)(replace(network.connection("operator"), keys=(network.key("operator"),)))
    with operator, pytest.raises(ConfigurationError, match="signatures of 2 different keys"):
        operator.adjust_dispute(accepted)
    (listed,) = (item for item in florist.disputes() if item.dispute_id == accepted.dispute_id)
    with pytest.raises(FieldInvalid, match="fetch the dispute by its id"):
        network.operator.adjust_dispute(listed)
