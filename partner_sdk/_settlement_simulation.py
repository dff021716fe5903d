"""What windows would have come to under other terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from coalition.v1 import network_pb2
from coalition.v1 import settlement_simulation_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._errors import CoalitionError
from partner_sdk._exchange import Unanswered
from partner_sdk._moments import day_text
from partner_sdk._refusals import FieldInvalid
from partner_sdk._session import Session
from partner_sdk._steps import Diagnosis, Ended, Failure, OpenStream, Probe, Read, Steps, Stream
from partner_sdk._vocabulary import Funding

_PROBE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SupposedTerms:
    """Terms that nobody has signed, in place of a party's own. Rates as in TermsOffer."""

    party_id: str
    price_micros: int
    reimbursement_micros: int
    issue_fee_micros: int = 0
    prefunded_bps: int = 0
    #: None: as `prefunded_bps` says.
    funding: Funding | None = None
    pack_points: int = 0
    #: First day on which they are supposed to hold, in place of what holds then and later; None: ever since the party's
    #: first terms. Several of one party with different days hold one after the other.
    effective_on: date | None = None

    def message(self) -> network_pb2.Terms:
        """As they travel. Raises ValueError or TypeError for what the protocol cannot carry."""
        return network_pb2.Terms(
            party_id=self.party_id,
            effective_on=day_text(self.effective_on),
            price_micros=self.price_micros,
            reimbursement_micros=self.reimbursement_micros,
            issue_fee_micros=self.issue_fee_micros,
            prefunded_bps=self.prefunded_bps,
            funding=network_pb2.FUNDING_UNSPECIFIED if self.funding is None else self.funding.number,
            pack_points=self.pack_points,
        )


@dataclass(frozen=True, slots=True)
class SimulatedPosition:
    """A party's net position in a window: exact, in millionths of the currency, positive receives."""

    party_id: str
    amount_micros: int
    simulated_micros: int

    @property
    def difference_micros(self) -> int:
        """By how much more the party would receive."""
        return self.simulated_micros - self.amount_micros


@dataclass(frozen=True, slots=True)
class SimulatedWindow:
    """A window as it is and as it would be."""

    number: int
    positions: tuple[SimulatedPosition, ...]
    #: What is the operator's of what was paid: prices less reimbursements, and issue fees.
    margin_micros: int
    simulated_margin_micros: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """What windows would have come to, as of the entry at `sequence`."""

    sequence: int
    currency: str
    currency_exponent: int
    windows: tuple[SimulatedWindow, ...]


def simulate(
    session: Session,
    terms: Sequence[SupposedTerms] = (),
    *,
    cause_reimbursement_micros: int | None = None,
    cause_effective_on: date | None = None,
    windows: Sequence[int] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Steps[Simulation]:
    """What windows (all, unless numbers are given) would have come to under other terms. For operator and auditors.

    `cause_reimbursement_micros` is what every charity is supposed to receive for a point, from `cause_effective_on` on
    or ever since. Points move as they did. `progress` is told how many entries have been cleared anew, and of how many.
    Raises FieldInvalid, PartyUnknown, NotFound, RateOutOfRange for what cannot be supposed; Overloaded while another
    simulation is under way; PermissionDenied.
    """
    try:
        request = pb.SimulateRequest(
            terms=[item.message() for item in terms],
            cause_reimbursement_micros=cause_reimbursement_micros,
            cause_effective_on=day_text(cause_effective_on),
            windows=windows,
        )
    except (TypeError, ValueError) as error:
        raise FieldInvalid(f"simulate: {error}") from error
    stream: Stream = yield OpenStream(_rpc.SIMULATE, request, session.metadata())
    begun = pb.SimulationBegun()
    found: list[SimulatedWindow] = []
    try:
        while not isinstance(answer := (yield Read(stream, session.connection.timeout_s)), Ended):
            if isinstance(answer, Failure):
                raise (yield from _error(session, answer))
            match answer.WhichOneof("part"):
                case "begun":
                    begun = answer.begun
                case "done":
                    if progress is not None:
                        progress(answer.done, begun.sequence)
                case "window":
                    found.append(_window(answer.window))
    finally:
        stream.cancel()
    return Simulation(begun.sequence, begun.currency, begun.currency_exponent, tuple(found))


def _error(session: Session, failure: Failure) -> Steps[CoalitionError]:
    diagnosis: Diagnosis | None = None
    if failure.never_sent:
        diagnosis = yield Probe(_PROBE_S)
    return Unanswered(failure, False, diagnosis, session.address).error()


def _window(message: pb.SimulatedWindow) -> SimulatedWindow:
    return SimulatedWindow(
        number=message.window,
        positions=tuple(
            SimulatedPosition(item.party_id, item.amount_micros, item.simulated_micros) for item in message.positions
        ),
        margin_micros=message.margin_micros,
        simulated_margin_micros=message.simulated_margin_micros,
    )
