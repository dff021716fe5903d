"""Whether the journal is what the tills were told, no less and no more."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from coalition.ids import id_from_text
from coalition.merkle import Frontier
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.transaction_pb2 import Transaction
from partner_sdk import Kind, VerifiedEntry
from partner_sdk._outcomes import HoldResult, PointsResult, ReverseResult
from partner_sdk._results import result_of
from partner_sdk.testing import LocalNetwork
from partner_sdk.testing._processes import command
from tests.faults.tills import Record, Worker


def read_journal(network: LocalNetwork) -> list[VerifiedEntry]:
    """Every entry, verified by the SDK: signatures, order, tree and the hub's checkpoint."""
    return [entry for part in network.operator.follow_journal(follow=False) for entry in part.entries]


def check(network: LocalNetwork, workers: Sequence[Worker], setup: int) -> list[VerifiedEntry]:
    """Nothing that was acknowledged is lost, nothing is there twice, everything adds up, and the database is what
    follows from the journal. Returns the journal, of which the first `setup` entries are nobody's."""
    records = [worker.record for worker in workers]
    entries = read_journal(network)
    check_answers(entries, records, setup)
    check_roots(entries, records)
    check_balances(network, entries)
    assert verify(network)["entries"] == len(entries)
    return entries


def check_answers(entries: Sequence[VerifiedEntry], records: Iterable[Record], setup: int) -> None:
    """Behind the first `setup` entries there is exactly what was acknowledged, once, and as it was acknowledged."""
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    journal = {(entry.author, entry.transaction_id): entry for entry in entries}
    assert len(journal) == len(entries), "no transaction is there twice"
    acknowledged = set()
    for record in records:
        for answer in record.answered:
            transaction = Transaction.FromString(answer.transaction)
            key = (answer.author, transaction.transaction_id)
            entry = JournalEntry.FromString(journal[key].raw)
            assert (entry.transaction, entry.outcome) == (answer.transaction, answer.outcome)
            acknowledged.add(key)
        for author, result in record.results:
            key = (author, id_from_text(result.transaction_id))
            found = journal[key]
            assert result_of(found.transaction, found.outcome) == replace(result, replayed=False)
            acknowledged.add(key)
    assert sum(record.acknowledged for record in records) == len(acknowledged)
    assert {(entry.author, entry.transaction_id) for entry in entries[setup:]} == acknowledged


def check_roots(entries: Sequence[VerifiedEntry], records: Iterable[Record]) -> None:
    """Every receipt named the root that the log had at that size."""
    frontier, roots = Frontier(), {}
    for entry in entries:
        frontier.append(entry.leaf_hash)
        roots[frontier.size] = frontier.root()
    for record in records:
        assert all(roots[size] == root for size, root in record.roots)


def check_balances(network: LocalNetwork, entries: Sequence[VerifiedEntry]) -> None:
    """Each member has what its accepted transactions add up to, and no issuer's points were made or lost."""
    expected: Counter[str] = Counter()
    for entry in entries:
        match result_of(entry.transaction, entry.outcome):
            case HoldResult():
                pass
            case ReverseResult(points=points, balance=balance, original=original):
                expected[balance.holder_id] += -points if original.kind is Kind.ISSUE else points
            case PointsResult(kind=kind, points=points, balance=balance):
                expected[balance.holder_id] += points if kind is Kind.ISSUE else -points
    operator = network.operator
    for holder_id, points in expected.items():
        balance = operator.balance(holder_id).balance
        assert (holder_id, balance.available + balance.pending + balance.held - balance.arrears) == (holder_id, points)
    trial = operator.trial_balance()
    assert trial.balances
    assert sum(item.in_lots + item.in_holds - item.arrears for item in trial.issuers) == expected.total()


def verify(network: LocalNetwork) -> dict[str, Any]:
    """What `coalition hub verify` says. Raises AssertionError with its words unless everything is right."""
    done = subprocess.run(
        command("hub", "verify", "--dir", str(network.folder / "hub"), "--json"),
        env={**os.environ, "COALITION_PASSPHRASE": network.passphrase},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
