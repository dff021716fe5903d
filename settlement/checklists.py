"""A run's checklist: everything that must hold before it is approved, looked at in the books as they are now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from coalition.clock import Clock
from coalition.errors import Refused
from coalition.ids import id_text
from coalition.note import checkpoint_origin
from coalition.v1 import error_pb2
from coalition.v1 import settlement_service_pb2 as pb
from coalition.v1.settlement_alerts_pb2 import AlertKind
from partner_sdk.errors import JournalInvalid
from partner_sdk.journal import open_any_checkpoint
from settlement.clearing.netting import together
from settlement.clearing.obligations import owed_in
from settlement.clearing.totals import NOTHING, Key, Sum
from settlement.desk import carried_before, require_network
from settlement.intake import Intake
from settlement.replays import Extent, Replayed, Replays
from settlement.runs.checks import (
    Check,
    Item,
    accounts_unchanged,
    bank_accounts,
    carried_in,
    listed,
    nets_equal_gross,
    no_party_missing,
    sum_zero,
)
from settlement.runs.moves import state_name
from settlement.runs.run import Run
from settlement.runs.windows import SETTLEABLE, RunStanding, last_settled, window_state
from settlement.store.accounts import current_digests
from settlement.store.alerts import lasting_alerts
from settlement.store.bank_entries import EntryQuery, list_entries
from settlement.store.checkpoints import signed_over
from settlement.store.database import Database
from settlement.store.disputes import open_disputes
from settlement.store.runs import list_standings, read_run
from settlement.store.windows import list_windows, read_totals

#: How long a call waits for a replay before it says how far that has come.
WAIT_S: Final = 2.0
#: Unmatched entries that are counted.
_COUNTED_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Checklist:
    """What was found, and when."""

    checks: tuple[Check, ...]
    checked_us: int


class Checklists:
    """Looks, and keeps from approval what is not right."""

    def __init__(self, database: Database, intake: Intake, clock: Clock) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock
        self._replays = Replays(database)

    def of(self, run: Run) -> Checklist:
        """The checklist of a run now. A replay that takes longer than a moment is pending.

        Only of a proposed run the journal is replayed; for others that has been decided on.
        """
        now_us = self._clock()
        with self._database.read() as connection:
            extent = _extent(connection, run)
        if run.state == pb.RUN_STATE_PROPOSED:
            replayed = self._replays.of(extent, WAIT_S)
        else:
            replayed = self._replays.kept(extent)
        with self._database.read() as connection:
            checks = (
                *self._of_figures(connection, run),
                *self._of_journal(connection, run, replayed),
                *_warnings(connection, run, now_us),
            )
        return Checklist(checks, now_us)

    def require(self, run: Run) -> None:
        """Raises Refused, naming what does not hold: WRONG_STATE, or OVERLOADED while it is still being looked at."""
        for check in self.of(run).checks:
            if check.passed or not check.blocking:
                continue
            run_id = id_text(run.run_id)
            if check.pending:
                raise Refused(
                    error_pb2.REASON_OVERLOADED,
                    f"The run {run_id} cannot be approved yet: {check.item.value} is still looked at, {check.found}.",
                    {"check": check.item.value, "run_id": run_id, "retry_after_ms": "1000"},
                )
            raise Refused(
                error_pb2.REASON_WRONG_STATE,
                f"The run {run_id} cannot be approved: {check.item.value} does not hold: {check.found}.",
                {"check": check.item.value, "run_id": run_id},
            )

    def close(self) -> None:
        """End what is under way."""
        self._replays.close()

    def _of_figures(self, connection: Connection, run: Run) -> tuple[Check, ...]:
        operator = require_network(self._intake).operator
        totals = (read_totals(connection, number) for number in run.windows)
        owed = together(owed_in(each, operator) for each in totals)
        micros = {pair: part.amount_micros for pair, part in owed.items()}
        return (
            sum_zero(run.positions),
            nets_equal_gross(run.positions, micros, operator),
            no_party_missing(run.positions, micros, self._intake.directory.parties.keys()),
            carried_in(run.positions, carried_before(connection, list_standings(connection), run.number)),
        )

    def _of_journal(self, connection: Connection, run: Run, replayed: Replayed | float | None) -> tuple[Check, ...]:
        if isinstance(replayed, Replayed):
            return (_replay_check(connection, run, replayed), self._checkpoint_check(connection, run, replayed))
        items = (Item.REPLAY, Item.CHECKPOINT)
        if run.state == pb.RUN_STATE_PROPOSED:
            return tuple(_pending(item, replayed) for item in items)
        return tuple(_not_looked_at(item, run) for item in items)

    def _checkpoint_check(self, connection: Connection, run: Run, replayed: Replayed) -> Check:
        if replayed.problem:
            return Check(
                Item.CHECKPOINT, passed=False, found=f"the journal was not read to its end: {replayed.problem}"
            )
        signed = signed_over(connection, run.windows[-1])
        if signed is None:
            return Check(Item.CHECKPOINT, passed=False, found="the hub has signed no log that these windows are in")
        size, note = signed
        origin = checkpoint_origin(require_network(self._intake).network_id)
        try:
            checkpoint = open_any_checkpoint(note, origin, sorted(replayed.hub_keys))
        except JournalInvalid as error:
            return Check(Item.CHECKPOINT, passed=False, found=str(error))
        if (checkpoint.size, checkpoint.root) != (size, replayed.root):
            text = f"the {size:,} entries as they are stored have another root than the one that the hub signed"
            return Check(Item.CHECKPOINT, passed=False, found=text)
        return Check(Item.CHECKPOINT, passed=True, found=f"{size:,} entries, root {checkpoint.root.hex()[:16]}…")


def _extent(connection: Connection, run: Run) -> Extent:
    last = {window.number: window.last_sequence for window in list_windows(connection)}[run.windows[-1]]
    signed = signed_over(connection, run.windows[-1])
    return Extent(last, last if signed is None else max(last, signed[0]), run.windows)


def _replay_check(connection: Connection, run: Run, replayed: Replayed) -> Check:
    if replayed.problem:
        return Check(Item.REPLAY, passed=False, found=replayed.problem)
    wrong = list(_differences(connection, run, replayed))
    many = "window" if len(run.windows) == 1 else "windows"
    numbers = ", ".join(map(str, run.windows))
    return listed(Item.REPLAY, wrong, f"{replayed.extent.last:,} entries come to the figures of {many} {numbers}")


def _differences(connection: Connection, run: Run, replayed: Replayed) -> Iterator[str]:
    """What is stored of the run's windows otherwise than it follows from the journal."""
    stored = {window.number: window for window in list_windows(connection)}
    for number in run.windows:
        if stored.get(number) != replayed.windows.get(number):
            yield f"window {number} has other entries"
        totals, right = read_totals(connection, number), replayed.totals[number]
        yield from (f"window {number}: {each}" for each in _wrong_sums(totals.sums, right.sums))
        if totals.flows != right.flows:
            yield f"window {number}: points by expiry are others"
        if number in replayed.torn:
            yield f"window {number}: its lines do not add up to its sums"


def _wrong_sums(stored: Mapping[Key, Sum], right: Mapping[Key, Sum]) -> Iterator[str]:
    for key in sorted(stored.keys() | right.keys()):
        found, expected = stored.get(key, NOTHING), right.get(key, NOTHING)
        about = " ".join((key.kind.name, key.issuer, key.counterparty)).strip()
        for name, figure, due in zip(Sum._fields, found, expected, strict=True):
            if figure != due:
                yield f"{about} has {name} {figure}, not {due}"


def _pending(item: Item, done: float | None) -> Check:
    found = "waiting for another replay" if done is None else f"{done:.0%} of the journal is replayed"
    return Check(item, passed=False, found=found, pending=True)


def _not_looked_at(item: Item, run: Run) -> Check:
    if any(event.state == pb.RUN_STATE_APPROVED for event in run.events):
        return Check(item, passed=True, found="it held when the run was approved, and is not looked at any more")
    return Check(item, passed=False, found=f"not looked at any more: the run is {state_name(run.state)}")


def _warnings(connection: Connection, run: Run, now_us: int) -> tuple[Check, ...]:
    runs = list_standings(connection)
    return (
        bank_accounts(run.positions),
        _accounts_check(connection, run, runs),
        _windows_check(connection, run, runs),
        _entries_check(connection),
        _disputes_check(connection, run, now_us),
        _alerts_check(connection),
    )


def _accounts_check(connection: Connection, run: Run, runs: Sequence[RunStanding]) -> Check:
    settled = last_settled([each for each in runs if each.number < run.number])
    before = None if settled is None else read_run(connection, settled.run_id)
    return accounts_unchanged(run.positions, before.positions if before else None, current_digests(connection))


def _windows_check(connection: Connection, run: Run, runs: Sequence[RunStanding]) -> Check:
    waiting = [
        f"window {window.number} waits for another run"
        for window in list_windows(connection)
        if window.number < run.windows[-1] and window_state(window, runs) in SETTLEABLE
    ]
    return listed(Item.EARLIER_WINDOWS, waiting, "none waits")


def _entries_check(connection: Connection) -> Check:
    count = len(list_entries(connection, EntryQuery(unmatched=True, limit=_COUNTED_MAX)))
    many = f"{count}{' or more' if count == _COUNTED_MAX else ''}"
    waiting = [f"{many} that nobody has assigned: coalition settlement run payments --unmatched"] if count else []
    return listed(Item.BANK_ENTRIES, waiting, "none waits")


def _disputes_check(connection: Connection, run: Run, now_us: int) -> Check:
    found = [
        f"window {number}: dispute {id_text(record.dispute.dispute_id)} of {record.dispute.raiser}"
        for number in run.windows
        for record in open_disputes(connection, "", number, now_us=now_us)
    ]
    return listed(Item.DISPUTES, found, "no dispute is open")


def _alerts_check(connection: Connection) -> Check:
    lasting = [
        f"{AlertKind.Name(event.alert.about.kind).removeprefix('ALERT_KIND_')} {event.alert.about.party_id}".strip()
        for event in lasting_alerts(connection)
    ]
    return listed(Item.ALERTS, lasting, "none lasts")
