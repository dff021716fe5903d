"""For finance teams: what a party owes and is owed, window by window, and the operator's settlement runs.

The settlement service is another service than the hub: the profile's `settlement_address` says where it is. Decisions
about runs are signed by a person's key of the operator; proposing and approving need two different ones.
"""

from __future__ import annotations

from coalition.v1 import settlement_service_pb2 as pb
from partner_sdk import (
    _awaiting_shell,
    _blocking_shell,
    _rpc,
    _settlement_alerts,
    _settlement_disputes,
    _settlement_payments,
    _settlement_reconciliation,
)
from partner_sdk._alert_models import Alert, AlertKind, AlertNote, AlertSeverity
from partner_sdk._connected import Target
from partner_sdk._connection import Connection
from partner_sdk._dispute_models import (
    Dispute,
    DisputeAction,
    DisputeAdjustment,
    DisputeAttachment,
    DisputeEvent,
    DisputeReason,
    DisputeState,
)
from partner_sdk._errors import Timeout
from partner_sdk._payment_models import (
    BankAccount,
    BankEntry,
    EntryEffect,
    EntryState,
    FileFormat,
    InstructionFile,
    LeftOut,
    LeftOutReason,
    StatementResult,
    UnmatchedReason,
)
from partner_sdk._reconciliation_models import (
    Correction,
    CorrectionAction,
    Difference,
    DifferenceKind,
    ReconcileProgress,
    ReconcileStage,
    Reconciliation,
    RecordsFile,
)
from partner_sdk._records_mapping import NegativePoints, RecordsMapping, RecordStatus
from partner_sdk._session import Session
from partner_sdk._settlement_books import (
    Books,
    CohortBooks,
    Deferral,
    IssuerBooks,
    LedgerFormat,
    LiabilityMovement,
    PointsMovement,
    RedemptionEstimate,
    books,
    ledger,
)
from partner_sdk._settlement_lines import Line, LineKind, ProvenEntry, entry, line_page, lines
from partner_sdk._settlement_models import (
    NetPosition,
    Obligation,
    PartyActivity,
    Progress,
    Window,
    WindowReport,
    progress_of,
    report_of,
    window_of,
)
from partner_sdk._settlement_run_models import CarriedAmount, Checklist, ChecklistItem, Instruction, Run, RunEvent
from partner_sdk._settlement_runs import (
    RunDecision,
    abort,
    approve,
    carry,
    checklist,
    confirm,
    decide,
    instruct,
    propose,
    run,
    runs,
)
from partner_sdk._settlement_schedule import Schedule, ScheduledClosing, UnsettledWindow, schedule
from partner_sdk._settlement_simulation import (
    SimulatedPosition,
    SimulatedWindow,
    Simulation,
    SupposedTerms,
    simulate,
)
from partner_sdk._settlement_statements import StatementForm, statement, statement_file
from partner_sdk._statement_models import Statement
from partner_sdk._steps import Steps
from partner_sdk._vocabulary import (
    CarriedReason,
    InstructionState,
    RunAction,
    RunState,
    SettlementMethod,
    WindowState,
)

__all__ = [
    "Alert",
    "AlertKind",
    "AlertNote",
    "AlertSeverity",
    "AsyncSettlementClient",
    "BankAccount",
    "BankEntry",
    "Books",
    "CarriedAmount",
    "CarriedReason",
    "Checklist",
    "ChecklistItem",
    "CohortBooks",
    "Correction",
    "CorrectionAction",
    "Deferral",
    "Difference",
    "DifferenceKind",
    "Dispute",
    "DisputeAction",
    "DisputeAdjustment",
    "DisputeAttachment",
    "DisputeEvent",
    "DisputeReason",
    "DisputeState",
    "EntryEffect",
    "EntryState",
    "FileFormat",
    "Instruction",
    "InstructionFile",
    "InstructionState",
    "IssuerBooks",
    "LedgerFormat",
    "LeftOut",
    "LeftOutReason",
    "LiabilityMovement",
    "Line",
    "LineKind",
    "NegativePoints",
    "NetPosition",
    "Obligation",
    "PartyActivity",
    "PointsMovement",
    "Progress",
    "ProvenEntry",
    "ReconcileProgress",
    "ReconcileStage",
    "Reconciliation",
    "RecordStatus",
    "RecordsFile",
    "RecordsMapping",
    "RedemptionEstimate",
    "Run",
    "RunAction",
    "RunDecision",
    "RunEvent",
    "RunState",
    "Schedule",
    "ScheduledClosing",
    "SettlementClient",
    "SettlementMethod",
    "SimulatedPosition",
    "SimulatedWindow",
    "Simulation",
    "Statement",
    "StatementForm",
    "StatementResult",
    "SupposedTerms",
    "UnmatchedReason",
    "UnsettledWindow",
    "Window",
    "WindowReport",
    "WindowState",
]


def progress(session: Session, *, wait_for_sequence: int = 0) -> Steps[Progress]:
    """How far the service has followed the journal; waits until it has come to `wait_for_sequence`.

    Raises Timeout when it does not come there within the client's timeout.
    """
    deadline = session.monotonic() + session.connection.timeout_s
    while True:
        request = pb.GetProgressRequest(wait_for_sequence=wait_for_sequence)
        found = progress_of((yield from session.read(_rpc.GET_PROGRESS, request)))
        if found.sequence >= wait_for_sequence:
            return found
        if session.monotonic() >= deadline:
            raise Timeout(
                f"The settlement service has come to entry {found.sequence}, not yet to {wait_for_sequence}. Ask again."
            )


def windows(session: Session) -> Steps[tuple[Window, ...]]:
    """Every window, ascending; the last one is open."""
    response = yield from session.read(_rpc.LIST_WINDOWS, pb.ListWindowsRequest())
    return tuple(map(window_of, response.windows))


def window(session: Session, number: int) -> Steps[WindowReport]:
    """A window with its obligations, positions and activity, fetched in as many pages as it takes. Raises NotFound."""
    request = pb.GetWindowRequest(number=number)
    whole = page = yield from session.read(_rpc.GET_WINDOW, request)
    while page.next_page_token:
        request.page_token = page.next_page_token
        page = yield from session.read(_rpc.GET_WINDOW, request)
        whole.MergeFrom(page)
    return report_of(whole)


class SettlementClient(_blocking_shell.BlockingShell):
    """A party's connection to the settlement service. A party sees what it is part of, operator and auditor all."""

    @classmethod
    def _target_in(cls, connection: Connection) -> Target:
        return Target.settlement(connection)

    progress = _blocking_shell.calls(progress)
    windows = _blocking_shell.calls(windows)
    window = _blocking_shell.calls(window)
    lines = _blocking_shell.gives(lines)
    line_page = _blocking_shell.calls(line_page)
    entry = _blocking_shell.calls(entry)
    statement = _blocking_shell.calls(statement)
    statement_file = _blocking_shell.calls(statement_file)
    books = _blocking_shell.calls(books)
    ledger = _blocking_shell.calls(ledger)
    runs = _blocking_shell.gives(runs)
    run = _blocking_shell.calls(run)
    checklist = _blocking_shell.calls(checklist)
    decide = _blocking_shell.calls(decide)
    propose = _blocking_shell.calls(propose)
    approve = _blocking_shell.calls(approve)
    instruct = _blocking_shell.calls(instruct)
    confirm = _blocking_shell.calls(confirm)
    carry = _blocking_shell.calls(carry)
    abort = _blocking_shell.calls(abort)
    set_bank_account = _blocking_shell.calls(_settlement_payments.set_bank_account)
    bank_accounts = _blocking_shell.calls(_settlement_payments.bank_accounts)
    instruction_file = _blocking_shell.calls(_settlement_payments.instruction_file)
    import_statement = _blocking_shell.calls(_settlement_payments.import_statement)
    bank_entries = _blocking_shell.gives(_settlement_payments.bank_entries)
    assign_entry = _blocking_shell.calls(_settlement_payments.assign_entry)
    schedule = _blocking_shell.calls(schedule)
    simulate = _blocking_shell.calls(simulate)
    disputes = _blocking_shell.gives(_settlement_disputes.disputes)
    dispute = _blocking_shell.calls(_settlement_disputes.dispute)
    raise_dispute = _blocking_shell.calls(_settlement_disputes.raise_dispute)
    answer_dispute = _blocking_shell.calls(_settlement_disputes.answer_dispute)
    accept_dispute = _blocking_shell.calls(_settlement_disputes.accept_dispute)
    reject_dispute = _blocking_shell.calls(_settlement_disputes.reject_dispute)
    escalate_dispute = _blocking_shell.calls(_settlement_disputes.escalate_dispute)
    withdraw_dispute = _blocking_shell.calls(_settlement_disputes.withdraw_dispute)
    rule_dispute = _blocking_shell.calls(_settlement_disputes.rule_dispute)
    confirm_ruling = _blocking_shell.calls(_settlement_disputes.confirm_ruling)
    alerts = _blocking_shell.calls(_settlement_alerts.alerts)
    follow_alerts = _blocking_shell.gives(_settlement_alerts.follow_alerts)
    acknowledge_alert = _blocking_shell.calls(_settlement_alerts.acknowledge_alert)
    inspect_records = _blocking_shell.calls(_settlement_reconciliation.inspect_records)
    reconcile = _blocking_shell.calls(_settlement_reconciliation.reconcile)
    records_mapping = _blocking_shell.calls(_settlement_reconciliation.records_mapping)
    remember_records_mapping = _blocking_shell.calls(_settlement_reconciliation.remember_records_mapping)
    reconciliations = _blocking_shell.gives(_settlement_reconciliation.reconciliations)
    reconciliation = _blocking_shell.calls(_settlement_reconciliation.reconciliation)


class AsyncSettlementClient(_awaiting_shell.AwaitingShell):
    """As SettlementClient, awaited."""

    @classmethod
    def _target_in(cls, connection: Connection) -> Target:
        return Target.settlement(connection)

    progress = _awaiting_shell.calls(progress)
    windows = _awaiting_shell.calls(windows)
    window = _awaiting_shell.calls(window)
    lines = _awaiting_shell.gives(lines)
    line_page = _awaiting_shell.calls(line_page)
    entry = _awaiting_shell.calls(entry)
    statement = _awaiting_shell.calls(statement)
    statement_file = _awaiting_shell.calls(statement_file)
    books = _awaiting_shell.calls(books)
    ledger = _awaiting_shell.calls(ledger)
    runs = _awaiting_shell.gives(runs)
    run = _awaiting_shell.calls(run)
    checklist = _awaiting_shell.calls(checklist)
    decide = _awaiting_shell.calls(decide)
    propose = _awaiting_shell.calls(propose)
    approve = _awaiting_shell.calls(approve)
    instruct = _awaiting_shell.calls(instruct)
    confirm = _awaiting_shell.calls(confirm)
    carry = _awaiting_shell.calls(carry)
    abort = _awaiting_shell.calls(abort)
    set_bank_account = _awaiting_shell.calls(_settlement_payments.set_bank_account)
    bank_accounts = _awaiting_shell.calls(_settlement_payments.bank_accounts)
    instruction_file = _awaiting_shell.calls(_settlement_payments.instruction_file)
    import_statement = _awaiting_shell.calls(_settlement_payments.import_statement)
    bank_entries = _awaiting_shell.gives(_settlement_payments.bank_entries)
    assign_entry = _awaiting_shell.calls(_settlement_payments.assign_entry)
    schedule = _awaiting_shell.calls(schedule)
    simulate = _awaiting_shell.calls(simulate)
    disputes = _awaiting_shell.gives(_settlement_disputes.disputes)
    dispute = _awaiting_shell.calls(_settlement_disputes.dispute)
    raise_dispute = _awaiting_shell.calls(_settlement_disputes.raise_dispute)
    answer_dispute = _awaiting_shell.calls(_settlement_disputes.answer_dispute)
    accept_dispute = _awaiting_shell.calls(_settlement_disputes.accept_dispute)
    reject_dispute = _awaiting_shell.calls(_settlement_disputes.reject_dispute)
    escalate_dispute = _awaiting_shell.calls(_settlement_disputes.escalate_dispute)
    withdraw_dispute = _awaiting_shell.calls(_settlement_disputes.withdraw_dispute)
    rule_dispute = _awaiting_shell.calls(_settlement_disputes.rule_dispute)
    confirm_ruling = _awaiting_shell.calls(_settlement_disputes.confirm_ruling)
    alerts = _awaiting_shell.calls(_settlement_alerts.alerts)
    follow_alerts = _awaiting_shell.gives(_settlement_alerts.follow_alerts)
    acknowledge_alert = _awaiting_shell.calls(_settlement_alerts.acknowledge_alert)
    inspect_records = _awaiting_shell.calls(_settlement_reconciliation.inspect_records)
    reconcile = _awaiting_shell.calls(_settlement_reconciliation.reconcile)
    records_mapping = _awaiting_shell.calls(_settlement_reconciliation.records_mapping)
    remember_records_mapping = _awaiting_shell.calls(_settlement_reconciliation.remember_records_mapping)
    reconciliations = _awaiting_shell.gives(_settlement_reconciliation.reconciliations)
    reconciliation = _awaiting_shell.calls(_settlement_reconciliation.reconciliation)
