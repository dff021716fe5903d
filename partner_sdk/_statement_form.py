"""A statement as a signed JSON file.

    {"document": {"format": "coalition-statement-1", "figures": …, "lines": …, "made_at": …,
                  "checkpoint": …, "hashes": […], "signer": …},
     "signature": {"payload_type": …, "public_key": …, "signature": …}}

The signature is Ed25519 over the DSSE pre-authentication encoding of the document's canonical text (RFC 8785), with the
payload type `application/vnd.coalition.statement.v1+json`. `hashes` holds every hash that some audit path needs, once;
a `path` lists their places in it, from 0, from the leaf upwards.
"""

from __future__ import annotations

from typing import Any, Final

from coalition import dsse
from coalition.keys import SigningKey, verify
from coalition.v1.envelope_pb2 import Signature
from partner_sdk._errors import StatementInvalid
from partner_sdk._plain import Plain, PlainError, canonical, parse
from partner_sdk._plain_reading import Reading
from partner_sdk._plain_writing import Writing
from partner_sdk._statement_models import Statement

FORMAT: Final = "coalition-statement-1"
#: The largest file that is read.
STATEMENT_BYTES_MAX: Final = 128 << 20
_DIGITS_MAX: Final = 6


def sign_statement(statement: Statement, key: SigningKey) -> bytes:
    """The file, signed with the key that the statement names."""
    assert key.public == statement.signer.public_key, "the statement says whose key signs it"
    document = _document(statement)
    signature = key.sign(dsse.STATEMENT, canonical(document))
    return canonical(
        {
            "document": document,
            "signature": {
                "payload_type": dsse.STATEMENT,
                "public_key": signature.public_key.hex(),
                "signature": signature.signature.hex(),
            },
        }
    )


def open_file(data: bytes) -> Statement:
    """The statement in a file whose signature is right, by the key that the statement names.

    Whose key that is, and whether figures and proofs are right, is not checked here. Raises StatementInvalid.
    """
    if len(data) > STATEMENT_BYTES_MAX:
        raise StatementInvalid(f"The file has {len(data)} bytes; a statement has at most {STATEMENT_BYTES_MAX}.")
    try:
        file = parse(data, "The file")
        document, signature = _parts(file)
        signed = canonical(document)
    except (PlainError, UnicodeEncodeError) as error:
        raise StatementInvalid(f"The file is no signed statement. {error}") from error
    if not verify(signature, dsse.STATEMENT, signed):
        raise StatementInvalid("The statement's signature does not match it: it was changed after it was signed.")
    try:
        statement = _statement(document)
    except PlainError as error:
        raise StatementInvalid(f"The statement is not of this version's form. {error}") from error
    if statement.signer.public_key != signature.public_key:
        raise StatementInvalid("The statement is signed by another key than it names.")
    return statement


def _document(statement: Statement) -> dict[str, Plain]:
    writing = Writing(statement.figures.period.currency_exponent)
    document = writing.plain(statement)
    assert isinstance(document, dict)
    return {"format": FORMAT, **document, "hashes": writing.hashes()}


def _statement(document: dict[str, Any]) -> Statement:
    if document.pop("format", None) != FORMAT:
        raise PlainError(f"Its format is another than {FORMAT}.")
    try:
        digits = document["figures"]["period"]["currency_exponent"]
        hashes = document.pop("hashes")
    except (TypeError, KeyError) as error:
        raise PlainError("It is incomplete.") from error
    if type(digits) is not int or not 0 <= digits <= _DIGITS_MAX:
        raise PlainError(f"The currency has 0 to {_DIGITS_MAX} digits after the point.")
    try:
        return Reading.of(digits, hashes).value(Statement, document)
    except PlainError as error:
        raise error.inside("document") from error


def _parts(file: Any) -> tuple[dict[str, Any], Signature]:
    form = isinstance(file, dict) and file.keys() == {"document", "signature"} and isinstance(file["document"], dict)
    if not form or not isinstance(file["signature"], dict):
        raise PlainError("It needs a document and a signature.")
    signature = file["signature"]
    if signature.keys() != {"payload_type", "public_key", "signature"} or signature["payload_type"] != dsse.STATEMENT:
        raise PlainError("Its signature is of another kind.")
    try:
        public_key, value = (bytes.fromhex(signature[name]) for name in ("public_key", "signature"))
    except (TypeError, ValueError) as error:
        raise PlainError("Its signature is not hexadecimal.") from error
    return file["document"], Signature(public_key=public_key, signature=value)
