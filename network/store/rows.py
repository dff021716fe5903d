"""Records as rows and back. Where a field is a tuple, the column holds its parts one after the other."""

from __future__ import annotations

from collections.abc import Iterable

from coalition.keys import PUBLIC_KEY_BYTES
from coalition.v1.outcome_pb2 import Allocation, Outcome
from coalition.wire import encode
from network.ledger.records import Hold, Holder, HoldStatus, Part, Party, Pledge, PledgeStatus, PolicyVersion, Terms
from network.store.sql import Row


def join_keys(keys: Iterable[bytes]) -> bytes:
    """Raw public keys, one after the other."""
    return b"".join(keys)


def split_keys(data: bytes) -> tuple[bytes, ...]:
    """The raw public keys that `join_keys` joined."""
    return tuple(data[start : start + PUBLIC_KEY_BYTES] for start in range(0, len(data), PUBLIC_KEY_BYTES))


def join_parts(parts: Iterable[Part]) -> bytes:
    """Parts as an Outcome lists them."""
    return encode(
        Outcome(
            allocations=[
                Allocation(issuer=part.issuer, expires_on=part.expires_on, points=part.points) for part in parts
            ]
        )
    )


def parts_of(outcome: Outcome) -> tuple[Part, ...]:
    """The parts that an Outcome lists."""
    return tuple(Part(item.issuer, item.expires_on, item.points) for item in outcome.allocations)


def policy_row(version: PolicyVersion) -> Row:
    return (version.sequence, version.effective_on, version.policy)


def policy_of(row: Row) -> PolicyVersion:
    sequence, effective_on, policy = row
    return PolicyVersion(effective_on, sequence, policy)


def party_row(party: Party) -> Row:
    return (
        party.party_id,
        party.kind,
        party.display_name,
        party.status,
        join_keys(party.keys),
        join_keys(party.revoked_keys),
    )


def party_of(row: Row) -> Party:
    party_id, kind, display_name, status, keys, revoked = row
    return Party(party_id, kind, display_name, status, split_keys(keys), split_keys(revoked))


def terms_row(terms: Terms) -> Row:
    return (
        terms.party_id,
        terms.sequence,
        terms.effective_on,
        terms.price_micros,
        terms.reimbursement_micros,
        terms.issue_fee_micros,
        terms.prefunded_bps,
        terms.outstanding_points_max,
        terms.funding,
        terms.pack_points,
        terms.reorder_points,
        terms.alarm_bps,
    )


def terms_of(row: Row) -> Terms:
    party_id, sequence, effective_on, *rates = row
    return Terms(party_id, effective_on, sequence, *rates)


def holder_row(holder: Holder) -> Row:
    return (
        holder.holder_id,
        holder.kind,
        holder.status,
        holder.enrolled_by,
        join_keys(holder.keys),
        holder.points,
        holder.held_points,
        holder.raised_points,
    )


def holder_of(row: Row) -> Holder:
    holder_id, kind, status, enrolled_by, keys, points, held_points, raised_points = row
    return Holder(holder_id, kind, status, enrolled_by, split_keys(keys), points, held_points, raised_points)


def hold_row(hold: Hold) -> Row:
    return (
        hold.acceptor,
        hold.hold_id,
        hold.holder_id,
        hold.points,
        hold.expires_us,
        int(hold.status),
        join_parts(hold.parts),
    )


def hold_of(row: Row) -> Hold:
    acceptor, hold_id, holder_id, points, expires_us, status, parts = row
    return Hold(
        acceptor,
        hold_id,
        holder_id,
        points,
        expires_us,
        HoldStatus(status),
        parts_of(Outcome.FromString(parts)),
    )


def pledge_row(holder_id: str, pledge: Pledge) -> Row:
    return (
        holder_id,
        pledge.pledge_id,
        pledge.fund_id,
        pledge.share_bps,
        pledge.points_max,
        pledge.ends_on,
        int(pledge.status),
        pledge.granted_us,
        pledge.accrued_bps,
        pledge.donated_points,
        pledge.due_points,
    )


def pledge_of(row: Row) -> Pledge:
    """The pledge in a row; whose it is stands in the first column."""
    _, pledge_id, fund_id, share_bps, points_max, ends_on, status, granted_us, accrued_bps, donated, due = row
    return Pledge(
        pledge_id,
        fund_id,
        share_bps,
        points_max,
        ends_on,
        PledgeStatus(status),
        granted_us,
        accrued_bps,
        donated,
        due,
    )
