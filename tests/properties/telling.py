"""Tells a story to the ledger and to the model, and compares them after every envelope."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from coalition.envelope import OpenedEnvelope
from coalition.errors import Refused, reason_name
from coalition.merkle import leaf_hash, root_over
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from network.ledger.engine import Entry, Processed, process
from network.ledger.invariants import violations
from network.ledger.state import Head, Reference, State
from tests.properties.model.books import Books
from tests.properties.model.model import Model
from tests.properties.model.verdict import Refusal, Verdict
from tests.properties.story.envelope import Batch, Envelope, Story
from tests.properties.views import model_view, state_view, tables_of, working_tables

Process = Callable[[State, OpenedEnvelope, int], Processed]


class Mismatch(AssertionError):
    """The ledger did something else than the rules say."""


class Telling:
    """A story while it is told."""

    def __init__(self, act: Process = process) -> None:
        self.model = Model()
        self.state = State(Head(), Reference(), complete=True)
        self.entries: list[Entry] = []
        #: Every envelope that was not refused, with the commit time of its first new entry.
        self.journal: list[tuple[Envelope, int]] = []
        self.transactions = 0
        #: Kind and outcome of every new transaction, and the reasons for which envelopes were refused.
        self.decided: list[tuple[str, Outcome]] = []
        self.refusals: set[str] = set()
        self._process = act

    @property
    def books(self) -> Books:
        return self.model.books

    @property
    def root(self) -> bytes:
        return self.state.head.frontier.root()

    def hear(self, envelope: Envelope, now_us: int) -> Processed | None:
        """One envelope; None when it was refused. Raises Mismatch."""
        self.transactions += len(envelope.transactions)
        before = tables_of(self.state)
        mark = (self.state.head.sequence, self.state.head.committed_us, self.root)
        expected = self.model.submit(envelope, now_us)
        try:
            processed = self._process(self.state, envelope.opened, now_us)
        except Refused as refused:
            found = reason_name(refused.reason)
            self.refusals.add(found)
            if not isinstance(expected, Refusal) or found not in expected.why:
                raise Mismatch(f"refused for {found}: {refused.message}, expected {expected}") from None
            _same("tables after a refusal", before, tables_of(self.state))
            after = (self.state.head.sequence, self.state.head.committed_us, self.root)
            _same("journal after a refusal", mark, after)
            return None
        if isinstance(expected, Refusal):
            raise Mismatch(f"should be refused for {sorted(expected.why)}")
        self._compare(envelope, expected, processed)
        if all(verdict.why or verdict.replayed for verdict in expected):
            _same("tables after nothing but rejections and replays", before, tables_of(self.state))
        self._check_books()
        self.entries += processed.entries
        if processed.entries:
            self.journal.append((envelope, processed.entries[0].committed_us))
        return processed

    def end_batch(self) -> None:
        """What the store does after each commit: from here on, nothing of the batch counts as changed."""
        for table in (*self.state.reference.tables(), *working_tables(self.state), self.state.committed):
            table.settle()
        self.state.undo.clear()

    def _compare(self, envelope: Envelope, expected: list[Verdict], processed: Processed) -> None:
        """Outcomes and entries against the verdicts."""
        _same("number of outcomes", len(expected), len(processed.outcomes))
        _same(
            "replayed",
            tuple(position for position, verdict in enumerate(expected) if verdict.replayed),
            processed.replayed,
        )
        leaves = tuple((index, leaf_hash(envelope.transactions[index].raw)) for index in processed.replayed)
        _same("leaves of the replayed", leaves, processed.replayed_leaves)
        _same("sequences", tuple(verdict.sequence for verdict in expected), processed.sequences)
        for posted, verdict, raw in zip(envelope.transactions, expected, processed.outcomes, strict=True):
            outcome = Outcome.FromString(raw)
            _check_outcome(posted.kind, posted.message.transaction_id, verdict, outcome)
            self.decided.append((posted.kind, outcome))
        fresh = [(index, verdict) for index, verdict in enumerate(expected) if not verdict.replayed]
        _same("number of entries", len(fresh), len(processed.entries))
        for (index, verdict), entry in zip(fresh, processed.entries, strict=True):
            body = JournalEntry(
                window=verdict.window,
                author=envelope.author,
                envelope_digest=envelope.opened.digest,
                envelope_index=index,
                transaction=envelope.transactions[index].raw,
                outcome=processed.outcomes[index],
            )
            _same("body", body.SerializeToString(deterministic=True), entry.body)
            _same("leaf", leaf_hash(entry.body), entry.leaf_hash)
            _same(
                "place",
                (verdict.sequence, verdict.us, verdict.window),
                (entry.sequence, entry.committed_us, entry.window),
            )

    def _check_books(self) -> None:
        """Every table, and the rules that always hold."""
        books = self.books
        day = books.day(books.committed_us) if books.network else ""
        expected, found = model_view(books, day), state_view(self.state, day)
        if expected != found:
            for table in expected:
                _same(table, expected[table], found[table])
        broken = list(violations(self.state))
        if broken:
            raise Mismatch("; ".join(broken))

    def finish(self) -> None:
        """The whole journal again: its root, and its replay into an empty state."""
        _same("root", root_over(entry.body for entry in self.entries), self.root)
        again = State(Head(), Reference(), complete=True)
        for envelope, first_us in self.journal:
            self._process(again, envelope.opened, first_us)
        _same("root of the replay", self.root, again.head.frontier.root())
        _same("tables of the replay", tables_of(self.state), tables_of(again))


def tell(story: Iterable[Batch], act: Process = process) -> Telling:
    """A whole story. Raises Mismatch, or whatever the ledger raises that it should not."""
    telling = Telling(act)
    for batch in story:
        for envelope in batch.envelopes:
            telling.hear(envelope, batch.now_us)
        telling.end_batch()
    telling.finish()
    return telling


def told(story: Story, act: Process = process) -> str:
    """What goes wrong when the story is told; empty when nothing does."""
    try:
        tell(story, act)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        return f"{type(error).__name__}: {error}"
    return ""


def _check_outcome(kind: str, transaction_id: bytes, verdict: Verdict, outcome: Outcome) -> None:
    reason = "" if outcome.status == OUTCOME_STATUS_ACCEPTED else reason_name(outcome.reason)
    if (reason not in verdict.why) if verdict.why else bool(reason):
        facts = ", ".join(f"{fact.name}={fact.value}" for fact in outcome.facts)
        raise Mismatch(f"{kind} at {verdict.sequence}: {reason or 'accepted'} ({facts}), not {sorted(verdict.why)}")
    _same(
        f"{kind}: outcome's place",
        (transaction_id, verdict.sequence, verdict.us),
        (outcome.transaction_id, outcome.sequence, outcome.committed_us),
    )
    parts = tuple((part.issuer, part.expires_on, part.points) for part in outcome.allocations)
    _same(f"{kind} at {verdict.sequence}: allocations", verdict.parts, parts)
    _same(f"{kind} at {verdict.sequence}: arrears", verdict.arrears, outcome.arrears_points)
    balance = outcome.balance
    shown = (
        balance.holder_id,
        balance.available_points,
        balance.pending_points,
        balance.held_points,
        balance.arrears_points,
    )
    _same(f"{kind} at {verdict.sequence}: balance", verdict.balance, shown if outcome.HasField("balance") else None)
    original = outcome.original
    named = (original.kind, original.sequence, original.committed_us) if outcome.HasField("original") else None
    _same(f"{kind} at {verdict.sequence}: original", verdict.original, named)


def _same(what: str, expected: Any, found: Any) -> None:
    if expected == found:
        return
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = itertools.chain(expected, found)
        what, expected, found = next(
            (f"{what} {key!r}", expected.get(key), found.get(key))
            for key in keys
            if expected.get(key) != found.get(key)
        )
        _same(what, expected, found)
        return
    raise Mismatch(f"{what}: expected {expected!r}, found {found!r}")
