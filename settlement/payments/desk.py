"""Bank accounts and the files that instruct payments, at the desk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection

from coalition.calendar import is_day
from coalition.clock import Clock
from coalition.errors import Refused
from coalition.v1 import error_pb2
from coalition.v1 import settlement_payments_pb2 as pb
from coalition.v1 import settlement_service_pb2 as runs_pb
from coalition.v1.envelope_pb2 import SignedDocument
from settlement.desk import require_network
from settlement.intake import Intake
from settlement.payments.accounts import Account, AccountVersion, open_account
from settlement.payments.instruction_csv import instruction_csv
from settlement.payments.statements import wrong
from settlement.payments.transfers import Batch, Transfer, transfer_file
from settlement.run_desk import check_time, find_run
from settlement.runs.instructions import Instruction, State
from settlement.runs.moves import wrong_state
from settlement.runs.run import Run
from settlement.store.accounts import accounts_by_digest, add_account, list_accounts
from settlement.store.database import Database

#: Versions of one account that are shown.
VERSIONS_MAX: Final = 100
#: Versions that a party may make; who comes here has a program that runs wild.
_VERSIONS_LIMIT: Final = 10_000
_RELEASED: Final = (runs_pb.RUN_STATE_INSTRUCTED, runs_pb.RUN_STATE_SETTLING)
#: Of such payments no money has moved.
_UNPAID: Final = (State.OPEN, State.REJECTED)


class LeftOut(NamedTuple):
    """An instruction that a file leaves out, and why."""

    instruction: Instruction
    why: pb.LeftOutReason.ValueType


@dataclass(frozen=True, slots=True)
class InstructionFile:
    """A file for a payer's bank."""

    name: str
    data: bytes
    left_out: tuple[LeftOut, ...]


class PaymentDesk:
    """Keeps the accounts that parties give, and writes files for their banks."""

    def __init__(self, database: Database, intake: Intake, clock: Clock) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock

    def set_account(self, signed: SignedDocument, party_id: str) -> AccountVersion:
        """Take in `party_id`'s own account; the same document once more gets the version that it became.

        Raises Refused, and nothing has changed then.
        """
        self._intake.require_sound()
        network = require_network(self._intake)
        keys = self._intake.directory.keys_of(party_id)
        account = open_account(signed, network.network_id, network.currency, keys)
        if account.party_id != party_id:
            raise Refused(
                error_pb2.REASON_PERMISSION_DENIED,
                f"The account is {account.party_id}'s, and only that party gives it.",
                {"party_id": party_id},
            )
        with self._database.write() as connection:
            versions = list_accounts(connection, party_id, 1)
            for version in versions:
                if version.document == signed.document:
                    return version
                if account.decided_us <= version.account.decided_us:
                    # Who has got hold of an old document must not bring an old account back.
                    raise wrong("account.decided_us", "must be later than that of the account before")
            now_us = self._clock()
            check_time(account.decided_us, now_us)
            number = versions[0].number + 1 if versions else 1
            if number > _VERSIONS_LIMIT:
                raise Refused(error_pb2.REASON_RATE_LIMITED, f"{party_id} has changed its account too often.")
            signature = signed.signature
            version = AccountVersion(
                account, number, signature.public_key, signed.document, signature.signature, now_us
            )
            add_account(connection, version)
            return version

    def accounts(self, party_id: str) -> tuple[AccountVersion, ...]:
        """A party's versions, newest first."""
        with self._database.read() as connection:
            return list_accounts(connection, party_id, VERSIONS_MAX)

    def instruction_file(
        self, run_id: bytes, payer: str, file_format: pb.FileFormat.ValueType, execution_on: str
    ) -> InstructionFile:
        """What one payer has still to pay in a run that was released, to the very accounts that were approved.

        Of what was paid in part or in full, or carried, a bank must not make another payment: that is left out.

        Raises Refused: NOT_FOUND, WRONG_STATE, FIELD_INVALID.
        """
        if execution_on and not is_day(execution_on):
            raise wrong("execution_on", "must be a date such as 2017-12-31")
        with self._database.read() as connection:
            run = find_run(connection, run_id)
            return self._file(connection, run, payer, file_format, execution_on)

    def _file(
        self, connection: Connection, run: Run, payer: str, file_format: pb.FileFormat.ValueType, execution_on: str
    ) -> InstructionFile:
        if run.state not in _RELEASED:
            done = run.state in (runs_pb.RUN_STATE_SETTLED, runs_pb.RUN_STATE_ABORTED)
            why = "nothing of it is to be paid any more" if done else "its payments are not released"
            raise wrong_state(run, f"{why}; that needs INSTRUCTED or SETTLING")
        standings = [item for item in run.standings if item.instruction.payer == payer]
        if not standings:
            raise Refused(error_pb2.REASON_NOT_FOUND, f"{payer} has nothing to pay in this run.", {"payer": payer})
        own = [item.instruction for item in standings if item.state in _UNPAID]
        left_out = [LeftOut(item.instruction, _why(item.state)) for item in standings if item.state not in _UNPAID]
        if not own:
            raise wrong_state(run, f"{payer} has paid something of all that it has to pay in it, or that was carried")
        digests = [digest for item in own for digest in (item.payer_account, item.payee_account) if digest]
        known = {digest: version.account for digest, version in accounts_by_digest(connection, digests).items()}
        name = f"run-{run.number}-{payer}"
        positions = run.positions
        if file_format == pb.FILE_FORMAT_CSV:
            payments = [(item, known.get(item.payee_account)) for item in own]
            data = instruction_csv(payments, positions.currency, positions.currency_exponent)
            return InstructionFile(f"{name}.csv", data, tuple(left_out))
        if file_format != pb.FILE_FORMAT_PAIN001:
            raise wrong("format", "must be PAIN001 or CSV")
        payer_account = known.get(own[0].payer_account)
        if payer_account is None:
            raise wrong_state(
                run,
                f"{payer} had no bank account on file when the run was proposed, which a bank's file needs: "
                "coalition settlement account set, then abort and propose again, or take the CSV file",
            )
        transfers = list(_transfers(own, known))
        left_out += [LeftOut(item, pb.LEFT_OUT_REASON_NO_ACCOUNT) for item in own if item.payee_account not in known]
        left_out.sort(key=lambda item: item.instruction.number)
        if not transfers:
            raise wrong_state(run, f"none of those whom {payer} pays had a bank account on file when it was proposed")
        released_us = _released_us(run)
        day = execution_on or require_network(self._intake).calendar.day(released_us)
        batch = Batch(
            run.run_id, payer_account, transfers, positions.currency, positions.currency_exponent, day, released_us
        )
        return InstructionFile(f"{name}.xml", transfer_file(batch), tuple(left_out))


def _why(state: State) -> pb.LeftOutReason.ValueType:
    return pb.LEFT_OUT_REASON_CARRIED if state is State.CARRIED else pb.LEFT_OUT_REASON_PAID


def _transfers(instructions: Sequence[Instruction], known: dict[bytes, Account]) -> Iterator[Transfer]:
    for instruction in instructions:
        payee = known.get(instruction.payee_account)
        if payee is not None:
            yield Transfer(instruction, payee)


def _released_us(run: Run) -> int:
    return next(event.deed.decided_us for event in run.events if event.state == runs_pb.RUN_STATE_INSTRUCTED)
