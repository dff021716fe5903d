"""What people's systems call columns, kinds and statuses, in English and German. Without case, spaces and signs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from partner_sdk import Kind
from partner_sdk.settlement import RecordStatus

_SIGNS: Final = re.compile(r"[\W_]+")

#: Names of columns by what they are for, the likelier first.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("transactionid", "transactionuuid", "uuid", "txid", "transaktionsid", "transaction", "hubid", "id"),
    "kind": ("kind", "transactiontype", "type", "typ", "art", "buchungsart", "vorgang", "operation"),
    "points": ("points", "punkte", "pointsamount", "pts", "amount", "betrag", "quantity", "menge"),
    "reference": (
        *("reference", "receipt", "receiptno", "receiptnumber", "ref", "order", "orderid", "invoice", "document"),
        *("referenz", "beleg", "belegnummer", "belegnr", "bon", "bonnummer", "rechnung", "vorgangsnummer"),
    ),
    "time": (
        *("time", "timestamp", "datetime", "createdat", "bookedat", "date", "created", "when", "bookingdate"),
        *("zeit", "zeitpunkt", "zeitstempel", "datum", "buchungsdatum", "uhrzeit"),
    ),
    "status": ("status", "state", "result", "outcome", "zustand", "ergebnis"),
}

_KINDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.ISSUE: ("issue", "earn", "earned", "accrual", "accrue", "collect", "credit", "award", "gutschrift", "sammeln"),
    Kind.REDEEM: ("redeem", "burn", "redemption", "spend", "debit", "use", "einlösung", "einlösen", "belastung"),
    Kind.REVERSE: ("reverse", "reversal", "refund", "void", "return", "cancel", "storno", "rückgabe", "erstattung"),
    Kind.DONATE: ("donate", "donation", "spende"),
    Kind.HOLD: ("hold", "reserve", "reservation", "authorisation", "authorization", "auth", "reservierung"),
    Kind.CAPTURE: ("capture", "captured"),
    Kind.RELEASE: ("release", "freigabe"),
}
_STATUSES: Final[Mapping[RecordStatus, tuple[str, ...]]] = {
    RecordStatus.OK: (
        *("ok", "done", "accepted", "completed", "complete", "success", "successful", "approved", "booked", "posted"),
        *("erfolgreich", "gebucht", "abgeschlossen", "true", "yes", "ja"),
    ),
    RecordStatus.DECLINED: (
        *("declined", "rejected", "failed", "error", "refused", "cancelled", "canceled", "denied", "void", "voided"),
        *("abgelehnt", "fehlgeschlagen", "fehler", "storniert", "false", "no", "nein"),
    ),
    RecordStatus.PENDING: ("pending", "open", "unknown", "waiting", "timeout", "inprogress", "offen", "ausstehend"),
}
_KIND_OF: Final = {word: kind for kind, words in _KINDS.items() for word in words}
_STATUS_OF: Final = {word: status for status, words in _STATUSES.items() for word in words}


def plain(text: str) -> str:
    """Without case, spaces and signs."""
    return _SIGNS.sub("", text).lower()


def kind_of(word: str) -> Kind | None:
    """What a word for a kind means; None for one that is not known."""
    return _KIND_OF.get(plain(word))


def status_of(word: str) -> RecordStatus | None:
    """What a word for a status means; None for one that is not known."""
    return _STATUS_OF.get(plain(word))


def fit(column: str, names: tuple[str, ...]) -> int | None:
    """How well a column's name fits, 0 best; None where it does not."""
    name = plain(column)
    if name in names:
        return names.index(name)
    near = (len(names) + place for place, known in enumerate(names) if len(known) > 3 and known in name)
    return min(near, default=None)
