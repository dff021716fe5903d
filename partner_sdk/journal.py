"""Reading the journal without trusting the hub.

`JournalVerifier` is for an operator or auditor, who sees every entry: nothing gets past it that was not signed by its
author, or that is not in the log whose root the hub signed. `OwnJournalVerifier` is for a party that sees its own
envelopes only, and can therefore prove less; its docstring says what.

Both give entries only once a checkpoint covers them, and take in a response wholly or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from coalition.merkle import Frontier, leaf_hash, root_from_inclusion
from coalition.note import Checkpoint, NoteError, checkpoint_origin, open_checkpoint
from coalition.v1.journal_pb2 import JournalEnvelope, StreamEntriesResponse
from partner_sdk._errors import JournalInvalid, ProofInvalid
from partner_sdk._journal_envelope import OpenedJournalEnvelope, VerifiedEntry, open_journal_envelope
from partner_sdk._journal_state import JournalState
from partner_sdk._parties import KnownParty, PartyRegister

__all__ = [
    "Checkpoint",
    "JournalState",
    "JournalVerifier",
    "KnownParty",
    "OwnJournalVerifier",
    "VerifiedEntry",
    "check_inclusion",
    "open_any_checkpoint",
]


class JournalVerifier:
    """Verifies a whole journal, response by response, from its genesis or from a stored state.

    What is checked, for every entry: the envelope's signatures, by keys that were active then for its author, who was
    not suspended; the root over the envelope's transactions, with those committed earlier; the form of the transaction;
    that the outcome is this transaction's; that sequences have no gap, commit times increase and windows change only
    where they were closed; that the author may author such a kind, with as many signatures as it needs and with the
    countersignature of whom it binds. And for every response: that the Merkle tree over all entries has the root of a
    checkpoint signed by the hub.

    What is not checked is what needs the ledger's state, such as whether a holder had the points, or whose key signed a
    consent; `coalition hub verify` does.
    """

    def __init__(self, state: JournalState, hub_keys: Iterable[bytes]) -> None:
        """Go on from `state`; `hub_keys` are the pinned raw public keys of the hub. See `start`."""
        self._state = state
        self._origin = checkpoint_origin(state.network_id)
        self._hub_keys = tuple(hub_keys)
        if not self._hub_keys and not state.hub_keys:
            raise ValueError("Pin at least one key of the hub; without it nothing can be verified.")

    @classmethod
    def start(cls, network_id: str, hub_keys: Iterable[bytes]) -> JournalVerifier:
        """A verifier before the first entry of a network's journal."""
        return cls(JournalState(network_id), hub_keys)

    @property
    def state(self) -> JournalState:
        """How far it has come; store it with what was derived from the entries, in the same database transaction."""
        return self._state

    def read(self, response: StreamEntriesResponse) -> tuple[VerifiedEntry, ...]:
        """The entries of a response, all of them verified and covered by its checkpoint.

        Raises JournalInvalid; nothing has then been taken in, and the verifier still stands where it stood.
        """
        return self.read_envelopes(response.envelopes, response.checkpoint)

    def read_envelopes(self, envelopes: Sequence[JournalEnvelope], checkpoint: str) -> tuple[VerifiedEntry, ...]:
        """As `read`, for envelopes and the checkpoint (a signed note) over the log up to the last of them."""
        if not envelopes:
            return ()
        frontier = Frontier(self._state.size, self._state.frontier)
        register = self._register()
        last = _Last(self._state)
        entries: list[VerifiedEntry] = []
        for envelope in envelopes:
            where = f"the envelope at entry {last.sequence + 1}"
            opened = open_journal_envelope(envelope, self._state.network_id, where)
            self._check_author(register, opened, where)
            for entry in opened.entries:
                last.step_to(entry)
                if entry.accepted and entry.kind != "genesis":
                    register.learn(entry.author, entry.transaction, len(opened.keys), f"entry {entry.sequence}")
            entries += opened.entries
        # In one go: hashed one by one they take twice as long.
        frontier.extend([entry.leaf_hash for entry in entries])
        signed = open_any_checkpoint(checkpoint, self._origin, register.hub_keys)
        if (signed.size, signed.root) != (frontier.size, frontier.root()):
            raise JournalInvalid(
                f"Entries 1 to {frontier.size} do not lead to the root that the hub signed for {signed.size} entries."
            )
        self._state = JournalState(
            network_id=self._state.network_id,
            size=frontier.size,
            frontier=tuple(frontier.hashes),
            committed_us=last.committed_us,
            window=last.window,
            parties=register.parties(),
            hub_keys=register.hub_keys,
        )
        return tuple(entries)

    def check_end(self, checkpoint: str) -> bool:
        """Whether a checkpoint is of exactly the entries read so far; False when it is of a longer log.

        Raises JournalInvalid when the hub now signs a shorter log, or another one of the same length.
        """
        signed = open_any_checkpoint(checkpoint, self._origin, self._register().hub_keys)
        if signed.size < self._state.size:
            raise JournalInvalid(
                f"The hub's log has {signed.size} entries, but {self._state.size} were read and verified: it lost some."
            )
        if signed.size > self._state.size:
            return False
        if signed.root != self._state.root:
            raise JournalInvalid(f"The hub's log of {signed.size} entries is another one than was read and verified.")
        return True

    def _register(self) -> PartyRegister:
        removed = {key for party in self._state.parties for key in party.removed_keys}
        pinned = (key for key in self._hub_keys if key not in removed)
        return PartyRegister(self._state.network_id, (*self._state.hub_keys, *pinned), self._state.parties)

    def _check_author(self, register: PartyRegister, opened: OpenedJournalEnvelope, where: str) -> None:
        first = opened.entries[0]
        if first.sequence == 1 and first.kind == "genesis" and first.accepted:
            register.learn(first.author, first.transaction, len(opened.keys), where)
        register.check_author(opened.author, opened.keys, where)


class OwnJournalVerifier:
    """Verifies the envelopes of one party, as the hub shows them to that party: with gaps between them.

    Checked: the envelopes' signatures by the party's own `public_keys`, the roots over their transactions, that
    sequences and commit times increase, and the hub's signature on every checkpoint. Not checked, because what lies
    between is not shown: that the entries are in the log that the checkpoint signs. `Client.prove` fetches the proof
    for an entry, and `check_inclusion` checks it.
    """

    def __init__(
        self,
        network_id: str,
        party_id: str,
        public_keys: Iterable[bytes],
        hub_keys: Iterable[bytes],
        *,
        sequence: int = 0,
        committed_us: int = 0,
    ) -> None:
        """`sequence` and `committed_us` are those of the last entry read before, to go on from there."""
        self._network_id = network_id
        self._party_id = party_id
        self._keys = frozenset(public_keys)
        self._hub_keys = tuple(hub_keys)
        #: Sequence of the last entry read; 0 before the first.
        self.sequence = sequence
        #: Commit time of the last entry read, microseconds since the Unix epoch.
        self.committed_us = committed_us

    def read(self, response: StreamEntriesResponse) -> tuple[VerifiedEntry, ...]:
        """The entries of a response. Raises JournalInvalid; nothing has then been taken in."""
        if not response.envelopes:
            return ()
        sequence, committed_us = self.sequence, self.committed_us
        entries: list[VerifiedEntry] = []
        for envelope in response.envelopes:
            where = f"the envelope after entry {sequence}"
            opened = open_journal_envelope(envelope, self._network_id, where)
            if opened.author != self._party_id or not self._keys.issuperset(opened.keys):
                raise JournalInvalid(f"{where} is not signed by a known key of {self._party_id}.")
            for place, entry in enumerate(opened.entries):
                gap = entry.sequence > sequence + 1 if place else entry.sequence <= sequence
                if gap or entry.committed_us <= committed_us:
                    raise JournalInvalid(f"{where}: its sequences or commit times do not follow those before.")
                sequence, committed_us = entry.sequence, entry.committed_us
            entries += opened.entries
        signed = open_any_checkpoint(response.checkpoint, checkpoint_origin(self._network_id), self._hub_keys)
        if signed.size < sequence:
            raise JournalInvalid(f"The hub signed a log of {signed.size} entries, but showed entry {sequence}.")
        self.sequence, self.committed_us = sequence, committed_us
        return tuple(entries)


def open_any_checkpoint(note: str, origin: str, hub_keys: Iterable[bytes]) -> Checkpoint:
    """The checkpoint in a signed note, signed by any one of these keys. Raises JournalInvalid."""
    problem = "no key of the hub is pinned"
    for key in hub_keys:
        try:
            return open_checkpoint(note, origin, key)
        except NoteError as error:
            problem = str(error)
    raise JournalInvalid(f"The checkpoint cannot be trusted: {problem}.")


def check_inclusion(entry: bytes, sequence: int, path: Sequence[bytes], checkpoint: Checkpoint) -> None:
    """Check that the bytes of a JournalEntry stand at `sequence` of the log that a checkpoint signs.

    `path` is the RFC 6962 audit path for the checkpoint's size, from the leaf upwards. Raises ProofInvalid.
    """
    root = root_from_inclusion(leaf_hash(entry), sequence - 1, checkpoint.size, path)
    if root != checkpoint.root:
        raise ProofInvalid(f"The proof does not lead from entry {sequence} to the root that the hub signed.")


class _Last:
    """The last entry so far, as far as the next one must follow it."""

    __slots__ = ("committed_us", "sequence", "window")

    def __init__(self, state: JournalState) -> None:
        self.sequence = state.size
        self.committed_us = state.committed_us
        #: The one that is open after it.
        self.window = state.window

    def step_to(self, entry: VerifiedEntry) -> None:
        """Raises JournalInvalid unless `entry` follows."""
        where = f"entry {self.sequence + 1}"
        if entry.sequence != self.sequence + 1:
            raise JournalInvalid(f"{where} is missing: the journal goes on with entry {entry.sequence}.")
        if (entry.kind == "genesis") != (entry.sequence == 1):
            raise JournalInvalid(f"{where}: a journal begins with its genesis, and has only one.")
        if entry.committed_us <= self.committed_us:
            raise JournalInvalid(f"{where}: its commit time does not lie after that of the entry before.")
        if entry.window != self.window:
            raise JournalInvalid(f"{where} belongs to window {entry.window}, but window {self.window} is open.")
        if entry.accepted and entry.kind == "close_window":
            if entry.transaction.close_window.window != self.window:
                raise JournalInvalid(f"{where} closes a window that is not the open one.")
            self.window += 1
        self.sequence, self.committed_us = entry.sequence, entry.committed_us
