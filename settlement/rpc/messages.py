"""What callers get to see, as messages."""

from __future__ import annotations

from collections.abc import Mapping

from coalition.v1 import settlement_service_pb2 as pb
from settlement.clearing.activity import Activity
from settlement.clearing.directory import Network
from settlement.clearing.netting import bilateral
from settlement.clearing.obligations import Owed, Pair
from settlement.desk import WindowBooks, WindowRecord
from settlement.rpc.access import Caller
from settlement.runs.positions import to_message


def window_message(record: WindowRecord) -> pb.Window:
    """A window and its state."""
    return pb.Window(
        number=record.window.number,
        state=record.state,
        first_sequence=record.window.first_sequence,
        last_sequence=record.window.last_sequence,
        opened_us=record.window.opened_us,
        closed_us=record.window.closed_us,
    )


def books_message(books: WindowBooks, network: Network, caller: Caller) -> pb.GetWindowResponse:
    """A window's books, as far as the caller may see them."""
    return pb.GetWindowResponse(
        window=window_message(books.record),
        currency=network.currency,
        currency_exponent=network.currency_exponent,
        obligations=_obligations(books.owed, caller),
        bilateral=_obligations(bilateral(books.owed), caller),
        positions=[to_message(position) for position in books.positions if caller.sees(position.party_id)],
        activity=[
            _activity(party_id, activity) for party_id, activity in books.activity.items() if caller.sees(party_id)
        ],
    )


def _obligations(owed: Mapping[Pair, Owed], caller: Caller) -> list[pb.Obligation]:
    return [
        pb.Obligation(debtor=pair.debtor, creditor=pair.creditor, points=part.points, amount_micros=part.amount_micros)
        for pair, part in owed.items()
        if caller.sees(pair.debtor, pair.creditor)
    ]


def _activity(party_id: str, activity: Activity) -> pb.PartyActivity:
    return pb.PartyActivity(party_id=party_id, **activity._asdict())
