"""What a run settles, and how, as the bytes that its approver signs for."""

from __future__ import annotations

from dataclasses import dataclass

from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.settlement_service_pb2 import CarriedAmount, NetPosition, RunPositions
from coalition.wire import encode
from settlement.clearing.rounding import Position
from settlement.runs.carried import Carried, Why
from settlement.runs.instructions import Instruction
from settlement.runs.methods import Method

_MICRO_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Positions:
    """What a run settles, and how. It never changes after it was proposed."""

    network_id: str
    windows: tuple[int, ...]
    method: Method
    currency: str
    #: Digits of the currency's minor unit.
    currency_exponent: int
    #: By party id.
    parties: tuple[Position, ...]
    #: By number.
    instructions: tuple[Instruction, ...]
    carried_in: tuple[Carried, ...]
    #: What rounding leaves to the next run.
    rounding: tuple[Carried, ...]

    @property
    def micros_per_minor(self) -> int:
        """Micro-units in one minor unit of the currency."""
        return int(10 ** (_MICRO_DIGITS - self.currency_exponent))


def positions_bytes(positions: Positions) -> bytes:
    """A serialised RunPositions: what `positions_digest` covers."""
    return encode(
        RunPositions(
            network_id=positions.network_id,
            windows=positions.windows,
            positions=map(to_message, positions.parties),
            method=pb.SettlementMethod.ValueType(positions.method),
            currency=positions.currency,
            currency_exponent=positions.currency_exponent,
            instructions=map(_instruction_message, positions.instructions),
            carried_in=map(carried_message, positions.carried_in),
            rounding=map(carried_message, positions.rounding),
        )
    )


def positions_of(data: bytes) -> Positions:
    """What a serialised RunPositions says."""
    message = RunPositions.FromString(data)
    return Positions(
        network_id=message.network_id,
        windows=tuple(message.windows),
        method=Method(message.method),
        currency=message.currency,
        currency_exponent=message.currency_exponent,
        parties=tuple(map(from_message, message.positions)),
        instructions=tuple(map(_instruction_of, message.instructions)),
        carried_in=tuple(map(_carried_of, message.carried_in)),
        rounding=tuple(map(_carried_of, message.rounding)),
    )


def to_message(position: Position) -> NetPosition:
    """One party's position on the wire."""
    return NetPosition(
        party_id=position.party_id,
        amount_micros=position.amount_micros,
        carried_in_micros=position.carried_in_micros,
        payable_minor=position.payable_minor,
        carried_out_micros=position.carried_out_micros,
    )


def from_message(message: NetPosition) -> Position:
    """The reverse of `to_message`."""
    return Position(
        party_id=message.party_id,
        amount_micros=message.amount_micros,
        carried_in_micros=message.carried_in_micros,
        payable_minor=message.payable_minor,
        carried_out_micros=message.carried_out_micros,
    )


def carried_message(item: Carried) -> CarriedAmount:
    """A carried amount on the wire."""
    return CarriedAmount(
        debtor=item.debtor,
        creditor=item.creditor,
        amount_micros=item.micros,
        reason=pb.CarriedReason.ValueType(item.why),
    )


def _carried_of(message: CarriedAmount) -> Carried:
    return Carried(message.debtor, message.creditor, message.amount_micros, Why(message.reason))


def _instruction_message(instruction: Instruction) -> pb.Instruction:
    return pb.Instruction(
        number=instruction.number,
        payer=instruction.payer,
        payee=instruction.payee,
        amount_minor=instruction.amount_minor,
        reference=instruction.reference,
        payer_account=instruction.payer_account,
        payee_account=instruction.payee_account,
    )


def _instruction_of(message: pb.Instruction) -> Instruction:
    return Instruction(
        number=message.number,
        payer=message.payer,
        payee=message.payee,
        amount_minor=message.amount_minor,
        reference=message.reference,
        payer_account=message.payer_account,
        payee_account=message.payee_account,
    )
