"""What the journal says about the network: parties, keys, terms, policy, funds. An immutable value that grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, TypeVar

from coalition.calendar import Calendar
from coalition.v1 import network_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import CampaignOffer, PartyApplication, PartyKind, PartyStatus, Policy, Terms
from settlement.clearing.entry import ClearingError, Entry
from settlement.clearing.rates import NO_TERMS, History, Rates, Version

#: Money is counted in millionths of the settlement currency.
_MICRO_DIGITS: Final = 6
_ALWAYS: Final = "0001-01-01"

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Network:
    """What the first entry settled for ever."""

    network_id: str
    currency: str
    #: Digits after the decimal point of the currency's minor unit.
    currency_exponent: int
    operator: str
    calendar: Calendar

    @property
    def micros_per_minor(self) -> int:
        """Micro-units in one minor unit: 10,000 for a currency with cents."""
        return int(10 ** (_MICRO_DIGITS - self.currency_exponent))


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation, with the keys that it may sign with now."""

    party_id: str
    kind: PartyKind.ValueType
    display_name: str
    keys: frozenset[bytes]
    status: PartyStatus.ValueType = network_pb2.PARTY_STATUS_ACTIVE


def _nothing() -> MappingProxyType[K, V]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Directory:
    """The network as of some entry."""

    network: Network | None = None
    parties: Mapping[str, Party] = field(default_factory=_nothing)
    terms: Mapping[str, History[Rates]] = field(default_factory=_nothing)
    #: What every charity receives for a point redeemed with it.
    cause_reimbursement: History[int] = field(default_factory=History)
    #: The charity that each fund belongs to.
    funds: Mapping[str, str] = field(default_factory=_nothing)

    def rates(self, party_id: str, day: str, sequence: int) -> Rates:
        """A party's terms on the day of the entry at `sequence`. Raises ClearingError when it had none."""
        found = self.terms.get(party_id, History()).in_force(day, sequence)
        if found is None:
            raise ClearingError(sequence, f"{party_id} had no terms in force on {day}.")
        return found

    def price_of(self, issuer: str, day: str, sequence: int) -> Rates:
        """An issuer's terms, by which its points are paid for; NO_TERMS where it had none."""
        return self.terms.get(issuer, History()).in_force(day, sequence) or NO_TERMS

    def reimbursement(self, acceptor: str, day: str, sequence: int) -> int:
        """What `acceptor` receives per point on that day: its terms, or the one rate of every charity."""
        if self.parties[acceptor].kind == network_pb2.PARTY_KIND_CHARITY:
            rate = self.cause_reimbursement.in_force(day, sequence)
            assert rate is not None, "the policy of the first entry holds always"
            return rate
        return self.rates(acceptor, day, sequence).reimbursement

    def keys_of(self, party_id: str) -> frozenset[bytes]:
        """The party's active keys; none for a stranger."""
        party = self.parties.get(party_id)
        return party.keys if party else frozenset()

    def learn(self, entry: Entry) -> Directory:
        """The directory after `entry`; the same object when the entry does not concern it. Raises ClearingError."""
        lesson = _LESSONS.get(entry.kind)
        return lesson(self, entry) if lesson and entry.accepted else self


def _with(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    return MappingProxyType({**mapping, key: value})


def _party(signed: SignedDocument) -> Party:
    found = PartyApplication.FromString(signed.document)
    return Party(found.party_id, found.kind, found.display_name, frozenset(found.public_keys))


def _known(directory: Directory, party_id: str, entry: Entry) -> Party:
    party = directory.parties.get(party_id)
    if party is None:
        raise ClearingError(entry.sequence, f"the party {party_id} was never registered.")
    return party


def _genesis(directory: Directory, entry: Entry) -> Directory:
    if directory.network is not None:
        raise ClearingError(entry.sequence, "the network was founded before.")
    genesis = entry.transaction.genesis
    operator, hub = _party(genesis.operator), _party(genesis.hub)
    return Directory(
        network=Network(
            genesis.network_id,
            genesis.currency,
            genesis.currency_exponent,
            operator.party_id,
            Calendar(genesis.time_zone),
        ),
        parties=MappingProxyType({operator.party_id: operator, hub.party_id: hub}),
        cause_reimbursement=_publish_policy(History(), _ALWAYS, entry, genesis.policy),
    )


def _register_party(directory: Directory, entry: Entry) -> Directory:
    party = _party(entry.transaction.register_party.application)
    return replace(directory, parties=_with(directory.parties, party.party_id, party))


def _set_party_keys(directory: Directory, entry: Entry) -> Directory:
    change = entry.transaction.set_party_keys
    party = _known(directory, change.party_id, entry)
    changed = replace(party, keys=(party.keys | set(change.add_keys)) - set(change.remove_keys))
    return replace(directory, parties=_with(directory.parties, party.party_id, changed))


def _set_party_status(directory: Directory, entry: Entry) -> Directory:
    change = entry.transaction.set_party_status
    changed = replace(_known(directory, change.party_id, entry), status=change.status)
    return replace(directory, parties=_with(directory.parties, change.party_id, changed))


def _publish_terms(directory: Directory, entry: Entry) -> Directory:
    terms = Terms.FromString(entry.transaction.publish_terms.terms.document)
    _known(directory, terms.party_id, entry)
    version = Version(terms.effective_on, entry.sequence, Rates.of(terms))
    history = directory.terms.get(terms.party_id, History()).publish(version)
    return replace(directory, terms=_with(directory.terms, terms.party_id, history))


def _set_policy(directory: Directory, entry: Entry) -> Directory:
    change = entry.transaction.set_policy
    history = _publish_policy(directory.cause_reimbursement, change.effective_on, entry, change.policy)
    return replace(directory, cause_reimbursement=history)


def _publish_policy(history: History[int], effective_on: str, entry: Entry, policy: Policy) -> History[int]:
    return history.publish(Version(effective_on, entry.sequence, policy.cause_reimbursement_micros))


def _open_campaign(directory: Directory, entry: Entry) -> Directory:
    offer = CampaignOffer.FromString(entry.transaction.open_campaign.campaign.document)
    _known(directory, offer.charity, entry)
    return replace(directory, funds=_with(directory.funds, offer.fund_id, offer.charity))


def _enrol(directory: Directory, entry: Entry) -> Directory:
    enrol = entry.transaction.enrol
    if enrol.kind != network_pb2.HOLDER_KIND_FUND:
        return directory
    return replace(directory, funds=_with(directory.funds, enrol.holder_id, entry.author))


_LESSONS: Final[Mapping[str, Callable[[Directory, Entry], Directory]]] = {
    "genesis": _genesis,
    "register_party": _register_party,
    "set_party_keys": _set_party_keys,
    "set_party_status": _set_party_status,
    "publish_terms": _publish_terms,
    "set_policy": _set_policy,
    "open_campaign": _open_campaign,
    "enrol": _enrol,
}
