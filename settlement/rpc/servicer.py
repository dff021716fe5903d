"""SettlementService: every method asks who is calling, reads or decides, and answers what the caller may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

import grpc

from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.settlement_service_pb2_grpc import SettlementServiceServicer
from settlement.desk import Desk
from settlement.intake import Intake
from settlement.rpc.access import Caller, Gatekeeper, remaining_s
from settlement.rpc.checklist_messages import checklist_message
from settlement.rpc.messages import window_message
from settlement.rpc.run_messages import PAGE_RUNS_MAX, page_before, run_message, runs_page
from settlement.rpc.window_pages import WindowPages
from settlement.run_desk import NUMBER_MAX, RunDesk

#: What is kept of a caller's deadline for the answer to travel.
_ANSWER_S: Final = 0.2
#: The longest that one call waits for the journal.
_WAIT_MAX_S: Final = 60.0
#: How many calls may wait for the journal at once; each holds a thread.
WAITING_MAX: Final = 8


class SettlementServicer(SettlementServiceServicer):
    """Answers over the network what Desk and Intake know."""

    def __init__(self, desk: Desk, runs: RunDesk, intake: Intake, gatekeeper: Gatekeeper) -> None:
        self._desk = desk
        self._runs = runs
        self._pages = WindowPages(desk)
        self._intake = intake
        self._gatekeeper = gatekeeper
        self._waiting = BoundedSemaphore(WAITING_MAX)

    def GetProgress(self, request: pb.GetProgressRequest, context: grpc.ServicerContext) -> pb.GetProgressResponse:
        caller = self._caller(context)
        if request.wait_for_sequence > self._intake.progress.state.sequence:
            with self._place_to_wait():
                wait_s = min(_WAIT_MAX_S, max(0.0, remaining_s(context) - _ANSWER_S))
                self._intake.wait_for(request.wait_for_sequence, wait_s)
        self._intake.require_sound(detailed=caller.sees_all)
        progress, network = self._intake.progress, self._desk.network
        return pb.GetProgressResponse(
            sequence=progress.state.sequence,
            log_root=progress.log_root,
            committed_us=progress.state.committed_us,
            caller_kind=caller.kind,
            operator=network.operator,
            currency=network.currency,
            currency_exponent=network.currency_exponent,
        )

    def ListWindows(self, request: pb.ListWindowsRequest, context: grpc.ServicerContext) -> pb.ListWindowsResponse:
        self._caller(context)
        return pb.ListWindowsResponse(windows=map(window_message, self._desk.windows()))

    def GetWindow(self, request: pb.GetWindowRequest, context: grpc.ServicerContext) -> pb.GetWindowResponse:
        caller = self._caller(context)
        return self._pages.page(request, caller)

    def DecideRun(self, request: pb.DecideRunRequest, context: grpc.ServicerContext) -> pb.DecideRunResponse:
        caller = self._caller(context)
        caller.require_operator()
        return pb.DecideRunResponse(run=run_message(self._runs.decide(request.decision), caller))

    def GetRun(self, request: pb.GetRunRequest, context: grpc.ServicerContext) -> pb.GetRunResponse:
        caller = self._caller(context)
        return pb.GetRunResponse(run=run_message(self._runs.run(request.run_id), caller))

    def ListRuns(self, request: pb.ListRunsRequest, context: grpc.ServicerContext) -> pb.ListRunsResponse:
        caller = self._caller(context)
        count = min(request.page_size or PAGE_RUNS_MAX, PAGE_RUNS_MAX)
        before = page_before(request.page_token) if request.page_token else NUMBER_MAX
        with self._runs.newest(count, before) as runs:
            return runs_page(runs, caller)

    def GetChecklist(self, request: pb.GetChecklistRequest, context: grpc.ServicerContext) -> pb.GetChecklistResponse:
        caller = self._caller(context)
        caller.require_sight_of_all("see what is checked before a run is approved")
        return checklist_message(self._runs.checklist(request.run_id))

    def _caller(self, context: grpc.ServicerContext) -> Caller:
        return self._gatekeeper.caller(context)

    @contextmanager
    def _place_to_wait(self) -> Iterator[None]:
        """Raises Refused with OVERLOADED when too many calls are waiting already."""
        if not self._waiting.acquire(blocking=False):
            raise Refused(
                error_pb2.REASON_OVERLOADED,
                f"{WAITING_MAX} calls are waiting for the journal already. Ask without waiting, or again in a second.",
                {"limit": str(WAITING_MAX)},
            )
        try:
            yield
        finally:
            self._waiting.release()
