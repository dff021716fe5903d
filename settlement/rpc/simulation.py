"""SimulationService: what windows would have come to under other terms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final

import grpc

from coalition.v1 import settlement_simulation_pb2 as pb
from coalition.v1.settlement_simulation_pb2_grpc import (
    SimulationServiceServicer,
    add_SimulationServiceServicer_to_server,
)
from settlement.rpc.access import Gatekeeper
from settlement.rpc.downloads import read_in_time
from settlement.rpc.server import Offer
from settlement.simulation.request import Supposed
from settlement.simulation.simulator import Advance, Begun, Simulated, Simulator

_NAME: Final = pb.DESCRIPTOR.services_by_name["SimulationService"].full_name


def simulation_offer(simulator: Simulator, gatekeeper: Gatekeeper) -> Offer:
    """The service as a server takes it in."""
    servicer = SimulationServicer(simulator, gatekeeper)
    return Offer(_NAME, lambda server: add_SimulationServiceServicer_to_server(servicer, server))


class SimulationServicer(SimulationServiceServicer):
    """Answers over the network what Simulator tells."""

    def __init__(self, simulator: Simulator, gatekeeper: Gatekeeper) -> None:
        self._simulator = simulator
        self._gatekeeper = gatekeeper

    def Simulate(self, request: pb.SimulateRequest, context: grpc.ServicerContext) -> Iterator[pb.SimulateResponse]:
        self._gatekeeper.caller(context).require_sight_of_all("simulate, which shows every party's position")
        supposed = Supposed(
            request.terms,
            request.cause_reimbursement_micros if request.HasField("cause_reimbursement_micros") else None,
            request.cause_effective_on,
        )
        # There is one simulation at a time, so who does not read it would keep everybody from simulating.
        with closing(self._simulator.simulate(supposed, request.windows)) as parts:
            yield from read_in_time(map(_message, parts), context)


def _message(part: Begun | Advance | Simulated) -> pb.SimulateResponse:
    match part:
        case Begun(sequence, network):
            begun = pb.SimulationBegun(
                sequence=sequence, currency=network.currency, currency_exponent=network.currency_exponent
            )
            return pb.SimulateResponse(begun=begun)
        case Advance(done):
            return pb.SimulateResponse(done=done)
        case Simulated(number, positions, margin, simulated_margin):
            window = pb.SimulatedWindow(
                window=number,
                positions=[pb.SimulatedPosition(**position._asdict()) for position in positions],
                margin_micros=margin,
                simulated_margin_micros=simulated_margin,
            )
            return pb.SimulateResponse(window=window)
