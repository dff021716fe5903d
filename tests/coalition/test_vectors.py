"""Our own golden vectors: the code still gives them, and a reader that knows only the files agrees with them."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from coalition import dsse, ids, merkle, note, tokens
from coalition.documents import open_document
from coalition.dsse import pre_authentication_encoding
from coalition.envelope import open_envelope
from coalition.errors import Refused, reason_name
from coalition.form import FORMS, check_form
from coalition.keys import fingerprint, verify_raw
from coalition.receipt import open_receipt
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedDocument, SignedEnvelope
from coalition.v1.journal_pb2 import JournalEntry, Receipt
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import decode, encode
from tests.coalition.golden import FOLDER, by_name, message_type, octets, ours, seed_key
from vectors.generate import render

JOURNAL = ours("journal")
TOKENS = ours("tokens")
IDS = ours("ids")


def test_files_are_what_the_code_gives() -> None:
    """Every file of ours is, byte for byte, what the generator writes, and there is no other."""
    found = {path.name: path.read_text(encoding="utf-8") for path in (FOLDER / "coalition").iterdir()}
    assert found == render()


def test_readme_describes_every_file() -> None:
    """Whoever implements the protocol elsewhere finds each file explained."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    paths = [path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json")]
    assert [path for path in paths if f"`{path}`" not in readme] == []


@pytest.mark.parametrize("vector", ours("keys")["vectors"], ids=by_name)
def test_keys(vector: dict[str, Any]) -> None:
    """A seed gives its public key and fingerprint."""
    key = seed_key(vector["name"])
    assert (key.public.hex(), fingerprint(key.public)) == (vector["public_key"], vector["fingerprint"])


def test_payload_types() -> None:
    """Every payload type is encoded and signed as the file says, and no two are alike."""
    vectors = ours("payload_types")["vectors"]
    for vector in vectors:
        data = pre_authentication_encoding(vector["payload_type"], bytes.fromhex(vector["payload"]))
        assert data.hex() == vector["pre_authentication_encoding"]
        assert verify_raw(seed_key("grocer").public, bytes.fromhex(vector["signature"]), data)
    assert len({vector["payload_type"] for vector in vectors}) == len(vectors) == 17


@pytest.mark.parametrize("vector", ours("documents")["vectors"], ids=by_name)
def test_documents(vector: dict[str, Any]) -> None:
    """A document's JSON gives its bytes; signed, it opens as its own type and as no other."""
    kind = message_type(vector["message"])
    message = ParseDict(vector["json"], kind())
    signed = decode(SignedDocument, bytes.fromhex(vector["signed_document"]), "signed")
    assert encode(message).hex() == signed.document.hex() == vector["document"]
    assert signed.signature.public_key == seed_key(vector["signer"]).public
    assert open_document(kind, vector["payload_type"], signed, "document") == message
    with pytest.raises(Refused, match="signature"):
        open_document(kind, dsse.RECEIPT, signed, "document")


@pytest.mark.parametrize("vector", ours("transactions")["vectors"], ids=by_name)
def test_transactions(vector: dict[str, Any]) -> None:
    """A transaction's JSON gives its bytes, and its form is right."""
    raw = bytes.fromhex(vector["transaction"])
    transaction = decode(Transaction, raw, "transaction")
    assert ParseDict(vector["json"], Transaction()) == transaction
    assert transaction.WhichOneof("kind") == vector["kind"]
    assert merkle.leaf_hash(raw).hex() == vector["leaf_hash"]
    check_form(transaction, "transaction")


def test_every_kind_has_a_transaction() -> None:
    """No kind is left out."""
    assert {vector["kind"] for vector in ours("transactions")["vectors"]} == set(FORMS)


@pytest.mark.parametrize("vector", ours("envelopes")["vectors"], ids=by_name)
def test_envelopes(vector: dict[str, Any]) -> None:
    """An envelope opens and holds the transactions that it names."""
    opened = open_envelope(bytes.fromhex(vector["envelope"]))
    raws = {other["name"]: other["transaction"] for other in ours("transactions")["vectors"]}
    assert [item.raw.hex() for item in opened.transactions] == [raws[name] for name in vector["transactions"]]
    assert opened.header == ParseDict(vector["header_json"], EnvelopeHeader())
    assert opened.header_bytes.hex() == vector["header"]
    assert opened.digest.hex() == vector["digest"]
    assert (
        pre_authentication_encoding(dsse.ENVELOPE_HEADER, opened.header_bytes).hex()
        == vector["pre_authentication_encoding"]
    )
    assert [signature.public_key for signature in opened.signatures] == [
        seed_key(signer).public for signer in vector["signers"]
    ]
    assert [signature.signature.hex() for signature in opened.signatures] == vector["signatures"]


@pytest.mark.parametrize("vector", ours("refused_envelopes")["vectors"], ids=by_name)
def test_refused_envelopes(vector: dict[str, Any]) -> None:
    """An envelope that is not what it seems is refused with its own reason, which names the fields."""
    with pytest.raises(Refused) as caught:
        open_envelope(bytes.fromhex(vector["envelope"]))
    fields = [violation.field for violation in caught.value.violations] or [caught.value.facts.get("field")]
    assert reason_name(caught.value.reason) == vector["reason"]
    assert [field for field in fields if field] == vector["fields"]


@pytest.mark.parametrize("vector", ours("decoding")["vectors"], ids=by_name)
def test_decoding(vector: dict[str, Any]) -> None:
    """Only the canonical encoding is accepted."""
    reason = None
    try:
        decode(message_type(vector["message"]), bytes.fromhex(vector["bytes"]), "message")
    except Refused as refused:
        reason = reason_name(refused.reason)
    assert reason == vector["refused"]


def test_trees() -> None:
    """Roots and proofs hold for the leaves that the file describes."""
    file = ours("merkle")
    leaves = [merkle.leaf_hash(str(number).encode()) for number in range(16)]
    roots = octets(file["roots"])
    assert [leaf.hex() for leaf in leaves] == file["leaf_hashes"]
    assert [merkle.root_of(leaves[:size]) for size in range(17)] == roots
    for proof in file["inclusion"]:
        index, size = proof["index"], proof["size"]
        assert merkle.verify_inclusion(leaves[index], index, size, octets(proof["path"]), roots[size])
    for proof in file["consistency"]:
        old, new = proof["old_size"], proof["new_size"]
        assert merkle.verify_consistency(old, new, octets(proof["path"]), roots[old], roots[new])


def test_transaction_ids() -> None:
    """A time and ten bytes give the id."""
    for vector in IDS["transaction_ids"]:
        identifier = ids.transaction_id(vector["unix_ms"], bytes.fromhex(vector["random"]))
        assert identifier.hex() == vector["id"]
        assert ids.id_text(identifier) == vector["text"]
        assert ids.id_from_text(vector["text"]) == identifier


def test_derived_ids() -> None:
    """The parts give the id, and where one part ends makes a difference."""
    derived = [
        ids.derived_id(*(part["text"] if "text" in part else bytes.fromhex(part["bytes"]) for part in vector["parts"]))
        for vector in IDS["derived_ids"]
    ]
    assert [identifier.hex() for identifier in derived] == [vector["id"] for vector in IDS["derived_ids"]]
    assert len(set(derived)) == len(derived)
    assert all(ids.is_transaction_id(identifier) for identifier in derived)


@pytest.mark.parametrize(
    ("sort", "is_id"),
    [("party_ids", ids.is_party_id), ("holder_ids", ids.is_holder_id), ("network_ids", ids.is_network_id)],
)
def test_which_texts_are_ids(sort: str, is_id: Any) -> None:
    """The texts that the file calls ids are, the others are not."""
    assert [text for text in IDS[sort]["valid"] if not is_id(text)] == []
    assert [text for text in IDS[sort]["invalid"] if is_id(text)] == []


def test_journal_entries() -> None:
    """An entry is canonical, its hash is its leaf, and it says what the receipt's outcomes say."""
    leaves, outcomes = [], []
    for vector in JOURNAL["entries"]:
        raw = bytes.fromhex(vector["entry"])
        leaves.append(merkle.leaf_hash(raw).hex())
        outcomes.append(decode(JournalEntry, raw, "entry").outcome.hex())
    assert leaves == [vector["leaf_hash"] for vector in JOURNAL["entries"]]
    assert outcomes == [outcome for receipt in JOURNAL["receipts"] for outcome in receipt["outcomes"]]


@pytest.mark.parametrize("number", range(3))
def test_receipts(number: int) -> None:
    """A receipt opens for its own envelope, and its root is that of the journal up to there."""
    vector = JOURNAL["receipts"][number]
    expected = ParseDict(vector["json"], Receipt())
    receipt, outcomes = open_receipt(
        decode(SignedDocument, bytes.fromhex(vector["receipt"]), "receipt"),
        octets(vector["outcomes"]),
        network_id=JOURNAL["network_id"],
        hub_keys=[bytes.fromhex(JOURNAL["hub_key"])],
        digest=expected.envelope_digest,
        transaction_ids=octets(vector["transaction_ids"]),
    )
    assert receipt == expected
    assert outcomes[0].sequence == receipt.first_sequence
    leaves = [bytes.fromhex(entry["leaf_hash"]) for entry in JOURNAL["entries"]]
    assert merkle.root_of(leaves[: receipt.log_size]) == receipt.log_root


@pytest.mark.parametrize("vector", JOURNAL["checkpoints"], ids=lambda vector: str(vector["size"]))
def test_checkpoints(vector: dict[str, Any]) -> None:
    """A checkpoint opens with the log's key, whether or not a witness has signed it too."""
    name, key = note.parse_verifier_key(JOURNAL["verifier_key"])
    assert (name, key.hex()) == (JOURNAL["origin"], JOURNAL["hub_key"])
    expected = note.Checkpoint(JOURNAL["origin"], vector["size"], bytes.fromhex(vector["root"]))
    assert note.open_checkpoint(vector["note"], name, key) == expected
    assert note.open_checkpoint(vector["note_with_a_witness"], name, key) == expected


def test_journal_proofs() -> None:
    """Every entry is proven to be in the log, and every earlier checkpoint to be its beginning."""
    roots = {vector["size"]: bytes.fromhex(vector["root"]) for vector in JOURNAL["checkpoints"]}
    leaves = [bytes.fromhex(entry["leaf_hash"]) for entry in JOURNAL["entries"]]
    for proof in JOURNAL["inclusion"]:
        index, size = proof["sequence"] - 1, proof["size"]
        assert merkle.verify_inclusion(leaves[index], index, size, octets(proof["path"]), roots[size])
    for proof in JOURNAL["consistency"]:
        old, new = proof["old_size"], proof["new_size"]
        assert merkle.verify_consistency(old, new, octets(proof["path"]), roots[old], roots[new])


@pytest.mark.parametrize("vector", TOKENS["vectors"], ids=by_name)
def test_tokens(vector: dict[str, Any]) -> None:
    """A token proves the grocer, or is refused."""
    grocer = seed_key("grocer").public
    reason = proven = None
    try:
        proven = tokens.check_token(
            tokens.authorization(vector["token"]),
            lambda party_id: [grocer] if party_id == "grocer" else [],
            network_id="vectors",
            service=tokens.HUB,
            now_s=TOKENS["now_s"],
        )
    except Refused as refused:
        reason = reason_name(refused.reason)
    assert (proven, reason) == (("grocer", None) if vector["accepted"] else (None, "UNAUTHENTICATED"))


def test_envelope_is_only_its_parts() -> None:
    """Header, transactions and signatures, taken from the files, make the envelope."""
    raws = {vector["name"]: bytes.fromhex(vector["transaction"]) for vector in ours("transactions")["vectors"]}
    for vector in ours("envelopes")["vectors"]:
        envelope = SignedEnvelope(header=bytes.fromhex(vector["header"]))
        envelope.transactions.extend(raws[name] for name in vector["transactions"])
        for signer, signature in zip(vector["signers"], vector["signatures"], strict=True):
            envelope.signatures.add(public_key=seed_key(signer).public, signature=bytes.fromhex(signature))
        assert encode(envelope).hex() == vector["envelope"]
