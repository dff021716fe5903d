"""LinesService on a real port: what a figure is the sum of, and the proof of each entry."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from coalition.errors import Refused, reason_name
from coalition.merkle import leaf_hash, root_of, verify_inclusion
from coalition.note import checkpoint_origin, open_checkpoint
from coalition.status import from_rpc_error
from coalition.v1 import settlement_lines_pb2 as pb
from coalition.v1.settlement_lines_pb2_grpc import LinesServiceStub
from tests.settlement.books import HUB_KEY
from tests.settlement.journals import NETWORK
from tests.settlement.rpc.conftest import Running


def ask(running: Running, caller: str, **request: Any) -> Any:
    """Lines, as a party sees them."""
    return running.call("ListLines", pb.ListLinesRequest(**request), caller, stub=LinesServiceStub)


def entry(running: Running, party_id: str, sequence: int) -> Any:
    """An entry, as a party sees it."""
    return running.call("GetEntry", pb.GetEntryRequest(sequence=sequence), party_id, stub=LinesServiceStub)


def refusal(call: Any, *arguments: Any, **options: Any) -> Refused:
    """What a call is refused with."""
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **options)
    refused = from_rpc_error(error.value)
    assert refused is not None, error.value
    return refused


def short(answer: Any) -> list[tuple[str, str, str, int]]:
    """What lines are about."""
    return [
        (pb.MovementKind.Name(line.kind)[14:], line.issuer, line.counterparty, line.points) for line in answer.lines
    ]


ALL = [
    ("ISSUE", "grocer", "", 1_000),
    ("ISSUE", "florist", "", 150),
    ("REDEEM", "grocer", "florist", 300),
    ("REDEEM", "florist", "grocer", 100),
    ("REDEEM", "florist", "school", 50),
    ("DONATE", "grocer", "school", 10),
]


def test_operator_sees_every_line_and_narrows_the_choice(running: Running) -> None:
    """By window, party, issuer, counterparty and kind, each alone or together."""
    assert short(ask(running, "operator")) == ALL
    assert short(ask(running, "auditor", window=1)) == ALL
    assert short(ask(running, "operator", window=2)) == []
    assert short(ask(running, "operator", window=99)) == []
    assert short(ask(running, "operator", party_id="school")) == ALL[4:]
    assert short(ask(running, "operator", issuer="florist", counterparty="school")) == [ALL[4]]
    assert short(ask(running, "operator", kind=pb.MOVEMENT_KIND_ISSUE)) == ALL[:2]


def test_party_sees_its_own_lines_and_what_it_wrote(running: Running) -> None:
    """An issuer sees that its points were accepted, but not by whose purchase: that is the acceptor's."""
    assert short(ask(running, "grocer")) == [ALL[0], *ALL[2:4], ALL[5]]
    assert short(ask(running, "grocer", party_id="florist")) == short(ask(running, "grocer"))
    assert short(ask(running, "idle")) == []
    own, accepted_elsewhere, accepted_here, _ = ask(running, "grocer").lines
    assert own.transaction_id
    assert accepted_here.transaction_id
    assert (accepted_here.direct_micros, accepted_here.topup_micros) == (600_000, 300_000)
    assert (accepted_here.margin_micros, accepted_here.drawn_micros) == (0, 0)
    assert (accepted_elsewhere.direct_micros, accepted_elsewhere.margin_micros) == (2_400_000, 600_000)
    assert ask(running, "florist", kind=pb.MOVEMENT_KIND_REDEEM).lines[1].drawn_micros == 600_000
    assert (own.holder_id, accepted_here.holder_id) == ("anna", "anna")
    assert (accepted_elsewhere.transaction_id, accepted_elsewhere.holder_id) == (b"", "")


def test_pages_are_the_whole_in_order(running: Running) -> None:
    """However many lines a page has, the pages give each line once; a foreign token is refused."""
    for size in (1, 4, 6, 7):
        lines, token = [], ""
        while True:
            page = ask(running, "operator", page_size=size, page_token=token)
            lines += short(page)
            token = page.next_page_token
            if not token:
                break
        assert lines == ALL
    for request in ({"page_token": "nonsense"}, {"page_size": 501}, {"kind": 99}):
        assert reason_name(refusal(ask, running, "operator", **request).reason) == "FIELD_INVALID"


def test_entries_are_proved(running: Running) -> None:
    """The path leads from the leaf to the root over all entries; only the author and who sees all get the bytes."""
    leaves = [leaf_hash(item.raw) for item in running.journal.entries]
    lines = ask(running, "operator").lines
    for line in lines:
        found = entry(running, "operator", line.sequence)
        assert leaf_hash(found.entry) == found.leaf_hash == leaves[line.sequence - 1]
        signed = open_checkpoint(found.checkpoint, checkpoint_origin(NETWORK), HUB_KEY.public)
        assert (signed.size, signed.root) == (len(leaves), root_of(leaves))
        assert verify_inclusion(found.leaf_hash, line.sequence - 1, len(leaves), list(found.path), signed.root)
    redeemed = lines[2].sequence
    as_issuer, as_acceptor = entry(running, "grocer", redeemed), entry(running, "florist", redeemed)
    assert as_issuer.entry == b""
    assert as_acceptor.entry == running.journal.entries[redeemed - 1].raw
    assert as_issuer.path == as_acceptor.path
    assert len(as_issuer.lines) == len(as_acceptor.lines) == 1


def test_entries_of_others_are_not_there(running: Running) -> None:
    """Whether an entry is another's or does not exist, a party is told the same."""
    redeemed = ask(running, "operator").lines[2].sequence
    later = len(running.journal.entries) + 1
    for party_id, sequence in (
        *(("idle", redeemed), ("school", redeemed), ("operator", later), ("operator", 0), ("operator", 2**64 - 1)),
    ):
        refused = refusal(entry, running, party_id, sequence)
        assert reason_name(refused.reason) == "NOT_FOUND"
        assert refused.message.startswith(f"There is no entry {sequence} that concerns {party_id}")
