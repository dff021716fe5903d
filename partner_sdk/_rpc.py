"""The methods of the hub and of the settlement service."""

from __future__ import annotations

from typing import Final

from coalition.v1 import directory_service_pb2 as directory
from coalition.v1 import journal_pb2 as journal
from coalition.v1 import ledger_service_pb2 as ledger
from coalition.v1 import operator_service_pb2 as operator
from coalition.v1 import settlement_alerts_pb2 as alerts
from coalition.v1 import settlement_books_pb2 as books
from coalition.v1 import settlement_disputes_pb2 as disputes
from coalition.v1 import settlement_lines_pb2 as lines
from coalition.v1 import settlement_payments_pb2 as payments
from coalition.v1 import settlement_reconciliation_pb2 as reconciliation
from coalition.v1 import settlement_schedule_pb2 as schedule
from coalition.v1 import settlement_service_pb2 as settlement
from coalition.v1 import settlement_simulation_pb2 as simulation
from coalition.v1 import settlement_statements_pb2 as statements
from partner_sdk._steps import Method

_PACKAGE: Final = "/coalition.v1."

SUBMIT: Final = Method(f"{_PACKAGE}LedgerService/Submit", ledger.SubmitResponse)
SUBMIT_STREAM: Final = Method(f"{_PACKAGE}LedgerService/SubmitStream", ledger.SubmitStreamResponse)
GET_TRANSACTION: Final = Method(f"{_PACKAGE}LedgerService/GetTransaction", ledger.GetTransactionResponse)
LIST_TRANSACTIONS: Final = Method(f"{_PACKAGE}LedgerService/ListTransactions", ledger.ListTransactionsResponse)
GET_BALANCE: Final = Method(f"{_PACKAGE}LedgerService/GetBalance", ledger.GetBalanceResponse)
CREATE_CODE: Final = Method(f"{_PACKAGE}LedgerService/CreateCode", ledger.CreateCodeResponse)
EXCHANGE_CODE: Final = Method(f"{_PACKAGE}LedgerService/ExchangeCode", ledger.ExchangeCodeResponse)

GET_NETWORK: Final = Method(f"{_PACKAGE}DirectoryService/GetNetwork", directory.GetNetworkResponse)
GET_PARTY: Final = Method(f"{_PACKAGE}DirectoryService/GetParty", directory.GetPartyResponse)
LIST_PARTIES: Final = Method(f"{_PACKAGE}DirectoryService/ListParties", directory.ListPartiesResponse)
LIST_TERMS: Final = Method(f"{_PACKAGE}DirectoryService/ListTerms", directory.ListTermsResponse)
LIST_CAMPAIGNS: Final = Method(f"{_PACKAGE}DirectoryService/ListCampaigns", directory.ListCampaignsResponse)
GET_HOLDER: Final = Method(f"{_PACKAGE}DirectoryService/GetHolder", directory.GetHolderResponse)

STREAM_ENTRIES: Final = Method(f"{_PACKAGE}JournalService/StreamEntries", journal.StreamEntriesResponse)
GET_CHECKPOINT: Final = Method(f"{_PACKAGE}JournalService/GetCheckpoint", journal.GetCheckpointResponse)
GET_INCLUSION_PROOF: Final = Method(f"{_PACKAGE}JournalService/GetInclusionProof", journal.GetInclusionProofResponse)

SWEEP: Final = Method(f"{_PACKAGE}OperatorService/Sweep", operator.SweepResponse)
GET_TRIAL_BALANCE: Final = Method(f"{_PACKAGE}OperatorService/GetTrialBalance", operator.GetTrialBalanceResponse)

GET_PROGRESS: Final = Method(f"{_PACKAGE}SettlementService/GetProgress", settlement.GetProgressResponse)
LIST_WINDOWS: Final = Method(f"{_PACKAGE}SettlementService/ListWindows", settlement.ListWindowsResponse)
GET_WINDOW: Final = Method(f"{_PACKAGE}SettlementService/GetWindow", settlement.GetWindowResponse)
DECIDE_RUN: Final = Method(f"{_PACKAGE}SettlementService/DecideRun", settlement.DecideRunResponse)
GET_RUN: Final = Method(f"{_PACKAGE}SettlementService/GetRun", settlement.GetRunResponse)
GET_CHECKLIST: Final = Method(f"{_PACKAGE}SettlementService/GetChecklist", settlement.GetChecklistResponse)
LIST_RUNS: Final = Method(f"{_PACKAGE}SettlementService/ListRuns", settlement.ListRunsResponse)

GET_BOOKS: Final = Method(f"{_PACKAGE}BooksService/GetBooks", books.GetBooksResponse)
EXPORT_LEDGER: Final = Method(f"{_PACKAGE}BooksService/ExportLedger", books.ExportLedgerResponse)

LIST_LINES: Final = Method(f"{_PACKAGE}LinesService/ListLines", lines.ListLinesResponse)
GET_ENTRY: Final = Method(f"{_PACKAGE}LinesService/GetEntry", lines.GetEntryResponse)
GET_SCHEDULE: Final = Method(f"{_PACKAGE}ScheduleService/GetSchedule", schedule.GetScheduleResponse)
TAKE_DISPUTE_STEP: Final = Method(f"{_PACKAGE}DisputeService/TakeDisputeStep", disputes.TakeDisputeStepResponse)
GET_DISPUTE: Final = Method(f"{_PACKAGE}DisputeService/GetDispute", disputes.GetDisputeResponse)
LIST_DISPUTES: Final = Method(f"{_PACKAGE}DisputeService/ListDisputes", disputes.ListDisputesResponse)

GET_STATEMENT: Final = Method(f"{_PACKAGE}StatementService/GetStatement", statements.GetStatementResponse)

SIMULATE: Final = Method(f"{_PACKAGE}SimulationService/Simulate", simulation.SimulateResponse)
LIST_ALERTS: Final = Method(f"{_PACKAGE}AlertService/ListAlerts", alerts.ListAlertsResponse)
FOLLOW_ALERTS: Final = Method(f"{_PACKAGE}AlertService/FollowAlerts", alerts.FollowAlertsResponse)
ACKNOWLEDGE_ALERT: Final = Method(f"{_PACKAGE}AlertService/AcknowledgeAlert", alerts.AcknowledgeAlertResponse)
SET_BANK_ACCOUNT: Final = Method(f"{_PACKAGE}PaymentService/SetBankAccount", payments.SetBankAccountResponse)
GET_BANK_ACCOUNT: Final = Method(f"{_PACKAGE}PaymentService/GetBankAccount", payments.GetBankAccountResponse)
GET_INSTRUCTION_FILE: Final = Method(
    f"{_PACKAGE}PaymentService/GetInstructionFile", payments.GetInstructionFileResponse
)
UPLOAD_STATEMENT: Final = Method(f"{_PACKAGE}PaymentService/UploadStatement", payments.UploadStatementResponse)
IMPORT_STATEMENT: Final = Method(f"{_PACKAGE}PaymentService/ImportStatement", payments.ImportStatementResponse)
LIST_BANK_ENTRIES: Final = Method(f"{_PACKAGE}PaymentService/ListBankEntries", payments.ListBankEntriesResponse)
ASSIGN_BANK_ENTRY: Final = Method(f"{_PACKAGE}PaymentService/AssignBankEntry", payments.AssignBankEntryResponse)

UPLOAD_RECORDS: Final = Method(f"{_PACKAGE}ReconciliationService/UploadRecords", reconciliation.UploadRecordsResponse)
INSPECT_RECORDS: Final = Method(
    f"{_PACKAGE}ReconciliationService/InspectRecords", reconciliation.InspectRecordsResponse
)
RECONCILE: Final = Method(f"{_PACKAGE}ReconciliationService/Reconcile", reconciliation.ReconcileResponse)
GET_RECORDS_MAPPING: Final = Method(
    f"{_PACKAGE}ReconciliationService/GetRecordsMapping", reconciliation.GetRecordsMappingResponse
)
SET_RECORDS_MAPPING: Final = Method(
    f"{_PACKAGE}ReconciliationService/SetRecordsMapping", reconciliation.SetRecordsMappingResponse
)
LIST_RECONCILIATIONS: Final = Method(
    f"{_PACKAGE}ReconciliationService/ListReconciliations", reconciliation.ListReconciliationsResponse
)
GET_RECONCILIATION: Final = Method(
    f"{_PACKAGE}ReconciliationService/GetReconciliation", reconciliation.GetReconciliationResponse
)
