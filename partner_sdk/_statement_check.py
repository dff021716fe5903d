"""Whether a statement may be believed, told from the hub's pinned keys alone, years later and without a network.

The chain: the hub signs a checkpoint; the auditor's registration is in that log, and what gave it its key; that key
signs the statement; the statement adds up; and every line's entry is in the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from coalition import dsse
from coalition.documents import open_document
from coalition.errors import Refused
from coalition.merkle import leaf_hash, root_from_inclusion
from coalition.note import Checkpoint, checkpoint_origin
from coalition.v1 import network_pb2
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.network_pb2 import PartyApplication
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_ACCEPTED, Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import decode
from partner_sdk._errors import JournalInvalid, StatementInvalid
from partner_sdk._statement_form import open_file
from partner_sdk._statement_models import SignerEntry, Statement, StatementSigner
from partner_sdk._statement_sums import check_sums
from partner_sdk.journal import open_any_checkpoint

_MAY_SIGN: Final = (network_pb2.PARTY_KIND_AUDITOR, network_pb2.PARTY_KIND_OPERATOR)
#: A registration, and a change of keys.
_ENTRIES_MAX: Final = 2


def verify_statement(data: bytes, hub_keys: Iterable[bytes], *, network_id: str | None = None) -> Statement:
    """The statement in a signed JSON file, once everything in it is proven.

    `hub_keys` are raw Ed25519 public keys, pinned like those of a profile. `network_id` is the network whose statement
    is expected, if you know it. Raises StatementInvalid.

    What is proven of a line is that its entry is in the log, at this place. What is in the entry you see yourself where
    you wrote it (`Client.prove`); where another party did, the operator or an auditor can show it to you. A key that
    was taken from the auditor since still counts: ask for a new statement if you hear of such.
    """
    statement = open_file(data)
    figures = statement.figures
    if network_id not in (None, figures.period.network_id):
        raise StatementInvalid(f"The statement is of the network {figures.period.network_id}, not of {network_id}.")
    checkpoint = _checkpoint(statement, tuple(hub_keys))
    if (checkpoint.size, checkpoint.root) != (figures.log_size, figures.log_root):
        raise StatementInvalid("The figures are of another log than the checkpoint signs.")
    if not 0 < figures.period.last_sequence <= checkpoint.size:
        raise StatementInvalid("The checkpoint does not cover the window.")
    _check_signer(statement.signer, figures.period.network_id, checkpoint)
    check_sums(statement)
    for line in statement.lines or ():
        if root_from_inclusion(line.leaf_hash, line.sequence - 1, checkpoint.size, line.path) != checkpoint.root:
            raise StatementInvalid(f"Entry {line.sequence} of a line is not in the log that the hub signed.")
    return statement


def _checkpoint(statement: Statement, hub_keys: tuple[bytes, ...]) -> Checkpoint:
    try:
        return open_any_checkpoint(
            statement.checkpoint, checkpoint_origin(statement.figures.period.network_id), hub_keys
        )
    except JournalInvalid as error:
        raise StatementInvalid(f"{error} Is it the statement of another network, or has the hub a new key?") from error


def _check_signer(signer: StatementSigner, network_id: str, checkpoint: Checkpoint) -> None:
    """Raises StatementInvalid unless the log says that the signer looks after the network and has this key."""
    transactions = [_accepted(entry, checkpoint) for entry in signer.entries]
    if not transactions or len(transactions) > _ENTRIES_MAX:
        raise StatementInvalid("The statement does not show who signed it.")
    keys = _registered(signer, network_id, transactions[0])
    for transaction in transactions[1:]:
        if transaction.set_party_keys.party_id == signer.party_id:
            keys.update(transaction.set_party_keys.add_keys)
    if signer.public_key not in keys:
        raise StatementInvalid(f"The journal does not say that {signer.party_id} has the key that signed.")


def _registered(signer: StatementSigner, network_id: str, transaction: Transaction) -> set[bytes]:
    """The keys with which a party that looks after the network was registered."""
    founding = transaction.HasField("genesis")
    signed = transaction.genesis.operator if founding else transaction.register_party.application
    try:
        found = open_document(PartyApplication, dsse.PARTY_APPLICATION, signed, "the registration")
    except Refused as refused:
        raise StatementInvalid(f"The statement does not show who signed it: {refused.message}") from refused
    right = found.network_id == network_id and found.party_id == signer.party_id
    if not right or found.kind not in _MAY_SIGN:
        raise StatementInvalid(f"The journal does not say that {signer.party_id} is an auditor of {network_id}.")
    return set(found.public_keys)


def _accepted(proven: SignerEntry, checkpoint: Checkpoint) -> Transaction:
    """What an entry of the log did."""
    leaf = leaf_hash(proven.entry)
    if root_from_inclusion(leaf, proven.sequence - 1, checkpoint.size, proven.path) != checkpoint.root:
        raise StatementInvalid(f"Entry {proven.sequence}, of who signed, is not in the log that the hub signed.")
    try:
        entry = decode(JournalEntry, proven.entry, "entry")
        outcome = decode(Outcome, entry.outcome, "outcome")
        transaction = decode(Transaction, entry.transaction, "transaction")
    except Refused as refused:
        raise StatementInvalid(f"Entry {proven.sequence}: {refused.message}") from refused
    if outcome.status != OUTCOME_STATUS_ACCEPTED or outcome.sequence != proven.sequence:
        raise StatementInvalid(f"Entry {proven.sequence}, of who signed, was rejected or stands elsewhere.")
    return transaction
