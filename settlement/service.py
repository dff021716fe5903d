"""Puts a settlement service together: books, follower, desk, server."""

from __future__ import annotations

from typing import Final

import structlog

from coalition.clock import Clock
from coalition.tls import ServerTls
from partner_sdk import Client, Connection
from settlement.alerts.board import Board
from settlement.alerts.look import Lookout
from settlement.alerts.watch import Watch
from settlement.books_desk import BooksDesk
from settlement.config import SettlementConfig
from settlement.desk import Desk
from settlement.disputes.desk import DisputeDesk
from settlement.follower import Follower
from settlement.intake import Intake
from settlement.metrics import Metrics, MetricsServer, Watched
from settlement.party_statements import PartyStatements, Signer
from settlement.payments.desk import PaymentDesk
from settlement.payments.statement_desk import StatementDesk
from settlement.reconciliation.desk import ReconciliationDesk
from settlement.rpc.access import Gatekeeper
from settlement.rpc.alerts import alerts_offer
from settlement.rpc.books import books_offer
from settlement.rpc.disputes import disputes_offer
from settlement.rpc.downloads import Downloads
from settlement.rpc.lines import lines_offer
from settlement.rpc.payments import payments_offer
from settlement.rpc.reconciliation import reconciliation_offer
from settlement.rpc.schedule import schedule_offer
from settlement.rpc.server import Server
from settlement.rpc.servicer import SettlementServicer
from settlement.rpc.simulation import simulation_offer
from settlement.rpc.statements import statements_offer
from settlement.run_desk import RunDesk
from settlement.simulation.simulator import Simulator
from settlement.store.database import Database
from settlement.store.migrate import migrate
from settlement.timetable import Timetable

#: How long a stop waits for calls that are being answered.
GRACE_S: Final = 10.0

_log = structlog.stdlib.get_logger("settlement")


class Service:
    """One settlement service. `start`, then `stop`, once each."""

    def __init__(self, config: SettlementConfig, connection: Connection, tls: ServerTls, clock: Clock) -> None:
        """Brings the database up to date. Raises StoreError when it is of another network."""
        self._metrics_server: MetricsServer | None = None
        self._database = Database.in_file(config.database)
        migrate(self._database)
        self.intake: Final = Intake(self._database, config.network_id)
        self._follower = Follower(Client(connection), self.intake, clock, lambda: self._server.set_healthy(False))
        self._alerts = Board(
            self._database,
            Lookout(self._database, self.intake, clock, config.alerts, config.schedule, lambda: self._follower.health),
            clock,
        )
        self._watch = Watch(self._alerts, self.intake)
        gatekeeper = Gatekeeper(self.intake, clock)
        desk, runs = Desk(self._database, self.intake), RunDesk(self._database, self.intake, clock)
        self._runs: Final = runs
        timetable = Timetable(config.schedule, desk, self.intake, clock)
        disputes = DisputeDesk(self._database, self.intake, clock, config.disputes)
        reconciliations = ReconciliationDesk(
            self._database, self.intake, clock, config.folder / "reconciliation", config.reconciliation
        )
        downloads = Downloads()
        signer = Signer(connection.party_id, connection.keys[0])
        statements = PartyStatements(self._database, self.intake, clock, signer, config.tax, config.schedule)
        self._server = Server(
            SettlementServicer(desk, runs, self.intake, gatekeeper),
            tls,
            [
                lines_offer(self._database, gatekeeper),
                books_offer(BooksDesk(self._database, self.intake), gatekeeper, downloads),
                statements_offer(statements, gatekeeper, downloads, config.fonts),
                schedule_offer(timetable, gatekeeper),
                simulation_offer(Simulator(self._database), gatekeeper),
                payments_offer(
                    PaymentDesk(self._database, self.intake, clock),
                    StatementDesk(self._database, self.intake, clock),
                    runs,
                    gatekeeper,
                    downloads,
                ),
                disputes_offer(disputes, gatekeeper),
                alerts_offer(self._alerts, self.intake, gatekeeper),
                reconciliation_offer(reconciliations, self.intake, gatekeeper, downloads),
            ],
        )
        watched = Watched(
            self._database, self.intake, lambda: self._follower.failures, tls.ends_at, self._alerts.counted
        )
        self._metrics = Metrics(watched)

    @property
    def metrics_address(self) -> str | None:
        """Where Prometheus asks, HOST:PORT; None where it may not."""
        return None if self._metrics_server is None else self._metrics_server.address

    def start(self, listen: str, metrics: str | None = None) -> int:
        """Listen at `host:port`, and at `metrics` for Prometheus, begin to follow the journal, and give the port.

        Raises OSError.
        """
        if metrics is not None:
            self._metrics_server = MetricsServer(metrics, self._metrics.registry)
        port = self._server.start(listen)
        self._follower.start()
        self._watch.start()
        sequence = self.intake.progress.state.sequence
        _log.info("started", port=port, metrics=self.metrics_address, sequence=sequence)
        return port

    def stop(self) -> None:
        """Answer what is being answered, finish what is being taken in, and let go of the database."""
        self.intake.close()
        self._runs.close()
        self._alerts.close()
        self._server.stop(GRACE_S)
        self._watch.stop()
        self._follower.stop()
        if self._metrics_server is not None:
            self._metrics_server.close()
        self._database.close()
        _log.info("stopped", sequence=self.intake.progress.state.sequence)
