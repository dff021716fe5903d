"""The journal verifier believes what was signed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.protobuf.message import Message

from coalition import dsse
from coalition.documents import sign_document
from coalition.keys import SigningKey
from coalition.merkle import inclusion_path, leaf_hash, reader_of
from coalition.v1 import network_pb2
from coalition.v1.journal_pb2 import JournalEntry, JournalEnvelope, StreamEntriesResponse
from coalition.v1.network_pb2 import CampaignOffer, PartyKeyChange, Terms
from coalition.v1.outcome_pb2 import OUTCOME_STATUS_REJECTED, OUTCOME_STATUS_UNSPECIFIED
from coalition.v1.transaction_pb2 import (
    Adjust,
    CloseWindow,
    Enrol,
    Issue,
    ObligationCorrection,
    OpenCampaign,
    OrderPack,
    PublishTerms,
    SetPartyKeys,
    SetPartyStatus,
)
from partner_sdk.errors import JournalInvalid, ProofInvalid
from partner_sdk.journal import (
    JournalState,
    JournalVerifier,
    OwnJournalVerifier,
    check_inclusion,
    open_any_checkpoint,
)
from tests.partner_sdk.dishonest_hub import NETWORK_ID, DishonestHub, Lie, genesis, key_of, registration

HUB_KEYS = [key_of("hub").public]
ISSUE = Issue(holder_id="anna", points=10)


@pytest.fixture
def hub() -> DishonestHub:
    return DishonestHub()


@pytest.fixture
def verifier() -> JournalVerifier:
    return JournalVerifier.start(NETWORK_ID, HUB_KEYS)


@pytest.fixture
def begun(hub: DishonestHub, verifier: JournalVerifier) -> JournalVerifier:
    """A verifier that has read the genesis and the admission of two partners."""
    verifier.read(hub.beginning("grocer", "pharmacy"))
    return verifier


def key_change(party_id: str, signer: SigningKey, *, add: list[bytes], remove: list[bytes]) -> SetPartyKeys:
    change = PartyKeyChange(network_id=NETWORK_ID, party_id=party_id, add_keys=add, remove_keys=remove, nonce=bytes(16))
    return SetPartyKeys(
        party_id=party_id,
        add_keys=add,
        remove_keys=remove,
        change=sign_document(dsse.PARTY_KEY_CHANGE, change, signer),
    )


def test_gives_entries_of_an_honest_journal(hub: DishonestHub, verifier: JournalVerifier) -> None:
    """Entries come out in order, with author, kind, bytes and leaf hash."""
    first = hub.beginning("grocer")
    second = hub.response(hub.write("grocer", Enrol(holder_id="anna", kind=network_pb2.HOLDER_KIND_MEMBER), ISSUE))
    entries = (*verifier.read(first), *verifier.read(second))
    assert [entry.kind for entry in entries] == ["genesis", "register_party", "enrol", "issue"]
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4]
    assert entries[3].author == "grocer"
    assert entries[3].transaction.issue.points == 10
    assert entries[3].accepted
    assert entries[3].leaf_hash == leaf_hash(entries[3].raw)
    assert JournalEntry.FromString(entries[3].raw).window == 1
    assert (verifier.state.size, verifier.state.root) == (4, hub.frontier.root())


def test_goes_on_from_a_stored_state(hub: DishonestHub, begun: JournalVerifier) -> None:
    """A state that went through bytes continues exactly where it stopped."""
    stored = JournalState.from_bytes(begun.state.to_bytes())
    assert stored == begun.state
    resumed = JournalVerifier(stored, HUB_KEYS)
    more = hub.response(hub.write("grocer", ISSUE), hub.write("operator", CloseWindow(window=1)))
    assert [entry.window for entry in resumed.read(more)] == [1, 1]
    assert resumed.state.window == 2
    assert [entry.window for entry in resumed.read(hub.response(hub.write("grocer", ISSUE)))] == [2]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format": "other"}', b"\xff"])
def test_refuses_what_is_no_state(data: bytes) -> None:
    """Bytes that are no saved state are a ValueError that says so."""
    with pytest.raises(ValueError, match="not a saved journal state"):
        JournalState.from_bytes(data)


def test_needs_a_pinned_key() -> None:
    """Without a key to trust there is nothing to verify with."""
    with pytest.raises(ValueError, match="Pin at least one key"):
        JournalVerifier.start(NETWORK_ID, [])


def test_takes_nothing_in_from_a_wrong_response(hub: DishonestHub, begun: JournalVerifier) -> None:
    """After an error the verifier stands where it stood, and the right response is still accepted."""
    before = begun.state
    envelope = hub.write("grocer", ISSUE)
    with pytest.raises(JournalInvalid):
        begun.read(hub.response(envelope, checkpoint=hub.checkpoint(root=bytes(32))))
    assert begun.state == before
    assert len(begun.read(hub.response(envelope))) == 1


def test_an_empty_response_is_nothing_new(begun: JournalVerifier) -> None:
    """A response without envelopes gives no entries and needs no checkpoint."""
    assert begun.read(StreamEntriesResponse()) == ()


@pytest.mark.parametrize(
    ("lie", "text"),
    [
        (Lie(sequence_step=2), "is missing"),
        (Lie(sequence_step=0), "is missing"),
        (Lie(time_step_us=0), "commit time"),
        (Lie(time_step_us=-5), "commit time"),
        (Lie(window=2), "belongs to window 2"),
        (Lie(author_in_entry="pharmacy"), "not the one who signed"),
        (Lie(outcome_of_other=True), "another transaction"),
        (Lie(status=OUTCOME_STATUS_UNSPECIFIED), "neither accepts nor rejects"),
        (Lie(entry_digest=bytes(32)), "another envelope"),
        (Lie(envelope_index_step=0), "not in the envelope's order"),
    ],
)
def test_finds_a_lie_about_an_entry(hub: DishonestHub, begun: JournalVerifier, lie: Lie, text: str) -> None:
    """Whatever the hub says falsely about an entry is found, though it signs the tree with it."""
    with pytest.raises(JournalInvalid, match=text):
        begun.read(hub.response(hub.write("grocer", ISSUE, ISSUE, lie=lie)))


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([key_of("pharmacy")], "did not have then"),
        ([key_of("grocer"), key_of("pharmacy")], "did not have then"),
        ([key_of("grocer"), key_of("grocer")], "twice by the same key"),
        ([], "1 to 4 signatures"),
    ],
)
def test_finds_a_foreign_signature(
    hub: DishonestHub, begun: JournalVerifier, keys: list[SigningKey], text: str
) -> None:
    """Every signature must be by a different key that is active for the author."""
    with pytest.raises(JournalInvalid, match=text):
        begun.read(hub.response(hub.write("grocer", ISSUE, keys=keys)))


def _swap_signature(envelope: JournalEnvelope) -> None:
    envelope.signatures[0].signature = bytes(64)


def _change_header(envelope: JournalEnvelope) -> None:
    envelope.header = envelope.header[:-1] + b"\x00"


def _drop_entry(envelope: JournalEnvelope) -> None:
    del envelope.entries[-1]


def _drop_all(envelope: JournalEnvelope) -> None:
    del envelope.entries[:]


def _swap_entries(envelope: JournalEnvelope) -> None:
    envelope.entries[:] = list(reversed(envelope.entries))


def _garble_entry(envelope: JournalEnvelope) -> None:
    envelope.entries[0] = b"\xff" + envelope.entries[0]


def _change_points(envelope: JournalEnvelope) -> None:
    entry = JournalEntry.FromString(envelope.entries[0])
    entry.transaction = entry.transaction.replace(b"anna", b"otto")
    envelope.entries[0] = entry.SerializeToString(deterministic=True)


def _replay_present(envelope: JournalEnvelope) -> None:
    envelope.replayed.add(envelope_index=0, leaf_hash=bytes(32))


def _replay_twice(envelope: JournalEnvelope) -> None:
    envelope.replayed.add(envelope_index=7, leaf_hash=bytes(32))
    envelope.replayed.add(envelope_index=7, leaf_hash=bytes(32))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_swap_signature, "signature does not match"),
        (_change_header, "signature does not match|not encoded|not a"),
        (_drop_entry, "not all there"),
        (_drop_all, "at least one entry"),
        (_swap_entries, "order"),
        (_garble_entry, "entry"),
        (_change_points, "not the ones that were signed"),
        (_replay_present, "both new and replayed"),
        (_replay_twice, "named twice"),
    ],
)
def test_finds_a_changed_envelope(
    hub: DishonestHub, begun: JournalVerifier, change: Callable[[JournalEnvelope], None], text: str
) -> None:
    """Nothing about an envelope can be changed on its way."""
    envelope = hub.write("grocer", ISSUE, ISSUE)
    response = hub.response(envelope)
    change(response.envelopes[0])
    with pytest.raises(JournalInvalid, match=text):
        begun.read(response)


def test_accepts_an_envelope_with_replayed_neighbours(hub: DishonestHub, begun: JournalVerifier) -> None:
    """The signed root is computed with the leaf hashes of what had been committed before."""
    earlier = hub.transaction(ISSUE)
    entries = begun.read(hub.response(hub.write("grocer", ISSUE, ISSUE, replayed=[(1, earlier)])))
    assert len(entries) == 2
    wrong = hub.write("grocer", ISSUE, ISSUE, replayed=[(1, earlier)])
    wrong.replayed[0].leaf_hash = bytes(32)
    with pytest.raises(JournalInvalid, match="not the ones that were signed"):
        begun.read(hub.response(wrong))


def test_refuses_another_network(hub: DishonestHub, verifier: JournalVerifier) -> None:
    """A journal of another network is not read as this one's."""
    hub.network_id = "other-network"
    with pytest.raises(JournalInvalid, match="another network"):
        verifier.read(hub.beginning())


def test_refuses_checkpoints_of_strangers(hub: DishonestHub, verifier: JournalVerifier) -> None:
    """Only a pinned key's checkpoint counts, even where the journal itself names another hub."""
    response = hub.beginning()
    response.checkpoint = hub.checkpoint(key=key_of("stranger"))
    with pytest.raises(JournalInvalid, match="cannot be trusted"):
        verifier.read(response)
    strangers = JournalVerifier.start(NETWORK_ID, [key_of("stranger").public])
    with pytest.raises(JournalInvalid, match="cannot be trusted"):
        strangers.read(DishonestHub().beginning())


def test_begins_with_one_genesis(hub: DishonestHub, verifier: JournalVerifier) -> None:
    """The first entry is the genesis; there is no second, and no journal without."""
    with pytest.raises(JournalInvalid, match="not a party of this journal yet"):
        verifier.read(hub.response(hub.write("operator", registration("grocer"))))
    fresh = DishonestHub()
    verifier.read(fresh.beginning())
    with pytest.raises(JournalInvalid, match="only one"):
        verifier.read(fresh.response(fresh.write("operator", genesis())))
    rejected = DishonestHub()
    with pytest.raises(JournalInvalid, match="not a party of this journal yet"):
        JournalVerifier.start(NETWORK_ID, HUB_KEYS).read(
            rejected.response(rejected.write("operator", genesis(), lie=Lie(status=OUTCOME_STATUS_REJECTED)))
        )


def test_rejected_entries_teach_nothing(hub: DishonestHub, begun: JournalVerifier) -> None:
    """A rejected admission admits nobody."""
    begun.read(hub.response(hub.write("operator", registration("florist"), lie=Lie(status=OUTCOME_STATUS_REJECTED))))
    with pytest.raises(JournalInvalid, match="florist is not a party"):
        begun.read(hub.response(hub.write("florist", ISSUE)))


def test_follows_key_rotation(hub: DishonestHub, begun: JournalVerifier) -> None:
    """A party's new key counts from its entry on, and a removed one no longer."""
    change = key_change("grocer", key_of("grocer"), add=[key_of("new").public], remove=[key_of("grocer").public])
    begun.read(hub.response(hub.write("operator", change)))
    begun.read(hub.response(hub.write("grocer", ISSUE, keys=[key_of("new")])))
    with pytest.raises(JournalInvalid, match="did not have then"):
        begun.read(hub.response(hub.write("grocer", ISSUE)))


def test_new_keys_need_the_party_or_two_signatures(hub: DishonestHub, begun: JournalVerifier) -> None:
    """Nobody gives a party a key that neither it nor two people of the operator signed for."""
    bare = SetPartyKeys(party_id="grocer", add_keys=[key_of("new").public])
    foreign = key_change("grocer", key_of("pharmacy"), add=[key_of("new").public], remove=[])
    for kind in (bare, foreign):
        with pytest.raises(JournalInvalid, match="neither it nor two"):
            JournalVerifier(begun.state, HUB_KEYS).read(DishonestHubAt(hub).response_of("operator", kind))
    second = key_change("operator", key_of("operator"), add=[key_of("second").public], remove=[])
    begun.read(hub.response(hub.write("operator", second)))
    begun.read(hub.response(hub.write("operator", bare, keys=[key_of("operator"), key_of("second")])))
    begun.read(hub.response(hub.write("grocer", ISSUE, keys=[key_of("new")])))


class DishonestHubAt:
    """A copy of a hub that goes its own way from here."""

    def __init__(self, hub: DishonestHub) -> None:
        self._hub = DishonestHub(
            frontier=hub.frontier.copy(),
            committed_us=hub.committed_us,
            sequence=hub.sequence,
            window=hub.window,
            ids=hub.ids,
        )

    def response_of(self, author: str, *kinds: Message) -> StreamEntriesResponse:
        return self._hub.response(self._hub.write(author, *kinds))


def test_no_person_of_the_operator_changes_its_keys_alone(hub: DishonestHub, begun: JournalVerifier) -> None:
    """Once the operator has two keys, changing them takes both."""
    operator, second, third = key_of("operator"), key_of("second"), key_of("third")
    begun.read(hub.response(hub.write("operator", key_change("operator", operator, add=[second.public], remove=[]))))
    for change in (
        key_change("operator", operator, add=[third.public], remove=[]),
        SetPartyKeys(party_id="operator", remove_keys=[second.public]),
    ):
        with pytest.raises(JournalInvalid, match="by one person alone"):
            JournalVerifier(begun.state, HUB_KEYS).read(DishonestHubAt(hub).response_of("operator", change))
    both = key_change("operator", operator, add=[third.public], remove=[operator.public])
    begun.read(hub.response(hub.write("operator", both, keys=[operator, second])))


def test_follows_the_hubs_own_rotation(hub: DishonestHub, begun: JournalVerifier) -> None:
    """A hub key vouched for by a trusted one signs checkpoints from then on; the old one no longer."""
    change = key_change("hub", key_of("hub"), add=[key_of("hub-2").public], remove=[key_of("hub").public])
    envelope = hub.write("operator", change)
    begun.read(hub.response(envelope, checkpoint=hub.checkpoint(key=key_of("hub-2"))))
    with pytest.raises(JournalInvalid, match="cannot be trusted"):
        begun.read(hub.response(hub.write("grocer", ISSUE)))
    resumed = JournalVerifier(JournalState.from_bytes(begun.state.to_bytes()), HUB_KEYS)
    assert resumed.state.hub_keys == (key_of("hub-2").public,)


def test_a_hub_key_without_a_trusted_voucher_is_not_trusted(hub: DishonestHub, begun: JournalVerifier) -> None:
    """Two signatures of the operator give the hub a key, but who pinned the old one must pin the new one himself."""
    second = key_change("operator", key_of("operator"), add=[key_of("second").public], remove=[])
    begun.read(hub.response(hub.write("operator", second)))
    forced = SetPartyKeys(party_id="hub", add_keys=[key_of("hub-2").public])
    envelope = hub.write("operator", forced, keys=[key_of("operator"), key_of("second")])
    with pytest.raises(JournalInvalid, match="cannot be trusted"):
        begun.read(hub.response(envelope, checkpoint=hub.checkpoint(key=key_of("hub-2"))))
    pinned = JournalVerifier(begun.state, [*HUB_KEYS, key_of("hub-2").public])
    assert len(pinned.read(hub.response(envelope, checkpoint=hub.checkpoint(key=key_of("hub-2"))))) == 1


def test_suspended_parties_write_nothing(hub: DishonestHub, begun: JournalVerifier) -> None:
    """An envelope of a suspended party is a lie, until it is reinstated."""
    suspend = SetPartyStatus(party_id="grocer", status=network_pb2.PARTY_STATUS_SUSPENDED, reason="audit")
    reinstate = SetPartyStatus(party_id="grocer", status=network_pb2.PARTY_STATUS_ACTIVE, reason="audit passed")
    begun.read(hub.response(hub.write("operator", suspend)))
    with pytest.raises(JournalInvalid, match="suspended"):
        JournalVerifier(begun.state, HUB_KEYS).read(DishonestHubAt(hub).response_of("grocer", ISSUE))
    begun.read(hub.response(hub.write("operator", reinstate), hub.write("grocer", ISSUE)))


@pytest.mark.parametrize(
    ("author", "kind"),
    [
        ("grocer", CloseWindow(window=1)),
        ("grocer", registration("florist")),
        ("operator", ISSUE),
        ("hub", ISSUE),
        ("operator", OrderPack(packs=1)),
    ],
)
def test_authors_keep_to_their_kinds(hub: DishonestHub, begun: JournalVerifier, author: str, kind: Message) -> None:
    """What only the operator or only a business may author is believed from nobody else."""
    with pytest.raises(JournalInvalid, match="may author"):
        begun.read(hub.response(hub.write(author, kind)))


def test_adjusting_needs_two_signatures(hub: DishonestHub, begun: JournalVerifier) -> None:
    """A correction that one person signed is not believed."""
    correction = ObligationCorrection(debtor="grocer", creditor="pharmacy", amount_micros=5)
    with pytest.raises(JournalInvalid, match="two signatures"):
        begun.read(hub.response(hub.write("operator", Adjust(reason="error", obligation=correction))))


@pytest.mark.parametrize("signer", ["pharmacy", "operator"])
def test_what_binds_a_party_is_signed_by_it(hub: DishonestHub, begun: JournalVerifier, signer: str) -> None:
    """Terms and campaigns are believed only with the signature of the party that they bind."""
    terms = Terms(network_id=NETWORK_ID, party_id="grocer", effective_on="2017-08-01")
    offer = CampaignOffer(
        network_id=NETWORK_ID,
        campaign_id="books",
        charity="grocer",
        fund_id="books",
        title="Books",
        goal_points=1,
        starts_on="2017-08-01",
        ends_on="2017-08-31",
    )
    for kind in (
        PublishTerms(terms=sign_document(dsse.TERMS, terms, key_of(signer))),
        OpenCampaign(campaign=sign_document(dsse.CAMPAIGN, offer, key_of(signer))),
    ):
        with pytest.raises(JournalInvalid, match="what binds grocer"):
            JournalVerifier(begun.state, HUB_KEYS).read(DishonestHubAt(hub).response_of("operator", kind))
    begun.read(
        hub.response(
            hub.write("operator", PublishTerms(terms=sign_document(dsse.TERMS, terms, key_of("grocer")))),
            hub.write("operator", OpenCampaign(campaign=sign_document(dsse.CAMPAIGN, offer, key_of("grocer")))),
        )
    )


def test_tells_a_shorter_or_other_log_from_a_longer_one(hub: DishonestHub, begun: JournalVerifier) -> None:
    """The end is reached when the hub signs exactly what was read; a log that shrank or changed is found."""
    at_end = hub.checkpoint()
    assert begun.check_end(at_end)
    other = DishonestHub()
    other.beginning("grocer", "florist")
    with pytest.raises(JournalInvalid, match="another one"):
        begun.check_end(other.checkpoint())
    begun_at_end = begun.state
    begun.read(hub.response(hub.write("grocer", ISSUE)))
    with pytest.raises(JournalInvalid, match="lost some"):
        begun.check_end(at_end)
    assert not JournalVerifier(begun_at_end, HUB_KEYS).check_end(hub.checkpoint())


def test_a_party_verifies_its_own_envelopes(hub: DishonestHub) -> None:
    """With gaps in between, a party still sees that every envelope shown is its own and in order."""
    hub.beginning("grocer", "pharmacy")
    own = OwnJournalVerifier(NETWORK_ID, "grocer", [key_of("grocer").public], HUB_KEYS)
    first = hub.write("grocer", ISSUE)
    hub.write("pharmacy", ISSUE)
    second = hub.write("grocer", ISSUE, ISSUE)
    entries = own.read(hub.response(first, second))
    assert [entry.sequence for entry in entries] == [4, 6, 7]
    with pytest.raises(JournalInvalid, match="do not follow"):
        own.read(hub.response(first))
    with pytest.raises(JournalInvalid, match="not signed by a known key"):
        own.read(hub.response(hub.write("pharmacy", ISSUE)))
    with pytest.raises(JournalInvalid, match="do not follow"):
        own.read(hub.response(hub.write("grocer", ISSUE, ISSUE, lie=Lie(sequence_step=2))))
    behind = DishonestHub()
    behind.beginning()
    with pytest.raises(JournalInvalid, match="signed a log of 1"):
        own.read(hub.response(hub.write("grocer", ISSUE), checkpoint=behind.checkpoint()))
    assert own.sequence == 7
    assert own.read(StreamEntriesResponse()) == ()


def test_inclusion_proofs_lead_to_the_signed_root(hub: DishonestHub, verifier: JournalVerifier) -> None:
    """An entry's bytes and audit path prove its place in a checkpoint, and no other place or bytes do."""
    entries = verifier.read(hub.beginning("grocer", "pharmacy", "florist"))
    checkpoint = open_any_checkpoint(hub.checkpoint(), f"coalition/{NETWORK_ID}", HUB_KEYS)
    path = inclusion_path(reader_of([entry.leaf_hash for entry in entries]), 2, 4)
    check_inclusion(entries[2].raw, 3, path, checkpoint)
    for raw, sequence in ((entries[1].raw, 3), (entries[2].raw, 2), (entries[2].raw, 9)):
        with pytest.raises(ProofInvalid, match="does not lead"):
            check_inclusion(raw, sequence, path, checkpoint)
