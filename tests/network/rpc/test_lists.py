"""Lists of transactions: pages, filters, both directions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coalition.errors import Refused, reason_name
from coalition.v1 import transaction_pb2 as pb
from coalition.v1.ledger_service_pb2 import GetTransactionRequest, ListTransactionsRequest
from coalition.v1.outcome_pb2 import Outcome
from network.rpc.pages import page_token
from network.store import reads
from tests.databases import BOTH, Databases
from tests.network.conftest import AUDITOR, RunningHub, on_server, running_hub

pytestmark = pytest.mark.engines(*BOTH)

MEMBERS = ("anna", "ben")
ISSUES = 25


@pytest.fixture(scope="module")
def busy_hub(tmp_path_factory: pytest.TempPathFactory, shared_databases: Databases) -> Iterator[RunningHub]:
    """A hub where the grocer has issued to two members in turn, and one gave to the other."""
    with running_hub(tmp_path_factory.mktemp("lists") / "hub", database=on_server(shared_databases)) as hub:
        hub.commit("grocer", *(hub.town.enrol(name) for name in MEMBERS))
        hub.commit("grocer", *(hub.town.issue(MEMBERS[number % 2], 10) for number in range(ISSUES)))
        hub.commit("grocer", hub.town.transfer("anna", "ben", "grocer", 5))
        hub.commit("pharmacy", hub.town.issue("ben", 7))
        yield hub


def pages(hub: RunningHub, caller: str, **filters: object) -> list[list[int]]:
    """The sequences on every page."""
    found: list[list[int]] = []
    request = ListTransactionsRequest(**filters)  # type: ignore[arg-type]
    while True:
        answer = hub.ask(caller, hub.ledger.ListTransactions, request)
        found.append([record.sequence for record in answer.records])
        request.page_token = answer.next_page_token
        if not request.page_token:
            return found


def test_pages_cover_everything_once(busy_hub: RunningHub) -> None:
    """All pages together are what one large page is, in order, and every page but the last is full."""
    (everything,) = pages(busy_hub, "grocer", page_size=1_000)
    assert everything == list(range(12, 12 + 2 + ISSUES + 1))
    parts = pages(busy_hub, "grocer", page_size=7)
    assert [sequence for part in parts for sequence in part] == everything
    assert [len(part) for part in parts] == [7, 7, 7, 7]


def test_newest_first(busy_hub: RunningHub) -> None:
    """Descending pages are the ascending ones turned round."""
    (everything,) = pages(busy_hub, "grocer", page_size=1_000)
    parts = pages(busy_hub, "grocer", page_size=10, descending=True)
    assert [sequence for part in parts for sequence in part] == everything[::-1]


def test_kinds_are_filtered(busy_hub: RunningHub) -> None:
    """Only the wanted kinds are listed, whatever lies between them."""
    kinds = [pb.TRANSACTION_KIND_ENROL, pb.TRANSACTION_KIND_TRANSFER]
    assert pages(busy_hub, "grocer", kinds=kinds, page_size=1) == [[12], [13], [12 + 2 + ISSUES]]


def test_history_of_a_member_has_both_sides(busy_hub: RunningHub) -> None:
    """What a member gave and what it was given both stand in its history, once."""
    transfer = 12 + 2 + ISSUES
    for member in MEMBERS:
        (listed,) = pages(busy_hub, "grocer", holder_id=member, page_size=1_000)
        assert listed == sorted(set(listed))
        assert transfer in listed


def test_history_of_a_member_is_the_caller_s_part(busy_hub: RunningHub) -> None:
    """A partner sees what it did with a member, the auditor what everybody did."""
    assert pages(busy_hub, "pharmacy", holder_id="ben") == [[12 + 2 + ISSUES + 1]]
    (everything,) = pages(busy_hub, AUDITOR, holder_id="ben", page_size=1_000)
    assert everything[-1] == 12 + 2 + ISSUES + 1
    assert len(everything) > 12


def test_long_search_is_cut_into_pages(busy_hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that finds nothing for long ends early with a page token, and nothing is lost."""
    monkeypatch.setattr(reads, "SCAN_MAX", 4)
    monkeypatch.setattr(reads, "_SCAN_CHUNK", 4)
    parts = pages(busy_hub, "grocer", kinds=[pb.TRANSACTION_KIND_TRANSFER])
    assert len(parts) > 3
    assert [sequence for part in parts for sequence in part] == [12 + 2 + ISSUES]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"page_size": 1_001}, "page_size"),
        ({"kinds": [99]}, "kinds"),
        ({"holder_id": "no such id!"}, "holder_id"),
        ({"page_token": "made up"}, "page_token"),
    ],
)
def test_wrong_list_is_refused_by_field(busy_hub: RunningHub, fields: dict[str, object], field: str) -> None:
    """A filter that cannot be is refused, naming the field."""
    with pytest.raises(Refused) as caught:
        pages(busy_hub, "grocer", **fields)
    assert [item.field for item in caught.value.violations] == [field]


def test_page_token_belongs_to_its_list(busy_hub: RunningHub) -> None:
    """A token of one list, or of another caller's, is refused for another."""
    first = busy_hub.ask("grocer", busy_hub.ledger.ListTransactions, ListTransactionsRequest(page_size=1))
    other = ListTransactionsRequest(page_size=1, page_token=first.next_page_token, descending=True)
    for caller, request in (
        ("grocer", other),
        ("pharmacy", ListTransactionsRequest(page_token=first.next_page_token)),
    ):
        with pytest.raises(Refused) as caught:
            busy_hub.ask(caller, busy_hub.ledger.ListTransactions, request)
        assert reason_name(caught.value.reason) == "FIELD_INVALID"


def test_page_token_that_was_made_up_is_refused(busy_hub: RunningHub) -> None:
    """A token of the right form with a place that no journal has is refused like any other wrong one."""
    for after in (1 << 63, (1 << 64) - 1):
        token = page_token(after, "grocer", "", (), False)
        with pytest.raises(Refused) as caught:
            pages(busy_hub, "grocer", page_token=token)
        assert reason_name(caught.value.reason) == "FIELD_INVALID"


def test_transaction_is_found_by_its_id(busy_hub: RunningHub) -> None:
    """A transaction comes back with the exact bytes that were sent, its outcome, author and window."""
    sent = busy_hub.town.issue("anna", 3)
    busy_hub.commit("grocer", sent)
    request = GetTransactionRequest(transaction_id=sent.transaction_id)
    record = busy_hub.ask("grocer", busy_hub.ledger.GetTransaction, request).record
    assert pb.Transaction.FromString(record.transaction) == sent
    assert Outcome.FromString(record.outcome).sequence == record.sequence
    assert (record.author, record.window) == ("grocer", 1)


@pytest.mark.parametrize(("identifier", "reason"), [(b"short", "FIELD_INVALID"), (bytes(16), "NOT_FOUND")])
def test_unknown_transaction_is_not_found(busy_hub: RunningHub, identifier: bytes, reason: str) -> None:
    """An id that cannot be, and one that is not there, are told apart."""
    with pytest.raises(Refused) as caught:
        busy_hub.ask("grocer", busy_hub.ledger.GetTransaction, GetTransactionRequest(transaction_id=identifier))
    assert reason_name(caught.value.reason) == reason
