"""Who may read what: every cell of the table in docs/operators.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import grpc
import pytest

from coalition.errors import Refused, reason_name
from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.directory_service_pb2 import (
    GetHolderRequest,
    GetNetworkRequest,
    GetPartyRequest,
    ListCampaignsRequest,
    ListPartiesRequest,
    ListTermsRequest,
)
from coalition.v1.envelope_pb2 import EnvelopeHeader
from coalition.v1.journal_pb2 import (
    GetCheckpointRequest,
    GetConsistencyProofRequest,
    GetInclusionProofRequest,
    StreamEntriesRequest,
)
from coalition.v1.ledger_service_pb2 import (
    ExchangeCodeRequest,
    GetBalanceRequest,
    GetTransactionRequest,
    ListTransactionsRequest,
)
from coalition.v1.operator_service_pb2 import GetTrialBalanceRequest, SweepRequest
from tests.network.conftest import AUDITOR, RunningHub, refusal, running_hub
from tests.network.town import FUND, key_of

SUSPENDED: Final = "butcher"
OTHER_CHARITY: Final = "shelter"
#: The columns of the table; "" is somebody without a token.
CALLERS: Final = ("operator", AUDITOR, "grocer", "pharmacy", "school", OTHER_CHARITY, SUSPENDED, "hub", "")

YES: Final = "yes"
NO: Final = "PERMISSION_DENIED"
STRANGER: Final = "UNAUTHENTICATED"


class World:
    """Two members' purchases and a donation, by known transactions."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        town = hub.town
        hub.commit("operator", town.register(OTHER_CHARITY, network_pb2.PARTY_KIND_CHARITY))
        self.issue = town.issue("anna", 100)
        hub.commit("grocer", town.enrol("anna", "card-anna"), self.issue)
        hub.commit("pharmacy", town.issue("anna", 40))
        self.donation = town.donate("anna", "grocer", 30)
        hub.commit("grocer", self.donation)
        self.sequence = hub.ask("grocer", hub.ledger.GetBalance, GetBalanceRequest(holder_id="anna")).sequence
        hub.commit(
            "operator",
            town.transaction(
                set_party_status=pb.SetPartyStatus(
                    party_id=SUSPENDED, status=network_pb2.PARTY_STATUS_SUSPENDED, reason="unpaid"
                )
            ),
        )

    def stream(self, caller: str) -> set[str]:
        """The authors of the entries that a party is shown."""
        answers = self.hub.journal.StreamEntries(
            StreamEntriesRequest(from_sequence=1), timeout=10, metadata=self.hub.token(caller) if caller else ()
        )
        try:
            headers = [envelope.header for answer in answers for envelope in answer.envelopes]
        except grpc.RpcError as error:
            raise refusal(error) from None
        return {EnvelopeHeader.FromString(header).author for header in headers}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A network where something has happened. Nothing that these tests do changes it."""
    with running_hub(tmp_path_factory.mktemp("access") / "hub") as hub:
        yield World(hub)


Question = Callable[[World, str], object]


def ask(service: str, method: str, make: Callable[[World], Any]) -> Question:
    """A question that any party may put in the same words."""

    def question(world: World, caller: str) -> object:
        return world.hub.ask(caller, getattr(getattr(world.hub, service), method), make(world))

    return question


#: A row of the table: what is asked, and what each of CALLERS is told.
EVERYBODY: Final = (YES,) * 9
EVERY_PARTY: Final = (YES,) * 8 + (STRANGER,)
ROWS: Final[dict[str, tuple[Question, tuple[str, ...]]]] = {
    "network": (ask("directory", "GetNetwork", lambda _: GetNetworkRequest()), EVERYBODY),
    "checkpoint": (ask("journal", "GetCheckpoint", lambda _: GetCheckpointRequest()), EVERYBODY),
    "party": (ask("directory", "GetParty", lambda _: GetPartyRequest(party_id="grocer")), EVERY_PARTY),
    "parties": (ask("directory", "ListParties", lambda _: ListPartiesRequest()), EVERY_PARTY),
    "campaigns": (ask("directory", "ListCampaigns", lambda _: ListCampaignsRequest()), EVERY_PARTY),
    "holder": (ask("directory", "GetHolder", lambda _: GetHolderRequest(holder_id="anna")), EVERY_PARTY),
    "consistency proof": (
        ask("journal", "GetConsistencyProof", lambda _: GetConsistencyProofRequest(old_size=3)),
        EVERY_PARTY,
    ),
    "own terms": (ask("directory", "ListTerms", lambda _: ListTermsRequest()), EVERY_PARTY),
    "terms of the grocer": (
        ask("directory", "ListTerms", lambda _: ListTermsRequest(party_id="grocer")),
        (YES, YES, YES, NO, NO, NO, NO, NO, STRANGER),
    ),
    "transaction of the grocer": (
        ask(
            "ledger",
            "GetTransaction",
            lambda world: GetTransactionRequest(transaction_id=world.issue.transaction_id, author="grocer"),
        ),
        (YES, YES, YES, NO, NO, NO, NO, NO, STRANGER),
    ),
    "own transactions": (ask("ledger", "ListTransactions", lambda _: ListTransactionsRequest()), EVERY_PARTY),
    "proof of the grocer's entry": (
        ask("journal", "GetInclusionProof", lambda world: GetInclusionProofRequest(sequence=world.sequence)),
        (YES, YES, YES, NO, NO, NO, NO, NO, STRANGER),
    ),
    "balance of a member": (
        ask("ledger", "GetBalance", lambda _: GetBalanceRequest(holder_id="anna")),
        (YES, YES, YES, YES, YES, YES, "PARTY_SUSPENDED", NO, STRANGER),
    ),
    "balance of the school's fund": (
        ask("ledger", "GetBalance", lambda _: GetBalanceRequest(holder_id=FUND)),
        (YES, YES, NO, NO, YES, NO, NO, NO, STRANGER),
    ),
    "one-time code": (
        ask("ledger", "ExchangeCode", lambda _: ExchangeCodeRequest(holder_id="anna", code="00000000", points=1)),
        (NO, NO, "CODE_INVALID", "CODE_INVALID", "CODE_INVALID", "CODE_INVALID", "PARTY_SUSPENDED", NO, STRANGER),
    ),
    "trial balance": (
        ask("operator", "GetTrialBalance", lambda _: GetTrialBalanceRequest()),
        (YES, YES, NO, NO, NO, NO, NO, NO, STRANGER),
    ),
    "sweep": (
        ask("operator", "Sweep", lambda _: SweepRequest()),
        (YES, NO, NO, NO, NO, NO, NO, NO, STRANGER),
    ),
    "journal": (lambda world, caller: world.stream(caller), EVERY_PARTY),
}
CELLS: Final = [
    pytest.param(question, caller, answer, id=f"{what}-{caller or 'nobody'}")
    for what, (question, answers) in ROWS.items()
    for caller, answer in zip(CALLERS, answers, strict=True)
]


@pytest.mark.parametrize(("question", "caller", "answer"), CELLS)
def test_caller_is_told_what_it_may_know(world: World, question: Question, caller: str, answer: str) -> None:
    """Each caller gets an answer, or the error that the table has."""
    try:
        question(world, caller)
        told = YES
    except Refused as refused:
        told = reason_name(refused.reason)
    assert told == answer


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller])
def test_journal_shows_a_party_its_own_envelopes_only(world: World, caller: str) -> None:
    """Operator and auditor see every author's entries, everybody else at most their own."""
    authors = world.stream(caller)
    if caller in ("operator", AUDITOR):
        assert authors == {"operator", "grocer", "pharmacy"}
    else:
        assert authors == ({caller} if caller in ("grocer", "pharmacy") else set())


def test_list_shows_a_party_its_own_transactions_only(world: World) -> None:
    """A list of transactions has the caller's own; an auditor's has all."""
    listed = {
        caller: {
            record.author
            for record in world.hub.ask(caller, world.hub.ledger.ListTransactions, ListTransactionsRequest()).records
        }
        for caller in (AUDITOR, "grocer", "pharmacy", "school", SUSPENDED)
    }
    everybody = {"operator", "grocer", "pharmacy"}
    assert listed == {
        AUDITOR: everybody,
        "grocer": {"grocer"},
        "pharmacy": {"pharmacy"},
        "school": set(),
        SUSPENDED: set(),
    }


def test_owner_of_a_fund_sees_all_its_transactions(world: World) -> None:
    """A charity sees donations into its fund whoever their author is; nobody else learns of them."""
    request = ListTransactionsRequest(holder_id=FUND, kinds=[pb.TRANSACTION_KIND_DONATE])
    seen = {
        caller: len(world.hub.ask(caller, world.hub.ledger.ListTransactions, request).records)
        for caller in ("school", OTHER_CHARITY, "grocer", "pharmacy", "operator", AUDITOR)
    }
    assert seen == {"school": 1, OTHER_CHARITY: 0, "grocer": 1, "pharmacy": 0, "operator": 1, AUDITOR: 1}


def test_terms_list_is_the_caller_s(world: World) -> None:
    """Without a name a party gets its own terms, the operator everybody's."""
    asked = {
        caller: {
            terms.party_id for terms in world.hub.ask(caller, world.hub.directory.ListTerms, ListTermsRequest()).terms
        }
        for caller in ("operator", "grocer", OTHER_CHARITY)
    }
    assert asked == {
        "operator": {"butcher", "grocer", "pharmacy", "school"},
        "grocer": {"grocer"},
        OTHER_CHARITY: set(),
    }


@pytest.mark.parametrize(
    ("caller", "shown"),
    [
        ("operator", {("grocer", 70), ("pharmacy", 40)}),
        (AUDITOR, {("grocer", 70), ("pharmacy", 40)}),
        ("grocer", {("grocer", 70), ("", 40)}),
        ("pharmacy", {("", 70), ("pharmacy", 40)}),
        ("school", {("", 110)}),
    ],
)
def test_till_learns_the_issuer_of_its_own_points_only(world: World, caller: str, shown: set[tuple[str, int]]) -> None:
    """Of a member's lots a party sees its own by name and the others added up, so nobody learns where else one buys."""
    answer = world.hub.ask(caller, world.hub.ledger.GetBalance, GetBalanceRequest(holder_id="anna"))
    assert {(lot.issuer, lot.points) for lot in answer.lots} == shown
    assert answer.balance.available_points == 110


def test_charity_sees_the_issuers_in_its_fund(world: World) -> None:
    """The lots of a fund are shown to its charity in full."""
    answer = world.hub.ask("school", world.hub.ledger.GetBalance, GetBalanceRequest(holder_id=FUND))
    assert [(lot.issuer, lot.expires_on, lot.points) for lot in answer.lots] == [("grocer", "9999-12-31", 30)]


@pytest.mark.parametrize(
    ("caller", "sees"),
    [("operator", True), (AUDITOR, True), ("grocer", True), ("pharmacy", False), ("school", False), ("hub", False)],
)
def test_keys_of_a_member_are_for_who_enrolled_it(world: World, caller: str, sees: bool) -> None:
    """A member's public keys are shown to the party that enrolled it, operator and auditor."""
    holder = world.hub.ask(caller, world.hub.directory.GetHolder, GetHolderRequest(alias="card-anna"))
    assert list(holder.public_keys) == ([key_of("anna").public] if sees else [])
    assert holder.holder_id == "anna"


@pytest.mark.parametrize(("caller", "sees"), [("operator", True), ("school", True), ("grocer", False)])
def test_keys_of_a_fund_are_its_charity_s(world: World, caller: str, sees: bool) -> None:
    """A fund's keys are those of its charity, shown to it, operator and auditor."""
    holder = world.hub.ask(caller, world.hub.directory.GetHolder, GetHolderRequest(holder_id=FUND))
    assert list(holder.public_keys) == ([key_of("school").public] if sees else [])


def test_suspended_party_still_reads_its_own(world: World) -> None:
    """A suspended party may read its terms, and is refused by name where it would serve members."""
    terms = world.hub.ask(SUSPENDED, world.hub.directory.ListTerms, ListTermsRequest()).terms
    assert [item.party_id for item in terms] == [SUSPENDED]
    with pytest.raises(Refused) as caught:
        world.hub.ask(SUSPENDED, world.hub.ledger.GetBalance, GetBalanceRequest(holder_id="anna"))
    assert caught.value.reason == error_pb2.REASON_PARTY_SUSPENDED
