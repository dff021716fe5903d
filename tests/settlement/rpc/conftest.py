"""A settlement service on a real port, with the books of a made-up journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from coalition.clock import US_PER_S
from coalition.keys import SigningKey
from coalition.tls import load_server_tls, make_tls
from coalition.tokens import METADATA_KEY, SETTLEMENT, authorization, make_token
from coalition.v1 import network_pb2
from coalition.v1.settlement_service_pb2_grpc import SettlementServiceStub
from settlement.alerts.alert import Alert
from settlement.alerts.board import Board
from settlement.books_desk import BooksDesk
from settlement.desk import Desk
from settlement.disputes.desk import DisputeDesk
from settlement.disputes.rules import DisputeRules
from settlement.intake import Intake
from settlement.party_statements import PartyStatements, Signer
from settlement.payments.desk import PaymentDesk
from settlement.payments.statement_desk import StatementDesk
from settlement.reconciliation.desk import ReconciliationDesk
from settlement.reconciliation.limits import Limits
from settlement.rpc.access import Gatekeeper
from settlement.rpc.alerts import alerts_offer
from settlement.rpc.books import books_offer
from settlement.rpc.disputes import disputes_offer
from settlement.rpc.downloads import Downloads
from settlement.rpc.lines import lines_offer
from settlement.rpc.payments import payments_offer
from settlement.rpc.reconciliation import reconciliation_offer
from settlement.rpc.server import Server
from settlement.rpc.servicer import SettlementServicer
from settlement.rpc.statements import statements_offer
from settlement.run_desk import RunDesk
from settlement.statements.tax import TaxRates
from settlement.store.database import Database
from tests.settlement.books import new_database, take_in
from tests.settlement.decisions import Person
from tests.settlement.journals import NETWORK, Journal, coalition_of_three, key_of

MAKER, CHECKER = Person(1), Person(2)
KEYS: dict[str, SigningKey] = {
    "operator": MAKER.key,
    **{name: key_of(name) for name in ("grocer", "florist", "school", "auditor", "idle")},
}
NOW_US = 1_500_000_000 * US_PER_S


@dataclass
class Running:
    """The service, and how to call it."""

    journal: Journal
    database: Database
    intake: Intake
    server: Server
    port: int
    authority: bytes
    board: Board
    #: What the board sees; a test's own.
    alerts: list[Alert]
    downloads: Downloads

    @contextmanager
    def channel(self) -> Iterator[grpc.Channel]:
        """A connection that trusts the service's authority."""
        credentials = grpc.ssl_channel_credentials(self.authority)
        with grpc.secure_channel(f"localhost:{self.port}", credentials) as channel:
            yield channel

    def call(
        self,
        method: str,
        request: object,
        party_id: str = "",
        timeout_s: float = 10,
        stub: Callable[[grpc.Channel], object] = SettlementServiceStub,
        **token: object,
    ) -> object:
        """Call as a party; with none, without a token."""
        metadata = metadata_of(party_id, **token) if party_id else ()
        with self.channel() as channel:
            return getattr(stub(channel), method)(request, timeout=timeout_s, metadata=metadata)


def metadata_of(
    party_id: str,
    *,
    key: SigningKey | None = None,
    network_id: str = NETWORK,
    service: str = SETTLEMENT,
    age_s: int = 0,
) -> tuple[tuple[str, str], ...]:
    """A party's token, or one with something wrong."""
    token = make_token(
        party_id,
        key or KEYS[party_id],
        network_id=network_id,
        service=service,
        now_s=NOW_US // US_PER_S - age_s,
    )
    return ((METADATA_KEY, authorization(token)),)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A grocer, a florist and a school did business in window 1, which is closed; an idle partner did none."""
    database = new_database(tmp_path)
    journal = coalition_of_three(operator_keys=(MAKER.key.public, CHECKER.key.public))
    auditor = KEYS["auditor"]
    journal.party("auditor", network_pb2.PARTY_KIND_AUDITOR, (auditor.public,), auditor)
    journal.party("idle", network_pb2.PARTY_KIND_PARTNER, (KEYS["idle"].public,))
    journal.campaign("school", "playground")
    journal.issue("grocer", 1_000)
    journal.issue("florist", 150)
    journal.redeem("florist", {"grocer": 300})
    journal.redeem("grocer", {"florist": 100})
    journal.redeem("school", {"florist": 50})
    journal.donate("playground", {"grocer": 10})
    journal.close()
    intake = Intake(database, NETWORK)
    take_in(intake, journal.entries)
    files = make_tls(tmp_path / "tls", "Test", ["localhost"])
    desk, runs = Desk(database, intake), RunDesk(database, intake, lambda: NOW_US)
    gatekeeper = Gatekeeper(intake, lambda: NOW_US)
    alerts: list[Alert] = []
    statements = PartyStatements(database, intake, lambda: NOW_US, Signer("auditor", auditor), TaxRates(2_000, 750))
    downloads = Downloads()
    board = Board(database, lambda: tuple(alerts), lambda: NOW_US)
    server = Server(
        SettlementServicer(desk, runs, intake, gatekeeper),
        load_server_tls(tmp_path / "tls"),
        [
            lines_offer(database, gatekeeper),
            payments_offer(
                PaymentDesk(database, intake, lambda: NOW_US),
                StatementDesk(database, intake, lambda: NOW_US),
                runs,
                gatekeeper,
                downloads,
            ),
            statements_offer(statements, gatekeeper, downloads),
            books_offer(BooksDesk(database, intake), gatekeeper, downloads),
            disputes_offer(
                # The journal is older than the clock.
                DisputeDesk(database, intake, lambda: NOW_US, DisputeRules(raise_days=3_650)),
                gatekeeper,
            ),
            alerts_offer(board, intake, gatekeeper),
            reconciliation_offer(
                ReconciliationDesk(database, intake, lambda: NOW_US, tmp_path / "reconciliation", Limits()),
                intake,
                gatekeeper,
                downloads,
            ),
        ],
    )
    port = server.start("localhost:0")
    yield Running(journal, database, intake, server, port, files.authority.read_bytes(), board, alerts, downloads)
    board.close()
    server.stop(5)
    database.close()
