"""The queue of tills that are offline: nothing that it kept is lost or done twice, wherever the process is killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from partner_sdk import Client, PartyStatus, drafts, new_transaction_id
from partner_sdk._outbox_file import RecordFile
from partner_sdk.errors import (
    ClockSkew,
    EnvelopeExpired,
    FieldInvalid,
    HolderUnknown,
    InDoubt,
    InsufficientPoints,
    OutboxError,
    PartySuspended,
    Unreachable,
)
from partner_sdk.outbox import Outbox
from partner_sdk.testing import LocalNetwork


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "till.outbox"


@pytest.fixture
def outbox(path: Path, grocer: Client) -> Iterator[Outbox]:
    with Outbox(path, grocer.connection) as outbox:
        yield outbox


def test_sends_what_it_kept_in_order(network: LocalNetwork, grocer: Client, outbox: Outbox) -> None:
    """Each transaction is sent once, in order, and its outcome is kept."""
    anna = network.member()
    kept = [outbox.issue(anna.holder_id, points, reference=f"r{points}") for points in (5, 6, 7)]
    kept.append(outbox.redeem(anna.holder_id, 18))
    assert outbox.waiting == tuple(kept)
    deliveries = list(grocer.flush(outbox))
    assert [delivery.transaction_id for delivery in deliveries] == kept
    assert all(delivery.error is None for delivery in deliveries)
    outcomes = [delivery.outcome for delivery in deliveries]
    assert [outcome.balance.available for outcome in outcomes if outcome and outcome.balance] == [5, 11, 18, 0]
    assert len(outbox) == 0
    assert list(grocer.flush(outbox)) == []
    assert list(outbox.deliveries()) == deliveries


def test_survives_being_closed(network: LocalNetwork, grocer: Client, path: Path) -> None:
    """What waits and what was sent is there again when the file is opened."""
    anna = network.member()
    with Outbox(path, grocer.connection) as outbox:
        first = outbox.issue(anna.holder_id, 5)
        list(grocer.flush(outbox))
        second = outbox.issue(anna.holder_id, 6)
    with Outbox(path, grocer.connection) as outbox:
        assert outbox.waiting == (second,)
        assert [delivery.transaction_id for delivery in outbox.deliveries()] == [first]
        list(grocer.flush(outbox))
        outbox.forget_sent()
        assert list(outbox.deliveries()) == []
        third = outbox.issue(anna.holder_id, 7)
    with Outbox(path, grocer.connection) as outbox:
        assert outbox.waiting == (third,)


def test_notes_what_was_rejected_or_refused(network: LocalNetwork, grocer: Client, path: Path) -> None:
    """A rejection and a refusal do not stop the others, and are told with their reason, later too."""
    anna = network.member(points=1)
    with Outbox(path, grocer.connection, lifetime=timedelta(minutes=10)) as outbox:
        outbox.redeem(anna.holder_id, 20)
        outbox.issue("nobody-here", 1)
        network.clock.advance(seconds=1_200)
    with Outbox(path, grocer.connection) as outbox:
        outbox.issue(anna.holder_id, 3)
        outbox.redeem(anna.holder_id, 20)
        outbox.issue("nobody-here", 1)
        found = [type(delivery.error) for delivery in grocer.flush(outbox)]
        assert found == [EnvelopeExpired, EnvelopeExpired, type(None), InsufficientPoints, HolderUnknown]
    with Outbox(path, grocer.connection) as outbox:
        assert [type(delivery.error) for delivery in outbox.deliveries()] == found


def test_a_suspended_party_loses_nothing(network: LocalNetwork, path: Path) -> None:
    """What is refused because of who sends it now stays kept, and is sent once that has changed."""
    anna = network.member()
    pharmacy = network.client("pharmacy")
    with Outbox(path, pharmacy.connection) as outbox:
        outbox.issue(anna.holder_id, 5)
        network.operator.set_party_status("pharmacy", PartyStatus.SUSPENDED, "terms not kept")
        with pytest.raises(PartySuspended):
            list(pharmacy.flush(outbox))
        assert len(outbox) == 1
        network.operator.set_party_status("pharmacy", PartyStatus.ACTIVE, "settled")
        assert [delivery.error for delivery in pharmacy.flush(outbox)] == [None]


def test_a_clock_that_was_ahead_loses_nothing(network: LocalNetwork, grocer: Client, path: Path) -> None:
    """What was signed by a clock that ran ahead stays kept until its moment has come."""
    anna = network.member()
    ahead = replace(grocer.connection, clock=lambda: network.clock() + 3_600_000_000)
    with Outbox(path, ahead) as outbox:
        outbox.issue(anna.holder_id, 5)
        with pytest.raises(ClockSkew):
            list(grocer.flush(outbox))
        assert len(outbox) == 1
        network.clock.advance(seconds=3_600)
        assert [delivery.error for delivery in grocer.flush(outbox)] == [None]


def test_stays_locked_while_it_is_tidied(grocer: Client, path: Path) -> None:
    """Nobody else gets hold of the file while what was sent is dropped, or of the file that was there before."""
    with Outbox(path, grocer.connection) as outbox:
        before = path.stat().st_ino
        outbox.forget_sent()
        assert path.stat().st_ino != before
        with pytest.raises(OutboxError, match="in use"):
            Outbox(path, grocer.connection)


def test_keeps_an_id_once(network: LocalNetwork, grocer: Client, outbox: Outbox) -> None:
    """Keeping the same sale again keeps one; another sale under its id is an error."""
    anna = network.member()
    chosen = new_transaction_id(network.clock)
    for _ in range(2):
        assert outbox.issue(anna.holder_id, 5, transaction_id=chosen) == chosen
    assert len(outbox) == 1
    with pytest.raises(OutboxError, match="for something else"):
        outbox.issue(anna.holder_id, 6, transaction_id=chosen)
    list(grocer.flush(outbox))
    assert outbox.issue(anna.holder_id, 5, transaction_id=chosen) == chosen
    assert len(outbox) == 0


def test_wrong_input_is_not_kept(outbox: Outbox) -> None:
    """What no hub would take is an error at once."""
    with pytest.raises(FieldInvalid):
        outbox.issue("anna", 0)
    assert len(outbox) == 0


def test_waits_while_the_hub_is_away(shaky: LocalNetwork, path: Path) -> None:
    """Without a hub everything stays kept; when it is back, everything is sent once, even what had arrived."""
    anna = shaky.member()
    client = shaky.client("grocer", timeout_s=1.5)
    with Outbox(path, client.connection) as outbox:
        for points in range(1, 21):
            outbox.issue(anna.holder_id, points)
        flushing = client.flush(outbox)
        for _ in range(7):
            next(flushing)
        shaky.hub.kill()
        with pytest.raises((InDoubt, Unreachable)):
            list(flushing)
        assert len(outbox) == 13
        shaky.hub.start()
        list(client.with_timeout(10).flush(outbox))
        assert len(outbox) == 0
        assert client.balance(anna.holder_id).available == 210


def test_flushes_with_asyncio(network: LocalNetwork, outbox: Outbox) -> None:
    """The asyncio client sends an outbox as well."""
    anna = network.member()
    outbox.issue(anna.holder_id, 5)

    async def main() -> list[str]:
        async with network.async_client("grocer") as client:
            return [delivery.transaction_id async for delivery in client.flush(outbox)]

    assert len(asyncio.run(main())) == 1


def test_any_torn_end_is_cut_off(network: LocalNetwork, grocer: Client, path: Path) -> None:
    """Killed at any byte of writing the last record, the file has all records before it, and goes on."""
    with Outbox(path, grocer.connection) as outbox:
        kept = outbox.issue("anna", 1)
        whole = path.stat().st_size
        outbox.issue("anna", 2)
    data = path.read_bytes()
    for size in (*range(whole, whole + 20), *range(whole + 20, len(data), 37), len(data) - 1):
        path.write_bytes(data[:size])
        with Outbox(path, grocer.connection) as outbox:
            assert outbox.waiting == (kept,)
            assert path.stat().st_size == whole
    path.write_bytes(data[:whole] + bytes(300))
    with Outbox(path, grocer.connection) as outbox:
        assert outbox.waiting == (kept,)
        again = outbox.issue("anna", 3)
    with Outbox(path, grocer.connection) as outbox:
        assert outbox.waiting == (kept, again)


def test_any_torn_beginning_is_made_anew(grocer: Client, path: Path) -> None:
    """Killed while the file was made, it is made again."""
    with Outbox(path, grocer.connection):
        data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with Outbox(path, grocer.connection) as outbox:
            assert len(outbox) == 0
        assert path.read_bytes() == data


def test_damage_is_never_passed_over(grocer: Client, path: Path) -> None:
    """A changed byte anywhere before the last record is an error that says where, not a lost sale."""
    with Outbox(path, grocer.connection) as outbox:
        for points in (1, 2, 3):
            outbox.issue("anna", points)
        last = path.stat().st_size
        outbox.issue("anna", 4)
    data = path.read_bytes()
    for place in range(0, last, 13):
        spoiled = bytearray(data)
        spoiled[place] ^= 0x40
        path.write_bytes(spoiled)
        with pytest.raises(OutboxError, match=r"damaged at byte|is not an outbox"):
            Outbox(path, grocer.connection)
        assert path.read_bytes() == bytes(spoiled)


def test_a_file_is_for_one_process_and_party(
    network: LocalNetwork, grocer: Client, pharmacy: Client, outbox: Outbox, path: Path, tmp_path: Path
) -> None:
    """Two tills cannot share a file, nor two parties; another file is not taken for an outbox."""
    with pytest.raises(OutboxError, match="in use by another process"):
        Outbox(path, grocer.connection)
    outbox.close()
    with pytest.raises(OutboxError, match=r"belongs to grocer in .*this client is pharmacy"):
        Outbox(path, pharmacy.connection)
    other = tmp_path / "other"
    other.write_text("receipts of today")
    with pytest.raises(OutboxError, match="is not an outbox"):
        Outbox(other, grocer.connection)
    assert other.read_text() == "receipts of today"
    with pytest.raises(OutboxError, match="at most 30 days"):
        Outbox(tmp_path / "new", grocer.connection, lifetime=timedelta(days=31))


def test_a_newer_format_is_told(grocer: Client, path: Path) -> None:
    """A record of a kind that this version lacks is not skipped."""
    Outbox(path, grocer.connection).close()
    file = RecordFile(path)
    list(file.records())
    file.append(99, b"news")
    file.close()
    with pytest.raises(OutboxError, match="newer version"):
        Outbox(path, grocer.connection)


def test_kill_while_keeping(network: LocalNetwork, path: Path, tmp_path: Path) -> None:
    """A process killed while it keeps sales has kept every one that it had said it kept, and at most one more."""
    script = textwrap.dedent(
        """
        import sys
        from partner_sdk import Client
        from partner_sdk.outbox import Outbox
        client = Client.from_profile(sys.argv[1])
        outbox = Outbox(sys.argv[2], client.connection)
        while True:
            print(outbox.issue("anna", 1), flush=True)
        """
    )
    for round_number in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(network.profile("grocer")), str(path)],
            stdout=subprocess.PIPE,
            env={"COALITION_PASSPHRASE": network.passphrase, "PATH": ""},
            text=True,
        )
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(20 + round_number)]
        process.kill()
        said += [line.strip() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        process.wait()
        process.stdout.close()
        with Outbox(path, network.connection("grocer")) as outbox:
            kept = list(outbox.waiting)
        assert kept[-len(said) - 1 :][: len(said)] == said or kept[-len(said) :] == said


def test_a_client_of_another_key_can_still_send(network: LocalNetwork, outbox: Outbox) -> None:
    """What was signed with a key that is still active is sent by a client that signs with another."""
    anna = network.member()
    kept = outbox.keep(drafts.issue(anna.holder_id, 5))
    with Client(replace(network.connection("grocer"), keys=(network.key("unused"),))) as client:
        (delivery,) = client.flush(outbox)
    assert (delivery.transaction_id, delivery.error) == (kept, None)
