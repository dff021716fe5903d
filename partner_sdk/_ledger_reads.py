"""What a party reads about its own business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from coalition.ids import id_from_text
from coalition.v1 import ledger_service_pb2 as ledger
from partner_sdk import _rpc
from partner_sdk._errors import ReceiptInvalid
from partner_sdk._holder_documents import CodeRequest, Consent
from partner_sdk._moments import moment_of
from partner_sdk._records import Holdings, Record, holdings_of, record_of
from partner_sdk._refusals import FieldInvalid
from partner_sdk._session import Session
from partner_sdk._signed import document_of
from partner_sdk._steps import Emit, Flow, Steps
from partner_sdk._vocabulary import Kind


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """A code for a member to read out at a till."""

    #: Eight digits.
    code: str
    #: From this moment on it is worthless.
    expires_at: datetime


def balance(session: Session, holder_id: str = "", *, alias: str = "") -> Steps[Holdings]:
    """What a holder has, by id or by alias, with every lot and expiry.

    Raises NotFound, and PermissionDenied when the holder is none of yours to see.
    """
    request = ledger.GetBalanceRequest()
    if one_of(holder_id, alias):
        request.holder_id = holder_id
    else:
        request.alias = alias
    return holdings_of((yield from session.read(_rpc.GET_BALANCE, request)))


def transaction(session: Session, transaction_id: str, *, author: str = "") -> Steps[Record]:
    """A transaction of your own, by its id. An operator or auditor may name another author. Raises NotFound."""
    request = ledger.GetTransactionRequest(transaction_id=identifier(transaction_id), author=author)
    return record_of((yield from session.read(_rpc.GET_TRANSACTION, request)).record)


def history(
    session: Session,
    holder_id: str = "",
    *,
    kinds: Sequence[Kind | str] = (),
    newest_first: bool = False,
    page_size: int = 0,
) -> Flow[Record]:
    """Your transactions, all or those of one holder or of some kinds, fetched page by page as you go on.

    The owner of a fund sees all of the fund's transactions, whoever their author is.
    """
    request = ledger.ListTransactionsRequest(
        holder_id=holder_id,
        kinds=[Kind(kind).number for kind in kinds],
        page_size=page_size,
        descending=newest_first,
    )
    while True:
        page = yield from session.read(_rpc.LIST_TRANSACTIONS, request)
        for message in page.records:
            yield Emit(record_of(message))
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def create_code(session: Session, request: CodeRequest) -> Steps[OneTimeCode]:
    """Get the one-time code that a member asks for. The member's signature authorises it, not yours."""
    message = ledger.CreateCodeRequest(request=document_of(request))
    response = yield from session.read(_rpc.CREATE_CODE, message, anonymous=True)
    return OneTimeCode(response.code, moment_of(response.expires_us))


def exchange_code(session: Session, code: str, points: int, *, holder_id: str = "", alias: str = "") -> Steps[Consent]:
    """Turn the code that a member read out into a consent to redeem up to `points` with you. The code is then spent.

    Raises CodeInvalid.
    """
    request = ledger.ExchangeCodeRequest(code=code, points=points)
    if one_of(holder_id, alias):
        request.holder_id = holder_id
    else:
        request.alias = alias
    response = yield from session.read(_rpc.EXCHANGE_CODE, request)
    consent = Consent.from_bytes(response.consent.SerializeToString())
    if consent.signed_by not in session.connection.hub_keys:
        raise ReceiptInvalid("The consent for the one-time code is not signed by the hub. Do not act on it.")
    return consent


def one_of(holder_id: str, alias: str) -> bool:
    """Whether it is the id that was given. Raises FieldInvalid unless it is exactly one of the two."""
    if bool(holder_id) == bool(alias):
        raise FieldInvalid("Name the holder by holder_id or by alias, one of the two.")
    return bool(holder_id)


def identifier(text: str) -> bytes:
    """The 16 bytes of an id's text. Raises FieldInvalid."""
    try:
        return id_from_text(text)
    except ValueError as error:
        raise FieldInvalid(
            f"{text!r} is not a transaction id, such as 01890a5d-ac96-774b-bcce-b302099a8057."
        ) from error
