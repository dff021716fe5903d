"""Predicts what becomes of an envelope: refused without a trace, or a verdict for each of its transactions."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any

from coalition.v1 import transaction_pb2 as pb
from coalition.v1.network_pb2 import PartyApplication, Policy
from tests.properties.model import accounts, holds, network, pledges, points
from tests.properties.model.books import AUDITOR, BUSINESS, HUB, OPERATOR, Books
from tests.properties.model.verdict import Answer, Done, Moment, Refusal, Verdict, Why
from tests.properties.story.envelope import Envelope, Posted

Rule = Callable[[Books, Moment, Any], Answer]

#: By kind: the rule, who may be its author, how many signatures it needs.
RULES: Mapping[str, tuple[Rule, tuple[int, ...], int]] = {
    "issue": (points.issue, BUSINESS, 1),
    "redeem": (points.redeem, BUSINESS, 1),
    "donate": (points.donate, (*BUSINESS, HUB), 1),
    "transfer": (points.transfer, BUSINESS, 1),
    "hold": (holds.hold, BUSINESS, 1),
    "capture": (holds.capture, BUSINESS, 1),
    "release": (holds.release, (*BUSINESS, HUB), 1),
    "reverse": (points.reverse, BUSINESS, 1),
    "expire": (points.expire, (HUB,), 1),
    "enrol": (accounts.enrol, BUSINESS, 1),
    "add_key": (accounts.add_key, (*BUSINESS, OPERATOR), 1),
    "remove_key": (accounts.remove_key, (*BUSINESS, OPERATOR), 1),
    "set_alias": (accounts.set_alias, (*BUSINESS, OPERATOR), 1),
    "close": (accounts.close, BUSINESS, 1),
    "pledge": (pledges.pledge, BUSINESS, 1),
    "revoke_pledge": (pledges.revoke_pledge, BUSINESS, 1),
    "genesis": (network.genesis, (OPERATOR,), 1),
    "register_party": (network.register_party, (OPERATOR,), 1),
    "set_party_keys": (network.set_party_keys, (OPERATOR,), 1),
    "set_party_status": (network.set_party_status, (OPERATOR,), 1),
    "publish_terms": (network.publish_terms, (OPERATOR,), 1),
    "set_policy": (network.set_policy, (OPERATOR,), 1),
    "open_campaign": (network.open_campaign, (OPERATOR,), 1),
    "close_window": (network.close_window, (OPERATOR,), 1),
    "adjust": (points.adjust, (OPERATOR,), 2),
    "order_pack": (network.order_pack, BUSINESS, 1),
}
assert AUDITOR not in {kind for _, authors, _ in RULES.values() for kind in authors}


class Model:
    """The books, and what was said about every transaction in them."""

    def __init__(self) -> None:
        self.books = Books()
        self.said: dict[tuple[str, bytes], tuple[bytes, Verdict]] = {}

    def submit(self, envelope: Envelope, now_us: int) -> Refusal | list[Verdict]:
        """What must become of the envelope when the hub's clock shows `now_us`."""
        known = [self.said.get((envelope.author, posted.message.transaction_id)) for posted in envelope.transactions]
        for posted, before in zip(envelope.transactions, known, strict=True):
            if before is not None and before[0] != posted.raw:
                return Refusal(frozenset({"ID_CONFLICT"}))
        new = [posted for posted, before in zip(envelope.transactions, known, strict=True) if before is None]
        if new:
            first_us = max(now_us, self.books.committed_us + 1)
            for why in (self._untimely(envelope, first_us), self._unauthorised(envelope, new)):
                if why:
                    return Refusal(frozenset(why))
            failed_before = any(before is not None and before[1].why for before in known)
            self._apply(envelope, new, now_us, doomed=envelope.atomic and failed_before)
        return [
            self.said[envelope.author, posted.message.transaction_id][1] if before is None else before[1].again()
            for posted, before in zip(envelope.transactions, known, strict=True)
        ]

    def _untimely(self, envelope: Envelope, us: int) -> Why:
        why = Why()
        why.unless(us < envelope.expires_us, "ENVELOPE_EXPIRED")
        if self.books.network and not why:
            longest = self.books.policy(self.books.day(us)).envelope_lifetime_max_s * 1_000_000
            why.unless(envelope.expires_us - envelope.created_us <= longest, "LIFETIME_TOO_LONG")
        return why

    def _unauthorised(self, envelope: Envelope, new: list[Posted]) -> Why:
        why = Why()
        keys = [key.public for key in envelope.keys]
        if not self.books.network:
            only = new[0].message.genesis
            operator = PartyApplication.FromString(only.operator.document)
            first = len(new) == 1 and new[0].kind == "genesis"
            named = (envelope.network_id, envelope.author) == (only.network_id, operator.party_id)
            if why.unless(first and named, "WRONG_NETWORK"):
                why.unless(set(keys) <= set(operator.public_keys), "KEY_UNKNOWN")
            return why
        why.unless(envelope.network_id == self.books.network["network_id"], "WRONG_NETWORK")
        party = self.books.parties.get(envelope.author)
        if party is None:
            why.add("AUTHOR_UNKNOWN")
            return why
        for key in keys:
            if key not in party["keys"]:
                why.add("KEY_REVOKED" if key in party["revoked"] else "KEY_UNKNOWN")
        why.unless(party["active"], "PARTY_SUSPENDED")
        for posted in new:
            _, authors, signatures = RULES[posted.kind]
            why.unless(party["kind"] in authors, "KIND_NOT_ALLOWED")
            why.unless(len(keys) >= signatures, "SIGNATURES_TOO_FEW")
        return why

    def _apply(self, envelope: Envelope, new: list[Posted], now_us: int, *, doomed: bool) -> None:
        """All or nothing where the envelope says so, else each for itself."""
        aborted = Why({"ENVELOPE_ABORTED"})
        if doomed:
            for posted in new:
                self._write(self._moment(envelope, posted, now_us), posted, aborted)
            return
        before = pickle.loads(pickle.dumps(self.books)) if envelope.atomic else None
        for position, posted in enumerate(new):
            at = self._moment(envelope, posted, now_us)
            answer = self._answer(at, posted)
            if before is not None and isinstance(answer, Why):
                self.books = before
                for index, other in enumerate(new):
                    self._write(self._moment(envelope, other, now_us), other, answer if index == position else aborted)
                return
            self._write(at, posted, answer)

    def _answer(self, at: Moment, posted: Posted) -> Answer:
        answer = RULES[posted.kind][0](self.books, at, getattr(posted.message, posted.kind))
        if posted.kind == "reverse" and isinstance(answer, Why) and "ORIGINAL_UNKNOWN" in answer:
            known = (at.author, posted.message.reverse.original_id) in self.said
            return Why({"NOT_REVERSIBLE" if known else "ORIGINAL_UNKNOWN"})
        if isinstance(answer, Done) and posted.kind in ("issue", "redeem", "capture"):
            self.books.originals[at.author, at.transaction_id] = {
                "kind": pb.TransactionKind.Value(f"TRANSACTION_KIND_{posted.kind.upper()}"),
                "sequence": at.sequence,
                "us": at.us,
                "holder": answer.holder,
                "points": getattr(posted.message, posted.kind).points,
                "parts": answer.parts,
                "reversed": 0,
            }
        return answer

    def _moment(self, envelope: Envelope, posted: Posted, now_us: int) -> Moment:
        books = self.books
        us = max(now_us, books.committed_us + 1)
        today = books.day(us) if books.network else ""
        return Moment(
            author=envelope.author,
            author_kind=books.parties[envelope.author]["kind"] if books.network else OPERATOR,
            signatures=len(envelope.keys),
            transaction_id=posted.message.transaction_id,
            sequence=books.sequence + 1,
            us=us,
            today=today,
            policy=books.policy(today) if books.network else Policy(),
        )

    def _write(self, at: Moment, posted: Posted, answer: Answer) -> None:
        """Put the entry at the end of the journal."""
        books = self.books
        # A window's closing belongs to the window that it closes.
        closed = isinstance(answer, Done) and posted.kind == "close_window"
        window = books.window - 1 if closed else books.window
        books.sequence, books.committed_us = at.sequence, at.us
        if isinstance(answer, Why):
            verdict = Verdict(at.sequence, at.us, window, frozenset(answer))
        else:
            verdict = Verdict(
                at.sequence,
                at.us,
                window,
                frozenset(),
                tuple(answer.parts),
                answer.arrears,
                books.balance(answer.holder, at.today) if answer.holder else None,
                answer.original,
            )
        self.said[at.author, at.transaction_id] = (posted.raw, verdict)
