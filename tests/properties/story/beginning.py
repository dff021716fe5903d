"""How every story begins: a network, parties with terms, members, funds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coalition import dsse
from coalition.documents import sign_document
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.transaction_pb2 import Transaction
from tests.properties.model.books import CHARITY, FUND, MEMBER
from tests.properties.story import cast
from tests.properties.story.about_network import founding, terms_of
from tests.properties.story.documents import application
from tests.properties.story.envelope import Batch, Envelope, Posted

if TYPE_CHECKING:
    from tests.properties.story.teller import Teller

_HOUR_US = 3_600_000_000
_FIRST_US = int(datetime(2017, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_YEARS_US = 10 * 365 * 24 * _HOUR_US


def beginning(teller: Teller) -> Iterator[Batch]:
    """The first batches, some time in ten years."""
    random = teller.random
    teller.now_us = _FIRST_US + random.randrange(_YEARS_US)
    yield _batch(teller, cast.OPERATOR_ID, [Transaction(genesis=founding(random))])
    parties = [name for name in cast.PARTIES if name not in (cast.OPERATOR_ID, cast.HUB_ID, *cast.APPLICANTS)]
    admitted = [pb.RegisterParty(application=application(cast.NETWORK_ID, party_id)) for party_id in parties]
    yield _batch(teller, cast.OPERATOR_ID, [Transaction(register_party=message) for message in admitted])
    published = [
        pb.PublishTerms(
            terms=sign_document(
                dsse.TERMS,
                terms_of(party_id, teller.today, cast.PARTIES[party_id] == CHARITY, random.choice((0, 0, 300))),
                cast.key(f"{party_id}/1"),
            )
        )
        for party_id in parties
        if party_id != "auditor" and random.random() < 0.95
    ]
    yield _batch(teller, cast.OPERATOR_ID, [Transaction(publish_terms=message) for message in published])
    members = [
        pb.Enrol(holder_id=name, kind=MEMBER, public_keys=[key.public for key in cast.keys_of(name)[:keys]])
        for name, keys in zip(cast.MEMBERS[:4], (1, 2, 1, 0), strict=True)
    ]
    yield _batch(teller, "grocer", [Transaction(enrol=message) for message in members])
    yield _batch(teller, "school", [Transaction(enrol=pb.Enrol(holder_id="books", kind=FUND))])


def _batch(teller: Teller, author: str, messages: list[Transaction]) -> Batch:
    for message in messages:
        message.transaction_id = teller.new_id()
    envelope = Envelope(
        network_id=cast.NETWORK_ID,
        author=author,
        keys=cast.keys_of(author)[:1],
        created_us=teller.now_us,
        expires_us=teller.now_us + _HOUR_US,
        atomic=False,
        transactions=tuple(map(Posted.of, messages)),
    )
    return Batch(teller.now_us, (envelope,))
