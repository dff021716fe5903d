"""Who may sign what, as the journal itself says: parties, their keys and their standing, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from google.protobuf.message import Message

from coalition.documents import open_document
from coalition.dsse import CAMPAIGN, PARTY_APPLICATION, PARTY_KEY_CHANGE, TERMS
from coalition.errors import Refused
from coalition.v1 import network_pb2
from coalition.v1.envelope_pb2 import SignedDocument
from coalition.v1.network_pb2 import CampaignOffer, PartyApplication, PartyKeyChange, Terms
from coalition.v1.transaction_pb2 import Genesis, SetPartyKeys, SetPartyStatus, Transaction
from partner_sdk._errors import JournalInvalid

_OPERATOR: Final = network_pb2.PARTY_KIND_OPERATOR
_HUB: Final = network_pb2.PARTY_KIND_HUB
_ISSUERS: Final = (network_pb2.PARTY_KIND_PARTNER, network_pb2.PARTY_KIND_CHARITY)

#: Kinds whose author can only be a party of one sort. The others bind nobody but their author and the holder.
_AUTHORS: Final = {
    "issue": _ISSUERS,
    "redeem": _ISSUERS,
    "hold": _ISSUERS,
    "capture": _ISSUERS,
    "order_pack": _ISSUERS,
    "expire": (_HUB,),
    "genesis": (_OPERATOR,),
    "register_party": (_OPERATOR,),
    "set_party_keys": (_OPERATOR,),
    "set_party_status": (_OPERATOR,),
    "publish_terms": (_OPERATOR,),
    "set_policy": (_OPERATOR,),
    "open_campaign": (_OPERATOR,),
    "close_window": (_OPERATOR,),
    "adjust": (_OPERATOR,),
}
_SIGNATURES_OF_TWO: Final = 2

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class KnownParty:
    """A party as the journal has it so far. Keys are raw Ed25519 public keys, 32 bytes."""

    party_id: str
    #: A PartyKind of the protocol.
    kind: int
    active: bool
    keys: tuple[bytes, ...]
    removed_keys: tuple[bytes, ...] = ()


class PartyRegister:
    """Learns from accepted entries, and says whose keys are active at this point of the journal.

    `hub_keys` are those that were pinned, and those that a pinned one has vouched for since.
    """

    def __init__(self, network_id: str, hub_keys: Iterable[bytes], parties: Iterable[KnownParty] = ()) -> None:
        self._network_id = network_id
        self._parties = {party.party_id: party for party in parties}
        self.hub_keys = tuple(dict.fromkeys(hub_keys))

    def copy(self) -> PartyRegister:
        """An independent register that knows the same."""
        return PartyRegister(self._network_id, self.hub_keys, self._parties.values())

    def parties(self) -> tuple[KnownParty, ...]:
        """Everybody, in the order of registration."""
        return tuple(self._parties.values())

    def check_author(self, party_id: str, keys: Sequence[bytes], where: str) -> None:
        """Raises JournalInvalid unless `party_id` may write now and all of `keys` are its active keys."""
        party = self._known(party_id, where)
        if not party.active:
            raise JournalInvalid(f"{where}: {party_id} was suspended and could not write.")
        for key in keys:
            if key not in party.keys:
                raise JournalInvalid(f"{where}: the envelope is signed by a key that {party_id} did not have then.")

    def learn(self, author: str, transaction: Transaction, signatures: int, where: str) -> None:
        """Take in an accepted transaction of an author whose `signatures` different keys have been checked.

        Raises JournalInvalid when the author, or whoever had to countersign, could not do this.
        """
        kind = transaction.WhichOneof("kind") or ""
        if kind == "genesis":
            self._genesis(author, transaction.genesis, where)
        allowed = _AUTHORS.get(kind)
        if allowed is not None and self._known(author, where).kind not in allowed:
            raise JournalInvalid(f"{where}: {author} is not a party that may author {kind}.")
        if kind == "register_party":
            self._register(transaction.register_party.application, where)
        elif kind == "set_party_keys":
            self._set_keys(transaction.set_party_keys, signatures, where)
        elif kind == "set_party_status":
            self._set_status(transaction.set_party_status, where)
        elif kind == "publish_terms":
            signed = transaction.publish_terms.terms
            terms = _opened(Terms, TERMS, signed, where)
            self._check_countersigned(terms.network_id, terms.party_id, signed, where)
        elif kind == "open_campaign":
            signed = transaction.open_campaign.campaign
            offer = _opened(CampaignOffer, CAMPAIGN, signed, where)
            self._check_countersigned(offer.network_id, offer.charity, signed, where)
        elif kind == "adjust" and signatures < _SIGNATURES_OF_TWO:
            raise JournalInvalid(f"{where}: an adjustment needs two signatures of the operator.")

    def _genesis(self, author: str, genesis: Genesis, where: str) -> None:
        if self._parties:
            raise JournalInvalid(f"{where}: a journal has one genesis, its first entry.")
        self._register(genesis.operator, where)
        self._register(genesis.hub, where)
        if genesis.network_id != self._network_id or self._known(author, where).kind != _OPERATOR:
            raise JournalInvalid(f"{where}: the genesis is not that of {self._network_id} by its operator.")

    def _register(self, signed: SignedDocument, where: str) -> None:
        found = _opened(PartyApplication, PARTY_APPLICATION, signed, where)
        if found.network_id != self._network_id:
            raise JournalInvalid(f"{where}: the application of {found.party_id} is for another network.")
        if found.party_id in self._parties:
            raise JournalInvalid(f"{where}: {found.party_id} is registered already.")
        self._parties[found.party_id] = KnownParty(found.party_id, found.kind, True, tuple(found.public_keys))

    def _set_keys(self, kind: SetPartyKeys, signatures: int, where: str) -> None:
        party = self._known(kind.party_id, where)
        vouched = kind.HasField("change") and kind.change.signature.public_key in party.keys
        if vouched:
            change = _opened(PartyKeyChange, PARTY_KEY_CHANGE, kind.change, where)
            vouched = change.network_id == self._network_id and change.party_id == kind.party_id
        if kind.add_keys and not vouched and signatures < _SIGNATURES_OF_TWO:
            raise JournalInvalid(
                f"{where}: {kind.party_id} got keys that neither it nor two of the operator signed for."
            )
        if party.kind == _OPERATOR and len(party.keys) > 1 and signatures < _SIGNATURES_OF_TWO:
            raise JournalInvalid(f"{where}: the operator's keys were changed by one person alone.")
        kept = [key for key in party.keys if key not in kind.remove_keys]
        added = [key for key in kind.add_keys if key not in kept]
        removed = [key for key in (*party.removed_keys, *kind.remove_keys) if key not in added]
        self._parties[party.party_id] = replace(party, keys=(*kept, *added), removed_keys=tuple(dict.fromkeys(removed)))
        if party.kind == _HUB:
            trusted = vouched and kind.change.signature.public_key in self.hub_keys
            hub_keys = (*self.hub_keys, *added) if trusted else self.hub_keys
            self.hub_keys = tuple(key for key in dict.fromkeys(hub_keys) if key not in removed)

    def _set_status(self, kind: SetPartyStatus, where: str) -> None:
        party = self._known(kind.party_id, where)
        active = kind.status == network_pb2.PARTY_STATUS_ACTIVE
        self._parties[party.party_id] = replace(party, active=active)

    def _check_countersigned(self, network_id: str, party_id: str, signed: SignedDocument, where: str) -> None:
        if network_id != self._network_id or signed.signature.public_key not in self._known(party_id, where).keys:
            raise JournalInvalid(f"{where}: what binds {party_id} is not signed by an active key of {party_id}.")

    def _known(self, party_id: str, where: str) -> KnownParty:
        party = self._parties.get(party_id)
        if party is None:
            raise JournalInvalid(f"{where}: {party_id} is not a party of this journal yet.")
        return party


def _opened(kind: type[M], payload_type: str, signed: SignedDocument, where: str) -> M:
    try:
        return open_document(kind, payload_type, signed, where)
    except Refused as refused:
        raise JournalInvalid(f"{where}: {refused.message}") from refused
