"""Vectors of the log: Merkle trees, ids, and a small journal with its receipts and checkpoints."""

from __future__ import annotations

from typing import Any

from coalition import ids, merkle, note
from coalition.envelope import open_envelope
from coalition.receipt import make_receipt
from coalition.v1 import error_pb2, outcome_pb2, transaction_pb2
from coalition.v1.journal_pb2 import JournalEntry, Receipt
from coalition.wire import encode
from vectors.cast import KEYS, MEMBER, MINUTE_US, NETWORK, NOW_US, identifier
from vectors.signing import as_json, sealed

_PROVEN_SIZES = (1, 2, 3, 5, 7, 8, 11, 16)


def trees() -> dict[str, Any]:
    """Roots and proofs over leaves that are the decimal numbers from 0."""
    leaves = [merkle.leaf_hash(str(number).encode()) for number in range(max(_PROVEN_SIZES))]
    read = merkle.reader_of(leaves)
    return {
        "description": "RFC 6962 trees over SHA-256. Leaf i is the decimal text of i; an index counts from 0.",
        "leaf_hashes": [leaf.hex() for leaf in leaves],
        "roots": [merkle.root_of(leaves[:size]).hex() for size in range(len(leaves) + 1)],
        "inclusion": [
            {"index": index, "size": size, "path": _hex(merkle.inclusion_path(read, index, size))}
            for size in _PROVEN_SIZES
            for index in range(size)
        ],
        "consistency": [
            {"old_size": old, "new_size": new, "path": _hex(merkle.consistency_path(read, old, new))}
            for new in _PROVEN_SIZES
            for old in (0, *_PROVEN_SIZES)
            if old <= new
        ],
    }


def identifiers() -> dict[str, Any]:
    """Ids of transactions, ids that follow from what they name, and which texts are ids."""
    random = bytes.fromhex("0123456789abcdef0123")
    derived: list[list[str | bytes]] = [
        ["release", NETWORK, "pharmacy", identifier(6)],
        ["expire", NETWORK, "2023-10-31", MEMBER],
        ["ab", "c"],
        ["a", "bc"],
        [""],
        ["Grüner Laden"],
    ]
    return {
        "description": "Transaction ids (UUIDv7) from a time and 10 random bytes; derived ids (UUIDv8) from their "
        "parts, each a text (UTF-8) or bytes (hex); and the texts that are, or are not, ids of each sort.",
        "transaction_ids": [
            {
                "unix_ms": unix_ms,
                "random": random.hex(),
                "id": ids.transaction_id(unix_ms, random).hex(),
                "text": ids.id_text(ids.transaction_id(unix_ms, random)),
            }
            for unix_ms in (0, NOW_US // 1_000, (1 << 48) - 1)
        ],
        "derived_ids": [
            {
                "parts": [{"text": part} if isinstance(part, str) else {"bytes": part.hex()} for part in parts],
                "id": ids.derived_id(*parts).hex(),
            }
            for parts in derived
        ],
        "party_ids": {
            "valid": ["ab", "grocer", "grocer-2", "a" * 32],
            "invalid": ["", "a", "a" * 33, "Grocer", "2grocer", "-grocer", "gro_cer", "grocer ", "grocer\n", "grücer"],
        },
        "holder_ids": {
            "valid": ["a", "7", "-", "member-0001", "A_b-9", "x" * 64],
            "invalid": ["", "x" * 65, "a b", "a.b", "a\n", "ä"],
        },
        "network_ids": {
            "valid": ["a", "vectors", "Vectors-2.test_1", "9lives", "n" * 64],
            "invalid": ["", "n" * 65, "my network", "a+b", "a/b", "-a", ".a", "a\n", "ä"],
        },
    }


def _outcome(transaction: transaction_pb2.Transaction, sequence: int, **decided: Any) -> outcome_pb2.Outcome:
    return outcome_pb2.Outcome(
        transaction_id=transaction.transaction_id,
        sequence=sequence,
        committed_us=NOW_US + MINUTE_US + sequence,
        **decided,
    )


def _outcomes(transactions: list[transaction_pb2.Transaction], first_sequence: int) -> list[outcome_pb2.Outcome]:
    """Something that a ledger might have decided: every third transaction is rejected."""
    outcomes = []
    for sequence, transaction in enumerate(transactions, first_sequence):
        if sequence % 3:
            decided: dict[str, Any] = {
                "status": outcome_pb2.OUTCOME_STATUS_ACCEPTED,
                "allocations": [outcome_pb2.Allocation(issuer="grocer", expires_on="2025-11-30", points=100)],
                "balance": outcome_pb2.Balance(holder_id=MEMBER, available_points=20, pending_points=120),
            }
        else:
            decided = {
                "status": outcome_pb2.OUTCOME_STATUS_REJECTED,
                "reason": error_pb2.REASON_INSUFFICIENT_POINTS,
                "facts": [outcome_pb2.Fact(name="available", value="20")],
            }
        outcomes.append(_outcome(transaction, sequence, **decided))
    return outcomes


def journal() -> dict[str, Any]:
    """A journal of three envelopes: entries, receipts, checkpoints and proofs."""
    hub = KEYS["hub"]
    leaves: list[bytes] = []
    entries: list[dict[str, Any]] = []
    receipts: list[dict[str, Any]] = []
    for names, author in (
        (["issue"], "grocer"),
        (["redeem", "hold", "capture", "release"], "pharmacy"),
        (["close_window", "set_policy"], "operator"),
    ):
        envelope = open_envelope(sealed(names, author, [author]))
        first = len(leaves) + 1
        outcomes = [encode(item) for item in _outcomes([item.message for item in envelope.transactions], first)]
        for index, (transaction, outcome) in enumerate(zip(envelope.transactions, outcomes, strict=True)):
            entry = JournalEntry(
                window=1,
                author=author,
                envelope_digest=envelope.digest,
                envelope_index=index,
                transaction=transaction.raw,
                outcome=outcome,
            )
            leaves.append(merkle.leaf_hash(encode(entry)))
            entries.append({"sequence": first + index, "entry": encode(entry).hex(), "leaf_hash": leaves[-1].hex()})
        receipt = Receipt(
            network_id=NETWORK,
            envelope_digest=envelope.digest,
            first_sequence=first,
            committed_us=NOW_US + MINUTE_US + len(leaves),
            log_size=len(leaves),
            log_root=merkle.root_of(leaves),
        )
        signed = make_receipt(receipt, outcomes, hub)
        receipts.append(
            {
                "transaction_ids": [item.message.transaction_id.hex() for item in envelope.transactions],
                "outcomes": _hex(outcomes),
                "json": as_json(receipt),
                "receipt": encode(signed).hex(),
            }
        )
    origin = note.checkpoint_origin(NETWORK)
    sizes = [0, *(int(receipt["json"]["log_size"]) for receipt in receipts)]
    read = merkle.reader_of(leaves)
    return {
        "description": "A journal, the hub's receipts for its three envelopes, checkpoints before and after each, and "
        "proofs. The outcomes are made up; the ledger's rules play no part here.",
        "network_id": NETWORK,
        "hub_key": hub.public.hex(),
        "origin": origin,
        "verifier_key": note.verifier_key(origin, hub.public),
        "entries": entries,
        "receipts": receipts,
        "checkpoints": [_checkpoint(leaves[:size]) for size in sizes],
        "inclusion": [
            {"sequence": index + 1, "size": len(leaves), "path": _hex(merkle.inclusion_path(read, index, len(leaves)))}
            for index in range(len(leaves))
        ],
        "consistency": [
            {"old_size": old, "new_size": len(leaves), "path": _hex(merkle.consistency_path(read, old, len(leaves)))}
            for old in sizes
        ],
    }


def _checkpoint(leaves: list[bytes]) -> dict[str, Any]:
    origin = note.checkpoint_origin(NETWORK)
    root = merkle.root_of(leaves)
    signed = note.sign_checkpoint(note.Checkpoint(origin, len(leaves), root), KEYS["hub"])
    text = signed.rpartition("\n\n")[0] + "\n"
    witness = note.sign_note(text, "witness.example/1", KEYS["stranger"]).removeprefix(text + "\n")
    return {"size": len(leaves), "root": root.hex(), "note": signed, "note_with_a_witness": signed + witness}


def _hex(items: list[bytes]) -> list[str]:
    return [item.hex() for item in items]
