"""What a party's statement of a window says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from partner_sdk._plain import canonical
from partner_sdk._plain_writing import Writing
from partner_sdk._settlement_lines import LineKind
from partner_sdk._statement_rows import Accepted, Charge, Donated, Elsewhere, PointsAccount, PrefundedPool, TaxLine
from partner_sdk._statement_settlement import StatementDispute, StatementSettlement
from partner_sdk._vocabulary import PartyKind, WindowState

_PROVED_BY: Final = frozenset({"log_size", "log_root"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPeriod:
    """Whose statement of which part of the journal it is."""

    network_id: str
    #: ISO 4217.
    currency: str
    #: Digits after the decimal point of the currency's minor unit.
    currency_exponent: int
    #: IANA name; days of terms are days there.
    time_zone: str
    operator_id: str
    operator_name: str
    party_id: str
    party_name: str
    party_kind: PartyKind
    window: int
    window_state: WindowState
    first_sequence: int
    #: The window's last entry; while it is open, the last one that was taken in.
    last_sequence: int
    opened_at: datetime
    #: None while the window is open: the statement is then provisional.
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One entry of the journal, as far as it moved the party's points or money."""

    sequence: int
    #: Which of the entry's movements, from 0: a redemption may be of several issuers' points.
    part: int
    committed_at: datetime
    kind: LineKind
    #: Whose points they are; of a corrected obligation the debtor.
    issuer: str
    #: The acceptor, charity or creditor; empty where there is none.
    counterparty: str
    points: int
    arrears_points: int
    #: Positive: the party receives.
    amount_micros: int
    #: UUID text, with the author's own reference; both are empty unless the party wrote the entry.
    transaction_id: str
    reference: str
    #: RFC 6962 leaf hash of the JournalEntry.
    leaf_hash: bytes = field(repr=False)
    #: RFC 6962 audit path to the statement's checkpoint, from the leaf upwards.
    path: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFigures:
    """Everything that a statement says, but for single lines. Its digest names it: the same in every form.

    What they are proved by is not in the digest: a settlement key that was added later is proved by a later checkpoint,
    and the figures stay what they were.
    """

    period: StatementPeriod
    #: None for a party that has no points of its own.
    points: PointsAccount | None
    elsewhere: tuple[Elsewhere, ...]
    accepted: tuple[Accepted, ...]
    #: The party's own points, by charity.
    donated: tuple[Donated, ...]
    #: Points for the party's funds, by issuer.
    donations: tuple[Donated, ...]
    charges: tuple[Charge, ...]
    #: The sum of all charges. Positive: the party receives.
    net_micros: int
    #: The party's own, or every issuer's for the operator.
    pools: tuple[PrefundedPool, ...]
    tax: tuple[TaxLine, ...]
    #: The operator's words on tax; empty for none.
    tax_note: str
    settlement: StatementSettlement
    disputes: tuple[StatementDispute, ...]
    #: The log by which they are proved: its checkpoint covers the window.
    log_size: int
    log_root: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of their canonical JSON without `log_size` and `log_root`."""
        plain = Writing(self.period.currency_exponent).plain(self)
        assert isinstance(plain, dict), "figures are an object"
        told = {name: value for name, value in plain.items() if name not in _PROVED_BY}
        return sha256(canonical(told)).digest()

    @property
    def statement_id(self) -> str:
        """A name for people: network, window, party, and the beginning of the digest, which changes with any figure."""
        period = self.period
        return f"{period.network_id}-{period.window:03}-{period.party_id}-{self.digest.hex()[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerEntry:
    """An entry of the journal with the proof that it is in the log of the statement's checkpoint."""

    sequence: int
    #: The exact bytes of the JournalEntry.
    entry: bytes = field(repr=False)
    #: RFC 6962 audit path, from the leaf upwards.
    path: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSigner:
    """Whose key signs a statement, and the entries that say so: its registration, and what added the key later."""

    party_id: str
    #: Raw Ed25519 public key.
    public_key: bytes = field(repr=False)
    entries: tuple[SignerEntry, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A party's statement of one window."""

    figures: StatementFigures
    #: By sequence; None when they were not asked for.
    lines: tuple[StatementLine, ...] | None
    made_at: datetime
    #: The hub's checkpoint over the log that the figures were read from, a C2SP signed note.
    checkpoint: str = field(repr=False)
    signer: StatementSigner
