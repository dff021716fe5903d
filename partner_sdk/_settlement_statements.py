"""Statements of a window, fetched as files, or read once everything in them is proven."""

from __future__ import annotations

from enum import StrEnum, unique

from coalition.v1 import settlement_statements_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._downloads import download
from partner_sdk._errors import StatementInvalid
from partner_sdk._session import Session
from partner_sdk._statement_check import verify_statement
from partner_sdk._statement_models import Statement
from partner_sdk._steps import Steps


@unique
class StatementForm(StrEnum):
    """A statement's file. The words are the files' endings."""

    #: Signed: `partner_sdk.statement.verify_statement` checks it, years later and without a network.
    JSON = "json"
    #: For people: PDF/A-3, with the signed JSON attached.
    PDF = "pdf"
    #: A workbook whose sums are formulas.
    XLSX = "xlsx"
    #: All tables in one, for programs.
    CSV = "csv"

    @property
    def number(self) -> pb.StatementForm.ValueType:
        """As on the wire."""
        return pb.StatementForm.Value(f"STATEMENT_FORM_{self.name}")


def statement_file(
    session: Session,
    window: int,
    *,
    party_id: str | None = None,
    form: StatementForm | str = StatementForm.PDF,
    lines: bool = False,
) -> Steps[bytes]:
    """A party's statement of a window as a file: your own, or, for an operator or auditor, anybody's.

    With `lines`, with every single line: up to 10,000 as PDF, up to 50,000 in other forms, which takes the service some
    seconds (see `with_timeout`). Raises NotFound, PermissionDenied, FieldInvalid for more lines than that, Overloaded
    when too many files are under way.
    """
    request = pb.GetStatementRequest(
        window=window, party_id=party_id or "", form=StatementForm(form).number, lines=lines
    )
    return (yield from download(session, _rpc.GET_STATEMENT, request, lambda response: response.chunk))


def statement(session: Session, window: int, *, party_id: str | None = None, lines: bool = False) -> Steps[Statement]:
    """A party's statement of a window, once its signature, its sums and its proofs are checked.

    What is trusted are the hub's pinned keys. Raises StatementInvalid, and what `statement_file` raises.
    """
    data = yield from statement_file(session, window, party_id=party_id, form=StatementForm.JSON, lines=lines)
    connection = session.connection
    found = verify_statement(data, connection.hub_keys, network_id=connection.network_id)
    asked = (window, party_id or connection.party_id)
    if (found.figures.period.window, found.figures.period.party_id) != asked:
        raise StatementInvalid(f"The service sent another statement than that of {asked[1]} for window {window}.")
    return found
