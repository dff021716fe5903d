"""What merchants install: tills and shops, wallets, and everybody who follows the journal.

    from partner_sdk import Client

    with Client.from_profile("grocer") as client:
        result = client.issue("anna", 12, reference="receipt 4711")
        print(result.balance.available)

`docs/merchants.md` begins at the beginning. Further modules: `partner_sdk.wallet` for holders, `partner_sdk.outbox` for
tills that are offline, `partner_sdk.drafts` for bulk, `partner_sdk.journal` for readers of the journal,
`partner_sdk.operator` for the network's operator, `partner_sdk.settlement` for finance teams, `partner_sdk.testing` for
tests against a real network.
"""

from __future__ import annotations

from partner_sdk import errors
from partner_sdk._async_client import AsyncBatch, AsyncClient
from partner_sdk._client import Batch, Client
from partner_sdk._connection import Connection
from partner_sdk._directory import Campaign, Holder, Network, Party, Policy, Terms
from partner_sdk._draft import Draft
from partner_sdk._holder_documents import CodeRequest, Consent, ConsentPurpose, HolderOrder, OrderAction, PledgeOffer
from partner_sdk._identifiers import new_transaction_id
from partner_sdk._journal_reads import InclusionProof, JournalPart
from partner_sdk._ledger_reads import OneTimeCode
from partner_sdk._outcomes import (
    Allocation,
    Balance,
    DonateResult,
    EnrolResult,
    HoldResult,
    IssueResult,
    Original,
    Outcome,
    PledgeResult,
    PointsResult,
    RedeemResult,
    ReverseResult,
    TransferResult,
)
from partner_sdk._pending import Pending
from partner_sdk._profile import Profile
from partner_sdk._records import Holdings, Lot, Record
from partner_sdk._vocabulary import Funding, HolderKind, HolderStatus, Kind, PartyKind, PartyStatus
from partner_sdk.errors import (
    CoalitionError,
    ConfigurationError,
    InDoubt,
    JournalInvalid,
    OutboxError,
    ProofInvalid,
    ReceiptInvalid,
    Refusal,
    Rejection,
    ScanError,
    Timeout,
    TooManyWaiting,
    TransportError,
    Unreachable,
    VerificationError,
)
from partner_sdk.journal import JournalState, VerifiedEntry

__all__ = [
    "Allocation",
    "AsyncBatch",
    "AsyncClient",
    "Balance",
    "Batch",
    "Campaign",
    "Client",
    "CoalitionError",
    "CodeRequest",
    "ConfigurationError",
    "Connection",
    "Consent",
    "ConsentPurpose",
    "DonateResult",
    "Draft",
    "EnrolResult",
    "Funding",
    "HoldResult",
    "Holder",
    "HolderKind",
    "HolderOrder",
    "HolderStatus",
    "Holdings",
    "InDoubt",
    "InclusionProof",
    "IssueResult",
    "JournalInvalid",
    "JournalPart",
    "JournalState",
    "Kind",
    "Lot",
    "Network",
    "OneTimeCode",
    "OrderAction",
    "Original",
    "OutboxError",
    "Outcome",
    "Party",
    "PartyKind",
    "PartyStatus",
    "Pending",
    "PledgeOffer",
    "PledgeResult",
    "PointsResult",
    "Policy",
    "Profile",
    "ProofInvalid",
    "ReceiptInvalid",
    "Record",
    "RedeemResult",
    "Refusal",
    "Rejection",
    "ReverseResult",
    "ScanError",
    "Terms",
    "Timeout",
    "TooManyWaiting",
    "TransferResult",
    "TransportError",
    "Unreachable",
    "VerificationError",
    "VerifiedEntry",
    "errors",
    "new_transaction_id",
]
