"""A hub that loses its process again and again, in the midst of work, loses nothing else.

COALITION_KILLS=200 kills it so many times instead of 4.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from typing import Final

import pytest

from partner_sdk.testing import LocalNetwork
from tests.faults.books import check_answers, check_balances, check_roots, read_journal, verify
from tests.faults.choices import Choices
from tests.faults.followers import following
from tests.faults.tills import Shop, Till, Warehouse, Worker, at_work, shared_members

KILLS: Final = int(os.environ.get("COALITION_KILLS", "4"))
#: After the tills were seen to get on, the hub lives at most this much longer, in seconds.
LAST_MOMENTS_S: Final = 0.4


def staff(network: LocalNetwork) -> list[Worker]:
    """Three tills, a shop and a warehouse, whose members are partly the same."""
    members = shared_members(network, 12)

    def choices(party_id: str, what: str) -> Choices:
        return Choices(network, party_id, f"{what}-{party_id}", members)

    return [
        Till(choices("grocer", "till"), network.connection("grocer")),
        Till(choices("school", "till"), network.connection("school")),
        Till(choices("pharmacy", "till"), network.connection("pharmacy")),
        Shop(choices("florist", "shop"), network.connection("florist"), timeout_s=0.5),
        Warehouse(choices("grocer", "warehouse"), network.connection("grocer")),
    ]


def report(workers: Sequence[Worker], began_s: float, entries: int) -> None:
    records = [worker.record for worker in workers]
    acknowledged, resent, replayed = (
        sum(getattr(record, name) for record in records) for name in ("acknowledged", "resent", "replayed")
    )
    print(
        f"\n{KILLS} kills, {acknowledged} transactions acknowledged of {entries} entries, {resent} attempts repeated, "
        f"{replayed} transactions replayed, {time.monotonic() - began_s:.1f} s"
    )


@pytest.mark.long
@pytest.mark.timeout(60 + 6 * KILLS)
def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice() -> None:
    """Killed at random moments under load, the hub still has every acknowledged transaction, once, as it answered it,
    and nothing else; and a follower was never shown what was taken back."""
    began_s, dice = time.monotonic(), random.Random("kill -9")
    with LocalNetwork(policy={"redeem_points_per_day_max": 0}) as network:
        workers = staff(network)
        setup = network.operator.checkpoint().size
        with following(network.connection("operator")) as follower:
            with at_work(workers) as see_progress:
                for _ in range(KILLS):
                    see_progress()
                    time.sleep(dice.random() * LAST_MOMENTS_S)
                    network.hub.kill()
                    network.clock.advance(seconds=1)
                    network.hub.start()
                see_progress()
            entries = read_journal(network)
            assert follower.entries(len(entries)) == entries
        records = [worker.record for worker in workers]
        check_answers(entries, records, setup)
        check_roots(entries, records)
        check_balances(network, entries)
        assert verify(network)["entries"] == len(entries)
        report(workers, began_s, len(entries))
