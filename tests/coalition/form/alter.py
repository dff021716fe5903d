"""Takes a well-formed transaction and makes one thing in it wrong."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from coalition.documents import sign_document
from coalition.errors import Refused, reason_name
from coalition.form import check_form
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.transaction_pb2 import Transaction
from vectors.cast import KEYS
from vectors.documents import DOCUMENTS
from vectors.transactions import TRANSACTIONS

#: What fields of a transaction's kind become, by their paths: `points`, or `consent.points_max` for a field in a signed
#: document, which is then signed anew.
Changes = dict[str, Any]
#: A transaction of the vectors, what to change, and the paths below its kind at which it is then wrong.
Case = tuple[str, Changes, list[str]]

_SIGNED = {document.signed().document: document for document in DOCUMENTS.values()}


def put(message: Message, field: str, value: Any) -> None:
    """Sets a field, of whatever type; None clears it."""
    if value is None:
        message.ClearField(field)
    elif isinstance(value, list):
        message.ClearField(field)
        getattr(message, field).extend(value)
    elif isinstance(value, Message):
        getattr(message, field).CopyFrom(value)
    else:
        setattr(message, field, value)


def _put_signed(signed: SignedDocument, field: str, value: Any) -> None:
    known = _SIGNED[signed.document]
    message = type(known.message)()
    message.CopyFrom(known.message)
    put(message, field, value)
    signed.CopyFrom(sign_document(known.payload_type, message, KEYS[known.signer]))
    _SIGNED[signed.document] = known._replace(message=message)


def altered(name: str, changes: Changes) -> Transaction:
    """A transaction of the vectors with other fields in its kind."""
    transaction = Transaction()
    transaction.CopyFrom(TRANSACTIONS[name])
    kind = getattr(transaction, transaction.WhichOneof("kind") or "")
    for path, value in changes.items():
        *outer, field = path.split(".")
        inner = kind
        for step in outer:
            inner = getattr(inner, step)
        if isinstance(inner, SignedDocument) and field not in ("document", "signature"):
            _put_signed(inner, field, value)
        else:
            put(inner, field, value)
    return transaction


def refusal(transaction: Transaction) -> Refused | None:
    """How a transaction's form is refused, if it is."""
    try:
        check_form(transaction, "t")
    except Refused as refused:
        return refused
    return None


def wrong_paths(name: str, changes: Changes) -> list[str]:
    """Where a transaction is wrong, below its kind, once it was changed."""
    transaction = altered(name, changes)
    refused = refusal(transaction)
    if refused is None:
        return []
    assert reason_name(refused.reason) == "FIELD_INVALID"
    prefix = f"t.{transaction.WhichOneof('kind')}."
    for violation in refused.violations:
        assert violation.field.startswith(prefix)
        assert f"{violation.field} {violation.description}" in refused.message
    return [violation.field.removeprefix(prefix) for violation in refused.violations]


def case_name(case: Case) -> str:
    """How pytest shows a case."""
    name, changes, _ = case
    shown = ", ".join(f"{path}={value!r}"[:40] for path, value in changes.items())
    return f"{name}: {shown}".encode("ascii", "backslashreplace").decode()
