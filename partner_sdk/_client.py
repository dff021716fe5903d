"""The blocking clients: the core's operations, carried out one after the other. Safe to share between threads."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from partner_sdk import (
    _bulk,
    _directory,
    _funding_drafts,
    _holder_drafts,
    _journal_reads,
    _ledger_reads,
    _points_drafts,
    outbox,
)
from partner_sdk._blocking_shell import BlockingShell, calls, gives, writes
from partner_sdk._outcomes import Outcome
from partner_sdk._pending import Collected
from partner_sdk._session import Session


class BlockingClient(BlockingShell):
    """Reads, and sends what was drafted; what a party of a certain kind may write is added below it."""

    network = calls(_directory.network)
    parties = calls(_directory.parties)
    party = calls(_directory.party)
    terms = calls(_directory.terms)
    campaigns = calls(_directory.campaigns)
    holder = calls(_directory.holder)
    balance = calls(_ledger_reads.balance)
    transaction = calls(_ledger_reads.transaction)
    history = gives(_ledger_reads.history)
    checkpoint = calls(_journal_reads.checkpoint)
    prove = calls(_journal_reads.prove)
    follow_journal = gives(_journal_reads.follow_journal)
    own_journal = gives(_journal_reads.own_journal)
    submit = calls(Session.submit)
    resend = calls(Session.resend)
    submit_stream = gives(_bulk.submit_stream)


class Batch(Collected):
    """Transactions that are sent together when the `with` block is left without an exception.

    Each method returns a Pending, whose `result()` is there afterwards. Atomic: all are accepted or none.
    """

    def __init__(self, client: BlockingClient, *, atomic: bool) -> None:
        super().__init__(client._session, atomic=atomic)
        self._driver = client._driver

    def send(self) -> tuple[Outcome, ...]:
        """Send what was collected and not sent yet; the outcomes, in order. Rejections are outcomes, not exceptions."""
        return self._driver.run(self._steps())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.send()


class Client(BlockingClient):
    """A business's connection to the hub: what tills and shops use.

    Every write raises a Rejection when the ledger says no, a Refusal when the hub does not take the call, and InDoubt
    when no answer came; see `partner_sdk.errors`. Results are returned only after the hub's receipt was verified.
    Share one between threads: what they write at the same time travels together, each with its own result.
    """

    issue = writes(_points_drafts.issue)
    redeem = writes(_points_drafts.redeem)
    donate = writes(_points_drafts.donate)
    transfer = writes(_points_drafts.transfer)
    hold = writes(_points_drafts.hold)
    capture = writes(_points_drafts.capture)
    release = writes(_points_drafts.release)
    reverse = writes(_points_drafts.reverse)
    enrol = writes(_holder_drafts.enrol)
    add_key = writes(_holder_drafts.add_key)
    remove_key = writes(_holder_drafts.remove_key)
    set_alias = writes(_holder_drafts.set_alias)
    close_holder = writes(_holder_drafts.close_holder)
    pledge = writes(_holder_drafts.pledge)
    revoke_pledge = writes(_holder_drafts.revoke_pledge)
    order_pack = writes(_funding_drafts.order_pack)
    create_code = calls(_ledger_reads.create_code)
    exchange_code = calls(_ledger_reads.exchange_code)
    flush = gives(outbox.flush)

    def batch(self, *, atomic: bool = False) -> Batch:
        """Collect transactions and send them together: `with client.batch() as batch: batch.issue("anna", 10)`.

        They go in one envelope, or in several when there are more than fit into one. With `atomic`, all are accepted or
        none is, and more than fit into one envelope are an error.
        """
        return Batch(self, atomic=atomic)
