"""An entry of the journal: what it says, what it moved, and the proof that it stands in the log."""

from __future__ import annotations

import json
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from coalition.v1.journal_pb2 import JournalEntry
from coalition.v1.outcome_pb2 import Outcome
from coalition.v1.transaction_pb2 import Transaction
from partner_sdk.settlement import Progress, ProvenEntry
from settlement.console.fields import fields_of, moment_of
from settlement.console.frame import page
from settlement.console.owed import owed_by
from settlement.console.pages.windows import attachment
from settlement.console.proof import proof_steps
from settlement.console.visit import NUMBER_MAX, Console, Problem, Visit
from settlement.report.lines import proof_json

#: Shown; a sweep can have thousands of allocations.
_FIELDS_MAX: Final = 500


def routes(console: Console) -> list[Route]:
    """Everything below /entries."""
    return [
        page(console, "/entries", find),
        page(console, "/entries/{sequence:int}", show),
        page(console, "/entries/{sequence:int}/proof.json", send),
    ]


def find(visit: Visit) -> Response:
    """The entry of the number that was typed."""
    return show_entry(visit, visit.asked_number("number", 0, NUMBER_MAX))


def show(visit: Visit) -> Response:
    """One entry."""
    return show_entry(visit, visit.number("sequence"))


def show_entry(visit: Visit, sequence: int) -> Response:
    """An entry with its proof, which the SDK has checked before and which is shown step by step."""
    found = _entry(visit, sequence)
    # Who owes whom is told by who the operator is; the entry and its proof can be looked at without.
    following = isinstance(visit.progress, Progress)
    data = JournalEntry.FromString(found.entry) if found.entry else None
    transaction = Transaction.FromString(data.transaction) if data else None
    outcome = Outcome.FromString(data.outcome) if data else None
    said = fields_of(transaction) if transaction else []
    decided = fields_of(outcome) if outcome else []
    return visit.page(
        "entry.html",
        title=f"Entry {found.sequence}",
        entry=found,
        committed_at=moment_of(outcome.committed_us) if outcome else None,
        author=data.author if data else (found.lines[0].author if found.lines else None),
        kind=(transaction.WhichOneof("kind") or "").replace("_", " ") if transaction else None,
        lines=[(line, tuple(owed_by(line, visit.operator)) if following else ()) for line in found.lines],
        said=said[:_FIELDS_MAX],
        decided=decided[:_FIELDS_MAX],
        more=max(0, len(said) - _FIELDS_MAX) + max(0, len(decided) - _FIELDS_MAX),
        steps=proof_steps(found.leaf_hash, found.sequence - 1, found.checkpoint.size, found.path),
        raw=json.dumps(proof_json(found), indent=2),
        currency=visit.currency.code,
    )


def send(visit: Visit) -> Response:
    """The proof as a file, to be checked by other programs."""
    found = _entry(visit, visit.number("sequence"))
    data = json.dumps(proof_json(found), indent=2) + "\n"
    return attachment(data.encode(), f"entry-{found.sequence}.json", "application/json")


def _entry(visit: Visit, sequence: int) -> ProvenEntry:
    if sequence < 1:
        raise Problem("An entry has a number from 1 on.", "Type one into the form below the lines.", 404)
    return visit.client.entry(sequence)
