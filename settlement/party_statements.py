"""Statements as people ask for them: of a party and a window, out of the books, signed by the service's key."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from coalition.clock import Clock
from coalition.errors import FieldViolation, Refused
from coalition.ids import id_text
from coalition.keys import SigningKey
from coalition.note import Checkpoint, checkpoint_origin
from coalition.v1 import error_pb2, network_pb2
from coalition.v1 import settlement_disputes_pb2 as disputes_pb
from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk import PartyKind
from partner_sdk.settlement import DisputeReason, DisputeState, WindowState
from partner_sdk.statement import (
    SignerEntry,
    Statement,
    StatementDispute,
    StatementPeriod,
    StatementSettlement,
    StatementSigner,
)
from settlement.clearing.directory import Network
from settlement.clearing.obligations import owed_in
from settlement.clearing.state import Window
from settlement.clearing.totals import Totals
from settlement.desk import carried_into_next, read_known_window, require_network
from settlement.intake import Intake
from settlement.runs.methods import Method, settle
from settlement.runs.windows import RunStanding, run_with, window_state
from settlement.schedule.rule import Schedule
from settlement.statements.figures import Earlier, figures_of
from settlement.statements.lines import statement_lines
from settlement.statements.moments import moment_of
from settlement.statements.proofs import Proofs
from settlement.statements.settling import settled_alone, settled_with
from settlement.statements.tax import TaxRates
from settlement.statements.view import PartyName, View
from settlement.store.checkpoints import signed_over
from settlement.store.database import Database
from settlement.store.disputes import DisputeRecord, open_disputes
from settlement.store.lines import Choice, list_lines
from settlement.store.runs import list_standings, read_run
from settlement.store.statements import entries_about_key, sums_before
from settlement.store.tree import node_reader
from settlement.store.windows import read_totals


class Signer(NamedTuple):
    """As whom the service signs."""

    party_id: str
    key: SigningKey


@dataclass(frozen=True, slots=True)
class _Books:
    """What one look at the database shows of a window."""

    window: Window
    totals: Totals
    runs: tuple[RunStanding, ...]
    log: Checkpoint
    note: str


class PartyStatements:
    """Makes statements. It writes nothing; a statement of a closed window is the same whenever it is made, but for how
    the window is settled and for disputes."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        clock: Clock,
        signer: Signer,
        rates: TaxRates,
        schedule: Schedule | None = None,
    ) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock
        self._signer = signer
        self._rates = rates
        self._schedule = schedule
        #: Sequences and bytes; found once, for the key does not change while the service runs.
        self._signer_entries: tuple[tuple[int, bytes], ...] = ()

    @property
    def key(self) -> SigningKey:
        """What statements are signed with."""
        return self._signer.key

    def statement(self, number: int, party_id: str, *, lines_max: int | None = None) -> Statement:
        """A party's statement of a window; with its single lines where `lines_max` says how many may be.

        Raises Refused: NOT_FOUND for a window or party that is not there, FIELD_INVALID for more lines than that.
        """
        self._intake.require_sound()
        network = require_network(self._intake)
        view = self._view(network, party_id)
        now_us = self._clock()
        with self._database.read() as connection:
            books = self._books(connection, network, number)
            period = _period(view, network, books)
            figures = figures_of(
                view,
                period,
                books.totals.sums,
                earlier=Earlier.of(sums_before(connection, number)),
                rates=self._rates,
                settlement=_settlement(connection, view, network, books, self._due_on(network, books.window)),
                disputes=_disputes(connection, view, number, now_us),
                log=books.log,
            )
            proofs = Proofs(node_reader(connection), books.log.size)
            lines = None
            if lines_max is not None:
                _require_few(view, books, lines_max)
                choice = Choice(window=number, party_id=None if party_id == network.operator else party_id)
                lines = tuple(statement_lines(view, list_lines(connection, choice), proofs))
            signer = self._signed_by(proofs)
        return Statement(figures=figures, lines=lines, made_at=moment_of(now_us), checkpoint=books.note, signer=signer)

    def _books(self, connection: Connection, network: Network, number: int) -> _Books:
        window = read_known_window(connection, number, self._intake.progress.state.sequence)
        known = self._known_by(connection)
        signed = signed_over(connection, number, max(sequence for sequence, _ in known))
        if signed is None:
            raise _too_early(self._signer.party_id)
        size, note = signed
        return _Books(
            window=window,
            totals=read_totals(connection, number),
            runs=list_standings(connection),
            log=Checkpoint(checkpoint_origin(network.network_id), size, _root_in(note)),
            note=note,
        )

    def _known_by(self, connection: Connection) -> tuple[tuple[int, bytes], ...]:
        """The entries that say whose the service's key is. Raises Refused before they have been read."""
        if not self._signer_entries:
            found = entries_about_key(connection, self._signer.party_id, self._signer.key.public)
            self._signer_entries = tuple((entry.sequence, entry.raw) for entry in found)
        if not self._signer_entries:
            raise _too_early(self._signer.party_id)
        return self._signer_entries

    def _due_on(self, network: Network, window: Window) -> date | None:
        if self._schedule is None or window.is_open:
            return None
        return self._schedule.window_due_on(network.calendar, window.opened_us, window.closed_us)

    def _signed_by(self, proofs: Proofs) -> StatementSigner:
        entries = (
            SignerEntry(sequence=sequence, entry=raw, path=proofs.path(sequence))
            for sequence, raw in self._signer_entries
        )
        return StatementSigner(
            party_id=self._signer.party_id, public_key=self._signer.key.public, entries=tuple(entries)
        )

    def _view(self, network: Network, party_id: str) -> View:
        parties = self._intake.directory.parties
        if party_id not in parties:
            raise Refused(
                error_pb2.REASON_NOT_FOUND,
                f"There is no party {party_id!r}, as of entry {self._intake.progress.state.sequence}.",
                {"party_id": party_id},
            )
        names = {name: PartyName(party.display_name, _kind(party.kind)) for name, party in parties.items()}
        return View(party_id, network.operator, names)


def _kind(kind: network_pb2.PartyKind.ValueType) -> PartyKind:
    return PartyKind[network_pb2.PartyKind.Name(kind).removeprefix("PARTY_KIND_")]


def _period(view: View, network: Network, books: _Books) -> StatementPeriod:
    window, state = books.window, window_state(books.window, books.runs)
    return StatementPeriod(
        network_id=network.network_id,
        currency=network.currency,
        currency_exponent=network.currency_exponent,
        time_zone=network.calendar.time_zone,
        operator_id=network.operator,
        operator_name=view.name_of(network.operator),
        party_id=view.party_id,
        party_name=view.name_of(view.party_id),
        party_kind=view.names[view.party_id].kind,
        window=window.number,
        window_state=WindowState[pb.WindowState.Name(state).removeprefix("WINDOW_STATE_")],
        first_sequence=window.first_sequence,
        # The checkpoint over the open window is the one over all that has been read.
        last_sequence=window.last_sequence or books.log.size,
        opened_at=moment_of(window.opened_us),
        closed_at=None if window.is_open else moment_of(window.closed_us),
    )


def _settlement(
    connection: Connection, view: View, network: Network, books: _Books, due_on: date | None
) -> StatementSettlement:
    settling = run_with(books.window, books.runs)
    run = None if settling is None else read_run(connection, settling.run_id)
    if run is not None:
        return settled_with(view, run, due_on)
    owed = {pair: part.amount_micros for pair, part in owed_in(books.totals, network.operator).items()}
    pending = carried_into_next(connection, books.runs)
    alone = settle(Method.MULTILATERAL, owed, pending, network.operator, network.micros_per_minor)
    return settled_alone(view, books.window.number, alone, pending, due_on)


def _disputes(connection: Connection, view: View, number: int, now_us: int) -> tuple[StatementDispute, ...]:
    """Those in which the party is a side; the operator, which rules on them, sees all."""
    whose = "" if view.party_id == view.operator else view.party_id
    return tuple(map(_dispute, open_disputes(connection, whose, number, now_us=now_us)))


def _dispute(record: DisputeRecord) -> StatementDispute:
    dispute, standing = record
    return StatementDispute(
        dispute_id=id_text(dispute.dispute_id),
        sequence=dispute.claim.sequence,
        raiser=dispute.raiser,
        respondent=dispute.respondent,
        raised_at=moment_of(dispute.raised_us),
        state=DisputeState[disputes_pb.DisputeState.Name(standing.state).removeprefix("DISPUTE_STATE_")],
        reason=DisputeReason[disputes_pb.DisputeReason.Name(dispute.claim.reason).removeprefix("DISPUTE_REASON_")],
        claimed_micros=dispute.claim.amount_micros,
        due_at=moment_of(standing.due_us) if standing.due_us else None,
    )


def _require_few(view: View, books: _Books, lines_max: int) -> None:
    """Raises Refused with FIELD_INVALID where a statement would have more lines."""
    count = sum(
        total.entries
        for key, total in books.totals.sums.items()
        if view.party_id in (key.issuer, key.counterparty, view.operator)
    )
    if count <= lines_max:
        return
    text = f"may be asked for up to {lines_max:,} lines in this form; there are {count:,}"
    raise Refused(
        error_pb2.REASON_FIELD_INVALID,
        f"lines {text}. A PDF takes fewest; `coalition settlement lines` reads any number, page by page.",
        {"limit": str(lines_max)},
        violations=(FieldViolation("lines", text),),
    )


def _root_in(note: str) -> bytes:
    """The root in a checkpoint that was verified when it was taken in: its third line."""
    return base64.b64decode(note.split("\n")[2])


def _too_early(party_id: str) -> Refused:
    return Refused(
        error_pb2.REASON_WRONG_STATE,
        f"The settlement service has not read yet that the journal knows its own key, that of {party_id}, without "
        "which nobody could check what it signs. Ask again when it has caught up.",
        {"party_id": party_id},
    )
