"""What must hold before a run is approved. Pure: what the books say is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from settlement.clearing.obligations import Pair
from settlement.runs.carried import Carried, net_of
from settlement.runs.methods import Settlement, settle
from settlement.runs.positions import Positions

_SHOWN = 5


@unique
class Item(StrEnum):
    """What is looked at."""

    SUM_ZERO = "sum_zero"
    NETS_EQUAL_GROSS = "nets_equal_gross"
    NO_PARTY_MISSING = "no_party_missing"
    CARRIED_IN = "carried_in"
    REPLAY = "replay"
    CHECKPOINT = "checkpoint"
    BANK_ACCOUNTS = "bank_accounts"
    ACCOUNTS_UNCHANGED = "accounts_unchanged"
    EARLIER_WINDOWS = "earlier_windows"
    BANK_ENTRIES = "bank_entries"
    DISPUTES = "disputes"
    ALERTS = "alerts"


_TITLES = {
    Item.SUM_ZERO: "Positions sum to zero, and rounding loses nothing",
    Item.NETS_EQUAL_GROSS: "Positions and payments are what the windows' obligations come to",
    Item.NO_PARTY_MISSING: "No party is missing, and none is there without a reason",
    Item.CARRIED_IN: "What is carried in is what was left before",
    Item.REPLAY: "The figures are those of a fresh replay of the journal",
    Item.CHECKPOINT: "The journal is the one that the hub has signed",
    Item.BANK_ACCOUNTS: "Everybody who pays or is paid has a bank account on file",
    Item.ACCOUNTS_UNCHANGED: "Bank accounts are those of the last run, and have not changed since the proposal",
    Item.EARLIER_WINDOWS: "No earlier window is left out",
    Item.BANK_ENTRIES: "Every entry of bank statements is about something",
    Item.DISPUTES: "Nothing in these windows is disputed",
    Item.ALERTS: "No alert lasts",
}
#: What does not keep a run from being approved; somebody should know it all the same.
_WARNINGS = (
    *(Item.BANK_ACCOUNTS, Item.ACCOUNTS_UNCHANGED, Item.EARLIER_WINDOWS),
    *(Item.BANK_ENTRIES, Item.DISPUTES, Item.ALERTS),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    item: Item
    passed: bool
    #: What was found, for people.
    found: str
    #: Whether it is still being looked at.
    pending: bool = False

    @property
    def title(self) -> str:
        """What is looked at, for people."""
        return _TITLES[self.item]

    @property
    def blocking(self) -> bool:
        """Whether a run is not approved unless it passes."""
        return self.item not in _WARNINGS


def sum_zero(positions: Positions) -> Check:
    """Every figure sums to zero over all parties, and no party's rounding loses anything."""
    unit, parties = positions.micros_per_minor, positions.parties
    sums = {
        "amounts": sum(item.amount_micros for item in parties),
        "what is carried in": sum(item.carried_in_micros for item in parties),
        "what is payable": sum(item.payable_minor for item in parties),
        "what is carried out": sum(item.carried_out_micros for item in parties),
    }
    wrong = [f"{name} sum to {total}" for name, total in sums.items() if total]
    wrong += [
        f"{item.party_id}'s figures do not add up"
        for item in parties
        if item.amount_micros + item.carried_in_micros != item.payable_minor * unit + item.carried_out_micros
    ]
    return _check(Item.SUM_ZERO, wrong, f"{_count(len(parties), 'party', 'parties')}, each figure")


def nets_equal_gross(positions: Positions, owed: Mapping[Pair, int], operator: str) -> Check:
    """The run is what its method makes of the obligations, which `owed` are in micro-units, settled anew."""
    expected = settle(positions.method, owed, positions.carried_in, operator, positions.micros_per_minor)
    wrong = list(_differences(positions, expected))
    gross = sum(owed.values())
    found = f"{_count(len(owed), 'obligation', 'obligations')} of {gross} millionths"
    many = _count(len(positions.instructions), "payment", "payments")
    total = sum(item.amount_minor for item in positions.instructions)
    return _check(Item.NETS_EQUAL_GROSS, wrong, f"{found} come to {many} of {total} minor units")


def no_party_missing(positions: Positions, owed: Mapping[Pair, int], registered: Collection[str]) -> Check:
    """Who owes, is owed or has something carried has a position; nobody else has; and all of them are registered."""
    expected = {party_id for pair in owed for party_id in pair} | set(net_of(positions.carried_in))
    stated = [item.party_id for item in positions.parties]
    paid = {party_id for item in positions.instructions for party_id in (item.payer, item.payee)}
    wrong = [f"{party_id} is missing" for party_id in sorted(expected - set(stated))]
    # Through the operator everybody pays it, also where it is owed nothing itself.
    wrong += [f"{party_id} is there without a reason" for party_id in sorted(set(stated) - expected)]
    wrong += [f"{party_id} is there twice" for party_id in sorted({name for name in stated if stated.count(name) > 1})]
    wrong += [f"{party_id} is no party of the network" for party_id in sorted({*stated, *paid} - set(registered))]
    return _check(Item.NO_PARTY_MISSING, wrong, _count(len(stated), "party", "parties"))


def carried_in(positions: Positions, left: Sequence[Carried]) -> Check:
    """What the run takes over is what runs before it, and payments that came too late, have left."""
    wrong = [f"{_text(item)} is not taken over" for item in left if item not in positions.carried_in]
    wrong += [f"{_text(item)} was not left" for item in positions.carried_in if item not in left]
    return _check(Item.CARRIED_IN, wrong, _count(len(left), "amount", "amounts") if left else "nothing was left")


def bank_accounts(positions: Positions) -> Check:
    """Every payment has an account that it comes from and one that it goes to."""
    missing = {item.payer for item in positions.instructions if not item.payer_account}
    missing |= {item.payee for item in positions.instructions if not item.payee_account}
    wrong = [f"{party_id} has none" for party_id in sorted(missing)]
    return _check(Item.BANK_ACCOUNTS, wrong, _count(len(_accounts(positions)), "account", "accounts"))


def accounts_unchanged(positions: Positions, before: Positions | None, now: Mapping[str, bytes]) -> Check:
    """Accounts are those to which the last settled run paid, where it did, and those on file now."""
    own = _accounts(positions)
    known = {} if before is None else _accounts(before)
    wrong = [
        f"{party_id}'s has changed since the last run"
        for party_id, digest in sorted(own.items())
        if known.get(party_id, digest) != digest
    ]
    wrong += [
        f"{party_id} has given another one since the proposal, which the run does not use"
        for party_id, digest in sorted(own.items())
        if now.get(party_id) != digest
    ]
    return _check(Item.ACCOUNTS_UNCHANGED, wrong, _count(len(own), "account", "accounts"))


def listed(item: Item, wrong: Sequence[str], nothing: str) -> Check:
    """A check that passes where nothing was found."""
    return _check(item, list(wrong), nothing)


def _differences(positions: Positions, expected: Settlement) -> Iterable[str]:
    stated = {item.party_id: item for item in positions.parties}
    right = {item.party_id: item for item in expected.positions}
    for party_id in sorted(stated.keys() | right.keys()):
        if stated.get(party_id) != right.get(party_id):
            yield f"{party_id}'s position is another"
    paid = {(item.payer, item.payee): item.amount_minor for item in positions.instructions}
    due = {(item.payer, item.payee): item.amount_minor for item in expected.payments}
    for pair in sorted(paid.keys() | due.keys()):
        if paid.get(pair) != due.get(pair):
            yield f"{pair[0]} pays {pair[1]} {paid.get(pair, 0)} minor units, not {due.get(pair, 0)}"
    if len(paid) != len(positions.instructions):
        yield "a payment is there twice"
    if positions.rounding != expected.rounding:
        yield "rounding leaves something else"


def _accounts(positions: Positions) -> dict[str, bytes]:
    """By party; those that are on file."""
    found: dict[str, bytes] = {}
    for item in positions.instructions:
        for party_id, digest in ((item.payer, item.payer_account), (item.payee, item.payee_account)):
            if digest:
                found[party_id] = digest
    return found


def _check(item: Item, wrong: list[str], right: str) -> Check:
    if not wrong:
        return Check(item, passed=True, found=right)
    shown = "; ".join(wrong[:_SHOWN])
    more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return Check(item, passed=False, found=shown + more)


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"


def _text(item: Carried) -> str:
    return f"{item.micros} millionths from {item.debtor} to {item.creditor} ({item.why.name})"
