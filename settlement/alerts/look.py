"""Gathering what alerts follow from: the database, the follower, the schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, select

from coalition.clock import Clock
from coalition.ids import id_text
from coalition.v1 import settlement_service_pb2 as pb
from settlement.alerts.alert import Alert
from settlement.alerts.overdue import WAITING, due_on, unpaid_payments
from settlement.alerts.rules import alerts_of
from settlement.alerts.sources import (
    AlertRules,
    Debts,
    DueWindow,
    Facts,
    Issuer,
    JournalHealth,
    OpenDifferences,
    OpenDispute,
    OverduePayment,
)
from settlement.clearing.directory import Directory, Network
from settlement.clearing.obligations import owed_in
from settlement.clearing.pools import Pool
from settlement.clearing.rates import History
from settlement.clearing.state import Window
from settlement.intake import Intake
from settlement.runs.windows import RunStanding, window_state
from settlement.schedule.rule import Schedule
from settlement.store import tables
from settlement.store.database import Database
from settlement.store.disputes import DisputeRecord, OpenDisputes
from settlement.store.reconciliations import open_reconciliations
from settlement.store.refused_issues import RefusedIssues
from settlement.store.runs import count_events, list_standings, read_run
from settlement.store.windows import list_windows, read_totals

_OPEN_OR_PAID: Final = (pb.WINDOW_STATE_OPEN, pb.WINDOW_STATE_SETTLED)


class Lookout:
    """Looks at everything that alerts follow from, at one moment."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        clock: Clock,
        rules: AlertRules,
        schedule: Schedule | None,
        journal: Callable[[], JournalHealth],
    ) -> None:
        """`journal` says how following it goes."""
        self._database = database
        self._intake = intake
        self._clock = clock
        self._rules = rules
        self._schedule = schedule
        self._journal = journal
        # Closed windows add up to the same for ever.
        self._debts: dict[int, Debts] = {}
        # A run may be megabytes, so that it is read once for each of its events: by run, how many, and what is unpaid.
        self._unpaid: dict[bytes, tuple[int, tuple[OverduePayment, ...]]] = {}
        self._disputes = OpenDisputes()
        self._refused = RefusedIssues()

    def __call__(self) -> tuple[Alert, ...]:
        """The alerts of now."""
        return alerts_of(self.facts(), self._rules)

    def facts(self) -> Facts:
        """What they follow from."""
        now_us, journal = self._clock(), self._journal()
        directory = self._intake.directory
        network = directory.network
        if network is None:
            return Facts(now_us, journal)
        with self._database.read() as connection:
            windows, runs = list_windows(connection), list_standings(connection)
            return Facts(
                now_us,
                journal,
                issuers=tuple(
                    _issuers(connection, directory, network.calendar.day(now_us), self._refused.at(connection))
                ),
                disputes=tuple(map(_dispute, self._disputes.at(connection, now_us))),
                debts=self._unsettled(connection, windows, runs, network),
                overdue=tuple(self._overdue(connection, windows, runs, network, now_us)),
                differences=tuple(
                    OpenDifferences(id_text(found.reconciliation_id), *found[1:])
                    for found in open_reconciliations(connection)
                ),
                due_window=self._due(network, windows[-1]),
            )

    def _unsettled(
        self, connection: Connection, windows: Sequence[Window], runs: Sequence[RunStanding], network: Network
    ) -> tuple[Debts, ...]:
        waiting = [window for window in windows if window_state(window, runs) not in _OPEN_OR_PAID]
        self._debts = {
            window.number: self._debts.get(window.number) or _debts(connection, window, network) for window in waiting
        }
        return tuple(self._debts.values())

    def _overdue(
        self,
        connection: Connection,
        windows: Sequence[Window],
        runs: Sequence[RunStanding],
        network: Network,
        now_us: int,
    ) -> Iterator[OverduePayment]:
        waiting = [standing.run_id for standing in runs if standing.state in WAITING]
        self._unpaid = {run_id: self._unpaid_of(connection, run_id, windows, network) for run_id in waiting}
        for _, payments in self._unpaid.values():
            yield from (payment for payment in payments if now_us > payment.due_us)

    def _unpaid_of(
        self, connection: Connection, run_id: bytes, windows: Sequence[Window], network: Network
    ) -> tuple[int, tuple[OverduePayment, ...]]:
        events = count_events(connection, run_id)
        known = self._unpaid.get(run_id)
        if known is not None and known[0] == events:
            return known
        run = read_run(connection, run_id)
        assert run is not None, "it was listed just now"
        by_number = {window.number: window for window in windows}
        day = due_on(run, by_number, network.calendar, self._schedule, self._rules.payment_days)
        return events, tuple(unpaid_payments(run, day, network.calendar))

    def _due(self, network: Network, window: Window) -> DueWindow | None:
        if self._schedule is None or not window.is_open:
            return None
        return DueWindow(window.number, self._schedule.due(network.calendar, window.opened_us).moment_us)


def _issuers(connection: Connection, directory: Directory, today: str, refused: Mapping[str, int]) -> Iterator[Issuer]:
    pools = {row.issuer: Pool(*row[1:]) for row in connection.execute(select(tables.pools))}
    later = 2**63 - 1
    for party_id in sorted(pools.keys() | directory.terms.keys()):
        rates = directory.terms.get(party_id, History()).in_force(today, later)
        if rates is None:
            continue
        pool = pools.get(party_id, Pool())
        yield Issuer(
            party_id,
            pool.outstanding_points,
            rates.outstanding_max,
            rates.outstanding_alarm,
            pool.prepaid_points,
            rates.reorder_points,
            refused.get(party_id, 0),
        )


def _dispute(record: DisputeRecord) -> OpenDispute:
    dispute, now = record
    return OpenDispute(
        id_text(dispute.dispute_id),
        now.state,
        dispute.window,
        dispute.raiser,
        dispute.respondent,
        dispute.operator,
        now.since_us,
        now.due_us,
        now.problem,
    )


def _debts(connection: Connection, window: Window, network: Network) -> Debts:
    owed: dict[str, int] = {}
    for pair, part in owed_in(read_totals(connection, window.number), network.operator).items():
        owed[pair.debtor] = owed.get(pair.debtor, 0) + part.amount_micros
    return Debts(window.number, window.closed_us, tuple(sorted(owed.items())))
