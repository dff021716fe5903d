"""Journals made up for tests of the clearing: decoded entries, as they are once they have been verified."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from coalition import dsse
from coalition.documents import sign_document
from coalition.ids import transaction_id
from coalition.keys import SigningKey
from coalition.v1 import network_pb2, transaction_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.network_pb2 import CampaignOffer, PartyApplication, PartyKind, Policy, Terms
from coalition.v1.outcome_pb2 import (
    OUTCOME_STATUS_ACCEPTED,
    OUTCOME_STATUS_REJECTED,
    Allocation,
    Original,
    Outcome,
)
from coalition.v1.transaction_pb2 import Transaction, TransactionKind
from coalition.wire import encode
from settlement.clearing.entry import Entry, StoredEntry

NETWORK = "test-network"
OPERATOR = "operator"
OPERATOR_KEYS = (b"o" * 32, b"p" * 32)
_SECOND_US = 1_000_000


def key_of(party_id: str) -> SigningKey:
    """A party's key, the same in every run."""
    return SigningKey.from_seed(party_id.encode().ljust(32, b"."))


def signed(message: Any) -> SignedDocument:
    """A document as it stands in a journal; its signature is not looked at again."""
    return SignedDocument(document=message.SerializeToString())


def made_up(window: int, author: str, transaction: Transaction, outcome: Outcome) -> StoredEntry:
    """An entry with the bytes that it would have in a journal."""
    raw = JournalEntry(
        window=window, author=author, transaction=encode(transaction), outcome=encode(outcome)
    ).SerializeToString()
    return StoredEntry(window, author, transaction, outcome, raw)


class Journal:
    """Appends entries, one a second, from noon of a day on."""

    def __init__(
        self,
        *,
        exponent: int = 2,
        cause_micros: int = 7_000,
        floor_micros: int = 0,
        ceiling_micros: int = 0,
        day: str = "2017-01-02",
        operator_keys: tuple[bytes, ...] = OPERATOR_KEYS,
    ) -> None:
        self.entries: list[Entry] = []
        self.window = 1
        self.now_us = 0
        self.at(day)
        self.append(
            OPERATOR,
            genesis=transaction_pb2.Genesis(
                network_id=NETWORK,
                time_zone="America/New_York",
                currency="USD",
                currency_exponent=exponent,
                operator=self.application(OPERATOR, network_pb2.PARTY_KIND_OPERATOR, operator_keys),
                hub=self.application("hub", network_pb2.PARTY_KIND_HUB, (key_of("hub").public,)),
                policy=Policy(
                    cause_reimbursement_micros=cause_micros,
                    price_floor_micros=floor_micros,
                    reimbursement_ceiling_micros=ceiling_micros,
                ),
            ),
        )

    def at(self, day: str) -> None:
        """Go on at noon (New York) of a day."""
        moment = datetime.fromisoformat(f"{day}T17:00:00").replace(tzinfo=UTC)
        self.now_us = int(moment.timestamp()) * _SECOND_US

    def append(
        self,
        author: str,
        *,
        allocations: Mapping[str, int] | None = None,
        arrears: int = 0,
        original: Entry | None = None,
        rejected: bool = False,
        reason: int = 0,
        **kind: Any,
    ) -> Entry:
        """One more entry: its author, its kind, and what the ledger decided."""
        self.now_us += _SECOND_US
        outcome = Outcome(
            sequence=len(self.entries) + 1,
            committed_us=self.now_us,
            status=OUTCOME_STATUS_REJECTED if rejected else OUTCOME_STATUS_ACCEPTED,
            reason=reason,
            allocations=[
                Allocation(issuer=issuer, expires_on="2018-01-31", points=points)
                for issuer, points in (allocations or {}).items()
            ],
            arrears_points=arrears,
        )
        if original is not None:
            outcome.original.CopyFrom(
                Original(
                    kind=TransactionKind.Value(f"TRANSACTION_KIND_{original.kind.upper()}"),
                    sequence=original.sequence,
                    committed_us=original.committed_us,
                )
            )
        transaction = Transaction(transaction_id=transaction_id(self.now_us // 1_000, bytes(10)), **kind)
        entry = made_up(self.window, author, transaction, outcome)
        self.entries.append(entry)
        return entry

    def application(
        self,
        party_id: str,
        kind: PartyKind.ValueType,
        keys: tuple[bytes, ...] = (b"k" * 32,),
        signer: SigningKey | None = None,
    ) -> SignedDocument:
        found = PartyApplication(
            network_id=NETWORK, party_id=party_id, kind=kind, display_name=party_id.title(), public_keys=keys
        )
        return sign_document(dsse.PARTY_APPLICATION, found, signer) if signer else signed(found)

    def party(
        self,
        party_id: str,
        kind: PartyKind.ValueType = network_pb2.PARTY_KIND_PARTNER,
        keys: tuple[bytes, ...] = (b"k" * 32,),
        signer: SigningKey | None = None,
    ) -> Entry:
        application = self.application(party_id, kind, keys, signer)
        return self.append(OPERATOR, register_party=transaction_pb2.RegisterParty(application=application))

    def add_key(self, party_id: str, key: bytes) -> Entry:
        change = transaction_pb2.SetPartyKeys(party_id=party_id, add_keys=[key])
        return self.append(OPERATOR, set_party_keys=change)

    def remove_key(self, party_id: str, key: bytes) -> Entry:
        change = transaction_pb2.SetPartyKeys(party_id=party_id, remove_keys=[key])
        return self.append(OPERATOR, set_party_keys=change)

    def terms(self, party_id: str, effective_on: str = "2017-01-01", **rates: int) -> Entry:
        terms = Terms(network_id=NETWORK, party_id=party_id, effective_on=effective_on, **rates)
        return self.append(OPERATOR, publish_terms=transaction_pb2.PublishTerms(terms=signed(terms)))

    def policy(self, effective_on: str, cause_micros: int) -> Entry:
        policy = Policy(cause_reimbursement_micros=cause_micros)
        return self.append(OPERATOR, set_policy=transaction_pb2.SetPolicy(policy=policy, effective_on=effective_on))

    def campaign(self, charity: str, fund_id: str) -> Entry:
        offer = CampaignOffer(network_id=NETWORK, campaign_id=fund_id, charity=charity, fund_id=fund_id)
        return self.append(OPERATOR, open_campaign=transaction_pb2.OpenCampaign(campaign=signed(offer)))

    def issue(self, issuer: str, points: int, *, arrears: int = 0) -> Entry:
        allocated = {issuer: points - arrears} if points > arrears else {}
        issue = transaction_pb2.Issue(holder_id="anna", points=points)
        return self.append(issuer, allocations=allocated, arrears=arrears, issue=issue)

    def redeem(self, acceptor: str, allocations: Mapping[str, int]) -> Entry:
        redeem = transaction_pb2.Redeem(holder_id="anna", points=sum(allocations.values()))
        return self.append(acceptor, allocations=allocations, redeem=redeem)

    def capture(self, acceptor: str, allocations: Mapping[str, int]) -> Entry:
        capture = transaction_pb2.Capture(hold_id=b"h" * 16, points=sum(allocations.values()))
        return self.append(acceptor, allocations=allocations, capture=capture)

    def reverse(self, original: Entry, allocations: Mapping[str, int], *, arrears: int = 0) -> Entry:
        points = sum(allocations.values()) + arrears
        reverse = transaction_pb2.Reverse(original_id=b"r" * 16, points=points)
        return self.append(
            original.author, allocations=allocations, arrears=arrears, original=original, reverse=reverse
        )

    def donate(self, fund_id: str, allocations: Mapping[str, int]) -> Entry:
        donate = transaction_pb2.Donate(holder_id="anna", fund_id=fund_id, points=sum(allocations.values()))
        return self.append("hub", allocations=allocations, donate=donate)

    def expire(self, allocations: Mapping[str, int]) -> Entry:
        expire = transaction_pb2.Expire(through="2018-01-31", holder_ids=["anna"])
        return self.append("hub", allocations=allocations, expire=expire)

    def order_packs(self, issuer: str, packs: int) -> Entry:
        return self.append(issuer, order_pack=transaction_pb2.OrderPack(packs=packs))

    def owe(self, debtor: str, creditor: str, amount_micros: int) -> Entry:
        correction = transaction_pb2.ObligationCorrection(debtor=debtor, creditor=creditor, amount_micros=amount_micros)
        return self.append(OPERATOR, adjust=transaction_pb2.Adjust(reason="test", obligation=correction))

    def correct(self, issuer: str, points: int) -> Entry:
        correction = transaction_pb2.PointsCorrection(holder_id="anna", issuer=issuer, points=points)
        return self.append(
            OPERATOR,
            allocations={issuer: abs(points)},
            adjust=transaction_pb2.Adjust(reason="test", points=correction),
        )

    def close(self) -> Entry:
        entry = self.append(OPERATOR, close_window=transaction_pb2.CloseWindow(window=self.window))
        self.window += 1
        return entry


def coalition_of_three(**network: Any) -> Journal:
    """A grocer and a florist with different terms, and a school; each has the key of `key_of`."""
    journal = Journal(**network)
    journal.party("grocer", keys=(key_of("grocer").public,))
    journal.party("florist", keys=(key_of("florist").public,))
    journal.party("school", network_pb2.PARTY_KIND_CHARITY, (key_of("school").public,))
    journal.terms("grocer", price_micros=10_000, reimbursement_micros=9_000, issue_fee_micros=300)
    journal.terms("florist", price_micros=12_000, reimbursement_micros=8_000, prefunded_bps=5_000)
    journal.terms("school", price_micros=10_000, reimbursement_micros=0)
    return journal


def stocked_coalition(**network: Any) -> Journal:
    """The coalition of three, whose members hold 10,000 points of each; all of that is in window 1, and 2 is open."""
    journal = coalition_of_three(**network)
    for issuer in ("grocer", "florist", "school"):
        journal.issue(issuer, 10_000)
    journal.close()
    return journal
