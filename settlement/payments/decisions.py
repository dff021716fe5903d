"""What people of the operator decide about bank statements: signed documents, checked before anything is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from coalition import dsse
from coalition.documents import open_document
from coalition.form.checks import NOTE_MAX, Form
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.settlement_payments_pb2 import EntryAssignment, StatementImport
from settlement.runs.decision import DIGEST_BYTES, Deed, deed_of, require_key, require_network

FILE_NAME_MAX: Final = 100
REFERENCE_MAX: Final = 25


@dataclass(frozen=True, slots=True)
class Import:
    """That a file is to be taken in."""

    digest: bytes
    file_name: str
    deed: Deed


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which instruction an entry is about; without a reference, that it is about none."""

    entry_id: bytes
    reference: str
    #: How often the entry was matched or assigned before, as far as the decider has seen.
    after: int
    deed: Deed


def open_import(signed: SignedDocument, network_id: str, operator_keys: Collection[bytes]) -> Import:
    """Raises Refused: SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD, KEY_UNKNOWN, WRONG_NETWORK or FIELD_INVALID."""
    message = open_document(StatementImport, dsse.STATEMENT_IMPORT, signed, "decision")
    require_key(signed.signature.public_key, operator_keys)
    require_network(message.network_id, network_id)
    form = Form("decision")
    form.require(len(message.digest) == DIGEST_BYTES, "digest", "must be the 32 bytes of the SHA-256 over the file")
    form.text(message.file_name, "file_name", FILE_NAME_MAX)
    form.text(message.note, "note", NOTE_MAX)
    form.moment(message.decided_us, "decided_us")
    form.finish()
    return Import(message.digest, message.file_name, deed_of(signed, message.note, message.decided_us))


def open_assignment(signed: SignedDocument, network_id: str, operator_keys: Collection[bytes]) -> Assignment:
    """Raises Refused: SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD, KEY_UNKNOWN, WRONG_NETWORK or FIELD_INVALID."""
    message = open_document(EntryAssignment, dsse.ENTRY_ASSIGNMENT, signed, "decision")
    require_key(signed.signature.public_key, operator_keys)
    require_network(message.network_id, network_id)
    form = Form("decision")
    form.require(len(message.entry_id) == DIGEST_BYTES, "entry_id", "must be 32 bytes")
    form.text(message.reference, "reference", REFERENCE_MAX)
    form.require(message.after >= 1, "after", "must say what the decider has seen")
    form.text(message.note, "note", NOTE_MAX, shortest=1)
    form.moment(message.decided_us, "decided_us")
    form.finish()
    deed = deed_of(signed, message.note, message.decided_us)
    return Assignment(message.entry_id, message.reference, message.after, deed)
