"""Whether an envelope's author may say what it says. What fails here refuses the whole envelope and leaves no trace."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.envelope import OpenedEnvelope, OpenedTransaction
from coalition.errors import Refused
from coalition.keys import fingerprint
from coalition.v1 import error_pb2, network_pb2
from coalition.v1.network_pb2 import PartyApplication
from network.ledger.kinds import KINDS
from network.ledger.records import Party
from network.ledger.state import State


def authorise(state: State, envelope: OpenedEnvelope, new: Sequence[OpenedTransaction]) -> Party:
    """The author, registered, active, its keys in force, and allowed to author every new transaction.

    Raises Refused: WRONG_NETWORK, AUTHOR_UNKNOWN, KEY_REVOKED, KEY_UNKNOWN, PARTY_SUSPENDED, KIND_NOT_ALLOWED,
    SIGNATURES_TOO_FEW.
    """
    network = state.reference.network.get("")
    if network is None:
        return _founder(envelope, new)
    header = envelope.header
    if header.network_id != network.network_id:
        raise Refused(
            error_pb2.REASON_WRONG_NETWORK,
            f"The envelope is for network {header.network_id!r}; this is {network.network_id!r}.",
            {"network_id": network.network_id},
        )
    author = state.reference.parties.get(header.author)
    if author is None:
        raise Refused(
            error_pb2.REASON_AUTHOR_UNKNOWN, f"No party {header.author!r} is registered. Ask the operator to admit it."
        )
    _check_keys(author, envelope)
    if author.status != network_pb2.PARTY_STATUS_ACTIVE:
        raise Refused(
            error_pb2.REASON_PARTY_SUSPENDED, f"{author.party_id} is suspended and may not write. Ask the operator."
        )
    for transaction in new:
        _check_kind(author, transaction.kind, len(envelope.signatures))
    return author


def _check_keys(author: Party, envelope: OpenedEnvelope) -> None:
    for signature in envelope.signatures:
        key = signature.public_key
        if key in author.keys:
            continue
        if key in author.revoked_keys:
            raise Refused(
                error_pb2.REASON_KEY_REVOKED,
                f"The key {fingerprint(key)} of {author.party_id} was removed. Sign with a key that is in force.",
                {"key": fingerprint(key)},
            )
        raise Refused(
            error_pb2.REASON_KEY_UNKNOWN,
            f"The key {fingerprint(key)} is not a key of {author.party_id}.",
            {"key": fingerprint(key)},
        )


def _check_kind(author: Party, kind: str, signatures: int) -> None:
    rules = KINDS[kind]
    if author.kind not in rules.authors:
        role = network_pb2.PartyKind.Name(network_pb2.PartyKind.ValueType(author.kind)).removeprefix("PARTY_KIND_")
        raise Refused(
            error_pb2.REASON_KIND_NOT_ALLOWED,
            f"{author.party_id} is of kind {role} and may not author {kind}.",
            {"kind": kind},
        )
    if signatures < rules.signatures:
        raise Refused(
            error_pb2.REASON_SIGNATURES_TOO_FEW,
            f"{kind} needs the signatures of {rules.signatures} different keys of {author.party_id}.",
            {"kind": kind, "needed": str(rules.signatures)},
        )


def _founder(envelope: OpenedEnvelope, new: Sequence[OpenedTransaction]) -> Party:
    """Before the first entry only a Genesis counts, alone, and signed by the operator that it names."""
    if len(new) != 1 or new[0].kind != "genesis":
        raise Refused(error_pb2.REASON_WRONG_NETWORK, "This journal is empty; it begins with a Genesis transaction.")
    genesis = new[0].body
    operator = PartyApplication.FromString(genesis.operator.document)
    header = envelope.header
    if header.network_id != genesis.network_id or header.author != operator.party_id:
        raise Refused(error_pb2.REASON_WRONG_NETWORK, "The Genesis is of another network or author than its envelope.")
    founder = Party(
        party_id=operator.party_id,
        kind=operator.kind,
        display_name=operator.display_name,
        status=network_pb2.PARTY_STATUS_ACTIVE,
        keys=tuple(operator.public_keys),
        revoked_keys=(),
    )
    _check_keys(founder, envelope)
    return founder
