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
from coalition.v1.settlement_service_pb2 import RunAction, RunDecision, SettlementMethod
from settlement.runs.references import INSTRUCTIONS_MAX

WINDOWS_MAX: Final = 1_000
DIGEST_BYTES: Final = 32
#: What one decision carries, at most; so many fit in what the service takes in at once.
CARRY_MAX: Final = 20_000
_PROPOSE: Final = settlement_service_pb2.RUN_ACTION_PROPOSE
_APPROVE: Final = settlement_service_pb2.RUN_ACTION_APPROVE
_CONFIRM: Final = settlement_service_pb2.RUN_ACTION_CONFIRM
_ABORT: Final = settlement_service_pb2.RUN_ACTION_ABORT
_CARRY: Final = settlement_service_pb2.RUN_ACTION_CARRY
_DECIDED: Final = (_PROPOSE, _APPROVE, settlement_service_pb2.RUN_ACTION_INSTRUCT, _CONFIRM, _ABORT, _CARRY)


@dataclass(frozen=True, slots=True)
class Deed:
    """Who decided something, when and why, with the exact bytes that were signed, so that it can be shown later."""

    note: str
    decided_us: int
    public_key: bytes
    document: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision whose signature and form are right, by an active key of the operator."""

    run_id: bytes
    action: RunAction.ValueType
    windows: tuple[int, ...]
    method: SettlementMethod.ValueType
    positions_digest: bytes
    party_id: str
    #: Instructions whose rest is carried, and what was paid of each as far as the decider has seen, in minor units.
    carry: tuple[tuple[int, int], ...]
    deed: Deed
    #: CONFIRM: over how the party's instructions stood as far as the decider has seen.
    standings_digest: bytes = b""


def open_decision(signed: SignedDocument, network_id: str, operator_keys: Collection[bytes]) -> Decision:
    """The decision in a signed document.

    Raises Refused: SIGNATURE_INVALID, MALFORMED, UNKNOWN_FIELD, KEY_UNKNOWN, WRONG_NETWORK or FIELD_INVALID.
    """
    decision = open_document(RunDecision, dsse.RUN_DECISION, signed, "decision")
    require_key(signed.signature.public_key, operator_keys)
    require_network(decision.network_id, network_id)
    _check_form(decision)
    return Decision(
        run_id=decision.run_id,
        action=decision.action,
        windows=tuple(decision.windows),
        method=decision.method,
        positions_digest=decision.positions_digest,
        party_id=decision.party_id,
        carry=tuple((item.instruction, item.paid_minor) for item in decision.carry),
        deed=deed_of(signed, decision.note, decision.decided_us),
        standings_digest=decision.standings_digest,
    )


def deed_of(signed: SignedDocument, note: str, decided_us: int) -> Deed:
    """Who decided what is in a signed document, once that was opened."""
    return Deed(note, decided_us, signed.signature.public_key, signed.document, signed.signature.signature)


def require_key(key: bytes, operator_keys: Collection[bytes]) -> None:
    """Raises Refused with KEY_UNKNOWN for a key that is not an active one of the operator."""
    if key not in operator_keys:
        raise Refused(
            error_pb2.REASON_KEY_UNKNOWN,
            f"The key {fingerprint(key)} is not an active key of the operator. Decide with one that is.",
            {"key": fingerprint(key)},
        )


def require_network(named: str, network_id: str) -> None:
    """Raises Refused with WRONG_NETWORK for a document that is meant for another network."""
    if named != network_id:
        raise Refused(
            error_pb2.REASON_WRONG_NETWORK,
            f"The decision is for the network {named!r}; this service settles {network_id!r}.",
        )


def _check_form(decision: RunDecision) -> None:
    form = Form("decision")
    action = decision.action
    form.require(is_transaction_id(decision.run_id), "run_id", "must be the 16 bytes of a UUIDv7 (RFC 9562)")
    form.require(action in _DECIDED, "action", "must say what is decided")
    windows = list(decision.windows)
    method_known = decision.method in SettlementMethod.values() and decision.method != 0
    if action == _PROPOSE:
        form.require(1 <= len(windows) <= WINDOWS_MAX, "windows", f"must name 1 to {WINDOWS_MAX} windows")
        form.require(windows == sorted(set(windows)), "windows", "must be ascending, each once")
        form.require(method_known, "method", "must say how obligations become payments")
    else:
        form.require(not windows, "windows", "must be empty: the proposal names them")
        form.require(decision.method == 0, "method", "must be empty: the proposal names it")
    length = len(decision.positions_digest)
    form.require(
        length == DIGEST_BYTES or (length == 0 and action != _APPROVE),
        "positions_digest",
        f"must be the {DIGEST_BYTES} bytes of a SHA-256 over the positions that were looked at",
    )
    if action == _CONFIRM:
        form.party(decision.party_id, "party_id")
        form.require(
            len(decision.standings_digest) == DIGEST_BYTES,
            "standings_digest",
            f"must be the {DIGEST_BYTES} bytes of a SHA-256 over how the party's payments stood when you looked",
        )
    else:
        form.require(not decision.standings_digest, "standings_digest", "must be empty: only a confirmation has it")
        form.require(not decision.party_id, "party_id", "must be empty: only a confirmation is about one party")
    _check_carry(form, decision)
    form.text(decision.note, "note", NOTE_MAX, shortest=1 if action in (_ABORT, _CARRY) else 0)
    form.moment(decision.decided_us, "decided_us")
    form.finish()


def _check_carry(form: Form, decision: RunDecision) -> None:
    numbers = [item.instruction for item in decision.carry]
    if decision.action != _CARRY:
        form.require(not numbers, "carry", "must be empty: only a carry-over names instructions")
        return
    form.require(1 <= len(numbers) <= CARRY_MAX, "carry", f"must name 1 to {CARRY_MAX} instructions")
    form.require(numbers == sorted(set(numbers)), "carry", "must be ascending by instruction, each once")
    form.require(
        all(1 <= number <= INSTRUCTIONS_MAX for number in numbers), "carry", "must name instructions by number"
    )
    form.require(all(item.paid_minor >= 0 for item in decision.carry), "carry", "must not have negative amounts")
