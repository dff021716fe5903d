"""LedgerService: submitting envelopes, and what a party reads about its own business."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import grpc

from coalition.clock import Clock
from coalition.v1 import ledger_service_pb2 as pb
from coalition.v1 import ledger_service_pb2_grpc
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.transaction_pb2 import TransactionKind
from network.codes import Codes
from network.config import Limits
from network.ledger.state import Reference
from network.rpc.access import owns, require_balance, require_in_business, require_own, sees_all
from network.rpc.accounts import balance_of, find_account
from network.rpc.asking import invalid, not_found, require_holder_id, require_identifier
from network.rpc.callers import Callers
from network.rpc.calls import request_id
from network.rpc.inflight import InFlight
from network.rpc.pages import page_start, page_token
from network.rpc.stopping import Stopping
from network.rpc.submissions import Submissions
from network.rpc.submit_stream import SubmitStream
from network.rpc.threads import Threads
from network.telemetry.calls import CallMetrics
from network.views import Listing, Reads, Record

Context = grpc.aio.ServicerContext[Any, Any]

_PAGE_DEFAULT: Final = 100
_PAGE_MAX: Final = 1_000
_KINDS: Final = frozenset(TransactionKind.values()) - {0}


class LedgerServicer(ledger_service_pb2_grpc.LedgerServiceServicer):
    """The one way to write, and a party's own business."""

    def __init__(
        self,
        *,
        submissions: Submissions,
        callers: Callers,
        reads: Reads,
        codes: Codes,
        reference: Callable[[], Reference],
        clock: Clock,
        threads: Threads,
        stopping: Stopping,
        metrics: CallMetrics,
        limits: Limits,
    ) -> None:
        self._submissions = submissions
        self._callers = callers
        self._reads = reads
        self._codes = codes
        self._reference = reference
        self._clock = clock
        self._threads = threads
        self._stopping = stopping
        self._metrics = metrics
        self._stream_limit = limits.stream_in_flight
        self._streams = InFlight("streams of envelopes", limits.submit_streams)

    async def Submit(self, request: pb.SubmitRequest, context: Context) -> pb.SubmitResponse:
        return await self._submissions.submit(request.envelope)

    async def SubmitStream(
        self, request_iterator: AsyncIterator[pb.SubmitStreamRequest], context: Context
    ) -> AsyncIterator[pb.SubmitStreamResponse]:
        # Envelopes prove their authors; a stream has none, so streams are counted by address.
        address = context.peer().rpartition(":")[0]
        self._streams.take(address)
        try:
            identifier = request_id(context.invocation_metadata())
            stream = SubmitStream(self._submissions, self._stopping, self._metrics, self._stream_limit, identifier)
            async for response in stream.serve(request_iterator):
                yield response
        finally:
            self._streams.give_back(address)

    async def GetTransaction(self, request: pb.GetTransactionRequest, context: Context) -> pb.GetTransactionResponse:
        caller = await self._callers.party(context)
        require_identifier(request.transaction_id, "transaction_id")
        author = request.author or caller.party_id
        require_own(caller, author, "transactions")
        record = await self._threads.run(self._reads.transaction, author, request.transaction_id)
        if record is None:
            raise not_found(f"{author} has no transaction with this id in the journal.")
        return pb.GetTransactionResponse(record=_shown(record))

    async def ListTransactions(
        self, request: pb.ListTransactionsRequest, context: Context
    ) -> pb.ListTransactionsResponse:
        caller = await self._callers.party(context)
        if request.page_size > _PAGE_MAX:
            raise invalid("page_size", f"must be 0 to {_PAGE_MAX}")
        if not set(request.kinds) <= _KINDS:
            raise invalid("kinds", "must be kinds that this hub knows")
        everything = sees_all(caller)
        if request.holder_id:
            require_holder_id(request.holder_id)
            found = await self._threads.run(self._reads.holders, [request.holder_id])
            holder = found.get(request.holder_id)
            everything = everything or (holder is not None and owns(caller, holder))
        author = "" if everything else caller.party_id
        kinds = tuple(sorted(set(request.kinds)))
        shape = (author, request.holder_id, kinds, request.descending)
        listing = Listing(
            author=author,
            holder_id=request.holder_id,
            kinds=kinds,
            after=page_start(request.page_token, *shape),
            descending=request.descending,
            size=request.page_size or _PAGE_DEFAULT,
        )
        page = await self._threads.run(self._reads.transactions, listing)
        return pb.ListTransactionsResponse(
            records=[_shown(record) for record in page.records],
            next_page_token=page_token(page.next_after, *shape),
        )

    async def GetBalance(self, request: pb.GetBalanceRequest, context: Context) -> pb.GetBalanceResponse:
        caller = await self._callers.party(context)
        account = await find_account(request, self._reads, self._threads)
        require_balance(caller, account.holder)
        return balance_of(account, caller, self._reference().calendar(), self._clock())

    async def CreateCode(self, request: pb.CreateCodeRequest, context: Context) -> pb.CreateCodeResponse:
        self._callers.anybody(context)
        self._stopping.check()
        made = await self._threads.run(self._codes.create, request.request)
        return pb.CreateCodeResponse(code=made.code, expires_us=made.expires_us)

    async def ExchangeCode(self, request: pb.ExchangeCodeRequest, context: Context) -> pb.ExchangeCodeResponse:
        caller = await self._callers.party(context)
        require_in_business(caller)
        self._stopping.check()
        account = await find_account(request, self._reads, self._threads)
        consent = await self._threads.run(
            self._codes.exchange, caller.party_id, account.holder, request.code, request.points
        )
        return pb.ExchangeCodeResponse(consent=consent)


def _shown(record: Record) -> pb.TransactionRecord:
    entry = JournalEntry.FromString(record.body)
    return pb.TransactionRecord(
        sequence=record.sequence,
        window=entry.window,
        author=entry.author,
        transaction=entry.transaction,
        outcome=entry.outcome,
    )
