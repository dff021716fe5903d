"""What a person of the operator notes on an alert: checked for signature and form before it is kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from coalition import dsse
from coalition.documents import open_document
from coalition.errors import Refused
from coalition.form.checks import NOTE_MAX, Form
from coalition.keys import fingerprint
from coalition.v1 import error_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.settlement_alerts_pb2 import AlertNote


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose signature and form are right, by an active key of the operator."""

    number: int
    raised_us: int
    text: str
    decided_us: int
    public_key: bytes
    document: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def open_note(signed: SignedDocument, network_id: str, operator_keys: Collection[bytes]) -> Note:
    """The note in a signed document.

    Raises Refused: SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD, KEY_UNKNOWN, WRONG_NETWORK or FIELD_INVALID.
    """
    note = open_document(AlertNote, dsse.ALERT_NOTE, signed, "note")
    key = signed.signature.public_key
    if key not in operator_keys:
        raise Refused(
            error_pb2.REASON_KEY_UNKNOWN,
            f"The key {fingerprint(key)} is not an active key of the operator. Sign with one that is.",
            {"key": fingerprint(key)},
        )
    if note.network_id != network_id:
        raise Refused(
            error_pb2.REASON_WRONG_NETWORK,
            f"The note is for the network {note.network_id!r}; this service settles {network_id!r}.",
        )
    form = Form("note")
    form.require(1 <= note.number < 1 << 63, "number", "must be the number of an alert, from 1")
    form.moment(note.raised_us, "raised_us")
    form.text(note.note, "note", NOTE_MAX, shortest=1)
    form.moment(note.decided_us, "decided_us")
    form.finish()
    return Note(
        note.number, note.raised_us, note.note, note.decided_us, key, signed.document, signed.signature.signature
    )
