"""Following the journal and fetching proofs, all of it verified before it is given on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from coalition.note import Checkpoint, checkpoint_origin
from coalition.v1 import journal_pb2 as pb
from partner_sdk import _rpc
from partner_sdk._directory import party
from partner_sdk._errors import JournalInvalid, ProofInvalid
from partner_sdk._refusals import PermissionDenied
from partner_sdk._session import Session
from partner_sdk._steps import Emit, Flow, Steps
from partner_sdk._stream_reader import StreamReader
from partner_sdk._vocabulary import PartyKind
from partner_sdk.journal import (
    JournalState,
    JournalVerifier,
    OwnJournalVerifier,
    VerifiedEntry,
    check_inclusion,
    open_any_checkpoint,
)

_SEE_ALL: Final = (PartyKind.OPERATOR, PartyKind.AUDITOR)


@dataclass(frozen=True, slots=True)
class JournalPart:
    """Entries that came together, and where to go on after them."""

    #: In order, of whole envelopes.
    entries: tuple[VerifiedEntry, ...]
    #: Store it together with what you make of the entries, and you can go on from here.
    state: JournalState
    #: The hub's checkpoint over the log up to the last of `entries`, which was checked: a C2SP signed note.
    checkpoint: str


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Proof that an entry stands in the log that the hub signed; `partner_sdk.journal.check_inclusion` checks it."""

    sequence: int
    #: The exact bytes of the JournalEntry: the leaf.
    entry: bytes
    #: RFC 6962 audit path, from the leaf upwards.
    path: tuple[bytes, ...]
    #: The checkpoint as the hub signed it, a C2SP signed note.
    note: str
    checkpoint: Checkpoint


def follow_journal(session: Session, state: JournalState | None = None, *, follow: bool = True) -> Flow[JournalPart]:
    """The whole journal, verified, from its genesis or from where `state` says. For an operator or auditor.

    With `follow`, waits at the end for new entries and never ends by itself, except with an error: JournalInvalid, or a
    TransportError when the hub has been away for longer than the client's timeout. Then go on from the last state.
    Raises PermissionDenied for a party that is not shown the whole journal.
    """
    connection = session.connection
    caller = yield from party(session, connection.party_id)
    if caller.kind not in _SEE_ALL:
        raise PermissionDenied(
            f"{caller.party_id} is a {caller.kind} and is shown its own envelopes only; own_journal reads those."
        )
    verifier = JournalVerifier(state or JournalState(connection.network_id), connection.hub_keys)
    reader = _reader(session, follow=follow)
    ends_seen_at = -1
    while True:
        response = yield from reader.next(_from(verifier.state.size + 1, follow=follow))
        if response is not None:
            entries = verifier.read(response)
            if entries:
                yield Emit(JournalPart(entries, verifier.state, response.checkpoint))
            continue
        # The hub says that this is the end. It may have lost what was read before, or be keeping something back.
        answer = yield from session.read(_rpc.GET_CHECKPOINT, pb.GetCheckpointRequest())
        if verifier.check_end(answer.checkpoint):
            if not follow:
                return
        elif ends_seen_at == verifier.state.size:
            raise JournalInvalid(f"The hub signs a longer log, but shows nothing after entry {verifier.state.size}.")
        ends_seen_at = verifier.state.size


def own_journal(
    session: Session, *, from_sequence: int = 1, committed_us: int = 0, follow: bool = False
) -> Flow[tuple[VerifiedEntry, ...]]:
    """Your own envelopes as they stand in the journal, with gaps where others wrote.

    Verified as far as a party can that does not see the others: see `partner_sdk.journal.OwnJournalVerifier`. `prove`
    proves the rest for single entries. `from_sequence` is the first of an envelope; `committed_us` the commit time of
    the last entry before it.
    """
    connection = session.connection
    verifier = OwnJournalVerifier(
        connection.network_id,
        connection.party_id,
        [key.public for key in connection.keys],
        connection.hub_keys,
        sequence=from_sequence - 1,
        committed_us=committed_us,
    )
    reader = _reader(session, follow=follow)
    while True:
        response = yield from reader.next(_from(verifier.sequence + 1, follow=follow))
        if response is not None:
            entries = verifier.read(response)
            if entries:
                yield Emit(entries)
        elif not follow:
            return


def checkpoint(session: Session) -> Steps[Checkpoint]:
    """The size and root of the log, as the hub has signed them just now."""
    answer = yield from session.read(_rpc.GET_CHECKPOINT, pb.GetCheckpointRequest())
    return _opened(session, answer.checkpoint)


def prove(session: Session, sequence: int) -> Steps[InclusionProof]:
    """Proof that your entry at `sequence` is in the log that the hub signs. Raises ProofInvalid when it is not."""
    answer = yield from session.read(_rpc.GET_CHECKPOINT, pb.GetCheckpointRequest())
    signed = _opened(session, answer.checkpoint)
    if sequence > signed.size:
        raise ProofInvalid(f"The hub signs a log of {signed.size} entries, which has no entry {sequence}.")
    request = pb.GetInclusionProofRequest(sequence=sequence, log_size=signed.size)
    proof = yield from session.read(_rpc.GET_INCLUSION_PROOF, request)
    check_inclusion(proof.entry, sequence, proof.path, signed)
    return InclusionProof(sequence, proof.entry, tuple(proof.path), answer.checkpoint, signed)


def _opened(session: Session, note: str) -> Checkpoint:
    connection = session.connection
    return open_any_checkpoint(note, checkpoint_origin(connection.network_id), connection.hub_keys)


def _reader(session: Session, *, follow: bool) -> StreamReader[pb.StreamEntriesResponse]:
    return StreamReader(session, _rpc.STREAM_ENTRIES, follow=follow)


def _from(sequence: int, *, follow: bool) -> pb.StreamEntriesRequest:
    return pb.StreamEntriesRequest(from_sequence=sequence, follow=follow)
