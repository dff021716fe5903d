"""A hub that has too much to do is waited for, and only so long."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from partner_sdk import Client, drafts
from partner_sdk.errors import CodeInvalid, Overloaded, RateLimited, Timeout
from partner_sdk.testing import LocalNetwork


@pytest.fixture(scope="module")
def busy(shaky: LocalNetwork) -> Iterator[LocalNetwork]:
    """A network whose hub takes 20 envelopes and reads of a party a second."""
    settings = shaky.folder / "hub" / "hub.toml"
    before = settings.read_text(encoding="utf-8")
    shaky.hub.stop()
    limits = "\nenvelopes_per_second = 20\nreads_per_second = 20\nburst_s = 1\n"
    settings.write_text(before + limits, encoding="utf-8")
    shaky.hub.start()
    yield shaky
    shaky.hub.stop()
    settings.write_text(before, encoding="utf-8")
    shaky.hub.start()


def test_a_stream_slows_down_to_what_the_hub_takes(busy: LocalNetwork) -> None:
    """Envelopes that are refused for now are sent again, and outcomes still come in order, each once."""
    anna = busy.member()
    client = busy.client("grocer")
    start = time.monotonic()
    outcomes = list(client.submit_stream((drafts.issue(anna.holder_id, 1) for _ in range(60)), envelope_size=1))
    assert time.monotonic() - start > 1
    assert [outcome.accepted for outcome in outcomes] == [True] * 60
    assert len({outcome.transaction_id for outcome in outcomes}) == 60
    assert client.balance(anna.holder_id).available == 60


def test_single_calls_wait_as_well(busy: LocalNetwork) -> None:
    """A burst of single calls takes as long as the limit says, and all succeed."""
    anna = busy.member()
    client = busy.client("grocer")
    for _ in range(30):
        client.issue(anna.holder_id, 1)
    for _ in range(30):
        assert client.balance(anna.holder_id).available == 30


def test_gives_up_at_the_deadline(busy: LocalNetwork) -> None:
    """Who has no time to wait hears what the limit is and when to come back."""
    anna = busy.member()
    with Client(busy.connection("grocer", timeout_s=0.02)) as hasty:

        def many() -> None:
            for _ in range(60):
                # On a busy machine an answer itself may take longer than that.
                with contextlib.suppress(Timeout):
                    hasty.with_timeout(0.02).balance(anna.holder_id)

        patient = hasty.with_timeout(10)
        patient.network()
        with pytest.raises((RateLimited, Overloaded)) as caught:
            many()
    assert int(caught.value.facts["retry_after_ms"]) > 0


def test_guessing_codes_is_stopped(network: LocalNetwork, grocer: Client) -> None:
    """Wrong codes are errors, and after a few of them the holder's codes are locked for longer than a call waits."""
    anna = network.member(points=5)
    right = grocer.create_code(anna.code_request(5)).code
    wrong = "00000000" if right != "00000000" else "00000001"
    with pytest.raises(CodeInvalid):
        grocer.exchange_code(wrong, 5, holder_id=anna.holder_id)
    start = time.monotonic()
    for _ in range(6):
        with pytest.raises((CodeInvalid, RateLimited)):
            grocer.exchange_code(wrong, 5, holder_id=anna.holder_id)
    assert time.monotonic() - start < 5
