"""OperatorService: what only the operator asks of a hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from coalition.v1 import operator_service_pb2 as pb
from coalition.v1 import operator_service_pb2_grpc
from network.ledger.records import Totals
from network.rpc.access import require_operator, require_sees_all
from network.rpc.callers import Callers
from network.rpc.stopping import Stopping
from network.rpc.threads import Threads
from network.views import Reads, Swept

Context = grpc.aio.ServicerContext[Any, Any]


class OperatorServicer(operator_service_pb2_grpc.OperatorServiceServicer):
    """Sweeps for the operator, and totals for those who see all."""

    def __init__(
        self,
        *,
        callers: Callers,
        reads: Reads,
        sweep: Callable[[], Swept],
        sweeping: Threads,
        threads: Threads,
        stopping: Stopping,
    ) -> None:
        self._callers = callers
        self._reads = reads
        self._sweep = sweep
        self._sweeping = sweeping
        self._threads = threads
        self._stopping = stopping

    async def Sweep(self, request: pb.SweepRequest, context: Context) -> pb.SweepResponse:
        require_operator(await self._callers.party(context))
        self._stopping.check()
        swept = await self._sweeping.run(self._sweep)
        return pb.SweepResponse(
            holds_released=swept.holds_released,
            points_expired=swept.points_expired,
            points_donated=swept.points_donated,
            log_size=swept.log_size,
        )

    async def GetTrialBalance(self, request: pb.GetTrialBalanceRequest, context: Context) -> pb.GetTrialBalanceResponse:
        require_sees_all(await self._callers.party(context), "the trial balance")
        totals, tip = await self._threads.run(self._reads.totals)
        return pb.GetTrialBalanceResponse(issuers=[_shown(item) for item in totals], sequence=tip.sequence)


def _shown(totals: Totals) -> pb.IssuerTotals:
    return pb.IssuerTotals(
        issuer=totals.issuer,
        issued_points=totals.issued,
        issue_reversed_points=totals.issue_reversed,
        redeemed_points=totals.redeemed,
        redeem_reversed_points=totals.redeem_reversed,
        expired_points=totals.expired,
        adjusted_points=totals.adjusted,
        in_lots_points=totals.in_lots,
        in_holds_points=totals.in_holds,
        arrears_points=totals.arrears,
    )
