"""The state machine: applies envelopes to a state, one transaction after another, and says what the journal records.

State after entry n depends on entries 1..n and on nothing else: not on the wall clock, not on configuration, not on
iteration order. The commit time is handed in and recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from coalition.clock import US_PER_S
from coalition.envelope import OpenedEnvelope, OpenedTransaction
from coalition.errors import Refused
from coalition.ids import id_text
from coalition.merkle import leaf_hash
from coalition.v1 import error_pb2, outcome_pb2
from coalition.v1.error_pb2 import Reason
from coalition.v1.network_pb2 import Policy
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import encode
from network.ledger.authority import authorise
from network.ledger.context import Context, Effect, Rejected
from network.ledger.entries import entry_body, entry_head
from network.ledger.kinds import KINDS
from network.ledger.outcomes import accepted_outcome, rejected_outcome
from network.ledger.records import Committed, Original, Party
from network.ledger.state import State, Wanted

#: Kinds that a Reverse may name.
_REVERSIBLE: Final = frozenset({"issue", "redeem", "capture"})
_ACCEPTED: Final = error_pb2.REASON_UNSPECIFIED


class _Form(NamedTuple):
    """What the journal's columns need to know about a kind."""

    #: A TransactionKind.
    number: int
    names_holder: bool
    #: The field that names the other holder, if there is one.
    counterparty: str


def _forms() -> dict[str, _Form]:
    forms: dict[str, _Form] = {}
    for field in Transaction.DESCRIPTOR.oneofs_by_name["kind"].fields:
        assert field.message_type is not None, "every kind is a message"
        names = field.message_type.fields_by_name
        counterparty = next((name for name in ("fund_id", "recipient_id") if name in names), "")
        forms[field.name] = _Form(field.number, "holder_id" in names, counterparty)
    return forms


_FORMS: Final = _forms()


class Entry(NamedTuple):
    """A new entry of the journal."""

    sequence: int
    author: str
    transaction_id: bytes
    #: A TransactionKind.
    kind: int
    #: In whose history it stands; empty for none.
    holder_id: str
    #: The fund of a donation, the recipient of a transfer; else empty.
    counterparty_id: str
    leaf_hash: bytes
    #: The exact bytes of the JournalEntry: the leaf of the log.
    body: bytes
    transaction: bytes
    outcome: bytes
    committed_us: int
    window: int
    #: Why it was rejected; 0, unspecified, when it was accepted.
    reason: Reason.ValueType = error_pb2.REASON_UNSPECIFIED


class Processed(NamedTuple):
    """What became of an envelope."""

    #: In the envelope's order, replayed ones among them.
    outcomes: tuple[bytes, ...]
    sequences: tuple[int, ...]
    #: Positions in the envelope of transactions that had been committed before.
    replayed: tuple[int, ...]
    #: The new ones, with consecutive sequences; may be none.
    entries: tuple[Entry, ...]
    #: For the replayed ones: position and RFC 6962 leaf hash of the transaction.
    replayed_leaves: tuple[tuple[int, bytes], ...]


def touch(envelope: OpenedEnvelope, days: tuple[str, ...], wanted: Wanted) -> None:
    """Name what applying the envelope may read. `days` are those on which its entries may be committed."""
    author = envelope.header.author
    for transaction in envelope.transactions:
        identifier = transaction.transaction_id
        wanted.committed.add((author, identifier))
        KINDS[transaction.kind].touches(transaction.body, author, identifier, days, wanted)


def process(state: State, envelope: OpenedEnvelope, now_us: int) -> Processed:
    """Apply an envelope: idempotency, then validity period, then authority, then state.

    Raises Refused for the whole envelope; the state is then as it was. So it is after any other exception.
    """
    mark = state.mark()
    saved = state.head.copy()
    try:
        return _process(state, envelope, now_us)
    except BaseException:
        state.rollback(mark)
        state.head.restore(saved)
        raise


def _process(state: State, envelope: OpenedEnvelope, now_us: int) -> Processed:
    known = _find_committed(state, envelope)
    new = [
        transaction for transaction, committed in zip(envelope.transactions, known, strict=True) if committed is None
    ]
    entries: list[Entry] = []
    if new:
        first_us = max(now_us, state.head.committed_us + 1)
        _check_validity(state, envelope, first_us)
        author = authorise(state, envelope, new)
        aborted = envelope.header.atomic and any(
            committed is not None and _was_rejected(committed) for committed in known
        )
        entries = _apply_all(state, envelope, author, new, first_us, aborted=aborted)
        state.head.frontier.extend(entry.leaf_hash for entry in entries)
    return _combine(envelope, known, entries)


def _find_committed(state: State, envelope: OpenedEnvelope) -> list[Committed | None]:
    """What the journal holds already. Raises Refused with ID_CONFLICT where an id stands for other bytes."""
    known: list[Committed | None] = []
    author = envelope.header.author
    for index, transaction in enumerate(envelope.transactions):
        committed = state.committed.get((author, transaction.transaction_id))
        if committed is not None and committed.transaction != transaction.raw:
            identifier = id_text(transaction.transaction_id)
            raise Refused(
                error_pb2.REASON_ID_CONFLICT,
                f"transactions[{index}]: {author} has used the id {identifier} for another transaction, at sequence "
                f"{committed.sequence}. Make a new id for a new transaction.",
                {"index": str(index), "transaction_id": identifier, "sequence": str(committed.sequence)},
            )
        known.append(committed)
    return known


def _was_rejected(committed: Committed) -> bool:
    return Outcome.FromString(committed.outcome).status == outcome_pb2.OUTCOME_STATUS_REJECTED


def _check_validity(state: State, envelope: OpenedEnvelope, committed_us: int) -> None:
    header = envelope.header
    if header.expires_us <= committed_us:
        raise Refused(
            error_pb2.REASON_ENVELOPE_EXPIRED,
            "The envelope has expired and nothing in it was committed before. Sign the transactions anew, with the "
            "same ids.",
            {"expires_us": str(header.expires_us), "now_us": str(committed_us)},
        )
    if state.reference.network.get("") is None:
        return
    limit_s = _policy(state, committed_us).envelope_lifetime_max_s
    if header.expires_us - header.created_us > limit_s * US_PER_S:
        raise Refused(
            error_pb2.REASON_LIFETIME_TOO_LONG,
            f"The envelope's lifetime exceeds the {limit_s} seconds that the network's policy allows.",
            {"limit_s": str(limit_s)},
        )


def _policy(state: State, committed_us: int) -> Policy:
    return state.reference.day_and_policy(committed_us)[1]


def _apply_all(
    state: State,
    envelope: OpenedEnvelope,
    author: Party,
    new: Sequence[OpenedTransaction],
    first_us: int,
    *,
    aborted: bool,
) -> list[Entry]:
    """Apply the new transactions in order; of an atomic envelope all or none."""
    atomic = envelope.header.atomic
    if aborted:
        return _abort(state, envelope, author, new, first_us, None)
    mark, saved = state.mark(), state.head.copy() if atomic else None
    records = _Records(envelope)
    for position, transaction in enumerate(new):
        ctx = _context(state, envelope, author, transaction, first_us)
        window = state.head.window
        decided = _decide(ctx, transaction)
        if saved is not None and isinstance(decided, Rejected):
            state.rollback(mark)
            state.head.restore(saved)
            return _abort(state, envelope, author, new, first_us, (position, decided))
        records.add(ctx, transaction, window, decided)
    return records.entries


def _abort(
    state: State,
    envelope: OpenedEnvelope,
    author: Party,
    new: Sequence[OpenedTransaction],
    first_us: int,
    failed: tuple[int, Rejected] | None,
) -> list[Entry]:
    """Reject every transaction of an atomic envelope: the one that failed for its reason, the others for that one."""
    records = _Records(envelope)
    for position, transaction in enumerate(new):
        if failed is None:
            decided = Rejected(error_pb2.REASON_ENVELOPE_ABORTED)
        elif position == failed[0]:
            decided = failed[1]
        else:
            cause = id_text(new[failed[0]].transaction_id)
            decided = Rejected(error_pb2.REASON_ENVELOPE_ABORTED, transaction_id=cause)
        ctx = _context(state, envelope, author, transaction, first_us)
        records.add(ctx, transaction, state.head.window, decided)
    return records.entries


def _context(
    state: State, envelope: OpenedEnvelope, author: Party, transaction: OpenedTransaction, first_us: int
) -> Context:
    head = state.head
    committed_us = max(first_us, head.committed_us + 1)
    today, policy = state.reference.day_and_policy(committed_us)
    return Context(
        state,
        author,
        len(envelope.signatures),
        transaction.transaction_id,
        head.sequence + 1,
        committed_us,
        today,
        policy,
    )


def _decide(ctx: Context, transaction: OpenedTransaction) -> Effect | Rejected:
    """Apply one transaction. A rejected one leaves the state as it was."""
    state, kind = ctx.state, transaction.kind
    mark, window, reference_sequence = state.mark(), state.head.window, state.head.reference_sequence
    try:
        effect = KINDS[kind].apply(ctx, transaction.body)
    except Rejected as rejected:
        state.rollback(mark)
        state.head.window, state.head.reference_sequence = window, reference_sequence
        return rejected
    if kind in _REVERSIBLE:
        _keep_original(ctx, transaction, effect)
    return effect


def _keep_original(ctx: Context, transaction: OpenedTransaction, effect: Effect) -> None:
    """For a reversal later in the same batch; one in a later batch finds it in the journal."""
    key = (ctx.author.party_id, ctx.transaction_id)
    if not ctx.state.originals.wants(key):
        return
    original = Original(
        author=ctx.author.party_id,
        transaction_id=ctx.transaction_id,
        kind=_FORMS[transaction.kind].number,
        sequence=ctx.sequence,
        committed_us=ctx.committed_us,
        holder_id=effect.holder_id,
        points=transaction.body.points,
        parts=effect.parts,
        reversed_points=0,
    )
    ctx.state.originals.put(key, original)


class _Records:
    """Writes decisions down, one envelope's: the outcomes, the journal's entries, their leaves."""

    def __init__(self, envelope: OpenedEnvelope) -> None:
        self.entries: list[Entry] = []
        self._digest: Final = envelope.digest
        self._head = (0, b"")

    def add(self, ctx: Context, transaction: OpenedTransaction, window: int, decided: Effect | Rejected) -> None:
        if isinstance(decided, Rejected):
            outcome, holder_id, reason = encode(rejected_outcome(ctx, decided)), "", decided.reason
        else:
            outcome, holder_id, reason = encode(accepted_outcome(ctx, decided)), decided.holder_id, _ACCEPTED
        _, _, _, identifier, sequence, committed_us, _, _ = ctx
        author = ctx.author.party_id
        if self._head[0] != window:
            self._head = (window, entry_head(window, author, self._digest))
        raw, message = transaction.raw, transaction.body
        body = entry_body(self._head[1], transaction.position, raw, outcome)
        head = ctx.state.head
        head.sequence, head.committed_us = sequence, committed_us
        ctx.state.committed.put((author, identifier), Committed(sequence, raw, outcome))
        number, names_holder, counterparty = _FORMS[transaction.kind]
        entry = Entry(
            sequence,
            author,
            identifier,
            number,
            message.holder_id if names_holder else holder_id,
            getattr(message, counterparty) if counterparty else "",
            leaf_hash(body),
            body,
            raw,
            outcome,
            committed_us,
            window,
            reason,
        )
        self.entries.append(entry)


def _combine(envelope: OpenedEnvelope, known: Sequence[Committed | None], entries: Sequence[Entry]) -> Processed:
    """Old and new outcomes in the envelope's order."""
    outcomes: list[bytes] = []
    sequences: list[int] = []
    replayed: list[int] = []
    fresh = iter(entries)
    for position, committed in enumerate(known):
        if committed is None:
            entry = next(fresh)
            outcomes.append(entry.outcome)
            sequences.append(entry.sequence)
        else:
            outcomes.append(committed.outcome)
            sequences.append(committed.sequence)
            replayed.append(position)
    leaves = tuple((position, leaf_hash(envelope.transactions[position].raw)) for position in replayed)
    return Processed(tuple(outcomes), tuple(sequences), tuple(replayed), tuple(entries), leaves)
