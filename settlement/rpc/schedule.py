"""ScheduleService: when the open window is due, and when payments are."""

from __future__ import annotations

from datetime import date
from typing import Final

import grpc

from coalition.v1 import settlement_schedule_pb2 as pb
from coalition.v1.settlement_schedule_pb2_grpc import (
    ScheduleServiceServicer,
    add_ScheduleServiceServicer_to_server,
)
from settlement.clearing.state import Window
from settlement.rpc.access import Gatekeeper
from settlement.rpc.server import Offer
from settlement.schedule.rule import Closing
from settlement.schedule.settings import words_of
from settlement.timetable import Outlook, Timetable

_NAME: Final = pb.DESCRIPTOR.services_by_name["ScheduleService"].full_name


def schedule_offer(timetable: Timetable, gatekeeper: Gatekeeper) -> Offer:
    """The service as a server takes it in."""
    servicer = ScheduleServicer(timetable, gatekeeper)
    return Offer(_NAME, lambda server: add_ScheduleServiceServicer_to_server(servicer, server))


class ScheduleServicer(ScheduleServiceServicer):
    """Answers over the network what Timetable knows. The schedule binds all parties, so all may ask."""

    def __init__(self, timetable: Timetable, gatekeeper: Gatekeeper) -> None:
        self._timetable = timetable
        self._gatekeeper = gatekeeper

    def GetSchedule(self, request: pb.GetScheduleRequest, context: grpc.ServicerContext) -> pb.GetScheduleResponse:
        self._gatekeeper.caller(context)
        return _message(self._timetable.outlook(request.closings))


def _message(outlook: Outlook) -> pb.GetScheduleResponse:
    return pb.GetScheduleResponse(
        terms=pb.ScheduleTerms(**words_of(outlook.schedule), time_zone=outlook.time_zone),
        window=outlook.window.number,
        opened_us=outlook.window.opened_us,
        due_us=outlook.due.moment_us,
        is_due=outlook.is_due,
        now_us=outlook.now_us,
        closings=[_closing(closing, due_on) for closing, due_on in outlook.closings],
        unsettled=[_unsettled(window, due_on) for window, due_on in outlook.unsettled],
    )


def _closing(closing: Closing, due_on: date) -> pb.ScheduledClosing:
    return pb.ScheduledClosing(closes_us=closing.moment_us, payments_due_on=due_on.isoformat())


def _unsettled(window: Window, due_on: date) -> pb.UnsettledWindow:
    return pb.UnsettledWindow(window=window.number, closed_us=window.closed_us, payments_due_on=due_on.isoformat())
