"""DSSE pre-authentication encoding (https://github.com/secure-systems-lab/dsse, protocol v1.0.2).

A signature is never made over bare bytes but over the bytes together with what they claim to be, so a signed consent
can never pass for a signed receipt.
"""

from __future__ import annotations

from typing import Final

_PREFIX: Final = "application/vnd.coalition."

ENVELOPE_HEADER: Final = _PREFIX + "envelope-header.v1+protobuf"
CONSENT: Final = _PREFIX + "consent.v1+protobuf"
PLEDGE: Final = _PREFIX + "pledge.v1+protobuf"
HOLDER_ORDER: Final = _PREFIX + "holder-order.v1+protobuf"
CODE_REQUEST: Final = _PREFIX + "code-request.v1+protobuf"
PARTY_APPLICATION: Final = _PREFIX + "party-application.v1+protobuf"
PARTY_KEY_CHANGE: Final = _PREFIX + "party-key-change.v1+protobuf"
TERMS: Final = _PREFIX + "terms.v1+protobuf"
CAMPAIGN: Final = _PREFIX + "campaign.v1+protobuf"
RECEIPT: Final = _PREFIX + "receipt.v1+protobuf"
RUN_DECISION: Final = _PREFIX + "run-decision.v1+protobuf"
DISPUTE_STEP: Final = _PREFIX + "dispute-step.v1+protobuf"
ALERT_NOTE: Final = _PREFIX + "alert-note.v1+protobuf"
BANK_ACCOUNT: Final = _PREFIX + "bank-account.v1+protobuf"
STATEMENT_IMPORT: Final = _PREFIX + "statement-import.v1+protobuf"
ENTRY_ASSIGNMENT: Final = _PREFIX + "entry-assignment.v1+protobuf"
STATEMENT: Final = _PREFIX + "statement.v1+json"


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, lengths in decimal bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
