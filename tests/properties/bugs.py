"""Bugs to plant. Each breaks one rule, the way that rules are broken in practice."""

from __future__ import annotations

from tests.properties.planting import Bug

#: One for each of the mistakes that a ledger like this one is most likely to make.
NAMED = (
    Bug(
        "a daily limit checked against what was used before the batch",
        "ledger/holdings.py",
        "used = (ctx.state.usage.get(key) or 0) + points",
        "used = (ctx.state.usage.before.get(key, ctx.state.usage.get(key)) or 0) + points",
    ),
    Bug(
        "a reversal above its original",
        "ledger/kinds/reverse.py",
        "if original.reversed_points + message.points > original.points:",
        "if message.points > original.points:",
    ),
    Bug(
        "a consent accepted twice",
        "ledger/consents.py",
        "    if used is not None:\n",
        "    if used is not None and used < 0:\n",
    ),
    Bug(
        "a lot spent after its expiry",
        "ledger/purse.py",
        "return lot.expires_on >= today and lot.available_on <= today",
        "return lot.available_on <= today",
    ),
    Bug(
        "the order of a set decides whose points are consumed",
        "ledger/purse.py",
        "tuple(sorted((*lots, Lot(issuer, expires_on, available_on, opened, points)), key=order))",
        "tuple(sorted({*lots, Lot(issuer, expires_on, available_on, opened, points)}, key=lambda lot: lot.expires_on))",
        order=True,
    ),
    Bug(
        "the order of a set decides which fact of a rejection comes first",
        "ledger/context.py",
        "tuple((name, str(value)) for name, value in facts.items())",
        "tuple({(name, str(value)) for name, value in facts.items()})",
        order=True,
    ),
)

MORE = (
    Bug(
        "the issuer's cap checked against what was outstanding before the batch",
        "ledger/kinds/issue.py",
        "outstanding = totals.in_lots + totals.in_holds\n",
        "totals = ctx.state.totals.before.get(issuer, totals) or totals\n"
        "    outstanding = totals.in_lots + totals.in_holds\n",
    ),
    Bug(
        "a rejected transaction is not undone",
        "ledger/engine.py",
        "        state.rollback(mark)\n        state.head.window",
        "        state.head.window",
    ),
    Bug(
        "an atomic envelope is not undone",
        "ledger/engine.py",
        "            state.rollback(mark)\n            state.head.restore(saved)\n            return _abort",
        "            state.head.restore(saved)\n            return _abort",
    ),
    Bug(
        "an aborted window closing stays closed",
        "ledger/state.py",
        "self.sequence, self.committed_us, self.window = saved.sequence, saved.committed_us, saved.window",
        "self.sequence, self.committed_us = saved.sequence, saved.committed_us",
    ),
    Bug(
        "an atomic envelope goes on after a replayed rejection",
        "ledger/engine.py",
        "        aborted = envelope.header.atomic and any(",
        "        aborted = not envelope.header.atomic and any(",
    ),
    Bug(
        "lots merge whatever their first day",
        "ledger/purse.py",
        " and lot.available_on == available_on:",
        ":",
    ),
    Bug(
        "arrears are lost",
        "ledger/kinds/reverse.py",
        "    change_arrears(ctx.state, holder.holder_id, issuer, missing)\n",
        "",
    ),
    Bug(
        "repaid points fill a lot as well",
        "ledger/kinds/issue.py",
        "Part(issuer, expires_on, points - repaid)",
        "Part(issuer, expires_on, points)",
    ),
    Bug(
        "a hold captured twice",
        "ledger/kinds/capture.py",
        "if hold.status != HoldStatus.OPEN:",
        "if hold.status == HoldStatus.RELEASED:",
    ),
    Bug(
        "a hold captured at the moment of its end",
        "ledger/kinds/capture.py",
        "if hold.expires_us <= ctx.committed_us:",
        "if hold.expires_us < ctx.committed_us:",
    ),
    Bug(
        "the rest of a captured hold is lost",
        "ledger/kinds/capture.py",
        "    put_in(ctx, holder, rest)\n",
        "",
    ),
    Bug(
        "no grace for returned points",
        "ledger/kinds/reverse.py",
        "return part if part.expires_on >= grace else",
        "return part if part.expires_on >= ctx.today else",
    ),
    Bug(
        "a refund returns what was consumed first",
        "ledger/kinds/reverse.py",
        "_, after_kept = split(original.parts, kept)",
        "_, after_kept = split(original.parts, original.reversed_points)",
    ),
    Bug(
        "a hold does not count towards the daily limit",
        "ledger/kinds/hold.py",
        "        use(ctx, Usage.REDEEMED, holder.holder_id, message.points, ctx.policy.redeem_points_per_day_max)\n",
        "        pass\n",
    ),
    Bug(
        "a consent used at the moment of its end",
        "ledger/consents.py",
        "if consent.expires_us <= ctx.committed_us:",
        "if consent.expires_us < ctx.committed_us:",
    ),
    Bug(
        "a consent for another acceptor",
        "ledger/consents.py",
        '        ("acceptor", consent.acceptor, ctx.author.party_id),\n',
        "",
    ),
    Bug(
        "points expired on their last day",
        "ledger/kinds/expire.py",
        "if message.through >= ctx.today:",
        "if message.through > ctx.today:",
    ),
    Bug(
        "a pledge above its cap",
        "ledger/pledges.py",
        "due = min(accrued_bps // ALL_BPS, pledge.points_max) - pledge.donated_points",
        "due = accrued_bps // ALL_BPS - pledge.donated_points",
    ),
    Bug(
        "a refund does not reduce what a pledge gives",
        "ledger/kinds/reverse.py",
        "    unaccrue(ctx, holder.holder_id, points, original.committed_us)\n",
        "",
    ),
    Bug(
        "a closed holder is credited",
        "ledger/context.py",
        "if holder.status != _ACTIVE:",
        "if holder.status == 0:",
    ),
    Bug(
        "donated points keep their expiry",
        "ledger/kinds/donate.py",
        "part._replace(expires_on=NEVER)",
        "part",
    ),
    Bug(
        "notice one day short",
        "ledger/kinds/publish_terms.py",
        "add_days(ctx.today, ctx.policy.notice_days)",
        "add_days(ctx.today, max(0, ctx.policy.notice_days - 1))",
    ),
    Bug(
        "a suspended party may write",
        "ledger/authority.py",
        "if author.status != network_pb2.PARTY_STATUS_ACTIVE:",
        "if author.status == network_pb2.PARTY_STATUS_UNSPECIFIED:",
    ),
    Bug(
        "two entries at the same moment",
        "ledger/engine.py",
        "committed_us = max(first_us, head.committed_us + 1)",
        "committed_us = max(first_us, head.committed_us)",
    ),
    Bug(
        "an issue reversed in its own batch is forgotten",
        "ledger/state.py",
        "return self._complete or key in self.rows",
        "return self._complete",
        store=True,
    ),
    Bug(
        "an issue does not name its issuer's totals",
        "ledger/kinds/issue.py",
        "    wanted.totals.add(author)\n",
        "",
        store=True,
    ),
    Bug(
        "a hold does not name the daily limit",
        "ledger/kinds/hold.py",
        "    wanted.usage.update((Usage.REDEEMED, message.holder_id, day) for day in days)\n",
        "",
        store=True,
    ),
    Bug(
        "what was kept holds although another hub has written",
        "journal/working_set.py",
        "if edge_of(kept.state.head) == edge_of(head):",
        "if kept.state.head.reference_sequence == head.reference_sequence:",
        store=True,
    ),
    Bug(
        "what is not written yet is forgotten",
        "journal/working_set.py",
        "self.state.forget(self._touched if unwritten else Wanted(), holders_max)",
        "self.state.forget(Wanted(), holders_max)",
        store=True,
    ),
    Bug(
        "what is not written yet is looked for in the journal",
        "journal/working_set.py",
        "if unwritten and any(committed.get(key) is not None for key in wanted.originals):",
        "if not committed and any(committed.get(key) is not None for key in wanted.originals):",
        store=True,
    ),
    Bug(
        "holders are forgotten before they are written",
        "ledger/state.py",
        "first = set(islice(self.holders.rows, len(self.holders.rows) - holders_max // 2)) - keep.holders",
        "first = set(islice(self.holders.rows, len(self.holders.rows) - holders_max // 2))",
        store=True,
    ),
    Bug(
        "a lot that was used up stays in the database",
        "store/flush.py",
        "        delete_rows(connection, table, deleted)\n",
        "",
        store=True,
    ),
)
