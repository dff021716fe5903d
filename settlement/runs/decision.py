"""What a person of the operator decided about a run: checked for signature and form before anything is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from coalition import dsse
from coalition.documents import open_document
from coalition.errors import Refused
from coalition.form.checks import NOTE_MAX, Form
from coalition.ids import is_transaction_id
from coalition.keys import fingerprint
from coalition.v1 import error_pb2, settlement_service_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.settlement_service_pb2 import RunAction, RunDecision

WINDOWS_MAX: Final = 1_000
DIGEST_BYTES: Final = 32
_PROPOSE: Final = settlement_service_pb2.RUN_ACTION_PROPOSE
_APPROVE: Final = settlement_service_pb2.RUN_ACTION_APPROVE
_CONFIRM: Final = settlement_service_pb2.RUN_ACTION_CONFIRM
_ABORT: Final = settlement_service_pb2.RUN_ACTION_ABORT


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision whose signature and form are right, by an active key of the operator."""

    run_id: bytes
    action: RunAction.ValueType
    windows: tuple[int, ...]
    positions_digest: bytes
    party_id: str
    note: str
    decided_us: int
    public_key: bytes
    #: The exact bytes that were signed, and the signature: kept, so that the decision can be shown later.
    document: bytes
    signature: bytes


def open_decision(signed: SignedDocument, network_id: str, operator_keys: Collection[bytes]) -> Decision:
    """The decision in a signed document.

    Raises Refused: SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD, KEY_UNKNOWN, WRONG_NETWORK or FIELD_INVALID.
    """
    decision = open_document(RunDecision, dsse.RUN_DECISION, signed, "decision")
    key = signed.signature.public_key
    if key not in operator_keys:
        raise Refused(
            error_pb2.REASON_KEY_UNKNOWN,
            f"The key {fingerprint(key)} is not an active key of the operator. Decide with one that is.",
            {"key": fingerprint(key)},
        )
    if decision.network_id != network_id:
        raise Refused(
            error_pb2.REASON_WRONG_NETWORK,
            f"The decision is for the network {decision.network_id!r}; this service settles {network_id!r}.",
        )
    _check_form(decision)
    return read_decision(signed.document, key, signed.signature.signature)


def read_decision(document: bytes, public_key: bytes, signature: bytes) -> Decision:
    """The decision in bytes that `open_decision` has checked before."""
    decision = RunDecision.FromString(document)
    return Decision(
        run_id=decision.run_id,
        action=decision.action,
        windows=tuple(decision.windows),
        positions_digest=decision.positions_digest,
        party_id=decision.party_id,
        note=decision.note,
        decided_us=decision.decided_us,
        public_key=public_key,
        document=document,
        signature=signature,
    )


def _check_form(decision: RunDecision) -> None:
    form = Form("decision")
    action = decision.action
    form.require(is_transaction_id(decision.run_id), "run_id", "must be the 16 bytes of a UUIDv7 (RFC 9562)")
    known = action in RunAction.values() and action != settlement_service_pb2.RUN_ACTION_UNSPECIFIED
    form.require(known, "action", "must say what is decided")
    windows = list(decision.windows)
    if action == _PROPOSE:
        form.require(1 <= len(windows) <= WINDOWS_MAX, "windows", f"must name 1 to {WINDOWS_MAX} windows")
        form.require(windows == sorted(set(windows)), "windows", "must be ascending, each once")
    else:
        form.require(not windows, "windows", "must be empty: the proposal names them")
    length = len(decision.positions_digest)
    form.require(
        length == DIGEST_BYTES or (length == 0 and action != _APPROVE),
        "positions_digest",
        f"must be the {DIGEST_BYTES} bytes of a SHA-256 over the positions that were looked at",
    )
    if action == _CONFIRM:
        form.party(decision.party_id, "party_id")
    else:
        form.require(not decision.party_id, "party_id", "must be empty: only a confirmation is about one party")
    form.text(decision.note, "note", NOTE_MAX, shortest=1 if action == _ABORT else 0)
    form.moment(decision.decided_us, "decided_us")
    form.finish()
