"""Finding a holder by what a till has read, and saying what it has."""

from __future__ import annotations

from typing import Any

from coalition.calendar import Calendar
from coalition.v1 import ledger_service_pb2 as pb
from coalition.v1.outcome_pb2 import Balance
from network.ledger import purse
from network.ledger.records import Party
from network.rpc.access import visible_lots
from network.rpc.asking import invalid, not_found, require_alias, require_holder_id
from network.rpc.threads import Threads
from network.views import Account, Reads


async def find_account(request: Any, reads: Reads, threads: Threads) -> Account:
    """The account that a request names in its oneof `holder`. Raises Refused: FIELD_INVALID, NOT_FOUND."""
    which = request.WhichOneof("holder")
    if which == "holder_id":
        require_holder_id(request.holder_id)
        account = await threads.run(reads.account, request.holder_id)
        name = f"holder {request.holder_id!r}"
    elif which == "alias":
        require_alias(request.alias)
        account = await threads.run(reads.account_by_alias, request.alias)
        name = f"holder with the alias {request.alias!r}"
    else:
        raise invalid("holder_id", "or alias must say whose account is meant")
    if account is None:
        raise not_found(f"There is no {name}.")
    return account


def balance_of(account: Account, caller: Party, calendar: Calendar, now_us: int) -> pb.GetBalanceResponse:
    """The balance as the caller may know it, on the day of `now_us`. Points past their date do not count."""
    # A hub whose clock lags behind must not show as spendable what the journal has already let expire.
    today = calendar.day(max(now_us, account.tip.committed_us))
    holder = account.holder
    lots = tuple(lot for lot in purse.mature(account.lots, today) if lot.expires_on >= today)
    sums = purse.sums(lots, today)
    shown = visible_lots(caller, holder, lots)
    return pb.GetBalanceResponse(
        balance=Balance(
            holder_id=holder.holder_id,
            available_points=sums.available,
            pending_points=sums.pending,
            held_points=holder.held_points,
            arrears_points=sum(arrear.points for arrear in account.arrears),
        ),
        lots=[
            pb.Lot(issuer=lot.issuer, expires_on=lot.expires_on, available_on=lot.available_on, points=lot.points)
            for lot in shown
        ],
        sequence=account.tip.sequence,
    )
