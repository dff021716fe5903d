"""Vectors that others published: this code agrees with the standards that it claims to follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coalition import ids, merkle, note
from coalition.dsse import pre_authentication_encoding
from coalition.keys import SigningKey, verify_raw
from tests.coalition.golden import FOLDER, by_name, octets, published

DSSE = published("dsse")
MERKLE = published("merkle")
NOTES = published("notes")
JWS = published("jws")


@pytest.mark.parametrize("path", sorted((FOLDER / "published").iterdir()), ids=lambda path: path.stem)
def test_source_is_named(path: Path) -> None:
    """Every file says where its vectors come from."""
    assert len(published(path.stem)["source"]) > 20


@pytest.mark.parametrize("vector", published("ed25519")["vectors"], ids=by_name)
def test_ed25519(vector: dict[str, Any]) -> None:
    """RFC 8032: the seed gives the key, the key gives the signature, and the signature is right."""
    seed, public_key, message, signature = octets(
        [vector["seed"], vector["public_key"], vector["message"], vector["signature"]]
    )
    key = SigningKey.from_seed(seed)
    assert key.public == public_key
    assert key.sign_raw(message) == signature
    assert verify_raw(public_key, signature, message)
    assert not verify_raw(public_key, signature, message + b"\x00")


def test_dsse_encoding() -> None:
    """DSSE: the example of the specification."""
    for vector in DSSE["encodings"]:
        encoded = pre_authentication_encoding(vector["payload_type"], bytes.fromhex(vector["payload"]))
        assert encoded.hex() == vector["pre_authentication_encoding"]


@pytest.mark.parametrize("vector", DSSE["signatures"], ids=by_name)
def test_dsse_signatures(vector: dict[str, Any]) -> None:
    """DSSE: a signature holds for the payload as its own type, counted in bytes, and as no other."""
    key, signature, payload = octets([vector["public_key"], vector["signature"], vector["payload"]])
    encoded = pre_authentication_encoding(vector["payload_type"], payload)
    assert (encoded.hex() == vector["signed_bytes"]) is vector["valid"]
    assert verify_raw(key, signature, encoded) is vector["valid"]
    assert verify_raw(key, signature, bytes.fromhex(vector["signed_bytes"]))


def test_reference_tree() -> None:
    """RFC 6962: roots and proofs of Certificate Transparency's reference tree, made and checked."""
    data, roots = octets(MERKLE["leaves"]), octets(MERKLE["roots"])
    leaves = [merkle.leaf_hash(item) for item in data]
    read = merkle.reader_of(leaves)
    assert merkle.EMPTY_ROOT.hex() == MERKLE["empty_root"]
    assert [merkle.root_over(data[: size + 1]) for size in range(8)] == roots
    for proof in MERKLE["inclusion"]:
        index, size, path = proof["index"], proof["size"], octets(proof["path"])
        assert merkle.inclusion_path(read, index, size) == path
        assert merkle.verify_inclusion(leaves[index], index, size, path, roots[size - 1])
    for proof in MERKLE["consistency"]:
        old, new, path = proof["old_size"], proof["new_size"], octets(proof["path"])
        assert merkle.consistency_path(read, old, new) == path
        assert merkle.verify_consistency(old, new, path, roots[old - 1], roots[new - 1])


def test_log_of_a_billion_entries() -> None:
    """RFC 6962: proofs that a large public log gave out hold, and hold for nothing else."""
    log = MERKLE["argon2020"]
    size, root = log["size"], bytes.fromhex(log["root"])
    inclusion, consistency = log["inclusion"], log["consistency"]
    index, leaf, path = inclusion["index"], bytes.fromhex(inclusion["leaf_hash"]), octets(inclusion["path"])
    assert merkle.verify_inclusion(leaf, index, size, path, root)
    assert not merkle.verify_inclusion(leaf, index + 1, size, path, root)
    old, old_root, steps = consistency["old_size"], bytes.fromhex(consistency["old_root"]), octets(consistency["path"])
    assert merkle.verify_consistency(old, size, steps, old_root, root)
    assert not merkle.verify_consistency(old + 1, size, steps, old_root, root)


def test_note_is_signed() -> None:
    """Go's note package: the same text and key give the same note and verifier key."""
    vector = NOTES["signing"]
    key = SigningKey.from_seed(bytes.fromhex(vector["seed"]))
    assert note.sign_note(vector["text"], vector["name"], key) == vector["note"]
    assert note.verifier_key(vector["name"], key.public) == vector["verifier_key"]


@pytest.mark.parametrize("vector", NOTES["verified"], ids=by_name)
def test_note_is_opened(vector: dict[str, Any]) -> None:
    """Signed notes: one known signature is enough, whatever else has signed."""
    name, key = note.parse_verifier_key(vector["verifier_key"])
    assert note.open_note(vector["note"], name, key) == vector["text"]


@pytest.mark.parametrize("vector", NOTES["refused"], ids=by_name)
def test_note_is_refused(vector: dict[str, Any]) -> None:
    """Signed notes: malformed ones, and those that no known key signed, are not opened."""
    name, key = note.parse_verifier_key(vector["verifier_key"])
    with pytest.raises(note.NoteError):
        note.open_note(vector["note"], name, key)


def test_verifier_keys_that_are_altered() -> None:
    """Go's note package: no part of a verifier key, and none with another character, is one."""
    text = NOTES["signing"]["verifier_key"]
    parts = [text[i:j] for i in range(len(text)) for j in range(i, len(text) + 1) if (i, j) != (0, len(text))]
    others = [text[:i] + chr(ord(text[i]) + 1) + text[i + 1 :] for i in range(len(text))]
    for altered in [*parts, *others, *NOTES["refused_keys"]]:
        with pytest.raises(note.NoteError):
            note.parse_verifier_key(altered)


def test_checkpoint_text() -> None:
    """Go's tlog package: a tree's size and hash are written alike."""
    vector = NOTES["checkpoint"]
    root = merkle.root_over([bytes.fromhex(vector["leaf"])])
    assert note.Checkpoint(vector["origin"], vector["size"], root).text() == vector["text"]


def test_uuid() -> None:
    """RFC 9562: the example of a UUIDv7."""
    (vector,) = published("uuid")["vectors"]
    random = int(vector["rand_a"], 16).to_bytes(2, "big") + int(vector["rand_b"], 16).to_bytes(8, "big")
    identifier = ids.transaction_id(vector["unix_ms"], random)
    assert identifier.hex() == vector["id"]
    assert ids.id_text(identifier) == vector["text"]
    assert ids.is_transaction_id(identifier)


def test_jws() -> None:
    """RFC 8037: tokens are signed as the example is."""
    key = SigningKey.from_seed(bytes.fromhex(JWS["seed"]))
    data, _, _ = JWS["token"].rpartition(".")
    assert key.public.hex() == JWS["public_key"]
    assert data + "." + jwt.utils.base64url_encode(key.sign_raw(data.encode())).decode() == JWS["token"]
    public_key = Ed25519PublicKey.from_public_bytes(key.public)
    assert jwt.api_jws.decode(JWS["token"], public_key, algorithms=["EdDSA"]) == JWS["payload"].encode()
