"""Which alerts follow from the facts: the same facts, the same alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from coalition.clock import US_PER_S
from settlement.alerts.alert import (
    CONCENTRATION,
    DIFFERENCES_OPEN,
    DISPUTE_DUE,
    DISPUTE_LATE,
    JOURNAL_BEHIND,
    JOURNAL_STOPPED,
    LIMIT_NEAR,
    LIMIT_REACHED,
    PACK_EMPTY,
    PACK_LOW,
    PAYMENT_OVERDUE,
    WINDOW_DUE,
    About,
    Alert,
)
from settlement.alerts.sources import AlertRules, Debts, Facts, Issuer, JournalHealth, OpenDispute
from settlement.disputes.dispute import ACCEPTED, ANSWERED, MISADJUSTED, RAISED, REJECTED
from settlement.disputes.rules import DAY_US

_ALL_BPS: Final = 10_000
_MINUTE_US: Final = 60 * US_PER_S


def alerts_of(facts: Facts, rules: AlertRules) -> tuple[Alert, ...]:
    """What needs attention, each thing once, in the order of what it is about."""
    found = [
        *_journal(facts.journal, facts.now_us, rules),
        *(alert for issuer in facts.issuers for alert in _issuer(issuer)),
        *(alert for debts in facts.debts for alert in _concentration(debts, rules)),
        *(alert for dispute in facts.disputes for alert in _dispute(dispute, facts.now_us, rules)),
        *_payments(facts),
        *_differences(facts),
        *_window(facts, rules),
    ]
    return tuple(sorted(found, key=lambda alert: alert.about))


def _journal(journal: JournalHealth, now_us: int, rules: AlertRules) -> Iterator[Alert]:
    if journal.problem:
        yield Alert(
            About(JOURNAL_STOPPED),
            f"Nothing after entry {journal.sequence} is taken in, for the journal was found to be wrong: "
            f"{journal.problem} Look at the hub (coalition hub verify), and settle nothing until it is understood.",
            (("last_entry_number", journal.sequence),),
        )
        return
    since_us = journal.unreadable_since_us
    if since_us and now_us - since_us > rules.hub_away_s * US_PER_S:
        yield Alert(
            About(JOURNAL_BEHIND),
            f"The hub cannot be read, and entry {journal.sequence} is the last that is in the books. The service's log "
            "says why; see whether the hub runs and whether the service's profile is still right.",
            (("last_entry_number", journal.sequence),),
            since_us,
        )
    elif journal.behind_us > rules.behind_s * US_PER_S:
        late_s = journal.behind_us // US_PER_S
        yield Alert(
            About(JOURNAL_BEHIND),
            f"Entries are taken in {late_s} s after they were committed. Figures are right but old; wait until the "
            "service has caught up before you settle, and give it more of the machine when it does not.",
            (("behind_s", late_s), ("last_entry_number", journal.sequence)),
        )


def _issuer(issuer: Issuer) -> Iterator[Alert]:
    outstanding, most = issuer.outstanding_points, issuer.outstanding_max
    figures = (("outstanding_points", outstanding), ("outstanding_points_max", most))
    refused = issuer.refused_points
    # The hub refuses what would go beyond, so outstanding points hardly ever come to the limit itself.
    if most and (outstanding >= most or outstanding + refused > most):
        what = "it can issue no more" if outstanding >= most else f"its last issue, of {refused:,}, was refused"
        yield Alert(
            About(LIMIT_REACHED, issuer.party_id),
            f"{issuer.party_id} has {outstanding:,} points outstanding, and its terms allow {most:,}: {what}. "
            "Agree on terms with a higher limit, or on a guarantee; they hold after the notice period.",
            figures,
        )
    elif most and issuer.outstanding_alarm and outstanding >= issuer.outstanding_alarm:
        yield Alert(
            About(LIMIT_NEAR, issuer.party_id),
            f"{issuer.party_id} has {outstanding:,} points outstanding, of at most {most:,}; its terms warn from "
            f"{issuer.outstanding_alarm:,} on. Agree on a higher limit before its tills are refused.",
            (*figures, ("alarm_points", issuer.outstanding_alarm)),
        )
    prepaid, reorder = issuer.prepaid_points, issuer.reorder_points
    if prepaid >= reorder:
        return
    figures = (("prepaid_points", prepaid), ("reorder_points", reorder))
    if prepaid == 0:
        yield Alert(
            About(PACK_EMPTY, issuer.party_id),
            f"{issuer.party_id} has no prepaid points left, and pays for each point as it is issued. Order packs: "
            "coalition partner order-pack",
            figures,
        )
    else:
        yield Alert(
            About(PACK_LOW, issuer.party_id),
            f"{issuer.party_id} has {prepaid:,} prepaid points left, and its terms ask it to order below {reorder:,}. "
            "Order packs: coalition partner order-pack",
            figures,
        )


def _concentration(debts: Debts, rules: AlertRules) -> Iterator[Alert]:
    total = sum(amount for _, amount in debts.owed_micros)
    for party_id, amount in debts.owed_micros:
        # In whole numbers: a share is over the limit when it is, however close.
        if amount * _ALL_BPS > rules.concentration_bps * total:
            share_bps = amount * _ALL_BPS // total
            yield Alert(
                About(CONCENTRATION, party_id, debts.window),
                f"{party_id} owes {_percent(share_bps)} of all that is owed in window {debts.window}, more than "
                f"{_percent(rules.concentration_bps)}. If it does not pay, most others are not paid: see that it can "
                "before you settle, or ask it to prepay.",
                (("owed_micros", amount), ("share_bps", share_bps), ("total_micros", total)),
                debts.closed_us,
            )


def _dispute(dispute: OpenDispute, now_us: int, rules: AlertRules) -> Iterator[Alert]:
    about = (dispute.window, dispute.dispute_id)
    between = f"The dispute {dispute.dispute_id} of {dispute.raiser} with {dispute.respondent}"
    if dispute.state == MISADJUSTED:
        yield Alert(
            About(DISPUTE_LATE, dispute.operator, *about), f"{between}: {dispute.problem}", (), dispute.since_us
        )
        return
    if not dispute.due_us:
        return
    party_id, what = _to_do(dispute)
    if now_us > dispute.due_us:
        # What is not answered or not escalated in time moves on by itself; only the operator is late.
        yield Alert(
            About(DISPUTE_LATE, party_id, *about),
            f"{between} has waited for {party_id} for longer than agreed: {what}.",
            (("late_days", (now_us - dispute.due_us) // DAY_US),),
            dispute.due_us,
        )
        return
    near_us = max(dispute.since_us, dispute.due_us - rules.dispute_notice_days * DAY_US)
    if now_us >= near_us and rules.dispute_notice_days:
        yield Alert(
            About(DISPUTE_DUE, party_id, *about),
            f"{between} waits for {party_id}, whose time is nearly over: {what}.",
            (("left_hours", (dispute.due_us - now_us) // (60 * _MINUTE_US)),),
            near_us,
        )


def _to_do(dispute: OpenDispute) -> tuple[str, str]:
    """Whose turn it is, and what to do."""
    command = "coalition settlement dispute"
    if dispute.state == RAISED:
        return dispute.respondent, f"{command} answer, accept or reject; else the operator decides"
    if dispute.state == ANSWERED:
        return dispute.raiser, f"{command} escalate, or accept an offer; else it ends without money"
    if dispute.state == REJECTED:
        return dispute.raiser, f"{command} escalate; else it ends without money"
    if dispute.state == ACCEPTED:
        return dispute.operator, f"write what was agreed on into the journal: {command} adjust"
    return dispute.operator, f"{command} rule, and confirm by a second person"


def _payments(facts: Facts) -> Iterator[Alert]:
    for payment in facts.overdue:
        yield Alert(
            About(PAYMENT_OVERDUE, payment.payer, 0, payment.reference),
            f"{payment.payer} was to pay {payment.payee} by {payment.due_on}, reference {payment.reference}, and has "
            f"not paid all of it, in the run {payment.run_id}. Ask for the money; what does not come can be carried "
            "into the next run.",
            (("unpaid_minor", payment.unpaid_minor), ("late_days", (facts.now_us - payment.due_us) // DAY_US)),
            payment.due_us,
        )


def _differences(facts: Facts) -> Iterator[Alert]:
    for found in facts.differences:
        yield Alert(
            About(DIFFERENCES_OPEN, found.party_id, 0, found.reconciliation_id),
            f"The records of {found.party_id} and the journal differ in {found.differences:,} places, by the "
            f"reconciliation {found.reconciliation_id}. Look at each, correct it, and record a reconciliation of the "
            "same windows: this ends when that finds no difference. A dispute alone does not end it, for what it "
            "brings is an obligation of its own, so let the records say what the journal says, and book that besides.",
            (("differences_number", found.differences),),
            found.recorded_us,
        )


def _window(facts: Facts, rules: AlertRules) -> Iterator[Alert]:
    window = facts.due_window
    if window is None or facts.now_us <= window.due_us + rules.window_grace_min * _MINUTE_US:
        return
    yield Alert(
        About(WINDOW_DUE, "", window.number),
        f"Window {window.number} should have been closed and takes entries still. Close it: coalition settlement "
        "close-due",
        (("late_minutes", (facts.now_us - window.due_us) // _MINUTE_US),),
        window.due_us,
    )


def _percent(bps: int) -> str:
    return f"{bps // 100}.{bps % 100:02d} %"
